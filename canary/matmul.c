/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "base/memory.h"
#include "canary/matmul.comp.h"

#include <string.h>

enum {
	/** Rows and columns of the shader's tile. */
	TILE = 64,
	/** Blocking of the reference: ROWS_OF_B x COLUMNS of B stay in the second cache. */
	ROWS_OF_B = 64,
	COLUMNS = 512,
};

static void plan(struct workload_plan *plan)
{
	uint64_t words = (uint64_t)plan->n * plan->n;
	plan->grid[0] = plan->grid[1] = plan->n / TILE;
	plan->grid[2] = 1;
	workload_plan_buffer(plan, "A", WORKLOAD_FLOAT, words, BRIDGE_FILL_RANDOM, 7);
	workload_plan_buffer(plan, "B", WORKLOAD_FLOAT, words, BRIDGE_FILL_RANDOM, 8);
	workload_plan_output(plan, "C", WORKLOAD_FLOAT, words);
	workload_plan_push_uint(plan, plan->n);
	/* n multiplications and n additions for each of the n * n sums. */
	plan->work = 2.0 * plan->n * plan->n * plan->n;
}

/* As the shader does: eighths, rounded down, as the integers -8..7. */
static void scale(const uint32_t *restrict words, float *restrict integers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float value = workload_float(words[i]) * 8.0f;
		float whole = (float)(int)value;
		integers[i] = whole - (float)(whole > value);
	}
}

/* c[0..width) += four rows of B, each times one element of A. */
static void add_rows(
	float *restrict c, const float *restrict a, const float *restrict b, size_t pitch, size_t width)
{
	for (size_t j = 0; j < width; j++) {
		c[j] +=
			a[0] * b[j] + a[1] * b[pitch + j] + a[2] * b[2 * pitch + j] + a[3] * b[3 * pitch + j];
	}
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	size_t n = plan->n, count = n * n;
	BASE_FREE float *a = base_alloc(count, sizeof(*a));
	BASE_FREE float *b = base_alloc(count, sizeof(*b));
	BASE_FREE float *c = base_alloc(count, sizeof(*c));
	scale(buffers[0], a, count);
	scale(buffers[1], b, count);
	for (size_t j = 0; j < n; j += COLUMNS) {
		size_t width = n - j < COLUMNS ? n - j : COLUMNS;
		for (size_t k = 0; k < n; k += ROWS_OF_B) {
			for (size_t i = 0; i < n; i++) {
				for (size_t l = k; l < k + ROWS_OF_B; l += 4) {
					add_rows(&c[i * n + j], &a[i * n + l], &b[l * n + j], n, width);
				}
			}
		}
	}
	memcpy(buffers[2], c, count * sizeof(*c));
}

const struct workload canary_matmul = {
	.name = "matmul",
	.title = "C = A * B, fp32, 64 x 64 tiles",
	.unit = "GFLOP/s",
	.spirv = matmul_spirv,
	.spirv_size = sizeof(matmul_spirv),
	.block = {16, 16, 1},
	/* Under 20 ms a dispatch from 900 GFLOP/s (quick) or 3 TFLOP/s (full) on; integrated from 50
	   and 110 GFLOP/s on. */
	.sizes = {{384, 768, 2048}, {768, 1024, 3072}},
	.step = TILE,
	.exactness = "factors are integers in -8..7: sums of n products stay under 64 n, far from 2^24",
	.plan = plan,
	.reference = reference,
};
