/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_SAMPLES_H
#define BRIDGE_WORKER_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/** The samples of one job: in the order they were taken, and sorted for the stop rule. */
struct worker_samples {
	size_t count;
	uint64_t *ns, *wall_ns;
	/** When the work of each was done, since the job began. */
	uint64_t *at_ns;
	uint64_t *sorted;
};

/** Makes room for so many. */
void worker_samples_init(struct worker_samples *samples, size_t most);
void worker_samples_finish(struct worker_samples *samples);
/** Adds one; the caller never adds more than there is room for. */
void worker_samples_add(struct worker_samples *samples, uint64_t ns, uint64_t wall_ns);

/**
 * Half the width of the 95 % confidence interval of the median as a share of the median, from order
 * statistics (no assumption on the distribution). Infinity below 6 samples, where no such interval
 * has that confidence.
 */
double worker_samples_rel_ci(const struct worker_samples *samples);

#endif
