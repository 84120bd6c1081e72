/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cmocka_names.h"

#include "base/memory.h"
#include "probe/facts.h"
#include "probe/floor.h"
#include "probe/join.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

enum { CHANGES_MAX = 4 };

/* A recorded machine with some facts changed, and what must be said of it. */
struct judgement {
	/* File of tests/data/facts, and a floor, or NULL for the general health. */
	const char *facts, *floor;
	/* Member at a fact path, and its new value as JSON; NULL takes it away. */
	struct {
		const char *object, *key, *value;
	} changes[CHANGES_MAX];
	const char *verdict;
	/* "failure CODE", "failure CODE: what its message holds", "-failure CODE" for none; NULL: any.
	 */
	const char *finding;
};

static cJSON *load(const char *name)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *path = base_format("%s/%s.json", LANE_TEST_FACTS, name);
	cJSON *facts = NULL;
	if (!probe_facts_load(path, &facts, &err)) {
		fail_msg("%s", lane_error_message(&err));
	}
	return facts;
}

static void change(cJSON *facts, const char *object, const char *key, const char *value)
{
	cJSON *node = probe_path_find_own(facts, object);
	if (!node) {
		fail_msg("no %s to change", object);
	}
	cJSON_DeleteItemFromObjectCaseSensitive(node, key);
	cJSON *item = value ? cJSON_Parse(value) : NULL;
	if (value && !item) {
		fail_msg("not JSON: %s", value);
	}
	if (item) {
		base_json_add_node(node, key, item);
	}
}

/* The closed report. Caller destroys it. */
static struct report *judge(const cJSON *facts, const char *floor_name)
{
	struct probe_floor *floor = NULL;
	if (floor_name) {
		BASE_FREE char *path = base_format("%s/%s.json", LANE_TEST_FLOORS, floor_name);
		floor = probe_floor_load(path, NULL);
		assert_non_null(floor);
	}
	struct report *report = report_create("gpu-probe");
	probe_judge(facts, floor, report);
	report_close(report);
	probe_floor_destroy(floor);
	return report;
}

static const cJSON *find_finding(const cJSON *report, const char *wanted)
{
	size_t size = strcspn(wanted, ":");
	const char *words = wanted[size] ? wanted + size + 2 : "";
	const cJSON *finding;
	cJSON_ArrayForEach(finding, base_json_get(report, "findings"))
	{
		BASE_FREE char *label = base_format("%s %s", base_json_string(finding, "level", "?"),
			base_json_string(finding, "code", "?"));
		if (strlen(label) == size && strncmp(label, wanted, size) == 0 &&
			strstr(base_json_string(finding, "message", ""), words)) {
			return finding;
		}
	}
	return NULL;
}

static const struct judgement judgements[] = {
	/* Whole. */
	{"honey", "honey", {{.key = NULL}}, "holds", NULL},
	{"honey", "discrete", {{.key = NULL}}, "holds", NULL},
	/* The name with and without amdgpu.ids: recorded without. */
	{"honey", "honey",
		{{"vulkan.devices[GPU0]", "name", "\"AMD Radeon RX 9070 XT (RADV GFX1201)\""}}, "holds",
		NULL},
	{"honey", NULL, {{.key = NULL}}, "holds", "notice MESA_NOT_CONFORMANT"},
	{"krunkit", "krunkit", {{.key = NULL}}, "holds", "notice DRM_NODE_DENIED"},
	{"krunkit", NULL, {{.key = NULL}}, "holds", NULL},
	{"lavapipe", "software", {{.key = NULL}}, "holds", NULL},
	{"lavapipe", NULL, {{.key = NULL}}, "unknown", "warning DEVICE_SOFTWARE_ONLY"},
	{"lavapipe", "honey", {{.key = NULL}}, "broken", "failure DEVICE_SOFTWARE_ONLY"},
	{"lavapipe", "honey", {{.key = NULL}}, "broken", "failure PCI_NO_GPU"},
	{"honey", "software", {{.key = NULL}}, "holds", NULL},
	{"honey", "krunkit", {{.key = NULL}}, "broken", "failure EXPECTATION_BROKEN"},
	/* Nodes: the errno tells the cause. */
	{"honey", "honey", {{"drm[renderD128]", "open", "\"EPERM\""}}, "broken",
		"failure DRM_NODE_FORBIDDEN"},
	{"honey", "honey", {{"drm[renderD128]", "open", "\"EACCES\""}}, "broken",
		"failure DRM_NODE_DENIED"},
	/* Mode 0666 lets everybody in, and root may pass over any mode; but not that of another world.
	 */
	{"honey", "honey", {{"drm[renderD128]", "open", "\"EACCES\""}}, "broken",
		"failure DRM_NODE_DENIED: a security module (SELinux)"},
	{"honey", "honey",
		{{"drm[renderD128]", "open", "\"EACCES\""}, {"drm[renderD128]", "mode", "\"0600\""}},
		"broken", "failure DRM_NODE_DENIED: a security module (SELinux)"},
	{"honey", "honey",
		{{"drm[renderD128]", "open", "\"EACCES\""}, {"drm[renderD128]", "mode", "\"0600\""},
			{"drm[renderD128]", "uid", "65534"}},
		"broken", "failure DRM_NODE_DENIED: owner, group or mode"},
	{"honey", "honey",
		{{"drm[renderD128]", "open", "\"EACCES\""}, {"drm[renderD128]", "mode", "\"0660\""},
			{"host", "uid", "1001"}, {"host", "capabilities", NULL}},
		"broken", "failure DRM_NODE_DENIED: owner, group or mode"},
	{"honey", "honey",
		{{"drm[renderD128]", "open", "\"EACCES\""}, {"drm[renderD128]", "mode", "\"0660\""},
			{"host", "uid", "1001"}, {"host", "groups", "[303]"}},
		"broken", "failure DRM_NODE_DENIED: a security module (SELinux)"},
	{"honey", NULL, {{"drm[renderD128]", "driver_error", "\"ENOTTY\""}}, "holds",
		"warning DRM_NODE_STALE: it is no GPU's"},
	{"honey", NULL, {{"drm[renderD128]", "driver_error", "\"EIO\""}}, "holds",
		"warning DRM_NODE_WEDGED: DRM_IOCTL_VERSION says EIO"},
	{"honey", NULL, {{"drm[renderD128]", "amdgpu", "{\"error\": \"ETIME\"}"}}, "holds",
		"warning AMDGPU_INIT_FAILED: ETIME"},
	{"honey", "honey", {{"drm[renderD128]", "open", "\"ENXIO\""}}, "broken",
		"failure DRM_NODE_STALE"},
	{"honey", "honey", {{"drm[renderD128]", "open", "\"ENODEV\""}}, "broken",
		"failure DRM_NODE_STALE"},
	{"honey", "honey", {{"drm[renderD128]", "open", "\"EIO\""}}, "broken",
		"failure DRM_NODE_WEDGED"},
	{"honey", "honey", {{"drm[renderD128]", "open", "\"EMFILE\""}}, "broken",
		"failure COLLECTOR_FAILED"},
	{"honey", "honey", {{"drm[card0]", "open", "\"EACCES\""}}, "holds", "notice DRM_NODE_DENIED"},
	{"honey", "honey", {{"drm[renderD128]", "in_dev", "false"}, {"drm[renderD128]", "open", NULL}},
		"broken", "failure DRM_NODE_NOT_MOUNTED"},
	{"honey", "honey", {{"drm[renderD128]", "sysfs_number", "\"226:129\""}}, "holds",
		"warning DRM_NODE_STALE"},
	{"honey", "honey",
		{{"drm[renderD128]", "name", "\"card1\""}, {"drm[card1]", "kind", "\"primary\""}}, "broken",
		"failure DRM_RENDER_NODE_MISSING"},
	{"honey", "honey", {{"host", "sysfs", "false"}, {"drm[card0]", "in_dev", "false"}}, "broken",
		"failure SYSFS_MISSING"},
	/* Kernel driver. */
	{"honey", NULL,
		{{"", "drm", "[]"}, {"vulkan", "devices", "[]"}, {"pci[0000:03:00.0]", "driver", NULL}},
		"broken", "failure DRM_NODE_ABSENT"},
	{"honey", NULL,
		{{"", "drm", "[]"}, {"vulkan", "devices", "[]"},
			{"pci[0000:03:00.0]", "driver", "\"vfio-pci\""}},
		"broken", "failure DRM_DRIVER_WRONG"},
	/* The kernel's log counts while something is broken. */
	{"honey", NULL,
		{{"", "drm", "[]"}, {"vulkan", "devices", "[]"}, {"pci[0000:03:00.0]", "driver", NULL},
			{"host", "kernel_log",
				"[\"amdgpu: Direct firmware load for amdgpu/psp_14_0_3_sos.bin failed\"]"}},
		"broken", "failure FIRMWARE_MISSING: psp_14_0_3_sos.bin"},
	/* A BMC beside nothing is no GPU that is broken. */
	{"honey", NULL,
		{{"", "drm", "[]"}, {"vulkan", "devices", "[]"},
			{"pci[0000:03:00.0]", "id", "\"1a03:2000\""}},
		"unknown", "warning DEVICE_NONE"},
	/* Loader and ICDs. */
	{"honey", "honey",
		{{"vulkan", "loader", "{\"found\": false}"}, {"vulkan", "devices", "[]"},
			{"vulkan", "enumeration", "{}"}},
		"broken", "failure VULKAN_LOADER_MISSING"},
	{"lavapipe", NULL,
		{{"vulkan", "loader", "{\"found\": false}"}, {"vulkan", "devices", "[]"},
			{"vulkan", "enumeration", "{}"}},
		"unknown", "warning VULKAN_LOADER_MISSING"},
	{"lavapipe", NULL,
		{{"vulkan", "instance", "{\"created\": false, \"code\": \"VULKAN_NO_DRIVER\"}"},
			{"vulkan", "devices", "[]"}, {"vulkan", "enumeration", "{}"}},
		"unknown", "warning VULKAN_NO_DRIVER"},
	{"honey", "honey",
		{{"vulkan", "instance", "{\"created\": false, \"code\": \"VULKAN_NO_DRIVER\"}"},
			{"vulkan", "devices", "[]"}, {"vulkan", "icds", "[]"}, {"vulkan", "enumeration", "{}"}},
		"broken", "failure ICD_NIX_DRIVER_PATH"},
	{"honey", "honey",
		{{"vulkan.icds[radeon_icd.x86_64.json]", "error",
			 "\"libc.so.6: version `GLIBC_2.38' not found (required by x)\""},
			{"vulkan", "devices", "[]"}},
		"broken", "failure ICD_GLIBC_MISMATCH"},
	{"honey", "honey",
		{{"vulkan.icds[radeon_icd.x86_64.json]", "error",
			 "\"x.so: cannot open shared object file\""},
			{"vulkan", "devices", "[]"}},
		"broken", "failure ICD_LOAD_FAILED"},
	{"honey", "honey",
		{{"vulkan.instance", "code", "\"VULKAN_INSTANCE_FAILED\""},
			{"vulkan.instance", "created", "false"},
			{"vulkan.icds[lvp_icd.x86_64.json]", "alone",
				"{\"outcome\": \"ok\", \"code\": \"VULKAN_OUT_OF_HOST_MEMORY\"}"}},
		"broken", "failure VULKAN_OUT_OF_HOST_MEMORY"},
	/* Listing fails for all when one driver finds its hardware missing only then. */
	{"honey", "honey",
		{{"vulkan.enumeration", "listed", "false"},
			{"vulkan.enumeration", "code", "\"VULKAN_NO_DRIVER\""},
			{"vulkan.icds[lvp_icd.x86_64.json]", "alone",
				"{\"outcome\": \"ok\", \"listed\": false, \"code\": \"VULKAN_NO_DRIVER\"}"}},
		"broken", "failure VULKAN_ENUMERATE_FAILED: lvp_icd.x86_64.json"},
	{"lavapipe", "software",
		{{"host", "kernel_log", "[\"amdgpu: Direct firmware load for amdgpu/x.bin failed\"]"},
			{"vulkan.devices[GPU0]", "submit", "\"WRONG_RESULT\""}},
		"broken", "-failure FIRMWARE_MISSING"},
	{"honey", "honey",
		{{"host", "kernel_log", "[\"amdgpu: Direct firmware load for amdgpu/x.bin failed\"]"}},
		"holds", "-warning FIRMWARE_MISSING"},
	{"honey", "honey",
		{{"host", "kernel_log", "[\"amdgpu: Direct firmware load for amdgpu/x.bin failed\"]"},
			{"drm[renderD128]", "open", "\"EPERM\""}},
		"broken", "-failure FIRMWARE_MISSING"},
	{"honey", "honey",
		{{"vulkan", "messages",
			"[{\"severity\": \"warning\", \"text\": \"terminator_CreateInstance: Received return "
			"code -9 from libvulkan_dzn.so. Skipping this driver.\"}]"}},
		"holds", "notice ICD_SKIPPED: libvulkan_dzn.so"},
	{"lavapipe", NULL, {{"vulkan", "devices", NULL}}, "unknown", "warning DEVICE_NONE"},
	/* Drivers that crash or hang. */
	{"honey", NULL,
		{{"collectors[vulkan]", "outcome", "\"signal\""},
			{"vulkan.icds[lvp_icd.x86_64.json]", "alone",
				"{\"outcome\": \"signal\", \"step\": \"list the devices\"}"}},
		"broken", "failure ICD_CRASHED"},
	{"lavapipe", NULL,
		{{"collectors[vulkan]", "outcome", "\"timeout\""},
			{"vulkan.icds[lvp_icd.x86_64.json]", "alone", "{\"outcome\": \"timeout\"}"}},
		"unknown", "warning ICD_HANGS"},
	{"lavapipe", "software", {{"collectors[vulkan]", "outcome", "\"signal\""}}, "broken",
		"failure COLLECTOR_CRASHED"},
	{"honey", "honey", {{"collectors[pci]", "outcome", "\"unkillable\""}}, "broken",
		"failure COLLECTOR_UNKILLABLE"},
	/* Devices. */
	{"honey", "honey", {{"vulkan", "devices", "[]"}}, "broken", "failure GPU_NOT_IN_VULKAN"},
	{"honey", "honey",
		{{"vulkan", "devices", "[]"},
			{"vulkan", "messages",
				"[{\"severity\": \"error\", \"text\": \"amdgpu: unknown (family_id, "
				"chip_external_rev): (150, 193)\"}]"}},
		"broken", "failure MESA_TOO_OLD"},
	{"honey", "honey",
		{{"vulkan", "devices", "[]"},
			{"collectors[vulkan]", "log",
				"[\"amdgpu: DRM version is 3.27.0, but this driver is only compatible "
				"with 3.54.0 (kernel 6.6+) or later.\"]"}},
		"broken", "failure KERNEL_TOO_OLD"},
	/* What llvmpipe says of its Mesa tells of the one that lists no GFX12. */
	{"honey", "honey",
		{{"vulkan", "devices",
			"[{\"key\": \"GPU0\", \"name\": \"llvmpipe\", \"software\": true, "
			"\"driver_info\": \"Mesa 22.3.6 (LLVM 15.0.6)\"}]"}},
		"broken", "failure MESA_TOO_OLD: needs Mesa 25.0, and this is Mesa 22.3.6"},
	{"honey", "honey",
		{{"vulkan.devices[GPU0]", "disagreements",
			"[{\"what\": \"id\", \"vkGetPhysicalDeviceProperties\": \"1002:7550\", "
			"\"vkGetPhysicalDeviceProperties2\": \"10de:2684\"}]"}},
		"holds", "warning FACTS_DISAGREE: Properties2 says 10de:2684"},
	{"honey", "honey", {{"vulkan.devices[GPU0]", "driver_version", "\"25.0.3\""}}, "holds",
		"warning EXPECTATION_BROKEN"},
	{"honey", "honey", {{"vulkan.devices[GPU0]", "id", "\"1002:7590\""}}, "holds",
		"warning FACTS_DISAGREE"},
	{"honey", "honey",
		{{"host", "environment", "[{\"name\": \"RADV_FORCE_FAMILY\", \"value\": \"gfx1201\"}]"}},
		"holds", "notice VULKAN_ENVIRONMENT"},
	{"honey", "honey",
		{{"drm[renderD128]", "open", "\"EPERM\""},
			{"host", "runner",
				"[{\"name\": \"ACTIONS_RUNNER_CONTAINER_HOOKS\", \"value\": \"/h\"}]"}},
		"broken", "warning CONTAINER_HOOKS"},
	{"honey", "honey", {{"drm[renderD128]", "open", "\"EACCES\""}, {"host", "groups", NULL}},
		"broken", "failure DRM_NODE_DENIED"},
	/* How the GPU is, beside what was asked for. */
	{"honey", "honey", {{"drm[renderD128]", "coredump", "true"}}, "holds", "warning GPU_WAS_RESET"},
	{"honey", "honey", {{"drm[renderD128]", "amdgpu", "{\"vram_lost\": 2}"}}, "holds",
		"notice GPU_WAS_RESET"},
	{"honey", "honey", {{"drm[renderD128]", "amdgpu", "{\"works\": false}"}}, "holds",
		"warning AMDGPU_INIT_FAILED"},
	{"honey", "honey", {{"drm[renderD128]", "amdgpu", "{\"id\": \"1002:7590\"}"}}, "holds",
		"warning FACTS_DISAGREE"},
	{"honey", "honey",
		{{"drm[renderD128]", "ras", "[{\"name\": \"umc\", \"uncorrected\": 1, \"corrected\": 0}]"}},
		"holds", "warning GPU_MEMORY_ERRORS"},
	{"honey", "honey",
		{{"drm[renderD128]", "ras", "[{\"name\": \"umc\", \"uncorrected\": 0, \"corrected\": 4}]"}},
		"holds", "notice GPU_MEMORY_ERRORS"},
	{"honey", "honey", {{"drm[renderD128]", "vram_visible_bytes", "268435456"}}, "holds",
		"notice PCI_BAR_SMALL"},
	{"honey", "honey", {{"pci[0000:03:00.0]", "errors", "{\"nonfatal\": 1, \"fatal\": 0}"}},
		"holds", "warning PCI_ERRORS"},
	{"honey", "honey", {{"pci[0000:03:00.0]", "link_width", "\"4\""}}, "holds",
		"notice PCI_LINK_NARROW"},
	/* Submits. */
	{"honey", "honey", {{"vulkan.devices[GPU0]", "submit", "\"WRONG_RESULT\""}}, "broken",
		"failure WRONG_RESULT"},
	{"honey", NULL, {{"vulkan.devices[GPU0]", "submit", "\"DEVICE_LOST\""}}, "broken",
		"failure DEVICE_LOST"},
	{"honey", NULL, {{"vulkan.devices[GPU1]", "submit", "\"WRONG_RESULT\""}}, "holds",
		"warning WRONG_RESULT"},
	{"lavapipe", "software", {{"vulkan.devices[GPU0]", "submit", "\"WRONG_RESULT\""}}, "broken",
		"failure WRONG_RESULT"},
	{"honey", NULL, {{"vulkan.devices[GPU0]", "submit", "\"NO_SUCH_CODE\""}}, "broken",
		"failure VULKAN_SUBMIT_FAILED"},
	{"honey", NULL, {{"vulkan.devices[GPU0]", "submit", NULL}}, "unknown", NULL},
	{"honey", "honey", {{"vulkan.devices[GPU0]", "submit", NULL}}, "unknown",
		"warning EXPECTATION_UNKNOWN"},
	/* A submit that never came back took the collector along. */
	{"honey", NULL,
		{{"vulkan.devices[GPU0]", "submit", NULL}, {"collectors[vulkan]", "outcome", "\"timeout\""},
			{"collectors[vulkan]", "step", "\"checked submit on AMD Radeon\""}},
		"broken", "failure COLLECTOR_TIMEOUT"},
	/* What was not collected is unknown, not broken. */
	{"honey", "honey",
		{{"collectors[pci]", "outcome", "\"skipped\""}, {"", "pci", "[]"},
			{"drm[card0]", "id", NULL}, {"drm[renderD128]", "id", NULL}},
		"unknown", "warning EXPECTATION_UNKNOWN"},
	/* Venus. */
	{"krunkit", "krunkit", {{"", "drm", "[]"}, {"vulkan", "devices", "[]"}}, "broken",
		"failure VENUS_NO_DEVICE"},
	{"honey", "honey", {{"vulkan.devices[GPU0]", "name", "\"Null hardware (RADV GFX1201)\""}},
		"holds", "warning DEVICE_PRETENDED"},
	{"krunkit", "krunkit",
		{{"vulkan.instance", "created", "false"},
			{"vulkan.instance", "code", "\"VULKAN_OUT_OF_HOST_MEMORY\""},
			{"vulkan", "devices", "[]"}, {"vulkan", "enumeration", "{}"}},
		"broken", "failure VENUS_OUT_OF_HOST_MEMORY"},
	{"krunkit", "krunkit",
		{{"vulkan.instance", "created", "false"},
			{"vulkan.icds[virtio_icd.aarch64.json]", "alone",
				"{\"outcome\": \"ok\", \"code\": \"VULKAN_OUT_OF_HOST_MEMORY\"}"}},
		"broken", "failure VENUS_OUT_OF_HOST_MEMORY"},
	/* With pages of 16 KiB, or on another host than a Mac, it is not what it mostly is. */
	{"krunkit", "krunkit",
		{{"vulkan.instance", "created", "false"}, {"host", "machine", "\"x86_64\""},
			{"vulkan.icds[virtio_icd.aarch64.json]", "alone",
				"{\"outcome\": \"ok\", \"code\": \"VULKAN_OUT_OF_HOST_MEMORY\"}"}},
		"broken", "failure VULKAN_OUT_OF_HOST_MEMORY"},
	{"krunkit", "krunkit",
		{{"vulkan.instance", "created", "false"}, {"host", "page_size", "16384"},
			{"vulkan.icds[virtio_icd.aarch64.json]", "alone",
				"{\"outcome\": \"ok\", \"code\": \"VULKAN_OUT_OF_HOST_MEMORY\"}"}},
		"broken", "failure VULKAN_OUT_OF_HOST_MEMORY"},
	{"krunkit", "krunkit", {{"vulkan", "devices", "[]"}}, "broken", "failure VENUS_NO_DEVICE"},
	{"krunkit", "krunkit",
		{{"vulkan", "devices", "[]"}, {"vulkan.icds[virtio_icd.aarch64.json]", "used", "false"}},
		"broken", "failure VENUS_ICD_MISSING"},
	{"krunkit", "krunkit", {{"vulkan.devices[GPU0]", "software", "true"}}, "broken",
		"failure VENUS_SOFTWARE"},
	{"krunkit", "krunkit",
		{{"vulkan", "messages",
			 "[{\"severity\": \"error\", \"text\": \"wire format version 0 != 1\"}]"},
			{"vulkan", "devices", "[]"}},
		"broken", "failure VENUS_PROTOCOL"},
	/* When they agree it says the version too, of which nothing may be made. */
	{"krunkit", "krunkit",
		{{"vulkan", "messages", "[{\"severity\": \"error\", \"text\": \"wire format version 1\"}]"},
			{"vulkan", "devices", "[]"}},
		"broken", "-failure VENUS_PROTOCOL"},
};

static void test_judgements(void **state)
{
	(void)state;
	unsigned failures = 0;
	for (size_t i = 0; i < sizeof(judgements) / sizeof(judgements[0]); i++) {
		const struct judgement *row = &judgements[i];
		cJSON *facts = load(row->facts);
		for (size_t k = 0; k < CHANGES_MAX && row->changes[k].object; k++) {
			change(facts, row->changes[k].object, row->changes[k].key, row->changes[k].value);
		}
		probe_join(facts);
		struct report *report = judge(facts, row->floor);
		const cJSON *root = report_root(report);
		const char *verdict = base_json_string(root, "verdict", "?");
		bool unwanted = row->finding && row->finding[0] == '-';
		if (strcmp(verdict, row->verdict) != 0 ||
			(row->finding && !find_finding(root, row->finding + unwanted) != unwanted)) {
			BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
			base_json_write(base_json_get(root, "findings"), 1, &text);
			print_error("row %zu (%s against %s): %s instead of %s, wanted %s in %s\n", i,
				row->facts, row->floor ? row->floor : "health", verdict, row->verdict,
				row->finding ? row->finding : "nothing", text.data);
			failures++;
		}
		report_destroy(report);
		cJSON_Delete(facts);
	}
	assert_int_equal(failures, 0);
}

static const char *rung_state(const cJSON *report, const char *rung)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, base_json_get(report, "ladder"))
	{
		if (strcmp(base_json_string(entry, "rung", ""), rung) == 0) {
			return base_json_string(entry, "state", "?");
		}
	}
	return "no such rung";
}

static void test_ladder(void **state)
{
	(void)state;
	static const char *const rungs[] = {"hardware", "kernel driver", "node", "permission", "loader",
		"ICD", "device", "checked submit"};
	static const struct {
		const char *facts, *object, *key, *value;
		/* One letter a rung: held, broken, unknown, skipped. */
		const char *states;
	} rows[] = {
		{"honey", "", "gpus", "[]", "hhhhhhhh"},
		{"krunkit", "", "gpus", "[]", "hhhhhhhh"},
		{"lavapipe", "", "gpus", "[]", "bssshhbs"},
		{"honey", "drm[renderD128]", "open", "\"EPERM\"", "hhhbhhhh"},
		{"honey", "drm[renderD128]", "in_dev", "false", "hhbhhhhh"},
		{"honey", "vulkan", "devices", "[]", "hhhhhhbs"},
		{"honey", "vulkan", "icds", "[]", "hhhhhbhh"},
		{"honey", "vulkan.loader", "found", "false", "hhhhbhhh"},
		{"honey", "vulkan.devices[GPU0]", "submit", "\"DEVICE_LOST\"", "hhhhhhhb"},
		{"honey", "vulkan.devices[GPU0]", "submit", NULL, "hhhhhhhs"},
		{"honey", "", "drm", "[]", "hhsshhhh"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cJSON *facts = load(rows[i].facts);
		change(facts, rows[i].object, rows[i].key, rows[i].value);
		probe_join(facts);
		struct report *report = judge(facts, NULL);
		for (size_t k = 0; k < sizeof(rungs) / sizeof(rungs[0]); k++) {
			const char *found = rung_state(report_root(report), rungs[k]);
			if (found[0] != rows[i].states[k]) {
				fail_msg("row %zu: %s is %s", i, rungs[k], found);
			}
		}
		report_destroy(report);
		cJSON_Delete(facts);
	}
}

static int claims(const cJSON *report, const char *key)
{
	return cJSON_GetArraySize(base_json_get(base_json_get(report, "claims"), key));
}

static void test_claims(void **state)
{
	(void)state;
	cJSON *facts = load("honey");
	struct report *report = judge(facts, "honey");
	assert_int_equal(claims(report_root(report), "proves"), 3);
	assert_int_equal(claims(report_root(report), "does_not_prove"), 5);
	report_destroy(report);
	/* Nothing is claimed by a floor that is broken, nor by facts of another day. */
	change(facts, "drm[card0]", "in_dev", "false");
	report = judge(facts, "honey");
	assert_int_equal(claims(report_root(report), "proves"), 0);
	assert_int_equal(claims(report_root(report), "does_not_prove"), 8);
	report_destroy(report);
	cJSON_Delete(facts);
	facts = load("krunkit");
	report = report_create("gpu-probe");
	report_replayed(report, "krunkit.json");
	probe_judge(facts, NULL, report);
	assert_int_equal(claims(report_root(report), "proves"), 0);
	report_destroy(report);
	cJSON_Delete(facts);
}

/* Facts may lack everything and hold anything of the right type. */
static void test_nothing_known(void **state)
{
	(void)state;
	cJSON *facts = probe_facts_new();
	static const char *const floors[] = {NULL, "honey", "krunkit", "discrete", "software"};
	for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++) {
		struct report *report = judge(facts, floors[i]);
		assert_string_equal(base_json_string(report_root(report), "verdict", "?"), "unknown");
		report_destroy(report);
	}
	cJSON_Delete(facts);
}

/* Honey has RADV and lavapipe: each can be the one that is judged. */
static void test_chosen_device(void **state)
{
	(void)state;
	static const struct {
		const char *uuid, *judged;
	} table[] = {
		{"00000000-0300-0000-0000-000000000000", "00000000-0300-0000-0000-000000000000"},
		{"6d657361-3232-2e33-2e36-000000000000", "6d657361-3232-2e33-2e36-000000000000"},
		{"11111111-1111-1111-1111-111111111111", "00000000-0300-0000-0000-000000000000"},
		{NULL, "00000000-0300-0000-0000-000000000000"},
	};
	BASE_JSON_FREE cJSON *facts = load("honey");
	BASE_FREE char *path = base_format("%s/discrete.json", LANE_TEST_FLOORS);
	struct probe_floor *floor = probe_floor_load(path, NULL);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct report *report = report_create("gpu-canary");
		probe_judge_device(facts, floor, table[i].uuid, report);
		report_close(report);
		const cJSON *root = report_root(report);
		assert_string_equal(
			base_json_string(base_json_get(root, "device"), "uuid", ""), table[i].judged);
		bool discrete = strncmp(table[i].judged, "0000", 4) == 0;
		assert_string_equal(base_json_string(root, "verdict", ""), discrete ? "holds" : "broken");
		report_destroy(report);
	}
	probe_floor_destroy(floor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("judge@names-the-cause", test_judgements),
		NAMED("judge@ladder-shows-the-broken-rung", test_ladder),
		NAMED("judge@claims-only-what-it-showed", test_claims),
		NAMED("judge@chosen-device-is-judged-whatever-else-is-there", test_chosen_device),
		NAMED("judge@nothing-known-is-unknown", test_nothing_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
