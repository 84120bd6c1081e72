/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cmocka_names.h"

#include "base/file.h"
#include "base/memory.h"
#include "probe/facts.h"
#include "probe/floor.h"
#include "probe/path.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHANGES_MAX = 4 };

/*
 * One expectation of one floor, and how a machine fails it: what changes in the recorded facts of
 * the machine that the floor holds on, and the cause that must be named beside the expectation.
 * Every expectation of every floor has a row, or the test fails.
 */
static const struct row {
	const char *floor, *id, *facts;
	/* Member at a fact path, and its new value as JSON; NULL takes it away. */
	struct {
		const char *object, *key, *value;
	} changes[CHANGES_MAX];
	/* NULL: the expectation itself says all there is to say. */
	const char *cause;
} rows[] = {
	{"honey", "card-node", "honey", {{"drm[card0]", "in_dev", "false"}}, "DRM_NODE_NOT_MOUNTED"},
	{"honey", "render-node", "honey", {{"drm[renderD128]", "in_dev", "false"}},
		"DRM_NODE_NOT_MOUNTED"},
	{"honey", "render-node-opens", "honey", {{"drm[renderD128]", "open", "\"EPERM\""}},
		"DRM_NODE_FORBIDDEN"},
	/* RADV over virtio, as in a virtual machine with a native context. */
	{"honey", "kernel-driver", "honey",
		{{"drm[card0]", "driver", "\"virtio_gpu\""},
			{"drm[renderD128]", "driver", "\"virtio_gpu\""}},
		"DRM_DRIVER_WRONG"},
	{"honey", "pci-id", "honey",
		{{"drm[card0]", "id", "\"1002:744c\""}, {"drm[renderD128]", "id", "\"1002:744c\""},
			{"pci[0000:03:00.0]", "id", "\"1002:744c\""}},
		NULL},
	{"honey", "hardware", "honey", {{"vulkan.devices[GPU0]", "software", "true"}},
		"DEVICE_SOFTWARE_ONLY"},
	{"honey", "vulkan-driver", "honey",
		{{"vulkan.devices[GPU0]", "driver_name", "\"AMD open-source driver\""}}, NULL},
	{"honey", "device-type", "honey", {{"vulkan.devices[GPU0]", "type", "\"INTEGRATED_GPU\""}},
		NULL},
	{"honey", "device-name", "honey",
		{{"vulkan.devices[GPU0]", "name", "\"AMD Radeon Graphics (RADV NAVI31)\""}}, NULL},
	{"honey", "mesa-version", "honey",
		{{"vulkan.devices[GPU0]", "driver_version", "\"24.2.8\""},
			{"vulkan.devices[GPU0]", "driver_info", "\"Mesa 24.2.8-1ubuntu1~24.04.1\""}},
		"MESA_TOO_OLD"},
	{"honey", "mesa-version-settled", "honey",
		{{"vulkan.devices[GPU0]", "driver_version", "\"25.0.7\""}}, NULL},
	{"honey", "checked-submit", "honey", {{"vulkan.devices[GPU0]", "submit", "\"WRONG_RESULT\""}},
		"WRONG_RESULT"},

	{"krunkit", "card-node", "krunkit", {{"drm[card0]", "in_dev", "false"}},
		"DRM_NODE_NOT_MOUNTED"},
	{"krunkit", "render-node", "krunkit", {{"drm[renderD128]", "in_dev", "false"}},
		"DRM_NODE_NOT_MOUNTED"},
	{"krunkit", "render-node-opens", "krunkit",
		{{"drm[renderD128]", "open", "\"EACCES\""}, {"drm[renderD128]", "mode", "\"0660\""}},
		"DRM_NODE_DENIED"},
	{"krunkit", "kernel-driver", "krunkit",
		{{"drm[card0]", "driver", "\"msm\""}, {"drm[renderD128]", "driver", "\"msm\""}},
		"DRM_DRIVER_WRONG"},
	/* Only what stands behind Venus's manifest is another driver. */
	{"krunkit", "venus", "krunkit", {{"vulkan.devices[GPU0]", "driver_id", "\"MESA_TURNIP\""}},
		NULL},
	{"krunkit", "hardware", "krunkit", {{"vulkan.devices[GPU0]", "software", "true"}},
		"VENUS_SOFTWARE"},
	{"krunkit", "checked-submit", "krunkit",
		{{"vulkan.devices[GPU0]", "submit", "\"DEVICE_LOST\""}}, "DEVICE_LOST"},

	{"discrete", "hardware", "honey", {{"vulkan.devices[GPU0]", "software", "true"}},
		"DEVICE_SOFTWARE_ONLY"},
	{"discrete", "device-type", "honey", {{"vulkan.devices[GPU0]", "type", "\"VIRTUAL_GPU\""}},
		NULL},
	{"discrete", "conformance", "honey", {{"vulkan.devices[GPU0]", "conformance", "\"0.0.0.0\""}},
		NULL},
	{"discrete", "checked-submit", "honey",
		{{"vulkan.devices[GPU0]", "submit", "\"VULKAN_TIMEOUT\""}}, "VULKAN_TIMEOUT"},

	{"software", "software", "lavapipe", {{"vulkan.devices[GPU0]", "software", "false"}}, NULL},
	{"software", "vulkan-driver", "lavapipe",
		{{"vulkan.devices[GPU0]", "driver_id", "\"GOOGLE_SWIFTSHADER\""}}, NULL},
	{"software", "checked-submit", "lavapipe",
		{{"vulkan.devices[GPU0]", "submit", "\"WRONG_RESULT\""}}, "WRONG_RESULT"},
};

static struct probe_floor *load_floor(const char *file)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *path = base_format("%s/%s", LANE_TEST_FLOORS, file);
	struct probe_floor *floor = probe_floor_load(path, &err);
	if (!floor) {
		fail_msg("%s", lane_error_message(&err));
	}
	return floor;
}

/* The closed report of replaying a recorded machine with some facts changed. */
static struct report *replay(const struct row *row, const struct probe_floor *floor)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *path = base_format("%s/%s.json", LANE_TEST_FACTS, row->facts);
	BASE_JSON_AUTO document = {.root = NULL};
	assert_true(base_json_load(path, 1 << 20, &document, &err));
	for (size_t i = 0; i < CHANGES_MAX && row->changes[i].object; i++) {
		cJSON *object = probe_path_find_own(document.root, row->changes[i].object);
		assert_non_null(object);
		cJSON_DeleteItemFromObjectCaseSensitive(object, row->changes[i].key);
		if (row->changes[i].value) {
			cJSON *value = cJSON_Parse(row->changes[i].value);
			assert_non_null(value);
			base_json_add_node(object, row->changes[i].key, value);
		}
	}
	/* Through a file, as --replay reads it. */
	char recorded[] = "/tmp/gpu-lane-floors.XXXXXX";
	int fd = mkstemp(recorded);
	assert_true(fd >= 0);
	close(fd);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(document.root, 2, &text);
	assert_true(base_file_write(recorded, text.data, text.size, &err));
	cJSON *facts = NULL;
	bool loaded = probe_facts_load(recorded, &facts, &err);
	unlink(recorded);
	if (!loaded) {
		fail_msg("%s: %s", row->id, lane_error_message(&err));
	}
	struct report *report = report_create("gpu-probe");
	report_replayed(report, row->facts);
	probe_judge(facts, floor, report);
	report_close(report);
	cJSON_Delete(facts);
	return report;
}

/* The finding of an expectation, or, without an id, the first one with this code. */
static const cJSON *find_finding(const cJSON *report, const char *code, const char *id)
{
	const cJSON *finding;
	cJSON_ArrayForEach(finding, base_json_get(report, "findings"))
	{
		const cJSON *evidence = base_json_get(finding, "evidence");
		if (probe_is(finding, "code", code) && (!id || probe_is(evidence, "id", id))) {
			return finding;
		}
	}
	return NULL;
}

/* "card-node render-node " of the expectations that are broken. Caller frees. */
static char *broken_ids(const cJSON *report)
{
	struct base_buffer ids = BASE_BUFFER_INIT;
	const cJSON *entry;
	cJSON_ArrayForEach(entry, base_json_get(report, "expectations"))
	{
		if (probe_is(entry, "state", "broken")) {
			base_buffer_print(&ids, "%s ", probe_text(entry, "id"));
		}
	}
	return base_buffer_steal(&ids);
}

static void check_row(const struct row *row, const struct probe_floor *floor,
	const struct probe_expectation *expectation)
{
	struct report *report = replay(row, floor);
	const cJSON *root = report_root(report);
	bool failure = expectation->severity == REPORT_FAILURE;
	const char *level = failure ? "failure" : "warning";
	if (!probe_is(root, "verdict", failure ? "broken" : "holds")) {
		fail_msg("%s: %s: the verdict is %s", row->floor, row->id, probe_text(root, "verdict"));
	}
	/* This one and no other. */
	BASE_FREE char *broken = broken_ids(root);
	BASE_FREE char *wanted = base_format("%s%s", failure ? row->id : "", failure ? " " : "");
	if (strcmp(broken, wanted) != 0) {
		fail_msg("%s: %s: broken are: %s", row->floor, row->id, broken);
	}
	const cJSON *finding = find_finding(root, "EXPECTATION_BROKEN", row->id);
	const cJSON *cause = row->cause ? find_finding(root, row->cause, NULL) : finding;
	if (!probe_is(finding, "level", level) || !probe_is(cause, "level", level)) {
		fail_msg("%s: %s: no %s %s", row->floor, row->id, level,
			row->cause ? row->cause : "EXPECTATION_BROKEN");
	}
	const cJSON *where = base_json_get(finding, "where");
	assert_int_equal(base_json_number(where, "line", 0), expectation->line);
	report_destroy(report);
}

static void check_floor(const struct probe_floor *floor)
{
	size_t used = 0;
	for (size_t i = 0; i < floor->count; i++) {
		const struct probe_expectation *expectation = &floor->expectations[i];
		size_t before = used;
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			if (strcmp(rows[k].floor, floor->name) == 0 &&
				strcmp(rows[k].id, expectation->id) == 0) {
				check_row(&rows[k], floor, expectation);
				used++;
			}
		}
		if (used == before) {
			fail_msg("%s: no row breaks %s", floor->name, expectation->id);
		}
	}
	/* Unbroken it holds. */
	const struct row *row = rows;
	while (strcmp(row->floor, floor->name) != 0) {
		row++;
	}
	struct row whole = {.floor = floor->name, .id = "whole", .facts = row->facts};
	struct report *report = replay(&whole, floor);
	assert_string_equal(probe_text(report_root(report), "verdict"), "holds");
	report_destroy(report);
}

static int is_floor(const struct dirent *entry)
{
	return strstr(entry->d_name, ".json") != NULL;
}

static void test_floors(void **state)
{
	(void)state;
	struct dirent **entries = NULL;
	int count = scandir(LANE_TEST_FLOORS, &entries, is_floor, alphasort);
	assert_true(count >= 4);
	for (int i = 0; i < count; i++) {
		struct probe_floor *floor = load_floor(entries[i]->d_name);
		check_floor(floor);
		probe_floor_destroy(floor);
		free(entries[i]);
	}
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("floors@each-fact-broken-alone-breaks-its-floor-and-names-the-cause", test_floors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
