/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"
#include "report/markdown.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text, *markdown;
} texts[] = {
	{"plain words", "plain words"},
	{"a*b_c`d|e~f$g\\h", "a\\*b\\_c\\`d\\|e\\~f\\$g\\\\h"},
	{"[x](http://e)", "\\[x\\](http://e)"},
	{"<img src=x>&", "&lt;img src=x&gt;&amp;"},
	{"@octocat", "@<!-- -->octocat"},
	{"see #12", "see \\#<!-- -->12"},
	{"- item", "\\- item"},
	{"1. item", "1\\. item"},
	{"8.4 GB/s", "8.4 GB/s"},
	{"a - b", "a - b"},
	{"two\nlines", "two lines"},
	{"", ""},
};

static void test_text_is_shown_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
		base_buffer_add_text(&out, "");
		report_markdown_text(&out, texts[i].text);
		assert_string_equal(out.data, texts[i].markdown);
	}
}

static void assert_code(const char *text, bool in_table, const char *expected)
{
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	base_buffer_add_text(&out, "");
	report_markdown_code(&out, text, in_table);
	assert_string_equal(out.data, expected);
}

static void test_code_spans(void **state)
{
	(void)state;
	assert_code("ls -l", false, "`ls -l`");
	assert_code("a | b", false, "`a | b`");
	assert_code("a | b", true, "`a \\| b`");
	assert_code("a ` b", false, "``a ` b``");
	assert_code("`", false, "`` ` ``");
	assert_code("``x", false, "``` ``x ```");
	assert_code("", false, "");
}

static void test_values_are_bounded(void **state)
{
	(void)state;
	static char text[100000];
	memset(text, 'x', sizeof(text) - 1);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	report_markdown_text(&out, text);
	assert_int_equal(out.size, 4096);
}

static struct report *long_report(int findings)
{
	struct report *report = report_create("gpu-test");
	for (int i = 0; i < findings; i++) {
		report_finding(report, i == 7 ? REPORT_FAILURE : REPORT_NOTICE, "DEVICE_LOST",
			"finding number %d of this report", i);
	}
	report_check(report, "id", REPORT_HELD, "title", NULL, NULL, NULL);
	report_close(report);
	return report;
}

static unsigned count_of(const char *text, const char *part)
{
	unsigned count = 0;
	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

static void test_page_is_bounded(void **state)
{
	(void)state;
	struct report *report = long_report(2000);
	for (size_t size = 1024; size < 70000; size += 9973) {
		BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
		report_markdown_render(report_root(report), size, &out);
		assert_true(out.size <= size);
		/* Verdict and the one failure come first; whatever was opened is closed. */
		assert_int_equal(strncmp(out.data, "### ❌ gpu-test: broken\n", 24), 0);
		assert_non_null(strstr(out.data, "finding number 7 "));
		assert_int_equal(count_of(out.data, "<details>"), count_of(out.data, "</details>"));
		assert_non_null(strstr(out.data, "more lines left out"));
	}
	report_destroy(report);
}

static void test_short_page_is_whole(void **state)
{
	(void)state;
	struct report *report = long_report(10);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	report_markdown_render(report_root(report), 65535, &out);
	assert_null(strstr(out.data, "left out"));
	assert_int_equal(count_of(out.data, "finding number"), 10);
	report_destroy(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"markdown@text-is-shown-as-it-is", test_text_is_shown_as_it_is, NULL, NULL, NULL},
		{"markdown@code-spans", test_code_spans, NULL, NULL, NULL},
		{"markdown@values-are-bounded", test_values_are_bounded, NULL, NULL, NULL},
		{"markdown@page-is-bounded", test_page_is_bounded, NULL, NULL, NULL},
		{"markdown@short-page-is-whole", test_short_page_is_whole, NULL, NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
