/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_RUN_H
#define BRIDGE_WORKER_RUN_H

#include "bridge/job.h"
#include "bridge/worker_kernels.h"
#include "compute/device.h"

/**
 * Runs a job whose module is `module`, as bridge/worker.h describes, writes its outputs to
 * `result_fd` and gives its timing document to the caller. `kernel` is its label.
 * `kernels` are the pipelines of earlier jobs. Errors: JOB_INVALID,
 * DEVICE_LIMIT, KERNEL_REFUSED, RESULT_WRITE and those of compute/.
 */
bool worker_run(struct compute_device *device, struct worker_kernels *kernels,
	struct bridge_job *job, const char *kernel, const uint32_t *module, int result_fd,
	cJSON **timing, struct lane_error *err);

/** The state that an error of worker_run means. Static. */
const char *worker_run_state(const struct lane_error *err);

#endif
