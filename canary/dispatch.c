/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/dispatch.comp.h"

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->grid[1] = plan->grid[2] = 1;
	struct workload_buffer *counter =
		workload_plan_buffer(plan, "counter", WORKLOAD_UINT, 1, BRIDGE_FILL_ZERO, 0);
	counter->job.output = true;
	/* Each leaves its trace in the counter: one that never ran is missed. */
	plan->dispatches = plan->n;
	/* One dispatch is a millionth of the unit's 10^9, which makes it thousands a second. */
	plan->work = 1e6;
	plan->reference_is_short = true;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	buffers[0][0] += plan->dispatches;
}

const struct workload canary_dispatch = {
	.name = "dispatch",
	.title = "dispatches of one invocation, one after the other",
	.unit = "kdispatch/s",
	.spirv = dispatch_spirv,
	.spirv_size = sizeof(dispatch_spirv),
	.block = {1, 1, 1},
	.sizes = {{64, 256, 512}, {256, 1024, 2048}},
	.step = 1,
	.exactness = "a count",
	.plan = plan,
	.reference = reference,
};
