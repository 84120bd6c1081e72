/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/device.h"

#include "base/memory.h"
#include "compute/matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Extensions of one device. */
struct extensions {
	VkExtensionProperties *list;
	uint32_t count;
};

static void extensions_finish(struct extensions *extensions)
{
	free(extensions->list);
}

static struct extensions extensions_list(const struct compute_vulkan *vk, VkPhysicalDevice physical)
{
	struct extensions extensions = {.count = 0};
	if (vk->EnumerateDeviceExtensionProperties(physical, NULL, &extensions.count, NULL) < 0) {
		extensions.count = 0;
	}
	extensions.list = base_alloc(extensions.count, sizeof(*extensions.list));
	if (vk->EnumerateDeviceExtensionProperties(physical, NULL, &extensions.count, extensions.list) <
		0) {
		extensions.count = 0;
	}
	return extensions;
}

static bool extensions_have(const void *list, const char *name)
{
	const struct extensions *extensions = list;
	for (uint32_t i = 0; i < extensions->count; i++) {
		if (strcmp(extensions->list[i].extensionName, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Puts a struct at the head of a chain of properties. */
static void chain(VkPhysicalDeviceProperties2 *properties, void *link)
{
	VkBaseOutStructure *structure = link;
	structure->pNext = properties->pNext;
	properties->pNext = structure;
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool identity_is_software(const struct compute_identity *identity)
{
	/* Venus gives the host GPU's type and ids, so that only the name tells what is behind it. */
	static const char *const names[] = {"llvmpipe", "SwiftShader", "Virtio-GPU Venus (llvmpipe",
		"Virtio-GPU Venus (SwiftShader", "Microsoft Direct3D12 (Microsoft Basic Render Driver"};
	if (identity->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU) {
		return true;
	}
	if (identity->has_driver &&
		(identity->driver.driverID == VK_DRIVER_ID_MESA_LLVMPIPE ||
			identity->driver.driverID == VK_DRIVER_ID_GOOGLE_SWIFTSHADER)) {
		return true;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (starts_with(identity->properties.deviceName, names[i])) {
			return true;
		}
	}
	return false;
}

static void identity_properties(
	const struct compute_vulkan *vk, uint32_t api_version, struct compute_identity *identity)
{
	VkPhysicalDevice physical = identity->physical;
	vk->GetPhysicalDeviceProperties(physical, &identity->properties);
	uint32_t version = identity->properties.apiVersion;
	struct extensions extensions __attribute__((cleanup(extensions_finish))) =
		extensions_list(vk, physical);
	VkPhysicalDeviceProperties2 properties = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
	VkPhysicalDeviceIDProperties id = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
	VkPhysicalDeviceDriverProperties driver = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
	VkPhysicalDeviceDrmPropertiesEXT drm = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRM_PROPERTIES_EXT};
	VkPhysicalDevicePCIBusInfoPropertiesEXT pci = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT};
	VkPhysicalDeviceShaderCoreProperties2AMD amd = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_2_AMD};
	VkPhysicalDeviceShaderSMBuiltinsPropertiesNV nvidia = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV};
	VkPhysicalDeviceSubgroupProperties subgroup = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
	VkPhysicalDeviceSubgroupSizeControlProperties subgroup_sizes = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
	identity->has_driver = version >= VK_API_VERSION_1_2 ||
		extensions_have(&extensions, VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME);
	identity->has_drm = extensions_have(&extensions, VK_EXT_PHYSICAL_DEVICE_DRM_EXTENSION_NAME);
	identity->has_pci = extensions_have(&extensions, VK_EXT_PCI_BUS_INFO_EXTENSION_NAME);
	const struct {
		bool there;
		void *link;
	} links[] = {
		{version >= VK_API_VERSION_1_1, &id},
		{version >= VK_API_VERSION_1_1, &subgroup},
		{version >= VK_API_VERSION_1_3 ||
				extensions_have(&extensions, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME),
			&subgroup_sizes},
		{identity->has_driver, &driver},
		{identity->has_drm, &drm},
		{identity->has_pci, &pci},
		{extensions_have(&extensions, VK_AMD_SHADER_CORE_PROPERTIES_2_EXTENSION_NAME), &amd},
		{extensions_have(&extensions, VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME), &nvidia},
	};
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (links[i].there) {
			chain(&properties, links[i].link);
		}
	}
	if (!vk->GetPhysicalDeviceProperties2) {
		identity->has_driver = identity->has_drm = identity->has_pci = false;
		return;
	}
	vk->GetPhysicalDeviceProperties2(physical, &properties);
	memcpy(identity->device_uuid, id.deviceUUID, VK_UUID_SIZE);
	memcpy(identity->driver_uuid, id.driverUUID, VK_UUID_SIZE);
	identity->driver = driver;
	identity->driver.pNext = NULL;
	identity->primary_major = drm.hasPrimary ? drm.primaryMajor : -1;
	identity->primary_minor = drm.hasPrimary ? drm.primaryMinor : -1;
	identity->render_major = drm.hasRender ? drm.renderMajor : -1;
	identity->render_minor = drm.hasRender ? drm.renderMinor : -1;
	identity->pci_domain = pci.pciDomain;
	identity->pci_bus = pci.pciBus;
	identity->pci_device = pci.pciDevice;
	identity->pci_function = pci.pciFunction;
	identity->compute_units =
		amd.activeComputeUnitCount ? amd.activeComputeUnitCount : nvidia.shaderSMCount;
	identity->subgroup_size = subgroup.subgroupSize;
	identity->subgroup_size_min = subgroup_sizes.minSubgroupSize;
	identity->subgroup_size_max = subgroup_sizes.maxSubgroupSize;
	identity->features = compute_features_query(
		vk, physical, version < api_version ? version : api_version, extensions_have, &extensions);
}

static void identity_memory(const struct compute_vulkan *vk, struct compute_identity *identity)
{
	VkPhysicalDeviceMemoryProperties memory = {.memoryHeapCount = 0};
	vk->GetPhysicalDeviceMemoryProperties(identity->physical, &memory);
	for (uint32_t i = 0; i < memory.memoryHeapCount && i < VK_MAX_MEMORY_HEAPS; i++) {
		if (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) {
			identity->memory_bytes += memory.memoryHeaps[i].size;
		}
	}
}

/*
 * Timestamps count most. Then a family without graphics: a kernel that hangs is on its own ring
 * there and does not take a desktop with it.
 */
static void identity_queue(const struct compute_vulkan *vk, struct compute_identity *identity)
{
	uint32_t count = 0;
	vk->GetPhysicalDeviceQueueFamilyProperties(identity->physical, &count, NULL);
	BASE_FREE VkQueueFamilyProperties *families = base_alloc(count, sizeof(*families));
	vk->GetPhysicalDeviceQueueFamilyProperties(identity->physical, &count, families);
	int best_rank = -1;
	for (uint32_t i = 0; i < count; i++) {
		VkQueueFlags flags = families[i].queueFlags;
		int rank =
			(families[i].timestampValidBits > 0 ? 2 : 0) + (flags & VK_QUEUE_GRAPHICS_BIT ? 0 : 1);
		if ((flags & VK_QUEUE_COMPUTE_BIT) && families[i].queueCount > 0 && rank > best_rank) {
			best_rank = rank;
			identity->has_queue = true;
			identity->queue_family = i;
			identity->timestamp_valid_bits = families[i].timestampValidBits;
		}
	}
}

static void identity_read(const struct compute_vulkan *vk, uint32_t api_version,
	VkPhysicalDevice physical, struct compute_identity *identity)
{
	*identity = (struct compute_identity){.physical = physical,
		.primary_major = -1,
		.primary_minor = -1,
		.render_major = -1,
		.render_minor = -1};
	identity_properties(vk, api_version, identity);
	identity->properties.deviceName[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE - 1] = '\0';
	identity->driver.driverName[VK_MAX_DRIVER_NAME_SIZE - 1] = '\0';
	identity->driver.driverInfo[VK_MAX_DRIVER_INFO_SIZE - 1] = '\0';
	identity_memory(vk, identity);
	identity_queue(vk, identity);
	/* A driver that does not know its clock divides by zero (RADV without hardware). */
	if (!isfinite(identity->properties.limits.timestampPeriod)) {
		identity->properties.limits.timestampPeriod = 0;
		identity->timestamp_valid_bits = 0;
	}
	identity->software = identity_is_software(identity);
}

/* What its cooperative matrices may be. */
static void identity_matrices(
	const struct compute_instance *instance, struct compute_identity *identity)
{
	struct compute_matrix list[COMPUTE_MATRICES_MAX];
	if (identity->features & COMPUTE_FEATURE(COMPUTE_COOPERATIVE_MATRIX)) {
		uint32_t count =
			compute_matrix_list(&instance->vk, instance->instance, identity->physical, list);
		identity->features |= compute_matrix_features(list, count);
	}
}

bool compute_identity_list(const struct compute_instance *instance,
	struct compute_identity **identities, size_t *count, struct lane_error *err)
{
	const struct compute_vulkan *vk = &instance->vk;
	uint32_t device_count = 0;
	*identities = NULL;
	*count = 0;
	VkResult result = vk->EnumeratePhysicalDevices(instance->instance, &device_count, NULL);
	BASE_FREE VkPhysicalDevice *devices = base_alloc(device_count, sizeof(*devices));
	if (result >= 0) {
		result = vk->EnumeratePhysicalDevices(instance->instance, &device_count, devices);
	}
	if (result < 0) {
		return lane_error_set(err,
			result == VK_ERROR_INCOMPATIBLE_DRIVER ? "VULKAN_NO_DRIVER" : "VULKAN_ENUMERATE_FAILED",
			"vkEnumeratePhysicalDevices: %s", compute_result_name(result));
	}
	*identities = base_alloc(device_count, sizeof(**identities));
	*count = device_count;
	for (uint32_t i = 0; i < device_count; i++) {
		identity_read(vk, instance->api_version, devices[i], &(*identities)[i]);
		identity_matrices(instance, &(*identities)[i]);
	}
	return true;
}
