/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "base/memory.h"
#include "canary/matmul_coop_bf16.spvasm.h"
#include "canary/matmul_coop_f16.spvasm.h"
#include "canary/matmul_coop_fp8.spvasm.h"
#include "canary/matmul_coop_i8.spvasm.h"

#include <string.h>

enum {
	/** Invocations of a workgroup. */
	BLOCK = 128,
	/** Rows and columns of C that a workgroup computes with the largest matrices. */
	STEP = 128,
	/** Matrices side by side in a workgroup's part of C. */
	MATRICES = 8,
	/** Rows of B that the reference goes through again and again: they stay in the second cache. */
	ROWS_OF_B = 32,
};

/* What a component is, and which of its bits are random. */
struct component {
	const struct workload *workload;
	unsigned bits;
	/** Of the two highest bits of a float's fraction; 0: a whole number. */
	unsigned fraction;
	uint32_t mask, base;
};

/* Floats are 1, 1.25, 1.5 or 1.75 of either sign, whole numbers any. */
static const struct component *component_of(const struct workload_plan *plan)
{
	static const struct component components[] = {
		{&canary_matmul_coop_f16, 16, 8, 0x83008300, 0x3c003c00},
		{&canary_matmul_coop_bf16, 16, 5, 0x80608060, 0x3f803f80},
		{&canary_matmul_coop_fp8, 8, 1, 0x86868686, 0x38383838},
		{&canary_matmul_coop_i8, 8, 0, UINT32_MAX, 0},
	};
	const struct component *component = components;
	while (component->workload != plan->workload) {
		component++;
	}
	return component;
}

static void plan(struct workload_plan *plan)
{
	const struct component *component = component_of(plan);
	uint64_t words = (uint64_t)plan->n * plan->n;
	uint64_t factors = words * component->bits / 32;
	plan->grid[0] = plan->n / (MATRICES * (plan->variant->value >> 8 & 0xff));
	plan->grid[1] = plan->n / (MATRICES * (plan->variant->value & 0xff));
	plan->grid[2] = 1;
	workload_plan_bits(plan, "A", WORKLOAD_UINT, factors, 40, component->mask, component->base);
	workload_plan_bits(plan, "B", WORKLOAD_UINT, factors, 41, component->mask, component->base);
	workload_plan_output(plan, "C", component->fraction ? WORKLOAD_FLOAT : WORKLOAD_UINT, words);
	workload_plan_push_uint(plan, plan->n);
	/* n multiplications and n additions for each of the n * n sums. */
	plan->work = 2.0 * plan->n * plan->n * plan->n;
}

/* The components as whole numbers: of floats their quarters. */
static int16_t *whole(const struct component *component, const uint32_t *words, size_t count)
{
	int16_t *numbers = base_alloc(count, sizeof(*numbers));
	unsigned a_word = 32 / component->bits;
	for (size_t i = 0; i < count; i++) {
		uint32_t bits = words[i / a_word] >> (i % a_word * component->bits);
		int16_t size = (int16_t)(4 + (bits >> component->fraction & 3));
		bool negative = bits >> (component->bits - 1) & 1;
		numbers[i] = !component->fraction ? (int8_t)(bits & 0xff)
			: negative                    ? (int16_t)-size
										  : size;
	}
	return numbers;
}

static int32_t dot(const int16_t *restrict a, const int16_t *restrict b, size_t n)
{
	int32_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += a[i] * b[i];
	}
	return sum;
}

static void reference(const struct workload_plan *plan, uint32_t *const *buffers)
{
	const struct component *component = component_of(plan);
	size_t n = plan->n;
	BASE_FREE int16_t *a = whole(component, buffers[0], n * n);
	BASE_FREE int16_t *b = whole(component, buffers[1], n * n);
	for (size_t rows = 0; rows < n; rows += ROWS_OF_B) {
		for (size_t i = 0; i < n; i++) {
			for (size_t j = rows; j < rows + ROWS_OF_B; j++) {
				int32_t sum = dot(&a[i * n], &b[j * n], n);
				buffers[2][i * n + j] =
					component->fraction ? workload_word((float)sum / 16) : (uint32_t)sum;
			}
		}
	}
}

/* The constant is M | N << 8 | K << 16. */
#define SHAPE(m, n, k, feature)                                                                    \
	{                                                                                              \
#m " x " #n " x " #k, (m) | (n) << 8 | (k) << 16, 0, COMPUTE_FEATURE(feature)              \
	}
#define SHAPE_32(m, n, k, feature)                                                                 \
	{                                                                                              \
#m " x " #n " x " #k ", subgroups of 32", (m) | (n) << 8 | (k) << 16, 32,                  \
			COMPUTE_FEATURE(feature)                                                               \
	}
static const struct workload_variant f16_shapes[] = {
	SHAPE(16, 16, 16, COMPUTE_MATRIX_F16),
	SHAPE_32(16, 16, 16, COMPUTE_MATRIX_F16),
	SHAPE(8, 8, 8, COMPUTE_MATRIX_F16_SMALL),
};
static const struct workload_variant bf16_shapes[] = {
	SHAPE(16, 16, 16, COMPUTE_MATRIX_BF16),
	SHAPE_32(16, 16, 16, COMPUTE_MATRIX_BF16),
};
static const struct workload_variant fp8_shapes[] = {
	SHAPE(16, 16, 16, COMPUTE_MATRIX_E4M3),
	SHAPE_32(16, 16, 16, COMPUTE_MATRIX_E4M3),
	SHAPE(16, 16, 32, COMPUTE_MATRIX_E4M3_LONG),
};
static const struct workload_variant i8_shapes[] = {
	SHAPE(16, 16, 16, COMPUTE_MATRIX_S8),
	SHAPE_32(16, 16, 16, COMPUTE_MATRIX_S8),
	SHAPE(16, 16, 32, COMPUTE_MATRIX_S8_LONG),
	SHAPE(8, 8, 8, COMPUTE_MATRIX_S8_SMALL),
};

/* Under 20 ms a dispatch from 3 TFLOP/s on, integrated from 0.1 TFLOP/s on. */
#define KIND(kind)                                                                                 \
	.name = "matmul_coop_" #kind, .spirv = matmul_coop_##kind##_spirv,                             \
	.spirv_size = sizeof(matmul_coop_##kind##_spirv), .variants = kind##_shapes,                   \
	.variant_count = sizeof(kind##_shapes) / sizeof(kind##_shapes[0]), .block = {BLOCK, 1, 1},     \
	.sizes = {{0, 0, 0}, {256, 1024, 3072}}, .step = STEP, .plan = plan, .reference = reference
#define NEEDS COMPUTE_FEATURE(COMPUTE_COOPERATIVE_MATRIX) | COMPUTE_FEATURE(COMPUTE_MEMORY_MODEL)
#define FLOAT_SUMS "sixteenths: sums of n products are under 49 n of them, far from 2^24"

const struct workload canary_matmul_coop_f16 = {
	KIND(f16),
	.title = "C = A * B^T, cooperative matrices of fp16 to fp32",
	.unit = "GFLOP/s",
	.needs = NEEDS | COMPUTE_FEATURE(COMPUTE_FLOAT16),
	.exactness = FLOAT_SUMS,
};

const struct workload canary_matmul_coop_bf16 = {
	KIND(bf16),
	.title = "C = A * B^T, cooperative matrices of bf16 to fp32",
	.unit = "GFLOP/s",
	.needs = NEEDS | COMPUTE_FEATURE(COMPUTE_BFLOAT16) | COMPUTE_FEATURE(COMPUTE_BFLOAT16_MATRIX),
	.exactness = FLOAT_SUMS,
};

const struct workload canary_matmul_coop_fp8 = {
	KIND(fp8),
	.title = "C = A * B^T, cooperative matrices of fp8 (E4M3) to fp32",
	.unit = "GFLOP/s",
	.needs = NEEDS | COMPUTE_FEATURE(COMPUTE_FLOAT8) | COMPUTE_FEATURE(COMPUTE_FLOAT8_MATRIX),
	.exactness = FLOAT_SUMS,
};

const struct workload canary_matmul_coop_i8 = {
	KIND(i8),
	.title = "C = A * B^T, cooperative matrices of int8 to int32",
	.unit = "Gop/s",
	.needs = NEEDS | COMPUTE_FEATURE(COMPUTE_INT8),
	.exactness = "sums of n products stay under 2^14 n, far from 2^31",
};
