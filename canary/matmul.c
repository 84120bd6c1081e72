/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "base/memory.h"
#include "canary/matmul.comp.h"
#include "canary/matmul_f16.comp.h"

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

/* c = a * b; c arrives zeroed. */
static void multiply(const float *a, const float *b, float *c, size_t n)
{
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
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	size_t n = plan->n, count = n * n;
	BASE_FREE float *a = base_alloc(count, sizeof(*a));
	BASE_FREE float *b = base_alloc(count, sizeof(*b));
	BASE_FREE float *c = base_alloc(count, sizeof(*c));
	scale(buffers[0], a, count);
	scale(buffers[1], b, count);
	multiply(a, b, c, n);
	memcpy(buffers[2], c, count * sizeof(*c));
}

/* 1, 1.25, 1.5 and 1.75 of either sign, two a word. */
#define HALVES_MASK 0x83008300u
#define HALVES_BASE 0x3c003c00u

static void plan_f16(struct workload_plan *plan)
{
	uint64_t words = (uint64_t)plan->n * plan->n;
	plan->grid[0] = plan->grid[1] = plan->n / TILE;
	plan->grid[2] = 1;
	workload_plan_bits(plan, "A", WORKLOAD_UINT, words / 2, 20, HALVES_MASK, HALVES_BASE);
	workload_plan_bits(plan, "B", WORKLOAD_UINT, words / 2, 21, HALVES_MASK, HALVES_BASE);
	workload_plan_output(plan, "C", WORKLOAD_FLOAT, words);
	workload_plan_push_uint(plan, plan->n);
	plan->work = 2.0 * plan->n * plan->n * plan->n;
}

/* Number `i` of the halves above. */
static float half(const uint32_t *words, size_t i)
{
	uint32_t bits = words[i / 2] >> (i % 2 * 16);
	float size = 1.0f + (float)(bits >> 8 & 3) / 4.0f;
	return bits >> 15 & 1 ? -size : size;
}

static void reference_f16(const struct workload_plan *plan, uint32_t *const *buffers)
{
	size_t n = plan->n, count = n * n;
	BASE_FREE float *a = base_alloc(count, sizeof(*a));
	BASE_FREE float *b = base_alloc(count, sizeof(*b));
	BASE_FREE float *c = base_alloc(count, sizeof(*c));
	for (size_t i = 0; i < count; i++) {
		a[i % n * n + i / n] = half(buffers[0], i);
		b[i] = half(buffers[1], i);
	}
	multiply(a, b, c, n);
	memcpy(buffers[2], c, count * sizeof(*c));
}

const struct workload canary_matmul = {
	.name = "matmul",
	.title = "C = A * B, fp32, 64 x 64 tiles",
	.unit = "GFLOP/s",
	.spirv = matmul_spirv,
	.spirv_size = sizeof(matmul_spirv),
	WORKLOAD_SUBGROUPS,
	.block = {16, 16, 1},
	/* Under 20 ms a dispatch from 900 GFLOP/s (quick) or 3 TFLOP/s (full) on; integrated from 50
	   and 110 GFLOP/s on. */
	.sizes = {{384, 768, 2048}, {768, 1024, 3072}},
	.step = TILE,
	.exactness = "factors are integers in -8..7: sums of n products stay under 64 n, far from 2^24",
	.plan = plan,
	.reference = reference,
};

const struct workload canary_matmul_f16 = {
	.name = "matmul_f16",
	.title = "C = A^T * B, fp16 to fp32, 64 x 64 tiles",
	.unit = "GFLOP/s",
	.needs = COMPUTE_FEATURE(COMPUTE_FLOAT16),
	.spirv = matmul_f16_spirv,
	.spirv_size = sizeof(matmul_f16_spirv),
	WORKLOAD_SUBGROUPS,
	.block = {16, 16, 1},
	.sizes = {{0, 0, 0}, {512, 1024, 3072}},
	.step = TILE,
	.exactness = "16ths: 16 products are under 2^11 of them, sums of n under 49 n, far from 2^24",
	.plan = plan_f16,
	.reference = reference_f16,
};
