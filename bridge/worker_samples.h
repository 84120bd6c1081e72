/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_SAMPLES_H
#define BRIDGE_WORKER_SAMPLES_H

#include "bridge/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The samples of one job: in the order they were taken, and sorted for the stop rule. */
struct worker_samples {
	size_t count;
	uint64_t ns[BRIDGE_JOB_SAMPLES_MAX];
	uint64_t wall_ns[BRIDGE_JOB_SAMPLES_MAX];
	/** When the work of each was done, since the job began. */
	uint64_t at_ns[BRIDGE_JOB_SAMPLES_MAX];
	uint64_t sorted[BRIDGE_JOB_SAMPLES_MAX];
};

/** Adds one; the caller never adds more than BRIDGE_JOB_SAMPLES_MAX. */
void worker_samples_add(struct worker_samples *samples, uint64_t ns, uint64_t wall_ns);

/**
 * Half the width of the 95 % confidence interval of the median as a share of the median, from order
 * statistics (no assumption on the distribution). Infinity below 6 samples, where no such interval
 * has that confidence.
 */
double worker_samples_rel_ci(const struct worker_samples *samples);

#endif
