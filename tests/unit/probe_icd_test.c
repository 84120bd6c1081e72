/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/probe_tree.h"

#include "probe/icd.h"
#include "probe/path.h"

#define MANIFEST(library)                                                                          \
	"{\"ICD\": {\"library_path\": \"" library "\", \"api_version\": \"1.3.0\"}}"

static const char *const variables[] = {"VK_DRIVER_FILES", "VK_ICD_FILENAMES",
	"VK_ADD_DRIVER_FILES", "VK_LOADER_DRIVERS_SELECT", "VK_LOADER_DRIVERS_DISABLE",
	"XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_DATA_DIRS"};

static int setup(void **state)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		unsetenv(variables[i]);
	}
	setenv("HOME", "/home/lane", 1);
	int result = tree_setup(state);
	if (result == 0) {
		tree_file(*state, "/usr/share/vulkan/icd.d/lvp.json", MANIFEST("libvulkan_lvp.so"));
		tree_file(*state, "/usr/share/vulkan/icd.d/radeon.json", MANIFEST("../lib/radeon.so"));
		tree_file(*state, "/usr/share/vulkan/icd.d/README", "no manifest");
	}
	return result;
}

/* Names of the manifests that would be used, in order, separated by spaces. */
static char *used(const char *root, const char *loader_path)
{
	struct probe_root place = {root};
	struct base_buffer names = BASE_BUFFER_INIT;
	cJSON *list = probe_icd_list(&place, loader_path);
	const cJSON *icd;
	cJSON_ArrayForEach(icd, list)
	{
		if (base_json_bool(icd, "used", false)) {
			base_buffer_print(
				&names, "%s%s", names.size ? " " : "", base_json_string(icd, "name", "?"));
		}
	}
	cJSON_Delete(list);
	return base_buffer_steal(&names);
}

static void expect_used(const char *root, const char *loader_path, const char *names)
{
	BASE_FREE char *found = used(root, loader_path);
	assert_string_equal(found, names);
}

static void test_order(void **state)
{
	tree_file(*state, "/etc/vulkan/icd.d/nvidia.json", MANIFEST("libGLX_nvidia.so.0"));
	tree_file(*state, "/home/lane/.local/share/vulkan/icd.d/own.json", MANIFEST("/opt/own.so"));
	tree_file(*state, "/home/lane/.config/vulkan/icd.d/first.json", MANIFEST("/opt/first.so"));
	expect_used(*state, NULL, "first.json nvidia.json own.json lvp.json radeon.json");
	setenv("XDG_DATA_DIRS", "/opt/share:/usr/share", 1);
	tree_file(*state, "/opt/share/vulkan/icd.d/opt.json", MANIFEST("/opt/opt.so"));
	expect_used(*state, NULL, "first.json nvidia.json own.json opt.json lvp.json radeon.json");
}

static void test_override(void **state)
{
	tree_file(*state, "/mine/a.json", MANIFEST("/mine/a.so"));
	setenv("VK_ICD_FILENAMES", "/usr/share/vulkan/icd.d/lvp.json", 1);
	expect_used(*state, NULL, "lvp.json");
	/* The newer name wins, takes folders too, and keeps nothing of the rest. */
	setenv("VK_DRIVER_FILES", "/mine:/missing.json", 1);
	setenv("VK_ADD_DRIVER_FILES", "/usr/share/vulkan/icd.d/radeon.json", 1);
	expect_used(*state, NULL, "a.json missing.json");
	unsetenv("VK_DRIVER_FILES");
	unsetenv("VK_ICD_FILENAMES");
	/* Once, though it lies in one of the places too. */
	expect_used(*state, NULL, "radeon.json lvp.json");
}

static void test_select(void **state)
{
	setenv("VK_LOADER_DRIVERS_SELECT", "*RADEON*,nouveau*", 1);
	expect_used(*state, NULL, "radeon.json");
	unsetenv("VK_LOADER_DRIVERS_SELECT");
	setenv("VK_LOADER_DRIVERS_DISABLE", "radeon.json", 1);
	expect_used(*state, NULL, "lvp.json");
}

static void test_nix(void **state)
{
	tree_file(*state, "/run/opengl-driver/share/vulkan/icd.d/nix.json", MANIFEST("/nix/x.so"));
	expect_used(*state, "/usr/lib/libvulkan.so.1", "lvp.json radeon.json");
	expect_used(
		*state, "/nix/store/x-vulkan-loader/lib/libvulkan.so.1", "nix.json lvp.json radeon.json");
}

static void test_hostile_manifests(void **state)
{
	tree_file(*state, "/bad/a.json", "{\"ICD\": ");
	tree_file(*state, "/bad/b.json", "{}");
	tree_file(*state, "/bad/c.json", "{\"ICD\": {\"library_path\": 7}}");
	tree_file(*state, "/bad/d.json", "");
	setenv("VK_DRIVER_FILES", "/bad:/bad/none.json:::", 1);
	struct probe_root place = {*state};
	cJSON *list = probe_icd_list(&place, NULL);
	unsigned checked = 0;
	const cJSON *icd;
	cJSON_ArrayForEach(icd, list)
	{
		if (base_json_bool(icd, "used", false)) {
			assert_non_null(base_json_string(icd, "error", NULL));
			assert_null(base_json_string(icd, "library", NULL));
			checked++;
		}
	}
	assert_int_equal(checked, 5);
	cJSON_Delete(list);
}

static void test_library_path(void **state)
{
	struct probe_root place = {*state};
	cJSON *list = probe_icd_list(&place, NULL);
	const cJSON *lvp = probe_path_element(list, "lvp.json");
	const cJSON *radeon = probe_path_element(list, "radeon.json");
	assert_string_equal(base_json_string(lvp, "library", ""), "libvulkan_lvp.so");
	assert_string_equal(
		base_json_string(radeon, "library", ""), "/usr/share/vulkan/icd.d/../lib/radeon.so");
	cJSON_Delete(list);
}

static void test_load(void **state)
{
	(void)state;
	cJSON *missing = probe_icd_load("/nonexistent/libvulkan_none.so");
	assert_false(base_json_bool(missing, "loads", true));
	assert_non_null(strstr(base_json_string(missing, "error", ""), "libvulkan_none.so"));
	cJSON_Delete(missing);
	cJSON *there = probe_icd_load("libc.so.6");
	assert_true(base_json_bool(there, "loads", false));
	cJSON_Delete(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_WITH("icd@order-of-the-loader", test_order, setup, tree_teardown),
		NAMED_WITH("icd@variables-override-and-add", test_override, setup, tree_teardown),
		NAMED_WITH("icd@select-and-disable", test_select, setup, tree_teardown),
		NAMED_WITH("icd@opengl-driver-is-nix-loaders-alone", test_nix, setup, tree_teardown),
		NAMED_WITH("icd@hostile-manifests-are-named", test_hostile_manifests, setup, tree_teardown),
		NAMED_WITH("icd@relative-to-the-manifest", test_library_path, setup, tree_teardown),
		NAMED("icd@load-tells-the-linkers-words", test_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
