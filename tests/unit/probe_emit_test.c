/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cmocka_names.h"

#include "probe/emit.h"
#include "probe/facts.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

/* Merges text as if a collector had written it. */
static bool merge(cJSON *facts, const char *text, char **step)
{
	BASE_BUFFER_AUTO lines = BASE_BUFFER_INIT;
	base_buffer_add_text(&lines, text);
	*step = NULL;
	return probe_emit_merge(facts, &lines, step);
}

static void test_crash_keeps_facts(void **state)
{
	(void)state;
	cJSON *facts = probe_facts_new();
	char *step;
	assert_false(merge(facts,
		"{\"put\":\"vulkan.loader\",\"value\":{\"found\":true}}\n"
		"{\"step\":\"create a Vulkan instance\"}\n"
		"{\"step\":\"list the devices\"}\n"
		"{\"add\":\"vulkan.devices\",\"value\":{\"na",
		&step));
	assert_string_equal(step, "list the devices");
	assert_true(cJSON_IsTrue(probe_path_find(facts, "vulkan.loader.found")));
	assert_int_equal(cJSON_GetArraySize(probe_path_find(facts, "vulkan.devices")), 0);
	free(step);
	cJSON_Delete(facts);
}

static void test_put_replaces_members(void **state)
{
	(void)state;
	cJSON *facts = probe_facts_new();
	char *step;
	assert_true(merge(facts,
		"{\"add\":\"drm\",\"value\":{\"name\":\"card0\",\"path\":\"/dev/dri/card0\"}}\n"
		"{\"put\":\"drm[card0]\",\"value\":{\"open\":\"EPERM\"}}\n"
		"{\"put\":\"drm[/dev/dri/card0]\",\"value\":{\"open\":\"ok\",\"driver\":\"amdgpu\"}}\n"
		"{\"done\":true}\n",
		&step));
	const cJSON *node = probe_path_find(facts, "drm[card0]");
	assert_string_equal(base_json_string(node, "open", ""), "ok");
	assert_string_equal(base_json_string(node, "driver", ""), "amdgpu");
	assert_int_equal(cJSON_GetArraySize(node), 4);
	free(step);
	cJSON_Delete(facts);
}

static void test_hostile_lines(void **state)
{
	(void)state;
	static const char *const hostile[] = {
		"",
		"\n",
		"noise of a driver\n{\"done\":true}\n",
		"[1]\n",
		"{\"put\":\"nowhere.at.all\",\"value\":{\"a\":1}}\n",
		"{\"put\":\"schema\",\"value\":{\"a\":1}}\n",
		"{\"put\":\"\",\"value\":[]}\n",
		"{\"add\":\"host\",\"value\":1}\n",
		"{\"add\":\"drm\"}\n",
		"{\"put\":\"drm[\",\"value\":{}}\n",
		"{\"put\":7,\"add\":{},\"value\":{}}\n",
		"{\"done\":\"yes\"}\n",
	};
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		cJSON *facts = probe_facts_new();
		cJSON *untouched = probe_facts_new();
		char *step;
		assert_false(merge(facts, hostile[i], &step));
		assert_true(cJSON_Compare(facts, untouched, true));
		free(step);
		cJSON_Delete(facts);
		cJSON_Delete(untouched);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("emit@a-crash-keeps-what-was-told", test_crash_keeps_facts),
		NAMED("emit@put-replaces-members", test_put_replaces_members),
		NAMED("emit@hostile-lines-change-nothing", test_hostile_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
