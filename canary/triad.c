/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/stream.h"
#include "canary/triad.comp.h"

/* 3/4: see saxpy.c; the sum stays in [-1, 1.75). */
#define TRIAD_S 0.75f

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STREAM_STEP;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_buffer(plan, "b", WORKLOAD_FLOAT, plan->n, BRIDGE_FILL_RANDOM, 5);
	workload_plan_buffer(plan, "c", WORKLOAD_FLOAT, plan->n, BRIDGE_FILL_RAMP, 0);
	workload_plan_output(plan, "a", WORKLOAD_FLOAT, plan->n);
	workload_plan_push_uint(plan, plan->n / 4);
	workload_plan_push_float(plan, TRIAD_S);
	/* As STREAM counts it: two words read and one written for each element. */
	plan->work = 12.0 * plan->n;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const uint32_t *restrict b = buffers[0];
	const uint32_t *restrict c = buffers[1];
	uint32_t *restrict a = buffers[2];
	for (uint32_t i = 0; i < plan->n; i++) {
		a[i] = workload_word(workload_float(b[i]) + TRIAD_S * workload_float(c[i]));
	}
}

const struct workload canary_triad = {
	.name = "triad",
	.title = "a = b + s * c",
	.unit = "GB/s",
	.spirv = triad_spirv,
	.spirv_size = sizeof(triad_spirv),
	STREAM_WIDTHS,
	.block = {STREAM_BLOCK, 1, 1},
	.sizes = STREAM_SIZES_3,
	.step = STREAM_STEP,
	.exactness = "product and sum are multiples of 2^-23 under 2: both fit 24 bits",
	.plan = plan,
	.reference = reference,
};
