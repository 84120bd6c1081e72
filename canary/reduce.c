/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/reduce.comp.h"
#include "canary/stream.h"

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STREAM_STEP;
	plan->grid[1] = plan->grid[2] = 1;
	/* The bit patterns of the floats are summed as integers: any flipped bit changes the sum. */
	workload_plan_buffer(plan, "values", WORKLOAD_UINT, plan->n, BRIDGE_FILL_RANDOM, 6);
	workload_plan_output(plan, "partials", WORKLOAD_UINT, plan->grid[0]);
	struct workload_buffer *total =
		workload_plan_buffer(plan, "total", WORKLOAD_UINT, 1, BRIDGE_FILL_ZERO, 0);
	total->job.output = true;
	workload_plan_push_uint(plan, plan->n / 4);
	/* Every word read once; the partial sums are a 4096th of that and not counted. */
	plan->work = 4.0 * plan->n;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const uint32_t *restrict values = buffers[0];
	uint32_t *restrict partials = buffers[1];
	uint32_t total = buffers[2][0];
	for (uint32_t group = 0; group < plan->n / STREAM_STEP; group++) {
		uint32_t sum = 0;
		for (uint32_t i = 0; i < STREAM_STEP; i++) {
			sum += values[(size_t)group * STREAM_STEP + i];
		}
		partials[group] = sum;
		total += sum;
	}
	buffers[2][0] = total;
}

const struct workload canary_reduce = {
	.name = "reduce",
	.title = "sum of all words",
	.unit = "GB/s",
	.spirv = reduce_spirv,
	.spirv_size = sizeof(reduce_spirv),
	WORKLOAD_SUBGROUPS,
	.block = {STREAM_BLOCK, 1, 1},
	.sizes =
		{
			{STREAM_MI(4), STREAM_MI(32), STREAM_MI(128)},
			{STREAM_MI(8), STREAM_MI(64), STREAM_MI(192)},
		},
	.step = STREAM_STEP,
	.exactness = "integer sums modulo 2^32 do not depend on their order",
	.plan = plan,
	.reference = reference,
};
