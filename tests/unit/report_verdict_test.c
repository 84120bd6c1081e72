/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(struct report *report, enum report_state state)
{
	report_check(report, "id", state, "title", NULL, NULL, NULL);
}

/* Each row: states of the checks, levels of the findings ("fwn"), what must come out. */
static const struct verdict_case {
	const char *name;
	int held, broken, unknown, skipped;
	const char *levels;
	const char *verdict;
	int status, strict_status;
} cases[] = {
	{"nothing checked is unknown", 0, 0, 0, 0, "", "unknown", 2, 2},
	{"one held check holds", 1, 0, 0, 0, "", "holds", 0, 0},
	{"skipped is never held", 0, 0, 0, 5, "", "unknown", 2, 2},
	{"skipped beside held holds", 1, 0, 0, 5, "", "holds", 0, 0},
	{"one unknown makes unknown", 9, 0, 1, 0, "", "unknown", 2, 2},
	{"broken beats unknown", 9, 1, 1, 0, "", "broken", 1, 1},
	{"a failure breaks held checks", 9, 0, 0, 0, "f", "broken", 1, 1},
	{"a failure beats unknown", 0, 0, 1, 0, "f", "broken", 1, 1},
	{"a warning is let through unless strict", 1, 0, 0, 0, "w", "holds", 0, 1},
	{"a notice never counts", 1, 0, 0, 0, "nnn", "holds", 0, 0},
	{"strict leaves unknown as it is", 0, 0, 1, 0, "w", "unknown", 2, 2},
};

static void test_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct verdict_case *c = &cases[i];
		struct report *report = report_create("gpu-test");
		const int counts[] = {c->held, c->broken, c->unknown, c->skipped};
		for (int s = 0; s < 4; s++) {
			for (int n = 0; n < counts[s]; n++) {
				check(report, (enum report_state)s);
			}
		}
		for (const char *level = c->levels; *level; level++) {
			report_finding(report,
				*level == 'f'       ? REPORT_FAILURE
					: *level == 'w' ? REPORT_WARNING
									: REPORT_NOTICE,
				"DEVICE_LOST", "device %d", 1);
		}
		report_close(report);
		const cJSON *root = report_root(report);
		if (strcmp(base_json_string(root, "verdict", ""), c->verdict) != 0 ||
			report_exit_status(root, false) != c->status ||
			report_exit_status(root, true) != c->strict_status) {
			fail_msg("%s: %s", c->name, base_json_string(root, "verdict", ""));
		}
		assert_int_equal(base_json_uint(base_json_get(root, "checks"), "skipped", 99), c->skipped);
		report_destroy(report);
	}
}

static void test_exit_of_unknown_document(void **state)
{
	(void)state;
	BASE_JSON_FREE cJSON *empty = base_json_new_object();
	assert_int_equal(report_exit_status(empty, false), 2);
	base_json_add_string(empty, "verdict", "splendid");
	assert_int_equal(report_exit_status(empty, false), 2);
}

static void test_finding_takes_words_from_table(void **state)
{
	(void)state;
	struct report *report = report_create("gpu-test");
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	lane_error_set(&err, "VULKAN_LOADER_MISSING", "libvulkan.so.1: no such file");
	cJSON *finding = report_finding_error(report, REPORT_FAILURE, &err);
	const struct report_fault *fault = report_fault_find("VULKAN_LOADER_MISSING");
	assert_string_equal(base_json_string(finding, "title", ""), fault->title);
	assert_string_equal(base_json_string(finding, "remedy", ""), fault->remedy);
	assert_string_equal(base_json_string(finding, "message", ""), "libvulkan.so.1: no such file");
	report_finding_where(finding, "floors/honey.json", 12);
	report_finding_remedy(finding, "apt-get install libvulkan1");
	base_json_add_number(report_finding_evidence(finding), "errno", 2);
	assert_string_equal(base_json_string(finding, "remedy", ""), "apt-get install libvulkan1");
	assert_int_equal(base_json_uint(base_json_get(finding, "where"), "line", 0), 12);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(finding, 0, &text);
	/* Keys stay in their order whatever was replaced. */
	const char *remedy = strstr(text.data, "\"remedy\"");
	assert_non_null(remedy);
	assert_non_null(strstr(remedy, "\"where\""));
	report_destroy(report);
}

static void test_document_has_stable_order(void **state)
{
	(void)state;
	struct report *report = report_create("gpu-test");
	report_section(report, "workloads", base_json_new_array());
	report_section(report, "lease", base_json_new_object());
	report_floor(report, "honey", "Honey", "floors/honey.json");
	report_remark(report, "remark");
	report_replayed(report, "facts.json");
	report_claim(report, true, "this");
	report_claim(report, false, "that");
	report_rung(report, "node", REPORT_HELD, "%s", "there");
	check(report, REPORT_HELD);
	report_close(report);
	static const char *const expected[] = {"schema", "tool", "version", "started", "duration_ms",
		"verdict", "remark", "replayed", "floor", "device", "lease", "checks", "findings", "ladder",
		"expectations", "workloads", "claims"};
	size_t i = 0;
	const cJSON *member;
	cJSON_ArrayForEach(member, report_root(report))
	{
		assert_true(i < sizeof(expected) / sizeof(expected[0]));
		assert_string_equal(member->string, expected[i++]);
	}
	assert_int_equal(i, sizeof(expected) / sizeof(expected[0]));
	report_destroy(report);
}

static void test_unverified_workload_loses_figures(void **state)
{
	(void)state;
	struct report *report = report_create("gpu-test");
	cJSON *workloads = base_json_new_array();
	for (int i = 0; i < 2; i++) {
		cJSON *workload = base_json_add_object(workloads, NULL);
		base_json_add_bool(workload, "verified", i == 0);
		base_json_add_number(workload, "median", 8.5);
		base_json_add_number(workload, "cpu_speedup", 2);
		base_json_add_number(base_json_add_array(workload, "samples"), NULL, 8.5);
	}
	report_section(report, "workloads", workloads);
	report_close(report);
	const cJSON *list = base_json_get(report_root(report), "workloads");
	const cJSON *right = cJSON_GetArrayItem(list, 0);
	const cJSON *wrong = cJSON_GetArrayItem(list, 1);
	assert_float_equal(base_json_number(right, "median", 0), 8.5, 0);
	assert_int_equal(cJSON_GetArraySize(base_json_get(right, "samples")), 1);
	assert_true(cJSON_IsNull(base_json_get(wrong, "median")));
	assert_true(cJSON_IsNull(base_json_get(wrong, "cpu_speedup")));
	assert_int_equal(cJSON_GetArraySize(base_json_get(wrong, "samples")), 0);
	report_destroy(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"verdict@every-rule", test_verdict, NULL, NULL, NULL},
		{"verdict@unreadable-is-unknown", test_exit_of_unknown_document, NULL, NULL, NULL},
		{"finding@words-from-table", test_finding_takes_words_from_table, NULL, NULL, NULL},
		{"document@stable-key-order", test_document_has_stable_order, NULL, NULL, NULL},
		{"workload@unverified-has-no-figures", test_unverified_workload_loses_figures, NULL, NULL,
			NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
