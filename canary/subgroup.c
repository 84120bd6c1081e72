/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/stream.h"
#include "canary/subgroup.comp.h"

enum { ROUNDS = 64 };

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STREAM_BLOCK;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_bits(plan, "values", WORKLOAD_UINT, plan->n, 13, UINT32_MAX, 0);
	workload_plan_output(plan, "results", WORKLOAD_UINT, 3 * (uint64_t)plan->grid[0]);
	/* A sum and a ballot a round, counted once for each invocation. */
	plan->work = 2.0 * ROUNDS * plan->n;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const uint32_t *values = buffers[0];
	for (size_t group = 0; group < plan->grid[0]; group++) {
		uint32_t sum = 0, set = 0;
		for (size_t lane = 0; lane < STREAM_BLOCK; lane++) {
			uint32_t value = *values++;
			for (uint32_t i = 0; i < ROUNDS; i++) {
				uint32_t salted = value ^ i * 0x9e3779b9u;
				sum += salted;
				set += salted & 1;
			}
		}
		buffers[1][3 * group] = sum;
		buffers[1][3 * group + 1] = set;
		buffers[1][3 * group + 2] = 0;
	}
}

const struct workload canary_subgroup = {
	.name = "subgroup",
	.title = "sums and ballots over subgroups",
	.unit = "Gop/s",
	.needs =
		COMPUTE_FEATURE(COMPUTE_SUBGROUP_ARITHMETIC) | COMPUTE_FEATURE(COMPUTE_SUBGROUP_BALLOT),
	.spirv = subgroup_spirv,
	.spirv_size = sizeof(subgroup_spirv),
	.block = {STREAM_BLOCK, 1, 1},
	/* The grid ends at 65535 workgroups. */
	.sizes =
		{
			{STREAM_MI(1) / 32, STREAM_MI(1), STREAM_MI(4)},
			{STREAM_MI(1) / 8, STREAM_MI(2), STREAM_MI(8)},
		},
	.step = STREAM_BLOCK,
	.exactness = "integer sums and counts, added up over the workgroup",
	.plan = plan,
	.reference = reference,
};
