/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_BASELINE_H
#define CANARY_BASELINE_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What earlier runs measured: a file (schema gpu-lane-baseline/v1) with one entry for each workload
 * and device, holding the median of each of its last runs.
 */

#define BASELINE_SCHEMA "gpu-lane-baseline/v1"

enum {
	/** An entry is written once it has so many runs, and keeps so many. */
	BASELINE_RUNS_MIN = 5,
	BASELINE_RUNS_MAX = 50,
};

/**
 * What must be the same for two figures to be comparable. The variant that won the race is left
 * out: the figure is that of the best one.
 */
struct baseline_key {
	const char *workload;
	/** "sha256:..." of the SPIR-V. */
	const char *spirv_sha256;
	uint32_t n;
	uint32_t vendor_id, device_id;
	/** "radv". */
	const char *driver;
	/** 26 of "Mesa 26.1.8"; 0 when the driver's words hold no number. */
	uint32_t driver_major;
};

/** Texts belong to the baseline. */
struct baseline_entry {
	struct baseline_key key;
	const char *unit;
	/** A change below this share is none, however sure; at least 3 % are always asked for. */
	double margin;
	/** Least share of the roofline; NAN: none declared. */
	double floor;
	/** Engine clock of the runs, median in MHz; NAN: not known. */
	double clock_mhz;
	/** RFC 3339, of the last run. */
	const char *recorded_at;
	/** Oldest first. */
	double runs[BASELINE_RUNS_MAX];
	size_t run_count;
	/** In the file, from 1; 0 for an entry that is not in it yet. */
	unsigned line;
};

struct baseline;

/**
 * Reads a file. With `create` a file that does not exist is an empty baseline. Errors: FILE_READ,
 * JSON_INVALID (with file and line).
 */
struct baseline *baseline_load(const char *path, bool create, struct lane_error *err);
void baseline_destroy(struct baseline *baseline);
const char *baseline_path(const struct baseline *baseline);

/** The entry of exactly this key, or NULL. Borrowed until the next baseline_record. */
const struct baseline_entry *baseline_find(
	const struct baseline *baseline, const struct baseline_key *key);

/**
 * Appends medians of good runs to the entry of this key (a new one if there is none), dropping the
 * oldest beyond the maximum. Copies.
 */
void baseline_record(struct baseline *baseline, const struct baseline_key *key, const char *unit,
	const double *runs, size_t count, double clock_mhz);

/** Writes it back to its file, whole or not at all. Errors: FILE_WRITE. */
bool baseline_save(const struct baseline *baseline, struct lane_error *err);

/** The key of a device that a worker described, without workload, hash and n. Borrowed texts. */
void baseline_key_device(struct baseline_key *key, const cJSON *device);

#endif
