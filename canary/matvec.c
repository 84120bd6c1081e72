/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/q4_matvec.comp.h"
#include "canary/q8_matvec.comp.h"
#include "canary/quantised.h"

enum {
	COLUMNS = 4096,
	BLOCKS = COLUMNS / QUANTISED_WEIGHTS,
	/** Of a workgroup. */
	ROWS = 16,
};

/* The rows are far more than any cache holds; x is 16 KiB. */
static void plan_rows(struct workload_plan *plan, uint32_t block_bytes, uint32_t seed)
{
	plan->grid[0] = plan->n / ROWS;
	plan->grid[1] = plan->grid[2] = 1;
	uint64_t bytes = (uint64_t)plan->n * BLOCKS * block_bytes;
	workload_plan_bits(plan, "weights", WORKLOAD_UINT, bytes / 4, seed, UINT32_MAX, 0);
	workload_plan_bits(
		plan, "x", WORKLOAD_FLOAT, COLUMNS, seed + 1, QUANTISED_X_MASK, QUANTISED_X_BASE);
	workload_plan_output(plan, "y", WORKLOAD_FLOAT, plan->n);
	/* The blocks, each read once. x stays in the cache, and y is a 576th at most. */
	plan->work = (double)bytes;
}

static void plan_q4(struct workload_plan *plan)
{
	plan_rows(plan, QUANTISED_Q4_BYTES, 14);
}

static void plan_q8(struct workload_plan *plan)
{
	plan_rows(plan, QUANTISED_Q8_BYTES, 16);
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers,
	size_t block_bytes, float (*dot)(const uint8_t *block, const float *x))
{
	const uint8_t *block = (const uint8_t *)buffers[0];
	float x[COLUMNS];
	for (size_t i = 0; i < COLUMNS; i++) {
		x[i] = workload_float(buffers[1][i]);
	}
	for (size_t row = 0; row < plan->n; row++) {
		float sum = 0;
		for (size_t i = 0; i < BLOCKS; i++, block += block_bytes) {
			sum += dot(block, &x[i * QUANTISED_WEIGHTS]);
		}
		buffers[2][row] = workload_word(sum);
	}
}

static void reference_q4(const struct workload_plan *plan, uint32_t *const *buffers)
{
	reference(plan, buffers, QUANTISED_Q4_BYTES, quantised_q4_dot);
}

static void reference_q8(const struct workload_plan *plan, uint32_t *const *buffers)
{
	reference(plan, buffers, QUANTISED_Q8_BYTES, quantised_q8_dot);
}

/* 2304 bytes a row. */
const struct workload canary_q4_matvec = {
	.name = "q4_matvec",
	.title = "y = W * x, W of q4_0 blocks, 4096 columns",
	.unit = "GB/s",
	.spirv = q4_matvec_spirv,
	.spirv_size = sizeof(q4_matvec_spirv),
	WORKLOAD_SUBGROUPS,
	.block = {256, 1, 1},
	.sizes = {{1 << 10, 1 << 15, 1 << 18}, {1 << 12, 1 << 16, 1 << 18}},
	.step = ROWS,
	.exactness = "terms are 32nds up to 448 of them: sums of 4096 stay under 2^21, far from 2^24",
	.plan = plan_q4,
	.reference = reference_q4,
};

/* 4352 bytes a row. */
const struct workload canary_q8_matvec = {
	.name = "q8_matvec",
	.title = "y = W * x, W of q8_0 blocks, 4096 columns",
	.unit = "GB/s",
	.spirv = q8_matvec_spirv,
	.spirv_size = sizeof(q8_matvec_spirv),
	WORKLOAD_SUBGROUPS,
	.block = {256, 1, 1},
	.sizes = {{0, 0, 0}, {1 << 11, 1 << 15, 1 << 17}},
	.step = ROWS,
	.exactness = "terms are 32nds up to 1792 of them: sums of 4096 stay under 2^23",
	.plan = plan_q8,
	.reference = reference_q8,
};
