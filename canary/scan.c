/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/scan.comp.h"
#include "canary/stream.h"

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STREAM_STEP;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_bits(plan, "values", WORKLOAD_UINT, plan->n, 10, UINT32_MAX, 0);
	workload_plan_output(plan, "prefixes", WORKLOAD_UINT, plan->n);
	/* One word read and one written for each element. */
	plan->work = 8.0 * plan->n;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const uint32_t *restrict values = buffers[0];
	uint32_t *restrict prefixes = buffers[1];
	uint32_t sum = 0;
	for (size_t i = 0; i < plan->n; i++) {
		sum = i % STREAM_STEP == 0 ? values[i] : sum + values[i];
		prefixes[i] = sum;
	}
}

const struct workload canary_scan = {
	.name = "scan",
	.title = "prefix sums in segments of 4096 words",
	.unit = "GB/s",
	.spirv = scan_spirv,
	.spirv_size = sizeof(scan_spirv),
	WORKLOAD_SUBGROUPS,
	.block = {STREAM_BLOCK, 1, 1},
	.sizes =
		{
			{STREAM_MI(1), STREAM_MI(16), STREAM_MI(64)},
			{STREAM_MI(4), STREAM_MI(32), STREAM_MI(128)},
		},
	.step = STREAM_STEP,
	.exactness = "integer sums modulo 2^32 do not depend on their order",
	.plan = plan,
	.reference = reference,
};
