/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cmocka_names.h"

#include "probe/facts.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

static struct base_json parse(const char *text)
{
	struct base_json json;
	assert_true(base_json_parse("facts.json", text, strlen(text), &json, NULL));
	return json;
}

static void test_paths(void **state)
{
	(void)state;
	BASE_JSON_AUTO json = parse("{\"a\": {\"b\": [{\"name\": \"x.y/z\", \"v\": 1},"
								"{\"path\": \"/p\", \"v\": 2}, {\"key\": \"k\", \"v\": 3},"
								"{\"address\": \"0000:03:00.0\", \"v\": 4}, 7, null]}}");
	static const struct {
		const char *path;
		double value;
	} good[] = {
		{"a.b[x.y/z].v", 1},
		{"a.b[/p].v", 2},
		{"a.b[k].v", 3},
		{"a.b[0000:03:00.0].v", 4},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const cJSON *node = probe_path_find(json.root, good[i].path);
		assert_non_null(node);
		assert_true(node->valuedouble == good[i].value);
	}
	static const char *const bad[] = {"a.", ".a", "a..b", "a.b[", "a.b[]", "a.b[k", "a.b[k]v",
		"a.b]", "a.b[none]", "a[k]", "a.b[k].v.w", "a.b.v", "[k]", "a b", "a.b[k]."};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(probe_path_find(json.root, bad[i]));
	}
	assert_ptr_equal(probe_path_find(json.root, ""), json.root);
}

static void test_shapes(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		unsigned types;
	} good[] = {
		{"host.uid", BASE_JSON_INTEGER},
		{"host.environment[VK_DRIVER_FILES].value", BASE_JSON_STRING},
		{"drm[renderD128].in_dev", BASE_JSON_BOOL},
		{"drm[renderD128]", BASE_JSON_ARRAY},
		{"vulkan.devices", BASE_JSON_ARRAY},
		{"vulkan.icds[radeon_icd.x86_64.json].alone.outcome", BASE_JSON_STRING},
		{"gpu.software", BASE_JSON_BOOL},
		{"gpu.vulkan", BASE_JSON_STRING},
		{"gpu.vulkan.name", BASE_JSON_STRING},
		{"gpu.vulkan.limits.shared_bytes", BASE_JSON_INTEGER},
		{"gpu.render.open", BASE_JSON_STRING},
		{"gpu.pci.link_width", BASE_JSON_STRING},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct probe_shape *shape = probe_facts_shape(good[i].path);
		if (!shape || shape->types != good[i].types) {
			fail_msg("%s: shape %u", good[i].path, shape ? shape->types : 0);
		}
	}
	static const char *const bad[] = {"", "gpu", "gpu.", "gpu.vulkan.drivername", "gpu.name.x",
		"gpu.vulkan[GPU0].name", "host[x].uid", "drm.in_dev", "drm[a][b]", "vulkan.devices.name",
		"nothing", "gpus.software", "host.uid.x", "host.groups[1]", "gpu.software.x"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (probe_facts_shape(bad[i])) {
			fail_msg("\"%s\" is taken for a fact", bad[i]);
		}
	}
}

static void test_references(void **state)
{
	(void)state;
	BASE_JSON_AUTO json = parse(
		"{\"drm\": [{\"name\": \"renderD128\", \"open\": \"EPERM\"}], \"pci\": [],"
		"\"vulkan\": {\"devices\": [{\"key\": \"GPU0\", \"name\": \"a\"}, {\"key\": \"GPU1\", \"name\": \"b\"}]},"
		"\"gpus\": [{\"key\": \"drm:226:128\", \"render\": \"renderD128\", \"vulkan\": \"GPU0\", \"pci\": \"none\"}]}");
	const cJSON *gpu = probe_path_find(json.root, "gpus[drm:226:128]");
	const cJSON *device = probe_path_find(json.root, "vulkan.devices[GPU1]");
	const cJSON *open = probe_facts_find(json.root, gpu, device, "gpu.render.open");
	assert_string_equal(open->valuestring, "EPERM");
	/* Which of its devices is judged is the judge's to say. */
	assert_string_equal(
		probe_facts_find(json.root, gpu, device, "gpu.vulkan.name")->valuestring, "b");
	assert_string_equal(
		probe_facts_find(json.root, gpu, device, "gpu.render")->valuestring, "renderD128");
	assert_null(probe_facts_find(json.root, gpu, device, "gpu.pci.id"));
	assert_null(probe_facts_find(json.root, gpu, NULL, "gpu.vulkan.name"));
	assert_null(probe_facts_find(json.root, NULL, NULL, "gpu.software"));
	assert_null(probe_facts_find(json.root, NULL, NULL, "gpu.render.open"));
}

static const char minimal[] =
	"{\"schema\": \"gpu-lane-facts/v1\", \"host\": {}, \"drm\": [], \"pci\": [],"
	"\"vulkan\": {}, \"collectors\": []}";

static void test_accepts(void **state)
{
	(void)state;
	BASE_JSON_AUTO json = parse(minimal);
	assert_true(probe_facts_check(&json, NULL));
	/* What collecting begins with can be recorded too. */
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	cJSON *empty = probe_facts_new();
	base_json_write(empty, 2, &text);
	cJSON_Delete(empty);
	BASE_JSON_AUTO again = parse(text.data);
	assert_true(probe_facts_check(&again, NULL));
}

static void test_refuses(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *words;
	} bad[] = {
		{"[]", "$ must be an object"},
		{"{}", "is missing"},
		{"{\"schema\": \"gpu-lane-facts/v2\", \"host\": {}, \"drm\": [], \"pci\": [],"
		 "\"vulkan\": {}, \"collectors\": []}",
			"$.schema must be"},
		{"{\"schema\": \"gpu-lane-facts/v1\", \"host\": {\"uid\": \"0\"}, \"drm\": [], \"pci\": [],"
		 "\"vulkan\": {}, \"collectors\": []}",
			"$.host.uid must be a whole number"},
		{"{\"schema\": \"gpu-lane-facts/v1\", \"host\": {}, \"drm\": [{\"name\": \"card0\"}],"
		 "\"pci\": [], \"vulkan\": {}, \"collectors\": []}",
			"$.drm[0].path is missing"},
		{"{\"schema\": \"gpu-lane-facts/v1\", \"host\": {}, \"drm\": [7], \"pci\": [],"
		 "\"vulkan\": {}, \"collectors\": []}",
			"$.drm[0] must be an object"},
		{"{\"schema\": \"gpu-lane-facts/v1\", \"host\": {}, \"drm\": [], \"pci\": [],"
		 "\"vulkan\": {\"layers\": [{\"name\": \"a\"}, {\"name\": null}]}, \"collectors\": []}",
			"$.vulkan.layers[1].name must be a string"},
		{"{\"schema\": \"gpu-lane-facts/v1\", \"host\": {\"groups\": [1, \"x\"]}, \"drm\": [],"
		 "\"pci\": [], \"vulkan\": {}, \"collectors\": []}",
			"$.host.groups[1] must be a number"},
		{"{\"schema\": \"gpu-lane-facts/v1\", \"host\": {}, \"drm\": [], \"pci\": [],"
		 "\"vulkan\": {}, \"collectors\": [], \"more\": 1}",
			"unknown key $.more"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		BASE_JSON_AUTO json = parse(bad[i].text);
		assert_false(probe_facts_check(&json, &err));
		assert_true(lane_error_is(&err, "JSON_INVALID"));
		if (!strstr(lane_error_message(&err), bad[i].words) ||
			!strstr(lane_error_message(&err), "facts.json:1: ")) {
			fail_msg("\"%s\" instead of \"%s\"", lane_error_message(&err), bad[i].words);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("path@selects-by-name-path-address-key", test_paths),
		NAMED("shape@knows-every-fact-and-no-other", test_shapes),
		NAMED("facts@gpu-leads-on-to-what-it-names", test_references),
		NAMED("facts@accepts-what-is-recorded", test_accepts),
		NAMED("facts@refuses-with-file-line-and-path", test_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
