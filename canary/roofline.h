/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_ROOFLINE_H
#define CANARY_ROOFLINE_H

#include "base/json.h"
#include "canary/workload.h"

/**
 * What a device could do at best. For known parts it is computed from compute units, clock and bus
 * width; for others nothing is known but what it showed (roofline_measure).
 */
struct roofline {
	/** "Radeon RX 9070 XT"; NULL: no known part, and the figures below are 0. Static. */
	const char *part;
	uint32_t units;
	double clock_mhz;
	/** Operations a unit and a cycle: an FMA is two. */
	double f32_ops, f16_ops, f64_ops;
	/** The same by matrices of 16 and of 8 bits. */
	double matrix_16_ops, matrix_8_ops;
	/** 10^9 bytes a second of the memory bus. */
	double memory_gbs;
	/** Last-level cache. */
	double cache_mb;
};

/** Above this share of what is possible a figure cannot be. */
#define ROOFLINE_SHARE_MAX 1.05

/**
 * The part with the device's PCI ids, and its number of compute units where several parts share
 * ids; when no number fits, the largest, so that lost units show as a low share.
 */
void roofline_find(const cJSON *device, struct roofline *roofline);

/**
 * Share of what is possible that `rate` (10^9 of the plan's work a second) is; NAN when it cannot
 * be said: an unknown part, a workload that is bound by something else, or a working set that the
 * cache holds a good part of. `clock_mhz` is what the engine really ran at, NAN when unknown: a
 * part above its rated clock can do more.
 */
double roofline_share(const struct roofline *roofline, const struct workload_plan *plan,
	double rate, double clock_mhz);

/**
 * For devices that are no known part: fills "roofline_pct" of the entries of "workloads" with the
 * share of the best figure of those that measure this limit and nothing else (read, copy and triad
 * for the memory, the peak kernels for arithmetic), and params.roofline with "measured". Where none
 * of those was run, it stays null.
 */
void roofline_measure(cJSON *entries);

#endif
