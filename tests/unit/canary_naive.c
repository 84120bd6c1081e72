/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/canary_naive.h"

#include "tests/unit/cmocka_names.h"

#include <math.h>
#include <string.h>

static double real(uint32_t word)
{
	return (double)workload_float(word);
}

/* The float that is exactly this number: none is rounded. */
static uint32_t exact(double value)
{
	float rounded = (float)value;
	assert_true((double)rounded == value);
	return workload_word(rounded);
}

static uint32_t naive_vadd(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)plan;
	(void)buffer;
	return exact(real(in[0][i]) + real(in[1][i]));
}

static uint32_t naive_saxpy(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)buffer;
	double product = real(plan->push_constants[1]) * real(in[0][i]);
	/* Nor is the product, so that a fused multiply-add gives the same. */
	exact(product);
	return exact(product + real(in[1][i]));
}

static uint32_t naive_copy(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)plan;
	(void)buffer;
	return in[0][i];
}

static uint32_t naive_triad(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)buffer;
	double product = real(plan->push_constants[1]) * real(in[1][i]);
	exact(product);
	return exact(real(in[0][i]) + product);
}

static uint32_t naive_reduce(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	size_t first = buffer == 1 ? i * 4096 : 0;
	size_t count = buffer == 1 ? 4096 : plan->n;
	uint64_t sum = 0;
	for (size_t j = first; j < first + count; j++) {
		sum += in[0][j];
	}
	return (uint32_t)sum;
}

static uint32_t naive_matmul(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t index)
{
	(void)buffer;
	size_t n = plan->n, row = index / n, column = index % n;
	double sum = 0;
	for (size_t k = 0; k < n; k++) {
		double a = floor(8 * real(in[0][row * n + k]));
		double b = floor(8 * real(in[1][k * n + column]));
		assert_true(a >= -8 && a <= 7 && b >= -8 && b <= 7);
		sum += a * b;
	}
	return exact(sum);
}

static uint32_t naive_dispatch(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)buffer;
	(void)i;
	return in[0][0] + plan->n;
}

/* Digest i is of the uvec4 number i % 256 of sixteen rounds, in the group i / 256. */
static uint32_t naive_read(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)plan;
	(void)buffer;
	uint32_t digest = 0;
	for (unsigned part = 0; part < 4; part++) {
		for (unsigned round = 0; round < 16; round++) {
			uint32_t word = in[0][i / 256 * 16384 + round * 1024 + i % 256 * 4 + part];
			unsigned turn = (15 - round + 8 * part) % 32;
			digest ^= turn ? word << turn | word >> (32 - turn) : word;
		}
	}
	return digest;
}

static uint32_t naive_scan(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)plan;
	(void)buffer;
	uint64_t sum = 0;
	for (size_t j = i / 4096 * 4096; j <= i; j++) {
		sum += in[0][j];
	}
	return (uint32_t)sum;
}

static uint32_t naive_atomics(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)buffer;
	uint32_t sum = in[0][i];
	for (uint32_t round = 0; round < 16; round++) {
		/* The invocations that come to this counter in this round. */
		for (uint32_t at = (uint32_t)(i + 4096 * 16 - 272 * round) % 4096; at < plan->n / 16;
			 at += 4096) {
			sum += at * 16 + round;
		}
	}
	return sum;
}

static uint32_t naive_histogram(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)buffer;
	const uint8_t *bytes = (const uint8_t *)in[0];
	uint32_t count = 0;
	for (size_t j = 0; j < 4 * (size_t)plan->n; j++) {
		count += bytes[j] == i;
	}
	return count;
}

static uint32_t naive_transfer(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)plan;
	(void)buffer;
	return in[0][i] ^ UINT32_MAX;
}

static uint32_t naive_subgroup(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)plan;
	(void)buffer;
	uint64_t sums[3] = {0, 0, 0};
	for (size_t lane = 0; lane < 256; lane++) {
		for (uint32_t round = 0; round < 64; round++) {
			uint32_t salted = in[0][i / 3 * 256 + lane] ^ (uint32_t)(round * UINT64_C(0x9e3779b9));
			sums[0] += salted;
			sums[1] += salted % 2;
		}
	}
	return (uint32_t)sums[i % 3];
}

/* `steps` of (x, y) -> (x + y, y + turn * (x + y)), by the powers of its matrix. */
static void naive_turn(int64_t turn, uint32_t steps, int64_t *x, int64_t *y)
{
	int64_t power[4] = {1, 1, turn, 1 + turn};
	for (; steps > 0; steps /= 2) {
		int64_t a = power[0], b = power[1], c = power[2], d = power[3];
		if (steps % 2) {
			int64_t was = *x;
			*x = a * was + b * *y;
			*y = c * was + d * *y;
		}
		power[0] = a * a + b * c;
		power[1] = a * b + b * d;
		power[2] = c * a + d * c;
		power[3] = c * b + d * d;
	}
}

static uint32_t naive_rotation(const struct workload_plan *plan, size_t i, bool counts)
{
	size_t part = i % 4, lane = i / 4 % 256;
	uint32_t steps = plan->push_constants[0] * 16;
	size_t a = (lane + part) % 8, b = (3 * lane + part + 4) % 8;
	if (plan->variant->value == 2) {
		/* Parts wxyz of the first two are the other two. */
		size_t turned = (part + 3) % 4;
		size_t c = (lane + turned) % 8, d = (3 * lane + turned + 4) % 8;
		return exact((double)(4 + a) / 64 + 3 * (double)(4 + b) / 64 + 5 * (double)(4 + c) / 64 +
			7 * (double)(4 + d) / 64);
	}
	int64_t turn = counts && (part == 1 || part == 3) ? 0 : -1;
	int64_t x0 = (int64_t)(1 + a), y0 = (int64_t)(1 + b);
	int64_t x1 = (int64_t)(8 - a), y1 = (int64_t)(8 - b);
	naive_turn(turn, steps, &x0, &y0);
	naive_turn(turn, plan->variant->value == 1 ? 0 : steps, &x1, &y1);
	return exact((double)(x0 + 3 * y0 + 5 * x1 + 7 * y1));
}

static uint32_t naive_peak_float(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)in;
	return buffer == 0 ? plan->push_constants[0] : naive_rotation(plan, i, true);
}

static uint32_t naive_peak_f16(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)in;
	return buffer == 0 ? plan->push_constants[0] : naive_rotation(plan, i, false);
}

/* `x` after a step with `y`, in numbers that cannot overflow. */
static uint32_t naive_dot(uint32_t x, uint32_t y, uint32_t factor)
{
	int64_t sum = x;
	for (unsigned byte = 0; byte < 4; byte++) {
		int64_t left = y >> (8 * byte) & 255, right = factor >> (8 * byte) & 255;
		sum += (left > 127 ? left - 256 : left) * (right > 127 ? right - 256 : right);
	}
	return (uint32_t)(uint64_t)sum;
}

static uint32_t naive_product(uint32_t x, uint32_t y, uint32_t factor)
{
	return (uint32_t)(((uint64_t)x * factor + y) % (UINT64_C(1) << 32));
}

/* `numbers`: of each part x0, y0, x1, y1. */
static void naive_chains(const struct workload_plan *plan, size_t lane,
	uint32_t (*step)(uint32_t x, uint32_t y, uint32_t factor), uint32_t numbers[4][4])
{
	for (size_t part = 0; part < 4; part++) {
		uint32_t first = (uint32_t)(lane % 8 * 0x9e3779b9u + part);
		numbers[part][0] = first;
		numbers[part][1] = 5 * first + 1;
		numbers[part][2] = 9 * first + 2;
		numbers[part][3] = 13 * first + 3;
	}
	for (size_t half = 0; half < 2 * 64 * 16; half++) {
		for (size_t part = 0; part < 4; part++) {
			uint32_t *own = numbers[part], *beside = numbers[(part + 1) % 4];
			if (half % 2 == 0) {
				own[0] = step(own[0], own[1], plan->push_constants[1]);
				own[2] = step(own[2], own[3], plan->push_constants[2]);
			} else {
				own[1] = step(own[1], beside[0], plan->push_constants[2]);
				own[3] = step(own[3], beside[2], plan->push_constants[1]);
			}
		}
	}
}

static uint32_t naive_chain(const struct workload_plan *plan, size_t buffer, size_t i,
	uint32_t (*step)(uint32_t x, uint32_t y, uint32_t factor))
{
	/* The four parts of a lane depend on one another, and are asked for one after the other. */
	static uint32_t numbers[4][4];
	if (buffer == 0) {
		return 64;
	}
	if (i % 4 == 0) {
		naive_chains(plan, i / 4, step, numbers);
	}
	const uint32_t *own = numbers[i % 4];
	return own[0] + 3 * own[1] + 5 * own[2] + 7 * own[3];
}

static uint32_t naive_peak_i32(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)in;
	return naive_chain(plan, buffer, i, naive_product);
}

static uint32_t naive_peak_i8dot(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)in;
	return naive_chain(plan, buffer, i, naive_dot);
}

/* Trips of 16 steps of 16 multiply-adds. */
static double peak_float_ops(double n)
{
	return 256.0 * 16 * 16 * 2 * n;
}

static double peak_double_ops(double n)
{
	return 16.0 * 16 * 16 * 2 * n;
}

static double peak_integer_ops(double n)
{
	return 64.0 * 16 * 16 * 2 * n;
}

static double peak_dot_ops(double n)
{
	return 64.0 * 16 * 16 * 8 * n;
}

/* A normal half float. */
static double naive_half(uint32_t bits)
{
	double size = ldexp(1024 + (bits & 1023), (int)(bits >> 10 & 31) - 25);
	return bits >> 15 & 1 ? -size : size;
}

/* Weight `i` of the blocks at `block`, with the bits of d that count. */
static double naive_q4(const uint8_t *block, size_t i)
{
	block += i / 32 * 18;
	uint32_t d = (uint32_t)(block[0] + 256 * block[1]);
	int q = i % 32 < 16 ? block[2 + i % 16] % 16 : block[2 + i % 16] / 16;
	return (q - 8) * naive_half((d & 0x0c00) | 0x3000);
}

static double naive_q8(const uint8_t *block, size_t i)
{
	block += i / 32 * 34;
	uint32_t d = (uint32_t)(block[0] + 256 * block[1]);
	int q = block[2 + i % 32];
	return (q > 127 ? q - 256 : q) * naive_half((d & 0x0400) | 0x3000);
}

static uint32_t naive_q4_matvec(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t row)
{
	(void)plan;
	(void)buffer;
	double sum = 0;
	for (size_t i = 0; i < 4096; i++) {
		sum += naive_q4((const uint8_t *)in[0] + row * 2304, i) * real(in[1][i]);
	}
	return exact(sum);
}

static uint32_t naive_q8_matvec(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t row)
{
	(void)plan;
	(void)buffer;
	double sum = 0;
	for (size_t i = 0; i < 4096; i++) {
		sum += naive_q8((const uint8_t *)in[0] + row * 4352, i) * real(in[1][i]);
	}
	return exact(sum);
}

static void naive_logits(uint32_t *const *in, size_t item, double logits[64])
{
	const uint8_t *weights = (const uint8_t *)in[0];
	double hidden[256];
	for (size_t unit = 0; unit < 256; unit++) {
		hidden[unit] = 0;
		for (size_t i = 0; i < 256; i++) {
			hidden[unit] += naive_q8(weights + unit * 272, i) * real(in[1][item * 256 + i]);
		}
		hidden[unit] = fmin(fmax(floor(hidden[unit] / 4), 0), 127);
	}
	for (size_t out = 0; out < 64; out++) {
		logits[out] = 0;
		for (size_t i = 0; i < 256; i++) {
			logits[out] += naive_q8(weights + (256 + out) * 272, i) * hidden[i];
		}
		/* What makes the sums exact in floats. */
		assert_true(logits[out] * 8 == floor(logits[out] * 8));
		assert_true(fabs(logits[out]) * 8 < 1 << 24);
	}
}

static uint32_t naive_mlp(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)plan;
	double logits[64];
	double most = -INFINITY;
	double sum = 0;
	naive_logits(in, i / 64, logits);
	if (buffer == 2) {
		return (uint32_t)(int32_t)(8 * logits[i % 64]);
	}
	for (size_t out = 0; out < 64; out++) {
		most = fmax(most, logits[out]);
	}
	for (size_t out = 0; out < 64; out++) {
		sum += exp(fmax((logits[out] - most) / 4096, -16));
	}
	return workload_word((float)(exp(fmax((logits[i % 64] - most) / 4096, -16)) / sum));
}

static uint32_t naive_matmul_f16(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t index)
{
	(void)buffer;
	size_t n = plan->n, row = index / n, column = index % n;
	double sum = 0;
	for (size_t k = 0; k < n; k++) {
		size_t a = k * n + row, b = k * n + column;
		sum += naive_half(in[0][a / 2] >> (a % 2 * 16) & 0xffff) *
			naive_half(in[1][b / 2] >> (b % 2 * 16) & 0xffff);
	}
	return exact(sum);
}

/* A small float that is neither zero nor below the normal ones. */
static double naive_float(uint32_t bits, int exponent_bits, int fraction_bits)
{
	uint32_t fraction = bits & ((1u << fraction_bits) - 1);
	int exponent = (int)(bits >> fraction_bits & ((1u << exponent_bits) - 1));
	assert_true(exponent > 0);
	double size =
		ldexp(1 + ldexp(fraction, -fraction_bits), exponent - ((1 << (exponent_bits - 1)) - 1));
	return bits >> (exponent_bits + fraction_bits) & 1 ? -size : size;
}

static double naive_component(const struct workload_plan *plan, const uint32_t *words, size_t i)
{
	const char *kind = plan->workload->name + strlen("matmul_coop_");
	bool wide = strcmp(kind, "f16") == 0 || strcmp(kind, "bf16") == 0;
	uint32_t bits =
		wide ? words[i / 2] >> (i % 2 * 16) & 0xffff : words[i / 4] >> (i % 4 * 8) & 0xff;
	if (strcmp(kind, "i8") == 0) {
		return bits < 128 ? bits : (double)bits - 256;
	}
	return strcmp(kind, "f16") == 0 ? naive_float(bits, 5, 10)
		: strcmp(kind, "bf16") == 0 ? naive_float(bits, 8, 7)
									: naive_float(bits, 4, 3);
}

static uint32_t naive_matmul_coop(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t index)
{
	size_t n = plan->n;
	const size_t row = index / n * n, column = index % n * n;
	double sum = 0;
	for (size_t k = 0; k < n; k++) {
		sum += naive_component(plan, in[0], row + k) * naive_component(plan, in[1], column + k);
	}
	return plan->buffers[buffer].element == WORKLOAD_FLOAT ? exact(sum) : (uint32_t)(int32_t)sum;
}

static uint32_t naive_memtest(
	const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t i)
{
	(void)in;
	(void)buffer;
	return i == 0 ? 9 * plan->n / 16384 : 0;
}

static double nine_passes(double n)
{
	return 4 * n * 17 / 9;
}

static double q4_bytes(double n)
{
	return n * 128 * 18;
}

static double q8_bytes(double n)
{
	return n * 128 * 34;
}

static double mlp_ops(double n)
{
	return n * 2 * (256 * 256 + 64 * 256);
}

static double million(double n)
{
	(void)n;
	return 1e6;
}

static double one_op(double n)
{
	return n;
}

static double subgroup_ops(double n)
{
	return 128 * n;
}

static double twelve_bytes(double n)
{
	return 12 * n;
}

static double eight_bytes(double n)
{
	return 8 * n;
}

static double four_bytes(double n)
{
	return 4 * n;
}

static double cubic(double n)
{
	return 2 * n * n * n;
}

static const struct naive naives[] = {
	{"q4_matvec", q4_bytes, naive_q4_matvec},
	{"q8_matvec", q8_bytes, naive_q8_matvec},
	{"mlp", mlp_ops, naive_mlp},
	{"matmul_f16", cubic, naive_matmul_f16},
	{"matmul_coop_f16", cubic, naive_matmul_coop},
	{"matmul_coop_bf16", cubic, naive_matmul_coop},
	{"matmul_coop_fp8", cubic, naive_matmul_coop},
	{"matmul_coop_i8", cubic, naive_matmul_coop},
	{"memtest", nine_passes, naive_memtest},
	{"peak_f32", peak_float_ops, naive_peak_float},
	{"peak_f16", peak_float_ops, naive_peak_f16},
	{"peak_f64", peak_double_ops, naive_peak_float},
	{"peak_i32", peak_integer_ops, naive_peak_i32},
	{"peak_i8dot", peak_dot_ops, naive_peak_i8dot},
	{"dispatch", million, naive_dispatch},
	{"read", four_bytes, naive_read},
	{"scan", eight_bytes, naive_scan},
	{"atomics", one_op, naive_atomics},
	{"histogram", four_bytes, naive_histogram},
	{"upload", four_bytes, naive_transfer},
	{"download", four_bytes, naive_transfer},
	{"subgroup", subgroup_ops, naive_subgroup},
	{"vadd", twelve_bytes, naive_vadd},
	{"saxpy", twelve_bytes, naive_saxpy},
	{"copy", eight_bytes, naive_copy},
	{"triad", twelve_bytes, naive_triad},
	{"reduce", four_bytes, naive_reduce},
	{"matmul", cubic, naive_matmul},
};

const struct naive *naive_find(const char *name)
{
	for (size_t i = 0; i < sizeof(naives) / sizeof(naives[0]); i++) {
		if (strcmp(naives[i].name, name) == 0) {
			return &naives[i];
		}
	}
	fail_msg("no independent computation of %s", name);
	return NULL;
}
