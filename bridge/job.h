/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_JOB_H
#define BRIDGE_JOB_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bounds of a descriptor; docs/protocol.md lists them. */
enum {
	BRIDGE_JOB_LINE_MAX = 1 << 20,
	BRIDGE_JOB_MODULE_MAX = 4 << 20,
	BRIDGE_JOB_ID_MAX = 64,
	BRIDGE_JOB_BUFFERS_MAX = 16,
	BRIDGE_JOB_SUBGROUP_MAX = 128,
	/** Bindings are 0..31, all of descriptor set 0. */
	BRIDGE_JOB_BINDING_MAX = 31,
	BRIDGE_JOB_SPECIALIZATIONS_MAX = 16,
	BRIDGE_JOB_PUSH_CONSTANTS_MAX = 128,
	BRIDGE_JOB_SAMPLES_MAX = 4096,
	BRIDGE_JOB_DISPATCHES_MAX = 4096,
	BRIDGE_JOB_WARMUP_MS_MAX = 60000,
	BRIDGE_JOB_TIMEOUT_MS_MAX = 600000,
};

/**
 * What a buffer holds before the first dispatch; an output holds it again before every sample.
 * Words are 32 bits, little-endian, index i from 0.
 */
enum bridge_fill {
	/** All bytes 0. */
	BRIDGE_FILL_ZERO,
	/** Word i is the float (i mod 4096) / 4096. */
	BRIDGE_FILL_RAMP,
	/** Word i is a float in [-1, 1) from a counter-based hash of (seed, i). */
	BRIDGE_FILL_RANDOM,
	/** Word i is 0xDEADBEEF: a kernel that writes nothing cannot leave a right answer behind. */
	BRIDGE_FILL_POISON,
	/**
	 * Word i is (hash & mask) | base, with a counter-based hash of (seed, i): any bits at all, or
	 * narrower numbers of some form, two or four a word.
	 */
	BRIDGE_FILL_BITS,
};

/** What is timed of a sample. */
enum bridge_measure {
	/** The dispatches. */
	BRIDGE_MEASURE_DISPATCH,
	/**
	 * The copy of the contents of all outputs from the host's memory to the device's before the
	 * dispatches, or the copy back after them. Both then go through staging buffers in every case.
	 */
	BRIDGE_MEASURE_UPLOAD,
	BRIDGE_MEASURE_DOWNLOAD,
};

struct bridge_job_buffer {
	/** Binding in descriptor set 0. */
	uint32_t binding;
	/** A multiple of 4, at least 4. */
	uint64_t bytes;
	/** Without "fill": poison for an output that is no input, else zero. */
	enum bridge_fill fill;
	uint32_t seed;
	/** Of BRIDGE_FILL_BITS; without "mask" all bits, without "base" 0. */
	uint32_t mask, base;
	bool input;
	/**
	 * Filled again before every sample (outside the timed interval), read back and compared after
	 * it, and returned in the order of `buffers`. Buffers that are not outputs are filled once, so
	 * a kernel that changes one computes something else in the next sample.
	 */
	bool output;
};

/** How a job is repeated and timed. A job without "sampling" is one dispatch in one sample. */
struct bridge_sampling {
	/** Repeats before the first sample counts, by time. */
	uint32_t warmup_ms;
	uint32_t min_samples;
	uint32_t max_samples;
	/**
	 * Dispatches between the two timestamps of a sample, with a barrier between two of them. A
	 * kernel that works in place (its output is its input) must have 1, or it works on its own
	 * answer.
	 */
	uint32_t dispatches_per_sample;
	/**
	 * Stop between min and max once the 95 % confidence half-width of the median is under this
	 * share of it; 0: always take max_samples.
	 */
	double rel_ci;
	enum bridge_measure measure;
};

/** A job descriptor (one JSON line), checked as far as that goes without a device. */
struct bridge_job {
	/** [A-Za-z0-9][A-Za-z0-9._-]*, at most BRIDGE_JOB_ID_MAX bytes. Owned. */
	char *id;
	/** A label of the same form. Also the entry point when the module has several. Owned. */
	char *kernel;
	uint32_t grid[3];
	uint32_t block[3];
	/** Invocations a subgroup must have, full ones; 0: what the driver likes. */
	uint32_t subgroup_size;
	/** "sha256:<hex>". Owned. */
	char *bytes_hash;
	uint32_t timeout_ms;
	struct bridge_job_buffer buffers[BRIDGE_JOB_BUFFERS_MAX];
	size_t buffer_count;
	uint8_t push_constants[BRIDGE_JOB_PUSH_CONSTANTS_MAX];
	size_t push_constant_size;
	/** Three more than a descriptor may have: bridge_spirv_fit adds those of the local size. */
	struct {
		uint32_t id;
		uint32_t value;
	} specializations[BRIDGE_JOB_SPECIALIZATIONS_MAX + 3];
	size_t specialization_count;
	struct bridge_sampling sampling;
	/** Both true without "capture". */
	bool capture_result, capture_timing;
	/** SPIR-V from payload_b64; its hash has been checked. Owned. */
	uint8_t *module;
	size_t module_size;
	/** inputs[0] when there is no payload ("/bundles/..."), else NULL. Owned. */
	char *module_path;
	/** Bytes of all buffers, and of the outputs together. */
	uint64_t memory_bytes, result_bytes;
};

/** Whether a name can be that of a job, a kernel or an alias of a bundle. */
bool bridge_job_name_valid(const char *name);

/**
 * Parses one descriptor line. The hash of an inline payload is checked first, before anything else
 * is looked at. Errors, whose code becomes the job's state: JOB_HASH (ERR HASH), JOB_INVALID (ERR
 * INVALID), JOB_LIMIT (ERR LIMIT). When the line is JSON with a good "job" id, `job->id` is set
 * even on failure. Finish it in every case.
 */
bool bridge_job_parse(
	const char *line, size_t size, struct bridge_job *job, struct lane_error *err);
/** Gives the job its module (a staged bundle) and checks it against bytes_hash: JOB_HASH. Copies.
 */
bool bridge_job_module(
	struct bridge_job *job, const void *module, size_t size, struct lane_error *err);
void bridge_job_finish(struct bridge_job *job);

/**
 * Fills `count` words as declared; the one definition, used by the worker and by the canary's
 * references. It depends on nothing but its arguments.
 */
void bridge_fill_words(const struct bridge_job_buffer *declared, uint32_t *words, size_t count);
/** The same for a part of a buffer: words[0] is word `first` of it. */
void bridge_fill_part(
	const struct bridge_job_buffer *declared, uint64_t first, uint32_t *words, size_t count);

#endif
