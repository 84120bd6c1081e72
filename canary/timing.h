/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_TIMING_H
#define CANARY_TIMING_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A worker's timing document, read: it comes from a process with a driver in it. */
struct timing {
	/** "gpu", "host", or "invalid" for a timer that lied. Static. */
	const char *timer;
	/** What ended the sampling, in the worker's words. Owned. */
	char *stop_rule;
	size_t n;
	/** One interval a sample: on the timer, and on the host's clock around it. Owned. */
	double *samples_ns, *wall_ns;
	/** When the work of each sample was done, since the job began; NULL when it does not say.
	 * Owned. */
	double *at_ns;
	/** The whole job in the worker, by its own clock, and parts of it; 0 when it does not say. */
	double worker_ns, setup_ns, upload_ns, readback_ns;
	/** Whether the outputs of one sample were unlike those of sample 0, and the first word of the
	 * result where. */
	bool differs;
	uint64_t differs_sample, differs_buffer, differs_word;
};

/**
 * Reads the document. Errors: JOB_WORKER (not 1 to `samples_max` samples, no wall time for each, no
 * numbers). Finish it in every case.
 */
bool timing_parse(
	const cJSON *document, size_t samples_max, struct timing *timing, struct lane_error *err);
void timing_finish(struct timing *timing);

/**
 * Whether the intervals can be: all above 0 and none longer on the GPU's clock than on the host's
 * around it. Errors: CANARY_TIMING.
 */
bool timing_believable(const struct timing *timing, struct lane_error *err);

#endif
