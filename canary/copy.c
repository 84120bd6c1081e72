/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/copy.comp.h"
#include "canary/copy_wide.comp.h"
#include "canary/stream.h"

#include <string.h>

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STREAM_STEP;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_buffer(plan, "from", WORKLOAD_UINT, plan->n, BRIDGE_FILL_RANDOM, 4);
	workload_plan_output(plan, "to", WORKLOAD_UINT, plan->n);
	workload_plan_push_uint(plan, plan->n / 4);
	/* Counted as moved: one word read and one written for each element. */
	plan->work = 8.0 * plan->n;
	if (plan->variant->value == STREAM_WIDE) {
		plan->spirv = copy_wide_spirv;
		plan->spirv_size = sizeof(copy_wide_spirv);
	}
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	memcpy(buffers[1], buffers[0], 4 * (size_t)plan->n);
}

const struct workload canary_copy = {
	.name = "copy",
	.title = "to = from",
	.unit = "GB/s",
	.spirv = copy_spirv,
	.spirv_size = sizeof(copy_spirv),
	STREAM_WIDTHS_TO_8,
	.block = {STREAM_BLOCK, 1, 1},
	.sizes = STREAM_SIZES_2,
	.step = STREAM_STEP,
	.exactness = "no arithmetic",
	.plan = plan,
	.reference = reference,
};
