/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/stream.h"
#include "canary/vadd.comp.h"

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STREAM_STEP;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_buffer(plan, "a", WORKLOAD_FLOAT, plan->n, BRIDGE_FILL_RANDOM, 1);
	workload_plan_buffer(plan, "b", WORKLOAD_FLOAT, plan->n, BRIDGE_FILL_RANDOM, 2);
	workload_plan_output(plan, "c", WORKLOAD_FLOAT, plan->n);
	workload_plan_push_uint(plan, plan->n / 4);
	/* Two words read and one written for each element. */
	plan->work = 12.0 * plan->n;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const uint32_t *restrict a = buffers[0];
	const uint32_t *restrict b = buffers[1];
	uint32_t *restrict c = buffers[2];
	for (uint32_t i = 0; i < plan->n; i++) {
		c[i] = workload_word(workload_float(a[i]) + workload_float(b[i]));
	}
}

const struct workload canary_vadd = {
	.name = "vadd",
	.title = "c = a + b",
	.unit = "GB/s",
	.spirv = vadd_spirv,
	.spirv_size = sizeof(vadd_spirv),
	STREAM_WIDTHS,
	.block = {STREAM_BLOCK, 1, 1},
	.sizes = STREAM_SIZES_3,
	.step = STREAM_STEP,
	.exactness = "terms are multiples of 2^-23 in [-1, 1): every sum fits 24 bits",
	.plan = plan,
	.reference = reference,
};
