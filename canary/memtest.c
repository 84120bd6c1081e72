/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/memtest.comp.h"
#include "canary/stream.h"

enum {
	/** Words of a workgroup. */
	STEP = 16384,
	/** One for each of the eight patterns, and one that finds the last. */
	PASSES = 9,
	/** Workgroups that ended, wrong words, the first one, and how often each bit was wrong. */
	REPORT = 3 + 32,
};

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STEP;
	plan->grid[1] = plan->grid[2] = 1;
	struct workload_buffer *report =
		workload_plan_buffer(plan, "report", WORKLOAD_UINT, REPORT, BRIDGE_FILL_ZERO, 0);
	report->job.output = true;
	workload_plan_buffer(plan, "memory", WORKLOAD_UINT, plan->n, BRIDGE_FILL_ZERO, 0);
	/* Each pass but the first of a sample reads every word, and each writes it. */
	plan->dispatches = PASSES;
	plan->work = 4.0 * plan->n * (2 * PASSES - 1) / PASSES;
	plan->reference_is_short = true;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	buffers[0][0] += plan->grid[0] * PASSES;
}

const struct workload canary_memtest = {
	.name = "memtest",
	.title = "eight patterns over memory, and which bits fail",
	.unit = "GB/s",
	.spirv = memtest_spirv,
	.spirv_size = sizeof(memtest_spirv),
	.block = {STREAM_BLOCK, 1, 1},
	/* Under 20 ms a pass from 100 GB/s on. --mem-mb has it take less. */
	.sizes = {{0, 0, 0}, {STREAM_MI(1), STREAM_MI(32), STREAM_MI(256)}},
	.step = STEP,
	.exactness = "counts: all workgroups of all passes ended, and no word was wrong",
	.plan = plan,
	.reference = reference,
};
