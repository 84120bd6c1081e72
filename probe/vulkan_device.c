/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/vulkan_device.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { QUEUE_FAMILY_MAX = 16 };

/* VkDriverId as of Vulkan 1.4; by number, so that an older header knows them all. */
static const char *const driver_names[] = {NULL, "AMD_PROPRIETARY", "AMD_OPEN_SOURCE", "MESA_RADV",
	"NVIDIA_PROPRIETARY", "INTEL_PROPRIETARY_WINDOWS", "INTEL_OPEN_SOURCE_MESA",
	"IMAGINATION_PROPRIETARY", "QUALCOMM_PROPRIETARY", "ARM_PROPRIETARY", "GOOGLE_SWIFTSHADER",
	"GGP_PROPRIETARY", "BROADCOM_PROPRIETARY", "MESA_LLVMPIPE", "MOLTENVK", "COREAVI_PROPRIETARY",
	"JUICE_PROPRIETARY", "VERISILICON_PROPRIETARY", "MESA_TURNIP", "MESA_V3DV", "MESA_PANVK",
	"SAMSUNG_PROPRIETARY", "MESA_VENUS", "MESA_DOZEN", "MESA_NVK", "IMAGINATION_OPEN_SOURCE_MESA",
	"MESA_HONEYKRISP", "VULKAN_SC_EMULATION_ON_VULKAN", "MESA_KOSMICKRISP"};

struct flag_name {
	VkFlags flag;
	const char *name;
};

static const struct flag_name queue_flags[] = {
	{VK_QUEUE_GRAPHICS_BIT, "graphics"},
	{VK_QUEUE_COMPUTE_BIT, "compute"},
	{VK_QUEUE_TRANSFER_BIT, "transfer"},
	{VK_QUEUE_SPARSE_BINDING_BIT, "sparse"},
	{0, NULL},
};

static void add_flags(cJSON *object, VkFlags flags, const struct flag_name *names)
{
	cJSON *list = base_json_add_array(object, "flags");
	for (; names->name; names++) {
		if (flags & names->flag) {
			base_json_add_string(list, NULL, names->name);
		}
	}
}

char *probe_vulkan_driver_name(unsigned driver_id)
{
	bool known = driver_id < sizeof(driver_names) / sizeof(driver_names[0]);
	const char *name = known ? driver_names[driver_id] : NULL;
	return name ? base_strdup(name) : base_format("driver %u", driver_id);
}

char *probe_vulkan_driver_version(unsigned driver_id, uint32_t version)
{
	if (driver_id == VK_DRIVER_ID_NVIDIA_PROPRIETARY) {
		return base_format("%u.%u.%u.%u", version >> 22, version >> 14 & 0xff, version >> 6 & 0xff,
			version & 0x3f);
	}
	return base_format("%u.%u.%u", VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version),
		VK_API_VERSION_PATCH(version));
}

static void add_uuid(cJSON *device, const char *key, const uint8_t uuid[VK_UUID_SIZE])
{
	char text[COMPUTE_UUID_TEXT_SIZE];
	compute_uuid_format(uuid, text);
	base_json_add_string(device, key, text);
}

static void add_driver(cJSON *device, const struct compute_identity *identity)
{
	unsigned id = identity->has_driver ? (unsigned)identity->driver.driverID : 0;
	BASE_FREE char *version = probe_vulkan_driver_version(id, identity->properties.driverVersion);
	base_json_add_string(device, "driver_version", version);
	if (!identity->has_driver) {
		return;
	}
	const VkPhysicalDeviceDriverProperties *driver = &identity->driver;
	BASE_FREE char *name = probe_vulkan_driver_name(id);
	base_json_add_string(device, "driver_id", name);
	base_json_add_format(
		device, "driver_name", "%.*s", VK_MAX_DRIVER_NAME_SIZE, driver->driverName);
	base_json_add_format(
		device, "driver_info", "%.*s", VK_MAX_DRIVER_INFO_SIZE, driver->driverInfo);
	base_json_add_format(device, "conformance", "%u.%u.%u.%u", driver->conformanceVersion.major,
		driver->conformanceVersion.minor, driver->conformanceVersion.subminor,
		driver->conformanceVersion.patch);
}

static void add_place(cJSON *device, const struct compute_identity *identity)
{
	if (identity->has_drm && identity->primary_major >= 0) {
		base_json_add_format(device, "primary", "%lld:%lld", (long long)identity->primary_major,
			(long long)identity->primary_minor);
	}
	if (identity->has_drm && identity->render_major >= 0) {
		base_json_add_format(device, "render", "%lld:%lld", (long long)identity->render_major,
			(long long)identity->render_minor);
	}
	if (identity->has_pci) {
		base_json_add_format(device, "pci", "%04x:%02x:%02x.%u", identity->pci_domain,
			identity->pci_bus, identity->pci_device, identity->pci_function);
	}
}

static void add_memory(
	cJSON *device, const struct compute_vulkan *vk, const struct compute_identity *identity)
{
	VkPhysicalDeviceMemoryProperties memory = {0};
	vk->GetPhysicalDeviceMemoryProperties(identity->physical, &memory);
	base_json_add_number(device, "memory_bytes", (double)identity->memory_bytes);
	cJSON *heaps = base_json_add_array(device, "heaps");
	for (uint32_t i = 0; i < memory.memoryHeapCount && i < VK_MAX_MEMORY_HEAPS; i++) {
		cJSON *heap = base_json_add_object(heaps, NULL);
		base_json_add_number(heap, "bytes", (double)memory.memoryHeaps[i].size);
		base_json_add_bool(heap, "device_local",
			(memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0);
	}
}

static void add_queue_families(
	cJSON *device, const struct compute_vulkan *vk, const struct compute_identity *identity)
{
	VkQueueFamilyProperties families[QUEUE_FAMILY_MAX] = {0};
	uint32_t count = QUEUE_FAMILY_MAX;
	vk->GetPhysicalDeviceQueueFamilyProperties(identity->physical, &count, families);
	cJSON *list = base_json_add_array(device, "queue_families");
	for (uint32_t i = 0; i < count && i < QUEUE_FAMILY_MAX; i++) {
		cJSON *family = base_json_add_object(list, NULL);
		base_json_add_number(family, "count", families[i].queueCount);
		base_json_add_number(family, "timestamp_bits", families[i].timestampValidBits);
		add_flags(family, families[i].queueFlags, queue_flags);
	}
}

static void add_limits(cJSON *device, const struct compute_identity *identity)
{
	const VkPhysicalDeviceLimits *limits = &identity->properties.limits;
	cJSON *object = base_json_add_object(device, "limits");
	base_json_add_number(object, "storage_buffer_bytes", limits->maxStorageBufferRange);
	base_json_add_number(object, "shared_bytes", limits->maxComputeSharedMemorySize);
	base_json_add_number(object, "workgroup_invocations", limits->maxComputeWorkGroupInvocations);
	base_json_add_number(object, "workgroup_count_x", limits->maxComputeWorkGroupCount[0]);
	double period_ns = (double)limits->timestampPeriod;
	base_json_add_number(object, "timestamp_period_ns", isfinite(period_ns) ? period_ns : 0);
}

static void add_subgroup(
	cJSON *device, const struct compute_vulkan *vk, const struct compute_identity *identity)
{
	if (!vk->GetPhysicalDeviceProperties2 || identity->properties.apiVersion < VK_API_VERSION_1_1) {
		return;
	}
	VkPhysicalDeviceSubgroupProperties subgroup = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
	VkPhysicalDeviceProperties2 properties = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &subgroup};
	vk->GetPhysicalDeviceProperties2(identity->physical, &properties);
	base_json_add_number(device, "subgroup_size", subgroup.subgroupSize);
}

cJSON *probe_vulkan_device(
	const struct compute_vulkan *vk, const struct compute_identity *identity, size_t index)
{
	const VkPhysicalDeviceProperties *properties = &identity->properties;
	cJSON *device = base_json_new_object();
	base_json_add_format(device, "key", "GPU%zu", index);
	base_json_add_format(
		device, "name", "%.*s", VK_MAX_PHYSICAL_DEVICE_NAME_SIZE, properties->deviceName);
	base_json_add_string(device, "type", compute_device_type_name(properties->deviceType));
	base_json_add_bool(device, "software", identity->software);
	base_json_add_format(device, "id", "%04x:%04x", properties->vendorID, properties->deviceID);
	base_json_add_format(device, "api_version", "%u.%u.%u",
		VK_API_VERSION_MAJOR(properties->apiVersion), VK_API_VERSION_MINOR(properties->apiVersion),
		VK_API_VERSION_PATCH(properties->apiVersion));
	add_driver(device, identity);
	add_uuid(device, "device_uuid", identity->device_uuid);
	add_uuid(device, "driver_uuid", identity->driver_uuid);
	add_place(device, identity);
	add_memory(device, vk, identity);
	add_queue_families(device, vk, identity);
	add_limits(device, identity);
	add_subgroup(device, vk, identity);
	return device;
}
