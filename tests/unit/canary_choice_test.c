/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/choice.h"
#include "tests/unit/cmocka_names.h"

#include <string.h>

/* As bridge_worker_describe has them, but for what does not matter here. */
static const char devices_text[] =
	"[{\"name\":\"llvmpipe (LLVM 15.0.6, 256 bits)\",\"type\":\"CPU\",\"software\":true,"
	"\"uuid\":\"6d657361-3232-2e33-2e36-000000000000\",\"pci\":null,"
	"\"drm\":{\"primary\":null,\"render\":null},\"memory_bytes\":1},"
	"{\"name\":\"AMD Radeon Graphics (RADV RAPHAEL)\",\"type\":\"INTEGRATED_GPU\","
	"\"software\":false,\"uuid\":\"00000000-1100-0000-0000-000000000000\","
	"\"pci\":\"0000:11:00.0\",\"drm\":{\"primary\":\"226:1\",\"render\":\"1:9\"},"
	"\"memory_bytes\":68719476736},"
	"{\"name\":\"AMD Radeon RX 9070 XT (RADV GFX1201)\",\"type\":\"DISCRETE_GPU\","
	"\"software\":false,\"uuid\":\"00000000-0300-0000-0000-000000000000\","
	"\"pci\":\"0000:03:00.0\",\"drm\":{\"primary\":\"226:0\",\"render\":\"1:3\"},"
	"\"memory_bytes\":17095983104,\"vendor_id\":4098,\"device_id\":30032,"
	"\"api_version\":\"1.4.354\",\"driver\":{\"name\":\"radv\",\"info\":\"Mesa 26.1.8\"}}]";

static int set_up(void **state)
{
	static struct base_json json;
	assert_true(base_json_parse("devices", devices_text, sizeof(devices_text) - 1, &json, NULL));
	*state = &json;
	return 0;
}

static int tear_down(void **state)
{
	base_json_finish(*state);
	return 0;
}

/* The chosen index, or -1 with the error's code in `code`. */
static int choose(void **state, const char *text, bool allow_software, const char *code)
{
	const struct base_json *json = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct compute_choice choice = {0};
	size_t index = 0;
	if (text) {
		assert_true(compute_choice_parse(text, &choice, &err));
	}
	choice.allow_software = allow_software;
	bool chosen = choice_apply(&choice, json->root, &index, &err);
	compute_choice_finish(&choice);
	assert_string_equal(err.code, chosen ? "" : code);
	return chosen ? (int)index : -1;
}

static void best(void **state)
{
	assert_int_equal(choose(state, NULL, false, ""), 2);
	assert_int_equal(choose(state, NULL, true, ""), 2);
}

static void named(void **state)
{
	assert_int_equal(choose(state, "pci:11:00.0", false, ""), 1);
	assert_int_equal(choose(state, "uuid:00000000-0300-0000-0000-000000000000", false, ""), 2);
	assert_int_equal(choose(state, "name:RAPHAEL", false, ""), 1);
	/* /dev/null is 1:3 on every Linux: as good a node as any to compare numbers with. */
	assert_int_equal(choose(state, "drm:/dev/null", false, ""), 2);
	assert_int_equal(choose(state, "drm:/dev/full", false, "DEVICE_NOT_FOUND"), -1);
	assert_int_equal(choose(state, "pci:0000:03:00.1", false, "DEVICE_NOT_FOUND"), -1);
}

static void software(void **state)
{
	assert_int_equal(choose(state, "name:llvmpipe", false, "DEVICE_SOFTWARE_ONLY"), -1);
	assert_int_equal(choose(state, "name:llvmpipe", true, ""), 0);
}

static void classes(void **state)
{
	const struct base_json *json = *state;
	static const enum workload_class expected[] = {
		WORKLOAD_SOFTWARE, WORKLOAD_INTEGRATED, WORKLOAD_DISCRETE};
	for (int i = 0; i < 3; i++) {
		assert_int_equal(choice_class(cJSON_GetArrayItem(json->root, i)), expected[i]);
	}
	/* A device of which nothing is known is not taken for hardware. */
	BASE_JSON_FREE cJSON *nothing = base_json_new_object();
	assert_int_equal(choice_class(nothing), WORKLOAD_SOFTWARE);
}

static void section(void **state)
{
	const struct base_json *json = *state;
	BASE_JSON_FREE cJSON *report = choice_report(cJSON_GetArrayItem(json->root, 2));
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(report, 0, &text);
	assert_string_equal(text.data,
		"{\"name\":\"AMD Radeon RX 9070 XT (RADV GFX1201)\",\"type\":\"DISCRETE_GPU\","
		"\"driver\":\"radv\",\"driver_info\":\"Mesa 26.1.8\",\"vendor_id\":\"0x1002\","
		"\"device_id\":\"0x7550\",\"uuid\":\"00000000-0300-0000-0000-000000000000\","
		"\"pci\":\"0000:03:00.0\",\"drm\":\"1:3\",\"software\":false,"
		"\"memory_bytes\":17095983104,\"api_version\":\"1.4.354\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("choice@best-is-the-discrete-one-whatever-the-memory", best),
		NAMED("choice@finds-a-device-by-address-node-uuid-and-name", named),
		NAMED("choice@software-only-with-leave", software),
		NAMED("choice@class-follows-type-and-doubts-the-unknown", classes),
		NAMED("choice@device-section-is-what-was-described", section),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
