/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WHERE "{\"path\":\"floors/honey.json\",\"line\":3}"
#define FINDING                                                                                    \
	"{\"code\":\"DEVICE_LOST\",\"level\":\"failure\",\"title\":\"t\",\"message\":\"m\","           \
	"\"evidence\":{},\"remedy\":\"r\",\"where\":" WHERE "}"
#define WORKLOAD                                                                                   \
	"{\"name\":\"vadd\",\"title\":\"t\",\"spirv_sha256\":\"s\",\"params\":{},\"verified\":true,"   \
	"\"mismatches\":0,\"checked_elements\":9,\"first_mismatch\":null,\"unit\":\"GB/s\","           \
	"\"median\":1.5,\"q1\":1,\"q3\":2,\"mad\":0.1,\"ci95\":[1,2],\"min\":1,\"max\":2,\"n\":3,"     \
	"\"stop_rule\":null,\"timer\":null,\"drift_pct\":null,\"roofline_pct\":null,"                  \
	"\"cpu_speedup\":null,\"cpu_median\":null,\"baseline\":null,\"job\":null,"                     \
	"\"bridge_overhead\":null,\"samples\":[1,2]}"
#define DOCUMENT                                                                                   \
	"{\"schema\":\"gpu-lane-report/v1\",\"tool\":\"t\",\"version\":\"1\",\n"                       \
	"\"started\":\"2026-04-22T18:03:11Z\",\"duration_ms\":1,\n"                                    \
	"\"verdict\":\"broken\",\"remark\":null,\"replayed\":null,\"floor\":null,\"device\":null,\n"   \
	"\"checks\":{\"held\":1,\"broken\":0,\"unknown\":0,\"skipped\":0},\n"                          \
	"\"findings\":[" FINDING "],\"ladder\":[],\"expectations\":[],\n"                              \
	"\"workloads\":[" WORKLOAD "],\n"                                                              \
	"\"claims\":{\"proves\":[\"x\"],\"does_not_prove\":[]}}"

/* The document with its first `from` replaced by `to`. Caller frees. */
static char *edit(const char *from, const char *to)
{
	const char *at = strstr(DOCUMENT, from);
	assert_non_null(at);
	return base_format("%.*s%s%s", (int)(at - DOCUMENT), DOCUMENT, to, at + strlen(from));
}

static bool accepts(const char *text, struct lane_error *err)
{
	BASE_JSON_AUTO json = {0};
	return base_json_parse("r.json", text, strlen(text), &json, err) && report_verify(&json, err);
}

static void test_right_document(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!accepts(DOCUMENT, &err)) {
		fail_msg("%s", lane_error_message(&err));
	}
}

static const struct {
	const char *from, *to, *message;
} defects[] = {
	{"gpu-lane-report/v1", "gpu-lane-report/v2", "r.json:1: $.schema"},
	{"\"tool\":\"t\"", "\"tool\":7", "r.json:1: $.tool must be a string"},
	{"\"tool\":\"t\",", "", "$.tool is missing"},
	{"\"tool\":\"t\"", "\"tool\":\"t\",\"colour\":1", "unknown key $.colour"},
	{"\"tool\":\"t\"", "\"tool\":\"t\",\"tool\":\"t\"", "duplicate key $.tool"},
	{"\"broken\",", "\"splendid\",", "r.json:3: $.verdict: \"splendid\""},
	{"\"duration_ms\":1", "\"duration_ms\":-1", "r.json:2: $.duration_ms"},
	{"\"duration_ms\":1", "\"duration_ms\":1.5", "$.duration_ms"},
	{"\"held\":1", "\"held\":\"1\"", "r.json:4: $.checks.held"},
	{"\"failure\"", "\"fatal\"", "r.json:5: $.findings[0].level: \"fatal\""},
	{"\"line\":3", "\"line\":0", "$.findings[0].where.line"},
	{"\"evidence\":{}", "\"evidence\":[]", "$.findings[0].evidence must be an object"},
	{"\"ci95\":[1,2]", "\"ci95\":[1]", "r.json:6: $.workloads[0].ci95 must have 2 elements"},
	{"\"samples\":[1,2]", "\"samples\":[1,\"2\"]", "$.workloads[0].samples[1] must be a number"},
	{"\"verified\":true", "\"verified\":false",
		"$.workloads[0].median must be null where verified is false"},
	{"\"baseline\":null", "\"baseline\":{\"state\":\"GOOD\",\"ratio\":1,\"robust_z\":0}",
		"$.workloads[0].baseline.state"},
	{"[\"x\"]", "[1]", "$.claims.proves[0] must be a string"},
	{"\"findings\":[", "\"findings\":[null,", "$.findings[0] must be an object"},
	{"[]}}", "[]}} x", "r.json:7"},
};

static void test_defects_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(defects) / sizeof(defects[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		BASE_FREE char *text = edit(defects[i].from, defects[i].to);
		assert_false(accepts(text, &err));
		assert_string_equal(err.code, "JSON_INVALID");
		if (!strstr(lane_error_message(&err), defects[i].message)) {
			fail_msg("\"%s\" does not say \"%s\"", lane_error_message(&err), defects[i].message);
		}
	}
}

/* Whatever is cut off, it is refused and nothing is read beyond the end (ASan watches). */
static void test_every_prefix_is_refused(void **state)
{
	(void)state;
	size_t size = strlen(DOCUMENT);
	for (size_t cut = 0; cut < size; cut++) {
		char *prefix = malloc(cut ? cut : 1);
		assert_non_null(prefix);
		memcpy(prefix, DOCUMENT, cut);
		BASE_JSON_AUTO json = {0};
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_false(base_json_parse("r.json", prefix, cut, &json, &err));
		free(prefix);
	}
}

static void test_folder_is_refused(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_JSON_AUTO json = {0};
	assert_false(report_load("/", &json, &err));
	assert_string_equal(err.code, "FILE_READ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"load@right-document", test_right_document, NULL, NULL, NULL},
		{"load@defects-are-named-with-place", test_defects_are_named, NULL, NULL, NULL},
		{"load@every-prefix-is-refused", test_every_prefix_is_refused, NULL, NULL, NULL},
		{"load@folder-is-refused", test_folder_is_refused, NULL, NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
