/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_SPIRV_H
#define BRIDGE_SPIRV_H

#include "base/error.h"
#include "bridge/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a job's module says of itself, as far as it must agree with the descriptor. */
struct bridge_spirv {
	/** Of SPIR-V: major << 16 | minor << 8. */
	uint32_t version;
	/** Name of the entry point. */
	char entry[BRIDGE_JOB_ID_MAX + 1];
	/** Local size; where has_spec_id is set, the default of that specialization constant. */
	uint32_t local_size[3];
	bool has_spec_id[3];
	uint32_t spec_id[3];
	/** Bit i: a storage buffer at binding i of set 0. */
	uint32_t bindings;
};

/**
 * Reads a SPIR-V module of `count` words (Khronos SPIR-V 1.6, section 2.3), every instruction
 * bounded, nothing allocated: the GLCompute entry point (the one named `kernel` when there are
 * several), its local size (LocalSize, LocalSizeId or the WorkgroupSize built-in) and its storage
 * buffers. Other resources than single storage buffers of set 0 are refused. This is not spirv-val:
 * a module that passes may still be invalid. Errors: JOB_INVALID.
 */
bool bridge_spirv_read(const uint32_t *words, size_t count, const char *kernel,
	struct bridge_spirv *module, struct lane_error *err);

/**
 * Checks a job against its module: `block` is the local size, and each storage buffer is declared.
 * Where the local size comes from specialization constants that the job does not set, they are
 * added to the job. Errors: JOB_INVALID.
 */
bool bridge_spirv_fit(
	const struct bridge_spirv *module, struct bridge_job *job, struct lane_error *err);

#endif
