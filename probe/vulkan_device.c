/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/vulkan_device.h"

#include "base/memory.h"
#include "probe/vulkan_matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_FAMILY_MAX = 16, EXTENSION_MAX = 4096 };

/* VkDriverId as of Vulkan 1.4; by number, so that an older header knows them all. */
static const char *const driver_names[] = {NULL, "AMD_PROPRIETARY", "AMD_OPEN_SOURCE", "MESA_RADV",
	"NVIDIA_PROPRIETARY", "INTEL_PROPRIETARY_WINDOWS", "INTEL_OPEN_SOURCE_MESA",
	"IMAGINATION_PROPRIETARY", "QUALCOMM_PROPRIETARY", "ARM_PROPRIETARY", "GOOGLE_SWIFTSHADER",
	"GGP_PROPRIETARY", "BROADCOM_PROPRIETARY", "MESA_LLVMPIPE", "MOLTENVK", "COREAVI_PROPRIETARY",
	"JUICE_PROPRIETARY", "VERISILICON_PROPRIETARY", "MESA_TURNIP", "MESA_V3DV", "MESA_PANVK",
	"SAMSUNG_PROPRIETARY", "MESA_VENUS", "MESA_DOZEN", "MESA_NVK", "IMAGINATION_OPEN_SOURCE_MESA",
	"MESA_HONEYKRISP", "VULKAN_SC_EMULATION_ON_VULKAN", "MESA_KOSMICKRISP"};

/* A driver's number, at most the largest whole one that JSON keeps exact. */
static void add_whole(cJSON *object, const char *key, uint64_t number)
{
	const uint64_t most = (1ull << 53) - 1;
	base_json_add_number(object, key, (double)(number < most ? number : most));
}

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

static const struct flag_name subgroup_operations[] = {
	{VK_SUBGROUP_FEATURE_BASIC_BIT, "basic"},
	{VK_SUBGROUP_FEATURE_VOTE_BIT, "vote"},
	{VK_SUBGROUP_FEATURE_ARITHMETIC_BIT, "arithmetic"},
	{VK_SUBGROUP_FEATURE_BALLOT_BIT, "ballot"},
	{VK_SUBGROUP_FEATURE_SHUFFLE_BIT, "shuffle"},
	{VK_SUBGROUP_FEATURE_SHUFFLE_RELATIVE_BIT, "shuffle_relative"},
	{VK_SUBGROUP_FEATURE_CLUSTERED_BIT, "clustered"},
	{VK_SUBGROUP_FEATURE_QUAD_BIT, "quad"},
	{0, NULL},
};

static void add_flags(cJSON *object, const char *key, VkFlags flags, const struct flag_name *names)
{
	cJSON *list = base_json_add_array(object, key);
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

/* Whether the driver lists an extension. */
static bool has_extension(
	const struct compute_vulkan *vk, VkPhysicalDevice physical, const char *name)
{
	uint32_t count = 0;
	if (vk->EnumerateDeviceExtensionProperties(physical, NULL, &count, NULL) < 0 ||
		count > EXTENSION_MAX) {
		return false;
	}
	BASE_FREE VkExtensionProperties *list = base_alloc(count, sizeof(*list));
	if (vk->EnumerateDeviceExtensionProperties(physical, NULL, &count, list) < 0) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (strncmp(list[i].extensionName, name, VK_MAX_EXTENSION_NAME_SIZE) == 0) {
			return true;
		}
	}
	return false;
}

static void add_memory(
	cJSON *device, const struct compute_instance *instance, const struct compute_identity *identity)
{
	const struct compute_vulkan *vk = &instance->vk;
	VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
	VkPhysicalDeviceMemoryProperties2 memory = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
	PFN_vkGetPhysicalDeviceMemoryProperties2 query =
		(PFN_vkGetPhysicalDeviceMemoryProperties2)vk->GetInstanceProcAddr(
			instance->instance, "vkGetPhysicalDeviceMemoryProperties2");
	bool has_budget = query && instance->api_version >= VK_API_VERSION_1_1 &&
		identity->properties.apiVersion >= VK_API_VERSION_1_1 &&
		has_extension(vk, identity->physical, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
	if (has_budget) {
		memory.pNext = &budget;
		query(identity->physical, &memory);
	} else {
		vk->GetPhysicalDeviceMemoryProperties(identity->physical, &memory.memoryProperties);
	}
	add_whole(device, "memory_bytes", identity->memory_bytes);
	cJSON *heaps = base_json_add_array(device, "heaps");
	const VkPhysicalDeviceMemoryProperties *properties = &memory.memoryProperties;
	for (uint32_t i = 0; i < properties->memoryHeapCount && i < VK_MAX_MEMORY_HEAPS; i++) {
		cJSON *heap = base_json_add_object(heaps, NULL);
		add_whole(heap, "bytes", properties->memoryHeaps[i].size);
		if (has_budget) {
			add_whole(heap, "budget_bytes", budget.heapBudget[i]);
			add_whole(heap, "used_bytes", budget.heapUsage[i]);
		}
		base_json_add_bool(heap, "device_local",
			(properties->memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0);
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
		add_flags(family, "flags", families[i].queueFlags, queue_flags);
	}
}

static void add_limits(cJSON *device, const struct compute_identity *identity,
	const VkPhysicalDeviceMaintenance3Properties *maintenance)
{
	const VkPhysicalDeviceLimits *limits = &identity->properties.limits;
	cJSON *object = base_json_add_object(device, "limits");
	base_json_add_number(object, "storage_buffer_bytes", limits->maxStorageBufferRange);
	if (maintenance->maxMemoryAllocationSize > 0) {
		add_whole(object, "allocation_bytes", maintenance->maxMemoryAllocationSize);
	}
	base_json_add_number(object, "allocations", limits->maxMemoryAllocationCount);
	base_json_add_number(object, "push_constant_bytes", limits->maxPushConstantsSize);
	base_json_add_number(object, "shared_bytes", limits->maxComputeSharedMemorySize);
	base_json_add_number(object, "workgroup_invocations", limits->maxComputeWorkGroupInvocations);
	cJSON *size = base_json_add_array(object, "workgroup_size");
	for (size_t i = 0; i < 3; i++) {
		base_json_add_number(size, NULL, limits->maxComputeWorkGroupSize[i]);
	}
	base_json_add_number(object, "workgroup_count_x", limits->maxComputeWorkGroupCount[0]);
	add_whole(object, "storage_buffer_alignment", limits->minStorageBufferOffsetAlignment);
	double period_ns = (double)limits->timestampPeriod;
	base_json_add_number(object, "timestamp_period_ns", isfinite(period_ns) ? period_ns : 0);
}

static void add_units(cJSON *device, const struct compute_identity *identity,
	const VkPhysicalDeviceSubgroupProperties *subgroup)
{
	if (identity->compute_units > 0) {
		base_json_add_number(device, "compute_units", identity->compute_units);
	}
	base_json_add_number(device, "subgroup_size", identity->subgroup_size);
	if (identity->subgroup_size_max > 0) {
		base_json_add_number(device, "subgroup_size_min", identity->subgroup_size_min);
		base_json_add_number(device, "subgroup_size_max", identity->subgroup_size_max);
	}
	bool compute = subgroup->supportedStages & VK_SHADER_STAGE_COMPUTE_BIT;
	add_flags(device, "subgroup_operations", compute ? subgroup->supportedOperations : 0,
		subgroup_operations);
	cJSON *features = base_json_add_array(device, "features");
	for (int feature = 0; feature < COMPUTE_FEATURES; feature++) {
		if (identity->features & COMPUTE_FEATURE(feature)) {
			base_json_add_string(
				features, NULL, compute_feature_name((enum compute_feature)feature));
		}
	}
}

/* Notes what the driver answers differently to the two ways of asking the same. */
static void compare_answers(cJSON *device, const VkPhysicalDeviceProperties *first,
	const VkPhysicalDeviceProperties *second)
{
	const struct {
		const char *what;
		char *first, *second;
	} answers[] = {
		{"id", base_format("%04x:%04x", first->vendorID, first->deviceID),
			base_format("%04x:%04x", second->vendorID, second->deviceID)},
		{"type", base_strdup(compute_device_type_name(first->deviceType)),
			base_strdup(compute_device_type_name(second->deviceType))},
		{"name", base_strndup(first->deviceName, VK_MAX_PHYSICAL_DEVICE_NAME_SIZE),
			base_strndup(second->deviceName, VK_MAX_PHYSICAL_DEVICE_NAME_SIZE)},
	};
	cJSON *list = NULL;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(answers[i].first, answers[i].second) != 0) {
			list = list ? list : base_json_add_array(device, "disagreements");
			cJSON *entry = base_json_add_object(list, NULL);
			base_json_add_string(entry, "what", answers[i].what);
			base_json_add_string(entry, "vkGetPhysicalDeviceProperties", answers[i].first);
			base_json_add_string(entry, "vkGetPhysicalDeviceProperties2", answers[i].second);
		}
		free(answers[i].first);
		free(answers[i].second);
	}
}

static void add_compute(
	cJSON *device, const struct compute_instance *instance, const struct compute_identity *identity)
{
	const struct compute_vulkan *vk = &instance->vk;
	VkPhysicalDeviceMaintenance3Properties maintenance = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
	VkPhysicalDeviceSubgroupProperties subgroup = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES, .pNext = &maintenance};
	VkPhysicalDeviceProperties2 properties = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &subgroup};
	bool asked =
		vk->GetPhysicalDeviceProperties2 && identity->properties.apiVersion >= VK_API_VERSION_1_1;
	if (asked) {
		vk->GetPhysicalDeviceProperties2(identity->physical, &properties);
		compare_answers(device, &identity->properties, &properties.properties);
	}
	add_limits(device, identity, &maintenance);
	if (asked) {
		add_units(device, identity, &subgroup);
	}
	if (has_extension(vk, identity->physical, "VK_KHR_cooperative_matrix")) {
		probe_vulkan_matrix(device, vk, instance->instance, identity->physical);
	}
}

cJSON *probe_vulkan_device(
	const struct compute_instance *instance, const struct compute_identity *identity, size_t index)
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
	add_memory(device, instance, identity);
	add_queue_families(device, &instance->vk, identity);
	add_compute(device, instance, identity);
	return device;
}
