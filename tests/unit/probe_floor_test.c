/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cmocka_names.h"

#include "base/memory.h"
#include "probe/floor.h"

#include <stdlib.h>
#include <string.h>

/* A floor with one expectation, whose fact and operator are given. */
static struct probe_floor *floor_of(const char *members, struct lane_error *err)
{
	BASE_FREE char *text = base_format("{\"schema\": \"gpu-lane-floor/v1\", \"name\": \"n\","
									   "\"title\": \"t\", \"proves\": [], \"does_not_prove\": [],\n"
									   "\"expect\": [{\"id\": \"i\", \"why\": \"w\","
									   "\"remedy\": \"r\", \"severity\": \"failure\",\n%s}]}",
		members);
	BASE_JSON_AUTO json = {.name = NULL};
	assert_true(base_json_parse("floor.json", text, strlen(text), &json, NULL));
	return probe_floor_parse(&json, err);
}

static void test_operators(void **state)
{
	(void)state;
	static const struct {
		const char *members;
		/* JSON of the fact; NULL: it is not there. */
		const char *fact;
		bool held;
	} cases[] = {
		{"\"fact\": \"gpu.name\", \"equals\": \"radv\"", "\"radv\"", true},
		{"\"fact\": \"gpu.name\", \"equals\": \"radv\"", "\"RADV\"", false},
		{"\"fact\": \"gpu.name\", \"equals\": \"radv\"", NULL, false},
		{"\"fact\": \"gpu.software\", \"equals\": false", "false", true},
		{"\"fact\": \"gpu.software\", \"equals\": false", "true", false},
		{"\"fact\": \"host.uid\", \"equals\": 0", "0", true},
		{"\"fact\": \"host.uid\", \"equals\": 0", "1001", false},
		{"\"fact\": \"gpu.id\", \"one_of\": [\"1002:7550\", \"1002:7551\"]", "\"1002:7551\"", true},
		{"\"fact\": \"gpu.id\", \"one_of\": [\"1002:7550\", \"1002:7551\"]", "\"1002:7590\"",
			false},
		{"\"fact\": \"gpu.name\", \"matches\": \"\\\\(RADV GFX1201[^)]*\\\\)$\"",
			"\"AMD Radeon RX 9070 XT (RADV GFX1201)\"", true},
		{"\"fact\": \"gpu.name\", \"matches\": \"\\\\(RADV GFX1201[^)]*\\\\)$\"",
			"\"AMD Radeon Graphics (RADV GFX1201)\"", true},
		{"\"fact\": \"gpu.name\", \"matches\": \"\\\\(RADV GFX1201[^)]*\\\\)$\"",
			"\"Virtio-GPU Venus (AMD Radeon RX 9070 XT (RADV GFX1201))\"", false},
		{"\"fact\": \"host.page_size\", \"at_least\": 16384", "16384", true},
		{"\"fact\": \"host.page_size\", \"at_least\": 16384", "4096", false},
		{"\"fact\": \"host.page_size\", \"at_most\": 16384", "16384", true},
		{"\"fact\": \"host.page_size\", \"at_most\": 16384", "65536", false},
		{"\"fact\": \"host.kernel\", \"version_at_least\": \"6.12\"", "\"6.18.54\"", true},
		{"\"fact\": \"host.kernel\", \"version_at_least\": \"6.12\"", "\"6.6.1\"", false},
		{"\"fact\": \"host.kernel\", \"version_at_least\": \"6.12\"", "\"six\"", false},
		{"\"fact\": \"host.container\", \"present\": true", "\"podman\"", true},
		{"\"fact\": \"host.container\", \"present\": true", NULL, false},
		{"\"fact\": \"host.container\", \"absent\": true", NULL, true},
		{"\"fact\": \"host.container\", \"absent\": true", "\"podman\"", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct probe_floor *floor = floor_of(cases[i].members, &err);
		if (!floor) {
			fail_msg("%s: %s", cases[i].members, lane_error_message(&err));
		}
		cJSON *fact = cases[i].fact ? cJSON_Parse(cases[i].fact) : NULL;
		if (probe_test_holds(&floor->expectations[0].test, fact) != cases[i].held) {
			fail_msg("%s on %s", cases[i].members, cases[i].fact ? cases[i].fact : "nothing");
		}
		cJSON_Delete(fact);
		probe_floor_destroy(floor);
	}
}

static void test_versions(void **state)
{
	(void)state;
	static const struct {
		const char *left, *right;
		int order;
	} cases[] = {
		{"25.0.7", "25.0.7", 0},
		{"25.0", "25.0.0", 0},
		{"25.0.10", "25.0.9", 1},
		{"9", "10", -1},
		{"Mesa 25.0.7-2+deb13u1", "25.0.7", 0},
		{"Mesa 23.1.0-devel (git-16283f7b97)", "23.1", 0},
		{"Mesa 26.2.4-arch1.1", "26.2.4", 0},
		{"1.4.0.0", "1.1", 1},
		{"0.0.0.0", "1.1", -1},
		{"", "0", -1},
		{"none", "none", 0},
		{"99999999999999999999999", "1", 1},
		{"1.2.3.4.5.6.7.8.9.10", "1.2.3.4.5.6.7.8", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int order = probe_version_compare(cases[i].left, cases[i].right);
		if (order != cases[i].order) {
			fail_msg("\"%s\" against \"%s\": %d", cases[i].left, cases[i].right, order);
		}
	}
}

static void test_refuses(void **state)
{
	(void)state;
	static const struct {
		const char *members;
		const char *words;
	} cases[] = {
		{"\"fact\": \"gpu.name\"", "no operator"},
		{"\"fact\": \"gpu.name\", \"equals\": \"a\", \"matches\": \"b\"", "two operators"},
		{"\"fact\": \"gpu.nome\", \"equals\": \"a\"", "\"gpu.nome\" is no fact"},
		{"\"fact\": \"gpu.name\", \"equals\": 7", "wrong type"},
		{"\"fact\": \"gpu.name\", \"equals\": null", "wrong type"},
		{"\"fact\": \"gpu.software\", \"equals\": \"false\"", "wrong type"},
		{"\"fact\": \"gpu.name\", \"one_of\": []", "one_of is empty"},
		{"\"fact\": \"gpu.name\", \"one_of\": [7]", "one_of"},
		{"\"fact\": \"gpu.name\", \"one_of\": \"a\"", "wrong type"},
		{"\"fact\": \"gpu.name\", \"matches\": \"(\"", "matches: "},
		{"\"fact\": \"gpu.software\", \"matches\": \"t\"", "cannot be asked"},
		{"\"fact\": \"gpu.name\", \"at_least\": 3", "cannot be asked"},
		{"\"fact\": \"host.uid\", \"at_most\": \"3\"", "wrong type"},
		{"\"fact\": \"host.kernel\", \"version_at_least\": \"new\"", "not a version"},
		{"\"fact\": \"host.kernel\", \"version_at_least\": 6", "wrong type"},
		{"\"fact\": \"gpu.name\", \"present\": false", "present must be true"},
		{"\"fact\": \"drm\", \"equals\": \"a\"", "cannot be asked"},
		{"\"fact\": 7, \"equals\": \"a\"", "must be a string"},
		{"\"fact\": \"gpu.name\", \"is\": \"a\"", "unknown key $.expect[0].is"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct probe_floor *floor = floor_of(cases[i].members, &err);
		if (floor) {
			fail_msg("accepted: %s", cases[i].members);
		}
		assert_true(lane_error_is(&err, "JSON_INVALID"));
		if (!strstr(lane_error_message(&err), cases[i].words) ||
			strncmp(lane_error_message(&err), "floor.json:", 11) != 0) {
			fail_msg("%s: \"%s\"", cases[i].members, lane_error_message(&err));
		}
	}
}

static void test_refuses_documents(void **state)
{
	(void)state;
	static const char head[] = "\"name\": \"n\", \"title\": \"t\",";
	static const char expect[] =
		"{\"id\": \"i\", \"fact\": \"gpu.name\", \"present\": true, \"why\": "
		"\"\", \"remedy\": \"\", \"severity\": \"failure\"}";
	static const struct {
		const char *schema, *proves, *lane, *severity;
		unsigned copies;
		const char *words;
	} cases[] = {
		{"gpu-lane-floor/v2", "[]", "{}", "failure", 1, "$.schema must be"},
		{"gpu-lane-floor/v1", "[7]", "{}", "failure", 1, "nothing but strings"},
		{"gpu-lane-floor/v1", "[]", "{\"lable\": \"x\"}", "failure", 1, "unknown key $.lane.lable"},
		{"gpu-lane-floor/v1", "[]", "{}", "failure", 0, "1 to 256 elements"},
		{"gpu-lane-floor/v1", "[]", "{}", "failure", 2, "two expectations have the id"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BASE_FREE char *text = base_format("{\"schema\": \"%s\", %s \"lane\": %s, \"proves\": %s,"
										   "\"does_not_prove\": [], \"expect\": [%s%s%s]}",
			cases[i].schema, head, cases[i].lane, cases[i].proves, cases[i].copies ? expect : "",
			cases[i].copies > 1 ? "," : "", cases[i].copies > 1 ? expect : "");
		BASE_JSON_AUTO json = {.name = NULL};
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_true(base_json_parse("floor.json", text, strlen(text), &json, NULL));
		assert_null(probe_floor_parse(&json, &err));
		if (!strstr(lane_error_message(&err), cases[i].words)) {
			fail_msg("\"%s\" instead of \"%s\"", lane_error_message(&err), cases[i].words);
		}
	}
}

static void test_lines(void **state)
{
	(void)state;
	struct probe_floor *floor = floor_of("\"fact\": \"gpu.name\", \"present\": true", NULL);
	/* The second line of floor_of's text opens the list. */
	assert_int_equal(floor->expectations[0].line, 2);
	probe_floor_destroy(floor);
}

static void test_built_in(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool hardware;
	} floors[] = {{"discrete", true}, {"honey", true}, {"krunkit", true}, {"software", false}};
	setenv("GPU_LANE_FLOORS", "/nonexistent:" LANE_TEST_FLOORS, 1);
	for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct probe_floor *floor = probe_floor_load(floors[i].name, &err);
		if (!floor) {
			fail_msg("%s", lane_error_message(&err));
		}
		assert_string_equal(floor->name, floors[i].name);
		assert_int_equal(probe_floor_wants_hardware(floor), floors[i].hardware);
		assert_true(cJSON_GetArraySize(floor->proves) > 0);
		assert_true(cJSON_GetArraySize(floor->does_not_prove) > 0);
		probe_floor_destroy(floor);
	}
	unsetenv("GPU_LANE_FLOORS");
}

static void test_not_found(void **state)
{
	(void)state;
	static const struct {
		const char *name, *code;
	} cases[] = {
		{"no-such-floor", "FLOOR_NOT_FOUND"},
		{"", "FLOOR_NOT_FOUND"},
		{"/tmp", "FILE_READ"},
		{"/nonexistent/floor.json", "FILE_READ"},
		{"/dev/null", "JSON_INVALID"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_null(probe_floor_load(cases[i].name, &err));
		if (!lane_error_is(&err, cases[i].code)) {
			fail_msg("%s: %s %s", cases[i].name, err.code, lane_error_message(&err));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("operator@every-one-both-ways", test_operators),
		NAMED("operator@versions-compare-by-number", test_versions),
		NAMED("floor@refuses-hostile-expectations", test_refuses),
		NAMED("floor@refuses-hostile-documents", test_refuses_documents),
		NAMED("floor@remembers-lines", test_lines),
		NAMED("floor@built-in-ones-load", test_built_in),
		NAMED("floor@not-found-and-not-a-file", test_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
