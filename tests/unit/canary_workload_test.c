/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "canary/check.h"
#include "canary/workload.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>
#include <string.h>

/* One element of the result in exact arithmetic, straight from the definition: doubles hold every
 * value here exactly. */
struct naive {
	const char *name;
	/** Bytes or operations of size n. */
	double (*work)(double n);
	/** Expected words of output `buffer` before `reference` ran over `in`. */
	uint32_t (*element)(
		const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t index);
};

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

static const struct naive *naive_find(const char *name)
{
	for (size_t i = 0; i < sizeof(naives) / sizeof(naives[0]); i++) {
		if (strcmp(naives[i].name, name) == 0) {
			return &naives[i];
		}
	}
	fail_msg("no independent computation of %s", name);
	return NULL;
}

static void check_reference(const struct workload *workload, uint32_t n)
{
	const struct naive *naive = naive_find(workload->name);
	struct workload_plan plan;
	struct reference before, after;
	workload_plan_size(workload, n, &plan);
	reference_fill(&plan, &before);
	reference_fill(&plan, &after);
	workload->reference(&plan, after.buffers);
	for (size_t b = 0; b < plan.buffer_count; b++) {
		size_t words = (size_t)(plan.buffers[b].job.bytes / 4);
		if (!plan.buffers[b].job.output) {
			assert_memory_equal(before.buffers[b], after.buffers[b], words * 4);
			continue;
		}
		for (size_t i = 0; i < words; i++) {
			uint32_t expected = naive->element(&plan, before.buffers, b, i);
			if (!check_word(plan.buffers[b].element, 0, expected, after.buffers[b][i])) {
				fail_msg("%s: %s[%zu]: 0x%08x, expected 0x%08x", workload->name,
					plan.buffers[b].name, i, after.buffers[b][i], expected);
			}
		}
	}
	/* Refilled outputs must be as new, or a second timed run computes something else. */
	reference_refill(&plan, &after);
	for (size_t b = 0; b < plan.buffer_count; b++) {
		assert_memory_equal(before.buffers[b], after.buffers[b], (size_t)plan.buffers[b].job.bytes);
	}
	reference_finish(&before);
	reference_finish(&after);
}

static void references(void **state)
{
	(void)state;
	size_t count;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		check_reference(table[i], table[i]->step);
		check_reference(table[i], 3 * table[i]->step);
	}
	/* Beyond one block of columns, and with a narrower last one. */
	check_reference(&canary_matmul, 576);
}

static void work(void **state)
{
	(void)state;
	size_t count;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		struct workload_plan plan;
		workload_plan_size(table[i], 5 * table[i]->step, &plan);
		double expected = naive_find(table[i]->name)->work(plan.n);
		assert_true(plan.work == expected);
	}
}

static void bounds(void **state)
{
	(void)state;
	size_t count;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		const struct workload *workload = table[i];
		assert_ptr_equal(workload_find(workload->name), workload);
		assert_true(workload->spirv_size >= 20 && workload->spirv[0] == 0x07230203);
		assert_true(workload->block[0] * workload->block[1] * workload->block[2] <= 256);
		for (size_t suite = 0; suite < WORKLOAD_SUITES; suite++) {
			for (size_t class = 0; class < WORKLOAD_CLASSES; class ++) {
				struct workload_plan plan;
				uint32_t n = workload->sizes[suite][class];
				assert_int_equal(n % workload->step, 0);
				/* 0 is for all classes or none, and never in the full suite. */
				assert_int_equal(n == 0, workload->sizes[suite][0] == 0);
				assert_true(n > 0 || suite == WORKLOAD_QUICK);
				if (n == 0) {
					continue;
				}
				workload_plan_size(workload, n, &plan);
				/* What every Vulkan device has, and what a bridge returns. */
				assert_true(plan.grid[0] >= 1 && plan.grid[0] <= 65535);
				assert_true(plan.grid[1] >= 1 && plan.grid[1] <= 65535);
				assert_int_equal(plan.grid[2], 1);
				assert_true(plan.dispatches <= BRIDGE_JOB_DISPATCHES_MAX);
				assert_true(workload_plan_output_bytes(&plan) > 0);
				assert_true(workload_plan_output_bytes(&plan) <= (uint64_t)1 << 30);
			}
		}
	}
	assert_null(workload_find("vad"));
	assert_null(workload_find(""));
}

/* Of which each is missed by name, and nothing is missed that is not needed. */
static void features(void **state)
{
	(void)state;
	BASE_JSON_FREE cJSON *device = base_json_new_object();
	cJSON *list = base_json_add_array(device, "features");
	assert_string_equal(workload_missing(&canary_subgroup, NULL), "subgroupArithmetic");
	assert_string_equal(workload_missing(&canary_subgroup, device), "subgroupArithmetic");
	assert_null(workload_missing(&canary_vadd, device));
	base_json_add_number(list, NULL, 1);
	base_json_add_string(list, NULL, "subgroupArithmetic");
	assert_string_equal(workload_missing(&canary_subgroup, device), "subgroupBallot");
	base_json_add_string(list, NULL, "subgroupBallot");
	assert_null(workload_missing(&canary_subgroup, device));
}

static void suites(void **state)
{
	(void)state;
	const struct workload *quick[WORKLOADS_MAX], *full[WORKLOADS_MAX];
	size_t all;
	workload_table(&all);
	assert_int_equal(workload_suite(WORKLOAD_FULL, full), all);
	size_t count = workload_suite(WORKLOAD_QUICK, quick);
	assert_true(count > 0 && count <= all);
	for (size_t i = 0; i < count; i++) {
		assert_true(quick[i]->sizes[WORKLOAD_QUICK][WORKLOAD_SOFTWARE] > 0);
	}
}

static void shrinking(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct workload_plan plan;
	struct workload_limits limits = {.memory_bytes = 128 << 20, .buffer_bytes = 16 << 20};
	assert_true(
		workload_plan_fit(&canary_vadd, WORKLOAD_FULL, WORKLOAD_DISCRETE, &limits, &plan, &err));
	assert_true(workload_plan_bytes(&plan) <= limits.memory_bytes);
	assert_true(plan.buffers[0].job.bytes <= limits.buffer_bytes);
	/* As large as it can be. */
	assert_true(plan.buffers[0].job.bytes > limits.buffer_bytes / 2);
	assert_int_equal(plan.n % canary_vadd.step, 0);

	limits.memory_bytes = 3 * 4096 * 4;
	assert_true(
		workload_plan_fit(&canary_vadd, WORKLOAD_QUICK, WORKLOAD_SOFTWARE, &limits, &plan, &err));
	assert_int_equal(plan.n, canary_vadd.step);
	limits.memory_bytes--;
	assert_false(
		workload_plan_fit(&canary_vadd, WORKLOAD_QUICK, WORKLOAD_SOFTWARE, &limits, &plan, &err));
	assert_true(lane_error_is(&err, "CANARY_NO_ROOM"));
	assert_non_null(strstr(lane_error_message(&err), "49152"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("workload@reference-is-the-definition-in-exact-arithmetic", references),
		NAMED("workload@work-is-the-bytes-or-operations-of-the-definition", work),
		NAMED("workload@every-size-is-within-what-vulkan-promises", bounds),
		NAMED("workload@what-a-device-lacks-is-named", features),
		NAMED("workload@quick-is-a-part-of-full", suites),
		NAMED("workload@shrinks-to-the-memory-and-refuses-below-its-smallest", shrinking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
