/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/histogram.comp.h"
#include "canary/stream.h"

enum { BINS = 256 };

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STREAM_STEP;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_bits(plan, "values", WORKLOAD_UINT, plan->n, 11, UINT32_MAX, 0);
	struct workload_buffer *counts =
		workload_plan_buffer(plan, "counts", WORKLOAD_UINT, BINS, BRIDGE_FILL_ZERO, 0);
	counts->job.output = true;
	/* Every word read once. */
	plan->work = 4.0 * plan->n;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const uint32_t *restrict values = buffers[0];
	/* One table a byte of the word: neighbours of one value do not wait for each other. */
	uint32_t counts[4][BINS] = {{0}};
	for (size_t i = 0; i < plan->n; i++) {
		counts[0][values[i] & 0xff]++;
		counts[1][values[i] >> 8 & 0xff]++;
		counts[2][values[i] >> 16 & 0xff]++;
		counts[3][values[i] >> 24]++;
	}
	for (size_t bin = 0; bin < BINS; bin++) {
		buffers[1][bin] += counts[0][bin] + counts[1][bin] + counts[2][bin] + counts[3][bin];
	}
}

const struct workload canary_histogram = {
	.name = "histogram",
	.title = "how often each byte occurs",
	.unit = "GB/s",
	.spirv = histogram_spirv,
	.spirv_size = sizeof(histogram_spirv),
	.block = {STREAM_BLOCK, 1, 1},
	.sizes =
		{
			{STREAM_MI(1), STREAM_MI(8), STREAM_MI(64)},
			{STREAM_MI(2), STREAM_MI(16), STREAM_MI(128)},
		},
	.step = STREAM_STEP,
	.exactness = "counts",
	.plan = plan,
	.reference = reference,
};
