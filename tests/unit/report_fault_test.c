/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "base/terminal.h"
#include "report/fault_area.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_areas_make_one_sorted_table(void **state)
{
	(void)state;
	static const struct report_fault_area *const areas[] = {&report_faults_bridge,
		&report_faults_dawn, &report_faults_host, &report_faults_job, &report_faults_report,
		&report_faults_vulkan};
	size_t count = 0;
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		const struct report_fault *faults = areas[i]->faults;
		for (size_t j = 0; j < areas[i]->count; j++) {
			if (j > 0 && strcmp(faults[j - 1].code, faults[j].code) >= 0) {
				fail_msg("%s is out of place", faults[j].code);
			}
			/* A code of two areas is found in the first alone. */
			assert_ptr_equal(report_fault_find(faults[j].code), &faults[j]);
			count++;
		}
	}
	assert_true(count > 50);
	size_t walked = 0;
	const struct report_fault *previous = NULL;
	for (const struct report_fault *fault = report_fault_next(NULL); fault;
		 fault = report_fault_next(fault)) {
		assert_true(!previous || strcmp(previous->code, fault->code) < 0);
		previous = fault;
		walked++;
	}
	assert_int_equal(walked, count);
	assert_null(report_fault_find("NO_SUCH_CODE"));
	assert_null(report_fault_find(""));
	assert_null(report_fault_find(NULL));
}

static bool ends_sentence(const char *text)
{
	size_t length = strlen(text);
	return length > 0 && (text[length - 1] == '.' || text[length - 1] == '?');
}

static void test_entries_are_complete(void **state)
{
	(void)state;
	for (const struct report_fault *fault = report_fault_next(NULL); fault;
		 fault = report_fault_next(fault)) {
		static const char code_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
		bool good = strspn(fault->code, code_letters) == strlen(fault->code) &&
			strlen(fault->code) < 48 && *fault->title && !ends_sentence(fault->title) &&
			strlen(fault->title) < 70 && ends_sentence(fault->cause) &&
			ends_sentence(fault->remedy) && fault->confirm && *fault->confirm;
		if (!good || strchr(fault->cause, '\n') || strchr(fault->remedy, '\n')) {
			fail_msg("%s: title without a period, cause and remedy in whole sentences, a command",
				fault->code);
		}
	}
}

static void test_explain(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	assert_true(report_fault_explain("DRM_NODE_FORBIDDEN", 80, &out));
	assert_non_null(strstr(out.data, "DRM_NODE_FORBIDDEN The device cgroup forbids"));
	assert_non_null(strstr(out.data, "\ncause     open() answered EPERM"));
	assert_non_null(strstr(out.data, "\nconfirm   ls -ln /dev/dri"));
	for (const char *line = out.data; *line;) {
		size_t length = strcspn(line, "\n");
		BASE_FREE char *text = base_strndup(line, length);
		assert_true(base_terminal_width(text) <= 80);
		line += length + 1;
	}
	BASE_BUFFER_AUTO none = BASE_BUFFER_INIT;
	assert_false(report_fault_explain("drm_node_forbidden", 80, &none));
	assert_int_equal(none.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"fault@areas-make-one-sorted-table", test_areas_make_one_sorted_table, NULL, NULL, NULL},
		{"fault@entries-are-complete", test_entries_are_complete, NULL, NULL, NULL},
		{"fault@explain", test_explain, NULL, NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
