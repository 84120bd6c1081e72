/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cmocka_names.h"

#include "probe/facts.h"
#include "probe/join.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

/* Facts with these elements, joined. */
static cJSON *join(const char *drm, const char *pci, const char *devices)
{
	cJSON *facts = probe_facts_new();
	cJSON_ReplaceItemInObject(facts, "drm", cJSON_Parse(drm));
	cJSON_ReplaceItemInObject(facts, "pci", cJSON_Parse(pci));
	cJSON_ReplaceItemInObject(
		(cJSON *)base_json_get(facts, "vulkan"), "devices", cJSON_Parse(devices));
	probe_join(facts);
	return facts;
}

static int count(const cJSON *facts)
{
	return cJSON_GetArraySize(base_json_get(facts, "gpus"));
}

static const cJSON *gpu(const cJSON *facts, int index)
{
	return cJSON_GetArrayItem(base_json_get(facts, "gpus"), index);
}

static void expect(const cJSON *node, const char *key, const char *text)
{
	assert_string_equal(base_json_string(node, key, "(none)"), text);
}

#define NODES(device, pci_member, id)                                                              \
	"[{\"name\": \"card0\", \"kind\": \"primary\", \"number\": \"226:0\", \"device\": \"" device   \
	"\"" pci_member ", \"id\": \"" id "\", \"driver\": \"amdgpu\"},"                               \
	"{\"name\": \"renderD128\", \"kind\": \"render\", \"number\": \"226:128\", \"device\": "       \
	"\"" device "\"" pci_member ", \"id\": \"" id "\", \"driver\": \"amdgpu\"}]"
#define NAVI_NODES NODES("/sys/d/a", ", \"pci\": \"0000:03:00.0\"", "1002:7550")
#define NAVI_PCI "[{\"address\": \"0000:03:00.0\", \"id\": \"1002:7550\", \"driver\": \"amdgpu\"}]"

static void test_by_number(void **state)
{
	(void)state;
	cJSON *facts = join(NAVI_NODES, NAVI_PCI,
		"[{\"key\": \"GPU0\", \"name\": \"llvmpipe\", \"software\": true, \"id\": \"10005:0000\"},"
		"{\"key\": \"GPU1\", \"name\": \"Navi\", \"id\": \"1002:7550\", \"render\": \"226:128\","
		"\"pci\": \"0000:03:00.0\"}]");
	assert_int_equal(count(facts), 2);
	expect(gpu(facts, 0), "key", "drm:226:0");
	expect(gpu(facts, 0), "primary", "card0");
	expect(gpu(facts, 0), "render", "renderD128");
	expect(gpu(facts, 0), "pci", "0000:03:00.0");
	expect(gpu(facts, 0), "vulkan", "GPU1");
	expect(gpu(facts, 0), "joined_by", "drm");
	expect(gpu(facts, 0), "name", "Navi");
	assert_null(base_json_get(gpu(facts, 0), "disagreements"));
	expect(gpu(facts, 1), "key", "vulkan:GPU0");
	assert_true(base_json_bool(gpu(facts, 1), "software", false));
	cJSON_Delete(facts);
}

static void test_by_address(void **state)
{
	(void)state;
	cJSON *facts = join("[]", NAVI_PCI,
		"[{\"key\": \"GPU0\", \"name\": \"N\", \"id\": \"1002:7550\", \"pci\": \"0000:03:00.0\"}]");
	assert_int_equal(count(facts), 1);
	expect(gpu(facts, 0), "key", "pci:0000:03:00.0");
	expect(gpu(facts, 0), "joined_by", "pci");
	cJSON_Delete(facts);
}

static void test_by_ids(void **state)
{
	(void)state;
	cJSON *facts =
		join("[]", NAVI_PCI, "[{\"key\": \"GPU0\", \"name\": \"N\", \"id\": \"1002:7550\"}]");
	assert_int_equal(count(facts), 1);
	expect(gpu(facts, 0), "joined_by", "ids");
	cJSON_Delete(facts);
	/* With two of a kind nobody can tell which one it is. */
	facts = join("[]",
		"[{\"address\": \"0000:03:00.0\", \"id\": \"1002:7550\"},"
		"{\"address\": \"0000:04:00.0\", \"id\": \"1002:7550\"}]",
		"[{\"key\": \"GPU0\", \"name\": \"N\", \"id\": \"1002:7550\"}]");
	assert_int_equal(count(facts), 3);
	cJSON_Delete(facts);
}

static void test_two_drivers(void **state)
{
	(void)state;
	cJSON *facts = join(NAVI_NODES, NAVI_PCI,
		"[{\"key\": \"GPU0\", \"name\": \"A\", \"id\": \"1002:7550\", \"render\": \"226:128\"},"
		"{\"key\": \"GPU1\", \"name\": \"B\", \"id\": \"1002:7550\", \"pci\": \"0000:03:00.0\"}]");
	assert_int_equal(count(facts), 1);
	expect(gpu(facts, 0), "vulkan", "GPU0");
	assert_int_equal(cJSON_GetArraySize(base_json_get(gpu(facts, 0), "vulkan_devices")), 2);
	cJSON_Delete(facts);
}

static void test_disagreement(void **state)
{
	(void)state;
	/* As on drm-shim: sysfs has other ids than the driver's ioctls. */
	cJSON *facts = join(NODES("/sys/d/a", ", \"pci\": \"0000:04:00.0\"", "1002:15e7"), "[]",
		"[{\"key\": \"GPU0\", \"name\": \"N\", \"id\": \"1002:7550\", \"render\": \"226:128\","
		"\"pci\": \"0000:05:00.0\"}]");
	const cJSON *list = base_json_get(gpu(facts, 0), "disagreements");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	expect(cJSON_GetArrayItem(list, 0), "what", "pci");
	expect(cJSON_GetArrayItem(list, 1), "what", "id");
	expect(cJSON_GetArrayItem(list, 1), "kernel", "1002:15e7");
	expect(cJSON_GetArrayItem(list, 1), "vulkan", "1002:7550");
	/* What the kernel says stays. */
	expect(gpu(facts, 0), "id", "1002:15e7");
	cJSON_Delete(facts);
	/* And as with a PCI bus that says something else than the node. */
	facts = join(NODES("/sys/d/a", ", \"pci\": \"0000:03:00.0\"", "1002:15e7"), NAVI_PCI, "[]");
	list = base_json_get(gpu(facts, 0), "disagreements");
	expect(cJSON_GetArrayItem(list, 0), "drm", "1002:15e7");
	expect(cJSON_GetArrayItem(list, 0), "pci", "1002:7550");
	cJSON_Delete(facts);
	/* And as with a driver that takes its nodes from two GPUs. */
	facts = join(
		"[{\"name\": \"card0\", \"kind\": \"primary\", \"number\": \"226:0\", \"device\": \"/a\"},"
		"{\"name\": \"card1\", \"kind\": \"primary\", \"number\": \"226:1\", \"device\": \"/b\"},"
		"{\"name\": \"renderD128\", \"kind\": \"render\", \"number\": \"226:128\","
		"\"device\": \"/a\"}]",
		"[]",
		"[{\"key\": \"GPU0\", \"name\": \"N\", \"primary\": \"226:1\", \"render\": \"226:128\"}]");
	list = base_json_get(gpu(facts, 0), "disagreements");
	assert_int_equal(cJSON_GetArraySize(list), 1);
	expect(cJSON_GetArrayItem(list, 0), "what", "primary node");
	expect(cJSON_GetArrayItem(list, 0), "drm", "card0");
	expect(cJSON_GetArrayItem(list, 0), "vulkan", "card1");
	cJSON_Delete(facts);
}

static void test_venus(void **state)
{
	(void)state;
	static const char nodes[] =
		"[{\"name\": \"renderD128\", \"kind\": \"render\", \"number\": \"226:128\","
		"\"device\": \"/sys/d/v\", \"driver\": \"virtio_gpu\"}]";
	cJSON *facts = join(nodes, "[]",
		"[{\"key\": \"GPU0\", \"name\": \"Virtio-GPU Venus (Apple M2 Max)\", \"id\": "
		"\"106b:f000208\", \"driver_id\": \"MESA_VENUS\"}]");
	assert_int_equal(count(facts), 1);
	expect(gpu(facts, 0), "joined_by", "ids");
	assert_null(base_json_get(gpu(facts, 0), "disagreements"));
	assert_null(base_json_get(gpu(facts, 0), "pci"));
	cJSON_Delete(facts);
	/* Software behind it: the node's GPU is one, and counts as software. */
	facts = join(nodes, "[]",
		"[{\"key\": \"GPU0\", \"name\": \"Virtio-GPU Venus (llvmpipe)\", \"software\": true,"
		"\"id\": \"10005:0000\", \"driver_id\": \"MESA_VENUS\", \"render\": \"226:128\"}]");
	assert_int_equal(count(facts), 1);
	assert_true(base_json_bool(gpu(facts, 0), "software", false));
	cJSON_Delete(facts);
}

static void test_display_only(void **state)
{
	(void)state;
	cJSON *facts = join("[]",
		"[{\"address\": \"0000:01:00.0\", \"id\": \"1a03:2000\", \"driver\": \"ast\"},"
		"{\"address\": \"0000:02:00.0\", \"id\": \"102b:0538\"},"
		"{\"address\": \"0000:03:00.0\", \"id\": \"1002:7550\"}]",
		"[]");
	assert_true(base_json_bool(gpu(facts, 0), "display_only", false));
	assert_true(base_json_bool(gpu(facts, 1), "display_only", false));
	assert_false(base_json_bool(gpu(facts, 2), "display_only", true));
	cJSON_Delete(facts);
}

static void test_nothing_known(void **state)
{
	(void)state;
	cJSON *facts = join("[{\"name\": \"card0\"}]", "[{}]", "[{}, {\"key\": \"GPU1\"}]");
	assert_int_equal(count(facts), 4);
	/* And again, from a tree that has been joined. */
	probe_join(facts);
	assert_int_equal(count(facts), 4);
	cJSON_Delete(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("join@by-device-number", test_by_number),
		NAMED("join@by-pci-address", test_by_address),
		NAMED("join@by-ids-when-only-one-has-them", test_by_ids),
		NAMED("join@two-drivers-of-one-gpu", test_two_drivers),
		NAMED("join@disagreement-is-kept", test_disagreement),
		NAMED("join@venus-goes-by-its-kernel-driver", test_venus),
		NAMED("join@a-bmc-is-no-gpu", test_display_only),
		NAMED("join@survives-missing-members", test_nothing_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
