/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/mlp.comp.h"
#include "canary/quantised.h"

#include <math.h>

enum {
	INPUTS = 256,
	HIDDEN = 256,
	OUTPUTS = 64,
	BLOCKS = INPUTS / QUANTISED_WEIGHTS,
	ROW_BYTES = BLOCKS * QUANTISED_Q8_BYTES,
	/** Inputs a workgroup takes. */
	ITEMS = 4,
};
_Static_assert(HIDDEN == INPUTS, "rows of both layers are alike");

static void plan(struct workload_plan *plan)
{
	plan->grid[0] = plan->n / ITEMS;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_bits(
		plan, "weights", WORKLOAD_UINT, (HIDDEN + OUTPUTS) * ROW_BYTES / 4, 18, UINT32_MAX, 0);
	workload_plan_bits(plan, "inputs", WORKLOAD_FLOAT, (uint64_t)INPUTS * plan->n, 19,
		QUANTISED_X_MASK, QUANTISED_X_BASE);
	workload_plan_output(plan, "logits", WORKLOAD_UINT, (uint64_t)OUTPUTS * plan->n);
	workload_plan_output(plan, "probabilities", WORKLOAD_FLOAT, (uint64_t)OUTPUTS * plan->n);
	/* A multiplication and an addition for each weight of each layer and input. */
	plan->work = 2.0 * (INPUTS * HIDDEN + HIDDEN * OUTPUTS) * plan->n;
}

/* `rows` sums of a row each, times x. */
static void layer(const uint8_t *weights, size_t rows, const float *x, float *sums)
{
	for (size_t row = 0; row < rows; row++) {
		sums[row] = 0;
		for (size_t i = 0; i < BLOCKS; i++, weights += QUANTISED_Q8_BYTES) {
			sums[row] += quantised_q8_dot(weights, &x[i * QUANTISED_WEIGHTS]);
		}
	}
}

static void softmax(const float *scores, uint32_t *probabilities)
{
	double most = (double)scores[0], sum = 0, powers[OUTPUTS];
	for (size_t i = 1; i < OUTPUTS; i++) {
		most = fmax(most, (double)scores[i]);
	}
	for (size_t i = 0; i < OUTPUTS; i++) {
		powers[i] = exp(fmax(((double)scores[i] - most) / 4096, -16));
		sum += powers[i];
	}
	for (size_t i = 0; i < OUTPUTS; i++) {
		probabilities[i] = workload_word((float)(powers[i] / sum));
	}
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const uint8_t *weights = (const uint8_t *)buffers[0];
	for (size_t item = 0; item < plan->n; item++) {
		float x[INPUTS], hidden[HIDDEN], scores[OUTPUTS];
		for (size_t i = 0; i < INPUTS; i++) {
			x[i] = workload_float(buffers[1][item * INPUTS + i]);
		}
		layer(weights, HIDDEN, x, hidden);
		for (size_t i = 0; i < HIDDEN; i++) {
			hidden[i] = fminf(fmaxf(floorf(hidden[i] * 0.25f), 0), 127);
		}
		layer(weights + HIDDEN * ROW_BYTES, OUTPUTS, hidden, scores);
		for (size_t i = 0; i < OUTPUTS; i++) {
			buffers[2][item * OUTPUTS + i] = (uint32_t)(int32_t)(scores[i] * 8);
		}
		softmax(scores, &buffers[3][item * OUTPUTS]);
	}
}

const struct workload canary_mlp = {
	.name = "mlp",
	.title = "softmax of two layers of q8_0 blocks",
	.unit = "GFLOP/s",
	.spirv = mlp_spirv,
	.spirv_size = sizeof(mlp_spirv),
	.block = {256, 1, 1},
	/* Under 20 ms a dispatch from 0.5 TFLOP/s (quick) or 1 TFLOP/s (full) on. */
	.sizes = {{1 << 8, 1 << 13, 1 << 16}, {1 << 10, 1 << 14, 1 << 17}},
	.step = ITEMS,
	/*
	 * Vulkan's exp may be off by 3 + 2 |x| units, 35 for |x| <= 16, in the power and in the sum
	 * alike; 64 additions by half a unit, the division by 2.5: 105 in all, twice as many where a
	 * unit is half as large in the quotient.
	 */
	.ulp = 210,
	.exactness =
		"logits are eighths under 2^24 of them; of the softmax 210 units in the last place",
	.plan = plan,
	.reference = reference,
};
