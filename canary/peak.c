/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/peak_f16.comp.h"
#include "canary/peak_f32.comp.h"
#include "canary/peak_f64.comp.h"
#include "canary/peak_i32.comp.h"
#include "canary/peak_i8dot.comp.h"

#include <string.h>

/*
 * Kernels that do arithmetic and nothing else, as fast as the device can, and whose every number is
 * checked. Each chain depends on its own past, so that nothing can be moved out of the loop; the
 * chains start apart, so that none is another's copy; the number of trips comes at run time and is
 * returned as counted. Lanes that differ by 8 do the same, so that the reference needs 8 of them,
 * and the device has no way to know.
 *
 * Floats, SHAPE 0 and 1: x = fma(1, y, x); y = fma(turn, x, y), with 1 and turn known at run time
 * only. With a turn of -1 that is a rotation of order 6 on whole numbers: (x, y) stays below 16 and
 * comes back after six steps; with 0 x counts in steps of y. Both are bijections: an error in any
 * step of any lane is never forgotten. All numbers are small and whole, so that every format holds
 * them and fused or not makes no difference. Half floats only rotate, since 2048 ends their count.
 *
 * Floats, SHAPE 2: x = fma(x, x, c), which no compiler can compose to fewer steps. With a fixed
 * point k of c = k - k^2, k of 4/64 to 11/64, and a start above it: x falls as long as it is above,
 * since the map is monotonic and k its own image in any rounding, and one unit above k the next is
 * less than 2 k <= 11/32 of a unit above, plus at most 1/8 where the square is rounded first, and
 * so is k exactly. It forgets an error that leaves it finite within some twenty steps, which is why
 * it is the alternative and not the measure.
 *
 * Integers: x = x * a + y and its like, and x += dot(y, a). Also bijections, modulo 2^32. Each y
 * takes the x of the part beside it, which costs a device nothing: a compiler that saves registers
 * by doing one part after the other (LLVM for lavapipe) would wait for one chain at a time.
 */

enum {
	BLOCK = 256,
	LANES = 8,
	PARTS = 4,
	/** Steps a trip, and multiply-adds a step. */
	STEPS = 16,
	WIDTH = 16,
	SHAPE_ROTATE_8 = 0,
	SHAPE_ROTATE_4 = 1,
	SHAPE_SQUARE = 2,
};

/* The factors of the integer chains: any odd numbers. */
#define FACTOR_A 0x2c9277b5u
#define FACTOR_B 0x343fd5c1u

static const struct workload_variant float_variants[] = {
	{"16 rotating numbers", SHAPE_ROTATE_8, 0, 0},
	/* Where the driver likes 64, it has no pairs of instructions for one cycle (RADV on RDNA). */
	{"16 rotating numbers, subgroups of 32", SHAPE_ROTATE_8, 32, 0},
	{"8 rotating numbers", SHAPE_ROTATE_4, 0, 0},
	{"16 squared numbers", SHAPE_SQUARE, 0, 0},
};

/* The buffers that all have, and the work: `operations` for each of `WIDTH` steps. */
static void plan_peak(struct workload_plan *plan, uint32_t trips, double operations)
{
	plan->grid[0] = plan->n / BLOCK;
	plan->grid[1] = plan->grid[2] = 1;
	workload_plan_output(plan, "trips", WORKLOAD_UINT, plan->n);
	workload_plan_push_uint(plan, trips);
	plan->work = operations * STEPS * WIDTH * trips * plan->n;
	plan->reference_is_short = true;
}

static void plan_float(struct workload_plan *plan, uint32_t trips)
{
	/* A multiplication and an addition. Half as many numbers for twice as long. */
	bool half = plan->variant->value == SHAPE_ROTATE_4;
	plan_peak(plan, half ? 2 * trips : trips, half ? 1 : 2);
	workload_plan_output(plan, "values", WORKLOAD_FLOAT, (uint64_t)PARTS * plan->n);
	workload_plan_push_float(plan, 1.0f);
	workload_plan_push_float(plan, -1.0f);
	workload_plan_push_float(plan, 0.0f);
}

static void plan_f32(struct workload_plan *plan)
{
	plan_float(plan, 256);
}

static void plan_f16(struct workload_plan *plan)
{
	plan_float(plan, 256);
}

/* Many devices do a 32nd or 64th of their rate. */
static void plan_f64(struct workload_plan *plan)
{
	plan_float(plan, 16);
}

static void plan_integer(struct workload_plan *plan, double operations)
{
	plan_peak(plan, 64, operations);
	workload_plan_output(plan, "values", WORKLOAD_UINT, (uint64_t)PARTS * plan->n);
	workload_plan_push_uint(plan, FACTOR_A);
	workload_plan_push_uint(plan, FACTOR_B);
}

static void plan_i32(struct workload_plan *plan)
{
	/* A multiplication and an addition. */
	plan_integer(plan, 2);
}

static void plan_i8dot(struct workload_plan *plan)
{
	/* Four multiplications and four additions. */
	plan_integer(plan, 8);
}

/* The first 8 lanes are what all are. */
static void repeat(
	const struct workload_plan *plan, uint32_t *const *buffers, uint32_t values[][PARTS])
{
	for (size_t i = 0; i < plan->n; i++) {
		buffers[0][i] = plan->push_constants[0];
		memcpy(&buffers[1][PARTS * i], values[i % LANES], sizeof(values[0]));
	}
}

/* Doubles hold every number of every format exactly. */
static double rotated(
	double x, double y, double turn, uint32_t steps, double x_weight, double y_weight)
{
	for (uint32_t i = 0; i < steps; i++) {
		x += y;
		y += turn * x;
	}
	return x_weight * x + y_weight * y;
}

static float float_value(
	const struct workload_plan *plan, bool counts, uint32_t lane, uint32_t part)
{
	uint32_t shape = plan->variant->value;
	uint32_t steps = plan->push_constants[0] * STEPS;
	uint32_t a = (lane + part) % LANES, b = (3 * lane + part + 4) % LANES;
	if (shape == SHAPE_SQUARE) {
		uint32_t next = (part + 3) % PARTS;
		uint32_t c = (lane + next) % LANES, d = (3 * lane + next + 4) % LANES;
		return (float)((4 + a) + 3 * (4 + b) + 5 * (4 + c) + 7 * (4 + d)) / 64.0f;
	}
	double turn = counts && part % 2 ? 0 : -1;
	uint32_t others = shape == SHAPE_ROTATE_4 ? 0 : steps;
	return (float)(rotated(1 + a, 1 + b, turn, steps, 1, 3) +
		rotated(8 - a, 8 - b, turn, others, 5, 7));
}

static void reference_float(const struct workload_plan *plan, uint32_t *const *buffers, bool counts)
{
	uint32_t values[LANES][PARTS];
	for (uint32_t lane = 0; lane < LANES; lane++) {
		for (uint32_t part = 0; part < PARTS; part++) {
			values[lane][part] = workload_word(float_value(plan, counts, lane, part));
		}
	}
	repeat(plan, buffers, values);
}

static void reference_counting(const struct workload_plan *plan, uint32_t *const *buffers)
{
	reference_float(plan, buffers, true);
}

static void reference_rotating(const struct workload_plan *plan, uint32_t *const *buffers)
{
	reference_float(plan, buffers, false);
}

static uint32_t multiply_add(uint32_t x, uint32_t y, uint32_t factor)
{
	return x * factor + y;
}

static uint32_t dot_add(uint32_t x, uint32_t y, uint32_t factor)
{
	for (unsigned shift = 0; shift < 32; shift += 8) {
		x += (uint32_t)((int8_t)(y >> shift & 0xff) * (int8_t)(factor >> shift & 0xff));
	}
	return x;
}

static void integer_values(const struct workload_plan *plan,
	uint32_t (*step)(uint32_t x, uint32_t y, uint32_t factor), uint32_t lane,
	uint32_t values[PARTS])
{
	uint32_t a = plan->push_constants[1], b = plan->push_constants[2];
	uint32_t x0[PARTS], y0[PARTS], x1[PARTS], y1[PARTS];
	for (uint32_t i = 0; i < PARTS; i++) {
		x0[i] = lane * 0x9e3779b9u + i;
		y0[i] = x0[i] * 5 + 1;
		x1[i] = x0[i] * 9 + 2;
		y1[i] = x0[i] * 13 + 3;
	}
	/* A step is four multiply-adds of four parts each; y takes the next part's x. */
	for (uint32_t steps = plan->push_constants[0] * STEPS; steps > 0; steps--) {
		for (uint32_t i = 0; i < PARTS; i++) {
			x0[i] = step(x0[i], y0[i], a);
			x1[i] = step(x1[i], y1[i], b);
		}
		for (uint32_t i = 0; i < PARTS; i++) {
			y0[i] = step(y0[i], x0[(i + 1) % PARTS], b);
			y1[i] = step(y1[i], x1[(i + 1) % PARTS], a);
		}
	}
	for (uint32_t i = 0; i < PARTS; i++) {
		values[i] = x0[i] + 3 * y0[i] + 5 * x1[i] + 7 * y1[i];
	}
}

static void reference_integer(const struct workload_plan *plan, uint32_t *const *buffers,
	uint32_t (*step)(uint32_t x, uint32_t y, uint32_t factor))
{
	uint32_t values[LANES][PARTS];
	for (uint32_t lane = 0; lane < LANES; lane++) {
		integer_values(plan, step, lane, values[lane]);
	}
	repeat(plan, buffers, values);
}

static void reference_i32(const struct workload_plan *plan, uint32_t *const *buffers)
{
	reference_integer(plan, buffers, multiply_add);
}

static void reference_i8dot(const struct workload_plan *plan, uint32_t *const *buffers)
{
	reference_integer(plan, buffers, dot_add);
}

/* Ki invocations. Those of floats do 131,072 operations each: under 20 ms a dispatch from 1.7
 * TFLOP/s (quick) or 6.9 TFLOP/s (full) on, integrated from 0.2 and 0.9 TFLOP/s on; doubles from a
 * 16th of that on, 32-bit integers from a quarter, dot products from the same. */
#define KI(x) ((uint32_t)(x) << 10)
#define FLOATS                                                                                     \
	.variants = float_variants,                                                                    \
	.variant_count = sizeof(float_variants) / sizeof(float_variants[0]), .race_in_quick = true,    \
	.block = {BLOCK, 1, 1}, .step = BLOCK,                                                         \
	.exactness = "whole numbers far below the format's last place"
#define INTEGERS .block = {BLOCK, 1, 1}, .step = BLOCK, .exactness = "integers modulo 2^32"

const struct workload canary_peak_f32 = {
	.name = "peak_f32",
	.title = "fused multiply-adds of floats",
	.unit = "GFLOP/s",
	.spirv = peak_f32_spirv,
	.spirv_size = sizeof(peak_f32_spirv),
	.sizes = {{KI(2), KI(32), KI(256)}, {KI(8), KI(128), KI(1024)}},
	FLOATS,
	.plan = plan_f32,
	.reference = reference_counting,
};

const struct workload canary_peak_f16 = {
	.name = "peak_f16",
	.title = "fused multiply-adds of half floats",
	.unit = "GFLOP/s",
	.needs = COMPUTE_FEATURE(COMPUTE_FLOAT16),
	.spirv = peak_f16_spirv,
	.spirv_size = sizeof(peak_f16_spirv),
	.sizes = {{0, 0, 0}, {KI(1), KI(128), KI(1024)}},
	FLOATS,
	.plan = plan_f16,
	.reference = reference_rotating,
};

const struct workload canary_peak_f64 = {
	.name = "peak_f64",
	.title = "fused multiply-adds of double floats",
	.unit = "GFLOP/s",
	.needs = COMPUTE_FEATURE(COMPUTE_FLOAT64),
	.spirv = peak_f64_spirv,
	.spirv_size = sizeof(peak_f64_spirv),
	.sizes = {{0, 0, 0}, {KI(16), KI(64), KI(512)}},
	FLOATS,
	.plan = plan_f64,
	.reference = reference_counting,
};

const struct workload canary_peak_i32 = {
	.name = "peak_i32",
	.title = "multiply-adds of 32-bit integers",
	.unit = "Gop/s",
	.spirv = peak_i32_spirv,
	.spirv_size = sizeof(peak_i32_spirv),
	.sizes = {{0, 0, 0}, {KI(8), KI(128), KI(1024)}},
	INTEGERS,
	.plan = plan_i32,
	.reference = reference_i32,
};

const struct workload canary_peak_i8dot = {
	.name = "peak_i8dot",
	.title = "dot products of four bytes",
	.unit = "Gop/s",
	.needs = COMPUTE_FEATURE(COMPUTE_DOT_PRODUCT),
	.spirv = peak_i8dot_spirv,
	.spirv_size = sizeof(peak_i8dot_spirv),
	.sizes = {{0, 0, 0}, {KI(4), KI(128), KI(1024)}},
	INTEGERS,
	.plan = plan_i8dot,
	.reference = reference_i8dot,
};
