/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/saxpy.comp.h"
#include "canary/stream.h"

/* 5/8: with x a multiple of 2^-12 in [0, 1) the product is one of 2^-15, and with y a multiple of
 * 2^-23 in
 * [-1, 1) the sum stays in [-1, 1.625): 24 bits hold it, fused or not. */
#define SAXPY_A 0.625f

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STREAM_STEP;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_buffer(plan, "x", WORKLOAD_FLOAT, plan->n, BRIDGE_FILL_RAMP, 0);
	struct workload_buffer *y =
		workload_plan_buffer(plan, "y", WORKLOAD_FLOAT, plan->n, BRIDGE_FILL_RANDOM, 3);
	y->job.output = true;
	workload_plan_push_uint(plan, plan->n / 4);
	workload_plan_push_float(plan, SAXPY_A);
	/* x and y read, y written. */
	plan->work = 12.0 * plan->n;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const uint32_t *restrict x = buffers[0];
	uint32_t *restrict y = buffers[1];
	for (uint32_t i = 0; i < plan->n; i++) {
		y[i] = workload_word(SAXPY_A * workload_float(x[i]) + workload_float(y[i]));
	}
}

const struct workload canary_saxpy = {
	.name = "saxpy",
	.title = "y = a * x + y",
	.unit = "GB/s",
	.spirv = saxpy_spirv,
	.spirv_size = sizeof(saxpy_spirv),
	STREAM_WIDTHS,
	.block = {STREAM_BLOCK, 1, 1},
	.sizes = STREAM_SIZES_2,
	.step = STREAM_STEP,
	.exactness = "product and sum are multiples of 2^-23 under 2: both fit 24 bits",
	.plan = plan,
	.reference = reference,
};
