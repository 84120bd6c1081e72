/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_device.h"

#include "bridge/worker_module.h"

/* A double holds no larger whole number exactly, and no real device has more bytes. */
#define INTEGER_TOP ((UINT64_C(1) << 53) - 1)

static void add_bytes(cJSON *object, const char *key, uint64_t bytes)
{
	base_json_add_number(object, key, (double)(bytes < INTEGER_TOP ? bytes : INTEGER_TOP));
}

static void add_triple(cJSON *object, const char *key, const uint32_t triple[3])
{
	cJSON *array = base_json_add_array(object, key);
	for (int i = 0; i < 3; i++) {
		base_json_add_number(array, NULL, triple[i]);
	}
}

static void add_node(cJSON *object, const char *key, int64_t major_number, int64_t minor_number)
{
	if (major_number < 0) {
		base_json_add_null(object, key);
	} else {
		base_json_add_format(
			object, key, "%lld:%lld", (long long)major_number, (long long)minor_number);
	}
}

static void add_driver(cJSON *object, const struct compute_identity *identity)
{
	const VkPhysicalDeviceDriverProperties *driver = &identity->driver;
	cJSON *node = base_json_add_object(object, "driver");
	base_json_add_number(node, "id", identity->has_driver ? (double)driver->driverID : 0);
	base_json_add_string(node, "name", identity->has_driver ? driver->driverName : "");
	base_json_add_string(node, "info", identity->has_driver ? driver->driverInfo : "");
	base_json_add_number(node, "version", identity->properties.driverVersion);
}

static void add_limits(cJSON *object, const VkPhysicalDeviceLimits *limits)
{
	cJSON *node = base_json_add_object(object, "limits");
	base_json_add_number(node, "storage_buffer_bytes", limits->maxStorageBufferRange);
	base_json_add_number(node, "workgroup_invocations", limits->maxComputeWorkGroupInvocations);
	add_triple(node, "workgroup_size", limits->maxComputeWorkGroupSize);
	add_triple(node, "workgroup_count", limits->maxComputeWorkGroupCount);
	base_json_add_number(node, "shared_memory_bytes", limits->maxComputeSharedMemorySize);
}

static void add_features(cJSON *object, const char *key, compute_features features)
{
	cJSON *array = base_json_add_array(object, key);
	for (unsigned i = 0; i < COMPUTE_FEATURES; i++) {
		if (features & COMPUTE_FEATURE(i)) {
			base_json_add_string(array, NULL, compute_feature_name(i));
		}
	}
}

static void add_subgroup(cJSON *object, const struct compute_identity *identity)
{
	cJSON *node = base_json_add_object(object, "subgroup");
	base_json_add_number(node, "size", identity->subgroup_size);
	base_json_add_number(node, "size_min", identity->subgroup_size_min);
	base_json_add_number(node, "size_max", identity->subgroup_size_max);
}

cJSON *bridge_worker_device(const struct compute_identity *identity)
{
	const VkPhysicalDeviceProperties *properties = &identity->properties;
	cJSON *device = base_json_new_object();
	char uuid[COMPUTE_UUID_TEXT_SIZE];
	compute_uuid_format(identity->device_uuid, uuid);
	base_json_add_string(device, "uuid", uuid);
	base_json_add_string(device, "name", properties->deviceName);
	base_json_add_string(device, "type", compute_device_type_name(properties->deviceType));
	base_json_add_bool(device, "software", identity->software);
	base_json_add_bool(device, "compute", identity->has_queue);
	base_json_add_format(device, "api_version", "%u.%u.%u",
		VK_API_VERSION_MAJOR(properties->apiVersion), VK_API_VERSION_MINOR(properties->apiVersion),
		VK_API_VERSION_PATCH(properties->apiVersion));
	base_json_add_number(device, "vendor_id", properties->vendorID);
	base_json_add_number(device, "device_id", properties->deviceID);
	add_driver(device, identity);
	if (identity->has_pci) {
		base_json_add_format(device, "pci", "%04x:%02x:%02x.%x", identity->pci_domain,
			identity->pci_bus, identity->pci_device, identity->pci_function);
	} else {
		base_json_add_null(device, "pci");
	}
	cJSON *drm = base_json_add_object(device, "drm");
	add_node(drm, "primary", identity->primary_major, identity->primary_minor);
	add_node(drm, "render", identity->render_major, identity->render_minor);
	add_bytes(device, "memory_bytes", identity->memory_bytes);
	base_json_add_number(device, "compute_units", identity->compute_units);
	compute_features unknown = worker_module_unknown();
	add_features(device, "features", identity->features & ~unknown);
	add_features(device, "unvalidated", identity->features & unknown);
	add_subgroup(device, identity);
	add_limits(device, &properties->limits);
	base_json_add_number(device, "timestamp_valid_bits", identity->timestamp_valid_bits);
	base_json_add_number(device, "timestamp_period_ns", (double)properties->limits.timestampPeriod);
	return device;
}
