/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_BUFFERS_H
#define BRIDGE_WORKER_BUFFERS_H

#include "bridge/job.h"
#include "compute/dispatch.h"

/** The buffers of one job on the device, and what is needed to fill, read and compare them. */
struct worker_buffers {
	struct compute_device *device;
	const struct bridge_job *job;
	struct compute_buffer buffers[BRIDGE_JOB_BUFFERS_MAX];
	/** For buffers that the host cannot touch; has room for all outputs, one after the other. */
	struct compute_buffer staging;
	/** What an output with contents is filled with again; NULL for the others. */
	uint32_t *pristine[BRIDGE_JOB_BUFFERS_MAX];
	/** Outputs of the first sample, one after the other; NULL before it. */
	uint32_t *first;
};

/** The first word that is not what it was in the first sample. */
struct worker_difference {
	bool found;
	uint32_t binding;
	uint64_t word;
};

/**
 * Makes the buffers under the cap that the job has: its own bytes, staging of the same size at
 * most, and what the driver rounds up. Errors: those of compute_buffer_create. Finish it in every
 * case.
 */
bool worker_buffers_create(struct worker_buffers *buffers, struct compute_device *device,
	const struct bridge_job *job, struct lane_error *err);
void worker_buffers_finish(struct worker_buffers *buffers);

/** Fills all buffers as the job declares. */
bool worker_buffers_fill(
	struct worker_buffers *buffers, unsigned timeout_ms, struct lane_error *err);
/** Fills the outputs again. `timing` is of the transfer alone; zeroed when there was none. */
bool worker_buffers_refill(struct worker_buffers *buffers, unsigned timeout_ms,
	struct compute_timing *timing, struct lane_error *err);
/**
 * Reads the outputs back and compares them with the first ones read. `timing` is of the transfer
 * alone; zeroed when there was none.
 */
bool worker_buffers_read(struct worker_buffers *buffers, unsigned timeout_ms,
	struct compute_timing *timing, struct worker_difference *difference, struct lane_error *err);
/** Writes the outputs that were read last to a file, one after the other. Errors: RESULT_WRITE. */
bool worker_buffers_write(const struct worker_buffers *buffers, int fd, struct lane_error *err);

#endif
