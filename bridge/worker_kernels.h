/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_KERNELS_H
#define BRIDGE_WORKER_KERNELS_H

#include "bridge/job.h"
#include "compute/kernel.h"

/**
 * The pipelines of a worker's last jobs. A driver's own cache on disk is out of reach in the
 * sandbox, and compiling costs a small job many times what it does; a worker serves one lease, so
 * what it keeps was made for the same tenant. Zeroed: none yet.
 */
struct worker_kernels {
	/** The one used last first. */
	struct worker_kernel *first;
};

/**
 * The pipeline of a job and its module, which are compared before the driver sees them: a kept one
 * when module, entry point, block, subgroup size, bindings and constants are the same, or a new
 * one. `label` is the job's kernel. *compile_ns is what it cost the driver, 0 for a kept one.
 * Borrowed until the next call; NULL with JOB_INVALID and the errors of compute_kernel_create.
 */
const struct compute_kernel *worker_kernels_get(struct worker_kernels *kernels,
	struct compute_device *device, const struct bridge_job *job, const char *label,
	const uint32_t *module, uint64_t *compile_ns, struct lane_error *err);
void worker_kernels_finish(struct worker_kernels *kernels, struct compute_device *device);

#endif
