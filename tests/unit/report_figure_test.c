/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	double value;
	const char *text;
} figures[] = {
	{0, "0.000"},
	{1, "1.000"},
	{9.9994, "9.999"},
	/* Rounding must not add a digit: 9.9999 has four digits as 10.00. */
	{9.9999, "10.00"},
	{99.996, "100.0"},
	{999.96, "1000"},
	{8.4123, "8.412"},
	{548.25, "548.2"},
	{31234.5, "31234"},
	{0.93, "0.9300"},
	{0.00051234, "0.0005123"},
	{0.000001234, "1.23e-06"},
	{-12.345, "-12.35"},
};

static void test_figures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
		report_figure_add(&out, figures[i].value);
		assert_string_equal(out.data, figures[i].text);
	}
}

static cJSON *parse(const char *text)
{
	cJSON *node = cJSON_Parse(text);
	assert_non_null(node);
	return node;
}

/* The cell of the named column, for the first workload. */
static void assert_cell(const char *workloads, const char *title, const char *expected)
{
	BASE_JSON_FREE cJSON *list = parse(workloads);
	const struct report_column *columns[REPORT_COLUMNS_MAX];
	size_t count = report_workload_columns(list, columns);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(columns[i]->title, title) == 0) {
			BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
			columns[i]->cell(list->child, &out);
			assert_string_equal(out.data, expected);
			return;
		}
	}
	assert_null(expected);
}

#define RIGHT                                                                                      \
	"[{\"name\":\"vadd\",\"verified\":true,\"median\":8.4,\"mad\":0.084,\"q1\":8.3,\"q3\":8.5,"    \
	"\"unit\":\"GB/s\",\"n\":25,\"cpu_speedup\":12.34,\"checked_elements\":26214400,"              \
	"\"roofline_pct\":null,\"baseline\":{\"state\":\"SLOW\",\"ratio\":0.93},\"bridge_overhead\":0.021}]"
#define WRONG                                                                                      \
	"[{\"name\":\"vadd\",\"verified\":false,\"median\":8.4,\"mad\":0.084,\"q1\":8.3,\"q3\":8.5,"   \
	"\"unit\":\"GB/s\",\"n\":25,\"cpu_speedup\":12.34,\"checked_elements\":999,"                   \
	"\"mismatches\":1,\"job\":{\"state\":\"OK\"},\"baseline\":{\"state\":\"SLOW\",\"ratio\":0.93}}]"
#define DEAD "[{\"verified\":false,\"job\":{\"state\":\"ERR TIMEOUT\",\"detail\":\"500 ms\"}}]"

static void test_cells(void **state)
{
	(void)state;
	assert_cell(RIGHT, "median", "8.400 GB/s");
	assert_cell(RIGHT, "MAD", "1.0 %");
	assert_cell(RIGHT, "q1..q3", "8.300..8.500");
	assert_cell(RIGHT, "vs CPU", "12.3x");
	assert_cell(RIGHT, "baseline", "SLOW -7.0 %");
	assert_cell(RIGHT, "bridge cost", "2.1 %");
	assert_cell(RIGHT, "checked", "26.2 M");
	assert_cell(RIGHT, "result", "verified");
	/* A column that no workload fills is not there. */
	assert_cell(RIGHT, "of roofline", NULL);
}

static void test_wrong_result_prints_no_throughput(void **state)
{
	(void)state;
	/* Even from a document that holds figures beside verified: false. */
	static const char *const titles[] = {"median", "MAD", "q1..q3", "vs CPU", "baseline"};
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		assert_cell(WRONG, titles[i], "-");
	}
	assert_cell(WRONG, "result", "WRONG, 1 element");
	assert_cell(WRONG, "checked", "999");
	assert_cell(DEAD, "result", "ERR TIMEOUT");
}

static void test_zero_median_has_no_spread(void **state)
{
	(void)state;
	assert_cell("[{\"verified\":true,\"median\":0,\"mad\":0}]", "MAD", "-");
}

static void test_wrong_words(void **state)
{
	(void)state;
	BASE_JSON_FREE cJSON *workload =
		parse("{\"verified\":false,\"job\":{\"state\":\"OK\"},\"first_mismatch\":{\"element\":7,"
			  "\"sample\":2,\"expected\":0.1234567,\"found\":\"NaN\"}}");
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	report_words_wrong(workload, &out);
	assert_string_equal(
		out.data, "first wrong: element 7 of sample 2, expected 0.1234567, found NaN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"figure@four-digits-after-rounding", test_figures, NULL, NULL, NULL},
		{"workload@cells", test_cells, NULL, NULL, NULL},
		{"workload@wrong-result-prints-no-throughput", test_wrong_result_prints_no_throughput, NULL,
			NULL, NULL},
		{"workload@zero-median-has-no-spread", test_zero_median_has_no_spread, NULL, NULL, NULL},
		{"workload@first-wrong-element-is-named", test_wrong_words, NULL, NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
