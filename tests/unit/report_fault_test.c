/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "base/terminal.h"
#include "report/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_table_is_sorted_and_findable(void **state)
{
	(void)state;
	size_t count;
	const struct report_fault *table = report_fault_table(&count);
	assert_true(count > 50);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(table[i - 1].code, table[i].code) >= 0) {
			fail_msg("%s is out of place", table[i].code);
		}
		assert_ptr_equal(report_fault_find(table[i].code), &table[i]);
	}
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
	size_t count;
	const struct report_fault *table = report_fault_table(&count);
	for (size_t i = 0; i < count; i++) {
		const struct report_fault *fault = &table[i];
		static const char code_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
		bool good = strspn(fault->code, code_letters) == strlen(fault->code) &&
			strlen(fault->code) < 48 && *fault->title && !ends_sentence(fault->title) &&
			strlen(fault->title) < 70 && ends_sentence(fault->cause) &&
			ends_sentence(fault->remedy) && (!fault->confirm || *fault->confirm);
		if (!good || strchr(fault->cause, '\n') || strchr(fault->remedy, '\n')) {
			fail_msg(
				"%s: title without a period, cause and remedy in whole sentences", fault->code);
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
		{"fault@sorted-and-findable", test_table_is_sorted_and_findable, NULL, NULL, NULL},
		{"fault@entries-are-complete", test_entries_are_complete, NULL, NULL, NULL},
		{"fault@explain", test_explain, NULL, NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
