/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/device.h"

#include "cmocka_names.h"

#include <stdio.h>
#include <string.h>

/* Choosing among devices that are made up: no driver is needed. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct compute_identity device(
	const char *name, VkPhysicalDeviceType type, uint64_t memory_bytes, bool software)
{
	struct compute_identity identity = {
		.properties = {.deviceType = type},
		.software = software,
		.memory_bytes = memory_bytes,
		.primary_major = -1,
		.primary_minor = -1,
		.render_major = -1,
		.render_minor = -1,
	};
	snprintf(identity.properties.deviceName, sizeof(identity.properties.deviceName), "%s", name);
	return identity;
}

static struct compute_identity llvmpipe(void)
{
	return device("llvmpipe (LLVM 15.0.6, 256 bits)", VK_PHYSICAL_DEVICE_TYPE_CPU, 64, true);
}

static void chosen(const char *text, bool allow_software, const struct compute_identity *devices,
	size_t count, const char *expected)
{
	struct compute_choice choice = {.kind = COMPUTE_CHOICE_BEST};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (text && !compute_choice_parse(text, &choice, &err)) {
		fail_msg("%s", lane_error_message(&err));
	}
	choice.allow_software = allow_software;
	size_t index = 99;
	bool found = compute_choice_apply(&choice, devices, count, &index, &err);
	compute_choice_finish(&choice);
	assert_string_equal(found ? devices[index].properties.deviceName : err.code, expected);
}

static void prefers_hardware_then_memory(void **state)
{
	(void)state;
	const struct compute_identity devices[] = {
		llvmpipe(),
		device("virtual", VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU, 9, false),
		device("integrated", VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, 9, false),
		device("small", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, 1, false),
		device("large", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, 2, false),
		device("large too", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, 2, false),
	};
	chosen(NULL, false, devices, 6, "large");
	chosen(NULL, true, devices, 6, "large");
	chosen(NULL, false, devices, 4, "small");
	chosen(NULL, false, devices, 3, "integrated");
	chosen(NULL, false, devices, 2, "virtual");
	chosen("name:^(small|integrated)", false, devices, 6, "small");
}

static void fails_closed_without_hardware(void **state)
{
	(void)state;
	const struct compute_identity devices[] = {llvmpipe()};
	chosen(NULL, false, devices, 0, "DEVICE_NONE");
	chosen(NULL, false, devices, 1, "DEVICE_SOFTWARE_ONLY");
	chosen("name:llvmpipe", false, devices, 1, "DEVICE_SOFTWARE_ONLY");
	chosen(NULL, true, devices, 1, devices[0].properties.deviceName);
	chosen("name:radv", true, devices, 1, "DEVICE_NOT_FOUND");
}

static void finds_by_address_node_and_uuid(void **state)
{
	(void)state;
	struct compute_identity devices[] = {
		device("a", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, 9, false),
		device("b", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, 1, false),
	};
	devices[1].has_pci = true;
	devices[1].pci_bus = 3;
	devices[1].device_uuid[15] = 0xab;
	devices[1].has_drm = true;
	/* /dev/null, the one device node that is everywhere. */
	devices[1].render_major = 1;
	devices[1].render_minor = 3;
	chosen("pci:0000:03:00.0", false, devices, 2, "b");
	chosen("pci:03:00.0", false, devices, 2, "b");
	chosen("pci:03:00.1", false, devices, 2, "DEVICE_NOT_FOUND");
	/* "a" has the address 0 only because it does not tell one. */
	chosen("pci:00:00.0", false, devices, 2, "DEVICE_NOT_FOUND");
	chosen("drm:/dev/null", false, devices, 2, "b");
	chosen("drm:/dev/zero", false, devices, 2, "DEVICE_NOT_FOUND");
	chosen("drm:/dev/dri/nonesuch", false, devices, 2, "DEVICE_NOT_FOUND");
	chosen("drm:/", false, devices, 2, "DEVICE_NOT_FOUND");
	chosen("uuid:00000000-0000-0000-0000-0000000000AB", false, devices, 2, "b");
}

static void refuses_malformed_choices(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "best", "pci:", "pci:zz:00.0", "pci:03:00",
		"pci:03:20.0", "pci:03:00.8", "pci:0000:03:00.0x", "pci:123456789:03:00.0", "pci:100:00.0",
		"drm:", "drm:card0", "name:", "name:(", "uuid:", "uuid:00000000-0000-0000-0000-0000000000a",
		"uuid:00000000-0000-0000-0000-0000000000abc", "uuid:00000000000000000000000000000000",
		"uuid:0000000g-0000-0000-0000-0000000000ab"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct compute_choice choice;
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		if (compute_choice_parse(texts[i], &choice, &err) || strcmp(err.code, "USAGE") != 0) {
			fail_msg("'%s' was accepted", texts[i]);
		}
		compute_choice_finish(&choice);
	}
}

static void writes_uuids_as_it_reads_them(void **state)
{
	(void)state;
	const char *text = "01234567-89ab-cdef-0123-456789abcdef";
	uint8_t uuid[VK_UUID_SIZE];
	char again[COMPUTE_UUID_TEXT_SIZE];
	assert_true(compute_uuid_parse(text, uuid));
	assert_int_equal(uuid[0], 0x01);
	assert_int_equal(uuid[15], 0xef);
	compute_uuid_format(uuid, again);
	assert_string_equal(again, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("choice@prefers-hardware-then-memory", prefers_hardware_then_memory),
		NAMED("choice@fails-closed-without-hardware", fails_closed_without_hardware),
		NAMED("choice@finds-by-address-node-and-uuid", finds_by_address_node_and_uuid),
		NAMED("choice@refuses-malformed-choices", refuses_malformed_choices),
		NAMED("uuid@writes-as-it-reads", writes_uuids_as_it_reads_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
