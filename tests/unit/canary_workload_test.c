/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "canary/check.h"
#include "canary/workload.h"
#include "tests/unit/canary_naive.h"
#include "tests/unit/cmocka_names.h"

#include <string.h>

static void check_variant(
	const struct workload *workload, uint32_t n, const struct workload_variant *variant)
{
	const struct naive *naive = naive_find(workload->name);
	struct workload_plan plan;
	struct reference before, after;
	workload_plan_size(workload, n, &plan);
	workload_plan_vary(&plan, variant);
	/* Variants are ways to do the same amount of work. */
	assert_true(plan.work == naive->work(n));
	reference_fill(&plan, &before);
	reference_fill(&plan, &after);
	workload->reference(&plan, after.buffers);
	for (size_t b = 0; b < plan.buffer_count; b++) {
		size_t words = (size_t)(plan.buffers[b].job.bytes / 4);
		if (!plan.buffers[b].job.output) {
			assert_memory_equal(before.buffers[b], after.buffers[b], words * 4);
			continue;
		}
		/* Of many not all: each takes a walk over a row and a column, and there are sanitizers. */
		size_t stride = words > 1 << 16 ? 13 : 1;
		for (size_t i = 0; i < words; i += stride) {
			uint32_t expected = naive->element(&plan, before.buffers, b, i);
			if (!check_word(
					plan.buffers[b].element, workload->ulp, expected, after.buffers[b][i])) {
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

static void compute(const struct workload *workload, uint32_t n,
	const struct workload_variant *variant, struct workload_plan *plan, struct reference *reference)
{
	workload_plan_size(workload, n, plan);
	workload_plan_vary(plan, variant);
	reference_fill(plan, reference);
	workload->reference(plan, reference->buffers);
}

/* What a race relies on: the reference of one is that of all. */
static void check_same(const struct workload *workload, uint32_t n,
	const struct workload_variant *first, const struct workload_variant *other)
{
	struct workload_plan plan;
	struct reference expected, found;
	compute(workload, n, first, &plan, &expected);
	compute(workload, n, other, &plan, &found);
	for (size_t b = 0; b < plan.buffer_count; b++) {
		assert_memory_equal(
			expected.buffers[b], found.buffers[b], (size_t)plan.buffers[b].job.bytes);
	}
	reference_finish(&expected);
	reference_finish(&found);
}

static void check_reference(const struct workload *workload, uint32_t n)
{
	struct workload_plan plan;
	workload_plan_size(workload, n, &plan);
	check_variant(workload, n, workload->variants);
	for (size_t i = 1; i < workload->variant_count; i++) {
		if (plan.reference_is_short) {
			check_variant(workload, n, &workload->variants[i]);
		} else {
			check_same(workload, n, workload->variants, &workload->variants[i]);
		}
	}
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

/* Of the ways to do the same one is enough, and the first that can be run is the one to begin with.
 */
static void shapes(void **state)
{
	(void)state;
	const struct workload *workload = &canary_matmul_coop_i8;
	BASE_JSON_FREE cJSON *device = base_json_new_object();
	cJSON *list = base_json_add_array(device, "features");
	base_json_add_string(list, NULL, "cooperativeMatrix");
	base_json_add_string(list, NULL, "shaderInt8");
	base_json_add_string(list, NULL, "vulkanMemoryModel");
	assert_string_equal(workload_missing(workload, device), "cooperativeMatrix 16x16x16 s8");
	assert_null(workload_variant_first(workload, device));
	base_json_add_string(list, NULL, "cooperativeMatrix 8x8x8 s8");
	assert_null(workload_missing(workload, device));
	const struct workload_variant *variant = workload_variant_first(workload, device);
	assert_non_null(variant);
	assert_string_equal(variant->name, "8 x 8 x 8");
	struct workload_plan plan;
	workload_plan_size(workload, 256, &plan);
	assert_int_equal(plan.grid[0], 2);
	workload_plan_vary(&plan, variant);
	assert_int_equal(plan.grid[0], 4);
	assert_int_equal(plan.grid[1], 4);

	cJSON *unvalidated = base_json_add_array(device, "unvalidated");
	assert_false(workload_unvalidated("cooperativeMatrix", device));
	base_json_add_string(unvalidated, NULL, "cooperativeMatrix");
	assert_true(workload_unvalidated("cooperativeMatrix", device));
	/* What is not there at all comes first. */
	assert_string_equal(workload_missing(&canary_matmul_coop_bf16, device), "shaderBFloat16Type");
}

static bool declares_int64(const struct workload_plan *plan)
{
	enum { HEADER = 5, OP_CAPABILITY = 17, INT64 = 11 };
	const uint32_t *word = plan->spirv + HEADER, *end = plan->spirv + plan->spirv_size / 4;
	/* Capabilities come first. */
	for (; word < end && (*word & 0xffff) == OP_CAPABILITY; word += *word >> 16) {
		if (word[1] == INT64) {
			return true;
		}
	}
	return false;
}

/* What runs where there are no 64-bit integers is a module without them. */
static void modules(void **state)
{
	(void)state;
	size_t count, wide = 0;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		for (size_t v = 0; v == 0 || v < table[i]->variant_count; v++) {
			struct workload_plan plan;
			workload_plan_size(table[i], table[i]->step, &plan);
			compute_features needs = table[i]->needs;
			if (v < table[i]->variant_count) {
				workload_plan_vary(&plan, &table[i]->variants[v]);
				needs |= plan.variant->needs;
			}
			assert_int_equal(declares_int64(&plan), (needs & COMPUTE_FEATURE(COMPUTE_INT64)) != 0);
			wide += declares_int64(&plan);
		}
	}
	assert_int_equal(wide, 2);
}

static void subgroups(void **state)
{
	(void)state;
	const struct workload_variant any = {.name = "any"};
	const struct workload_variant narrow = {.name = "narrow", .subgroup_size = 32};
	static const struct {
		const char *device;
		bool fits;
	} cases[] = {
		{"{\"subgroup\":{\"size_min\":32,\"size_max\":64},\"features\":"
		 "[\"subgroupSizeControl\",\"computeFullSubgroups\"]}",
			true},
		{"{\"subgroup\":{\"size_min\":32,\"size_max\":64},\"features\":"
		 "[\"subgroupSizeControl\"]}",
			false},
		/* The same as any. */
		{"{\"subgroup\":{\"size_min\":32,\"size_max\":32},\"features\":"
		 "[\"subgroupSizeControl\",\"computeFullSubgroups\"]}",
			false},
		{"{\"subgroup\":{\"size_min\":8,\"size_max\":16},\"features\":"
		 "[\"subgroupSizeControl\",\"computeFullSubgroups\"]}",
			false},
		{"{}", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BASE_JSON_FREE cJSON *device = cJSON_Parse(cases[i].device);
		assert_non_null(device);
		assert_true(workload_variant_fits(&any, device));
		assert_int_equal(workload_variant_fits(&narrow, device), cases[i].fits);
	}
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
		NAMED("workload@only-a-variant-that-needs-64-bit-integers-declares-them", modules),
		NAMED("workload@matrices-of-one-shape-are-enough", shapes),
		NAMED("workload@subgroups-of-a-size-are-for-devices-with-a-choice", subgroups),
		NAMED("workload@quick-is-a-part-of-full", suites),
		NAMED("workload@shrinks-to-the-memory-and-refuses-below-its-smallest", shrinking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
