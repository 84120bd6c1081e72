/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/read.comp.h"
#include "canary/read_wide.comp.h"
#include "canary/stream.h"

#include <string.h>

enum {
	ROUNDS = 16,
	/** Words of one round of a workgroup, and of all. */
	ROUND = 4 * STREAM_BLOCK,
	STEP = ROUNDS * ROUND,
};

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / STEP;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_bits(plan, "values", WORKLOAD_UINT, plan->n, 9, UINT32_MAX, 0);
	workload_plan_output(plan, "digests", WORKLOAD_UINT, plan->n / (4 * ROUNDS));
	/* Every word read once; the digests are a 64th of that and not counted. */
	plan->work = 4.0 * plan->n;
	if (plan->variant->value == STREAM_WIDE) {
		/* Twice the words a workgroup. */
		plan->grid[0] = (plan->grid[0] + 1) / 2;
		plan->spirv = read_wide_spirv;
		plan->spirv_size = sizeof(read_wide_spirv);
	}
}

static uint32_t rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

static void digest_group(const uint32_t *restrict values, uint32_t *restrict digests)
{
	uint32_t digest[ROUND];
	memset(digest, 0, sizeof(digest));
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < ROUND; i++) {
			digest[i] = rotate(digest[i], 1) ^ values[round * ROUND + i];
		}
	}
	for (size_t lane = 0; lane < STREAM_BLOCK; lane++) {
		const uint32_t *parts = &digest[4 * lane];
		digests[lane] =
			parts[0] ^ rotate(parts[1], 8) ^ rotate(parts[2], 16) ^ rotate(parts[3], 24);
	}
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	for (size_t group = 0; group < plan->n / STEP; group++) {
		digest_group(&buffers[0][group * STEP], &buffers[1][group * STREAM_BLOCK]);
	}
}

const struct workload canary_read = {
	.name = "read",
	.title = "a digest of every 64 words",
	.unit = "GB/s",
	.spirv = read_spirv,
	.spirv_size = sizeof(read_spirv),
	STREAM_WIDTHS_TO_8,
	.block = {STREAM_BLOCK, 1, 1},
	.sizes =
		{
			{STREAM_MI(2), STREAM_MI(32), STREAM_MI(128)},
			{STREAM_MI(16), STREAM_MI(64), STREAM_MI(192)},
		},
	.step = STEP,
	.exactness = "bits: any one that flips flips one of the digest",
	.plan = plan,
	.reference = reference,
};
