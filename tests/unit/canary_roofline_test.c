/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/roofline.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>

static struct roofline find(uint32_t vendor_id, uint32_t device_id, uint32_t units)
{
	BASE_JSON_FREE cJSON *device = base_json_new_object();
	base_json_add_number(device, "vendor_id", vendor_id);
	base_json_add_number(device, "device_id", device_id);
	base_json_add_number(device, "compute_units", units);
	struct roofline roofline;
	roofline_find(device, &roofline);
	return roofline;
}

static void parts(void **state)
{
	(void)state;
	assert_string_equal(find(0x1002, 0x7550, 64).part, "Radeon RX 9070 XT");
	assert_string_equal(find(0x1002, 0x7550, 56).part, "Radeon RX 9070");
	assert_string_equal(find(0x1002, 0x7550, 48).part, "Radeon RX 9070 GRE");
	/* Half the units gone, or not told: held to what the largest could do. */
	assert_string_equal(find(0x1002, 0x7550, 32).part, "Radeon RX 9070 XT");
	assert_string_equal(find(0x1002, 0x7550, 0).part, "Radeon RX 9070 XT");
	assert_string_equal(find(0x10de, 0x2335, 132).part, "H200 SXM 141GB");
	assert_null(find(0x10005, 0, 0).part);
	assert_null(find(0x1002, 0x2335, 132).part);
}

static void shares(void **state)
{
	(void)state;
	struct roofline honey = find(0x1002, 0x7550, 64), unknown = find(1, 2, 3);
	struct workload_plan plan;
	workload_plan_size(&canary_copy, 1 << 28, &plan);
	assert_true(fabs(roofline_share(&honey, &plan, 322.3, NAN) - 0.5) < 1e-9);
	assert_true(isnan(roofline_share(&unknown, &plan, 322.3, NAN)));
	/* 64 units of 256 operations at 2970 MHz: 48.66 TFLOP/s. */
	workload_plan_size(&canary_matmul, 1024, &plan);
	assert_true(fabs(roofline_share(&honey, &plan, 48660.48, NAN) - 1) < 1e-9);
	assert_true(fabs(roofline_share(&honey, &plan, 48660.48, 2 * 2970) - 0.5) < 1e-9);
	assert_true(fabs(roofline_share(&honey, &plan, 48660.48, 1000) - 1) < 1e-9);
	/* By matrices 1024 and 2048: 194.6 and 389.3 TFLOP/s. */
	workload_plan_size(&canary_matmul_coop_bf16, 1024, &plan);
	assert_true(fabs(roofline_share(&honey, &plan, 194641.92, NAN) - 1) < 1e-9);
	workload_plan_size(&canary_matmul_coop_i8, 1024, &plan);
	assert_true(fabs(roofline_share(&honey, &plan, 194641.92, NAN) - 0.5) < 1e-9);
	/* A working set that the cache holds says nothing of the memory. */
	workload_plan_size(&canary_copy, 1 << 20, &plan);
	assert_true(isnan(roofline_share(&honey, &plan, 2000, NAN)));
	/* A link is no memory bus. */
	workload_plan_size(&canary_upload, 1 << 28, &plan);
	assert_true(isnan(roofline_share(&honey, &plan, 20, NAN)));
}

static void add(cJSON *entries, const char *name, double median)
{
	cJSON *entry = base_json_add_object(entries, NULL);
	base_json_add_string(entry, "name", name);
	base_json_add_object(entry, "params");
	if (median > 0) {
		base_json_add_number(entry, "median", median);
	} else {
		base_json_add_null(entry, "median");
	}
	base_json_add_null(entry, "roofline_pct");
}

static double percent(const cJSON *entries, int index)
{
	return base_json_number(cJSON_GetArrayItem(entries, index), "roofline_pct", NAN);
}

static void measured(void **state)
{
	(void)state;
	BASE_JSON_FREE cJSON *entries = base_json_new_array();
	add(entries, "vadd", 5);
	add(entries, "copy", 8);
	add(entries, "read", 10);
	add(entries, "scan", 20);
	add(entries, "saxpy", 0);
	add(entries, "matmul", 100);
	add(entries, "dispatch", 7);
	roofline_measure(entries);
	assert_true(fabs(percent(entries, 0) - 50) < 1e-9);
	assert_true(fabs(percent(entries, 1) - 80) < 1e-9);
	assert_true(fabs(percent(entries, 2) - 100) < 1e-9);
	/* Above the ceiling, without a figure, without a ceiling, bound by something else. */
	for (int i = 3; i < 7; i++) {
		assert_true(isnan(percent(entries, i)));
	}
	assert_string_equal(
		base_json_string(base_json_get(cJSON_GetArrayItem(entries, 0), "params"), "roofline", ""),
		"measured");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("roofline@parts-are-known-by-ids-and-units", parts),
		NAMED("roofline@share-is-of-what-binds-the-workload", shares),
		NAMED("roofline@unknown-parts-are-held-to-what-they-showed", measured),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
