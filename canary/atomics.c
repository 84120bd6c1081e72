/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/atomics.comp.h"
#include "canary/stream.h"

enum {
	COUNTERS = 4096,
	ROUNDS = 16,
	/** Between the counters of two rounds: 17 cache lines of 64 bytes. */
	STRIDE = 272,
};

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / (ROUNDS * STREAM_BLOCK);
	plan->grid[1] = plan->grid[2] = 1;
	struct workload_buffer *counters =
		workload_plan_buffer(plan, "counters", WORKLOAD_UINT, COUNTERS, BRIDGE_FILL_ZERO, 0);
	counters->job.output = true;
	/* n counts the additions. */
	plan->work = plan->n;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	uint32_t *counters = buffers[0];
	for (uint32_t i = 0; i < plan->n; i++) {
		uint32_t invocation = i / ROUNDS, round = i % ROUNDS;
		counters[(invocation + round * STRIDE) % COUNTERS] += i;
	}
}

const struct workload canary_atomics = {
	.name = "atomics",
	.title = "atomic additions to 4096 counters",
	.unit = "Gop/s",
	.spirv = atomics_spirv,
	.spirv_size = sizeof(atomics_spirv),
	.block = {STREAM_BLOCK, 1, 1},
	/* Under 20 ms a dispatch from 1.6 Gop/s (quick) or 3.2 Gop/s (full) on. */
	.sizes =
		{
			{STREAM_MI(1) / 4, STREAM_MI(4), STREAM_MI(32)},
			{STREAM_MI(1), STREAM_MI(8), STREAM_MI(64)},
		},
	.step = ROUNDS * STREAM_BLOCK,
	.exactness = "integer sums modulo 2^32 do not depend on their order",
	.plan = plan,
	.reference = reference,
};
