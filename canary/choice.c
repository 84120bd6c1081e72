/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/choice.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static VkPhysicalDeviceType type_parse(const char *name)
{
	static const VkPhysicalDeviceType types[] = {
		VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
		VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
		VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU,
		VK_PHYSICAL_DEVICE_TYPE_CPU,
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(compute_device_type_name(types[i]), name) == 0) {
			return types[i];
		}
	}
	return VK_PHYSICAL_DEVICE_TYPE_OTHER;
}

/* "226:128"; both numbers stay -1 for a node that the device has not. */
static bool node_parse(const char *text, int64_t *node_major, int64_t *node_minor)
{
	char *colon = NULL, *end = NULL;
	*node_major = *node_minor = -1;
	long long first = text ? strtoll(text, &colon, 10) : 0;
	long long second = colon && *colon == ':' ? strtoll(colon + 1, &end, 10) : 0;
	if (!end || *end != '\0' || first < 0 || second < 0) {
		return false;
	}
	*node_major = first;
	*node_minor = second;
	return true;
}

/* "0000:03:00.0", as in an option. */
static bool pci_parse(const char *text, struct compute_identity *identity)
{
	BASE_FREE char *option = base_format("pci:%s", text);
	struct compute_choice choice;
	if (!compute_choice_parse(option, &choice, NULL)) {
		return false;
	}
	identity->pci_domain = choice.pci_domain;
	identity->pci_bus = choice.pci_bus;
	identity->pci_device = choice.pci_device;
	identity->pci_function = choice.pci_function;
	return true;
}

static void identity_parse(const cJSON *device, struct compute_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	snprintf(identity->properties.deviceName, sizeof(identity->properties.deviceName), "%s",
		base_json_string(device, "name", ""));
	identity->properties.deviceType = type_parse(base_json_string(device, "type", ""));
	/* Who does not say that it is hardware is taken for none. */
	identity->software = base_json_bool(device, "software", true);
	identity->memory_bytes = base_json_uint(device, "memory_bytes", 0);
	compute_uuid_parse(base_json_string(device, "uuid", ""), identity->device_uuid);
	identity->has_pci = pci_parse(base_json_string(device, "pci", ""), identity);
	const cJSON *drm = base_json_get(device, "drm");
	bool primary = node_parse(
		base_json_string(drm, "primary", NULL), &identity->primary_major, &identity->primary_minor);
	bool render = node_parse(
		base_json_string(drm, "render", NULL), &identity->render_major, &identity->render_minor);
	identity->has_drm = primary || render;
}

bool choice_apply(const struct compute_choice *choice, const cJSON *devices, size_t *index,
	struct lane_error *err)
{
	size_t count = (size_t)cJSON_GetArraySize(devices), next = 0;
	BASE_FREE struct compute_identity *identities = base_alloc(count, sizeof(*identities));
	const cJSON *device;
	cJSON_ArrayForEach(device, devices)
	{
		identity_parse(device, &identities[next++]);
	}
	return compute_choice_apply(choice, identities, count, index, err);
}

enum workload_class choice_class(const cJSON *device)
{
	struct compute_identity identity;
	identity_parse(device, &identity);
	if (identity.software) {
		return WORKLOAD_SOFTWARE;
	}
	return identity.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
		? WORKLOAD_DISCRETE
		: WORKLOAD_INTEGRATED;
}

static void add_text(cJSON *report, const char *key, const char *text)
{
	if (text) {
		base_json_add_string(report, key, text);
	} else {
		base_json_add_null(report, key);
	}
}

cJSON *choice_report(const cJSON *device)
{
	const cJSON *driver = base_json_get(device, "driver"), *drm = base_json_get(device, "drm");
	cJSON *report = base_json_new_object();
	base_json_add_string(report, "name", base_json_string(device, "name", "unknown"));
	base_json_add_string(report, "type", base_json_string(device, "type", "OTHER"));
	add_text(report, "driver", base_json_string(driver, "name", NULL));
	add_text(report, "driver_info", base_json_string(driver, "info", NULL));
	base_json_add_format(
		report, "vendor_id", "0x%04x", (unsigned)base_json_uint(device, "vendor_id", 0));
	base_json_add_format(
		report, "device_id", "0x%04x", (unsigned)base_json_uint(device, "device_id", 0));
	add_text(report, "uuid", base_json_string(device, "uuid", NULL));
	add_text(report, "pci", base_json_string(device, "pci", NULL));
	add_text(
		report, "drm", base_json_string(drm, "render", base_json_string(drm, "primary", NULL)));
	base_json_add_bool(report, "software", base_json_bool(device, "software", true));
	base_json_add_number(report, "memory_bytes", (double)base_json_uint(device, "memory_bytes", 0));
	add_text(report, "api_version", base_json_string(device, "api_version", NULL));
	return report;
}
