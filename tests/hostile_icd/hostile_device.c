/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that says it is honey's: listed, described, and then what HOSTILE_DEVICE says. It never
 * computes.
 */
#include "hostile_device.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VENDOR = 0x1002, DEVICE = 0x7550, OTHER_VENDOR = 0x10de, OTHER_DEVICE = 0x2684 };

VkPhysicalDevice hostile_device(void)
{
	static VK_LOADER_DATA device;
	set_loader_magic_value(&device);
	return (VkPhysicalDevice)&device;
}

static VKAPI_ATTR void VKAPI_CALL get_properties(
	VkPhysicalDevice device, VkPhysicalDeviceProperties *properties)
{
	(void)device;
	*properties = (VkPhysicalDeviceProperties){.apiVersion = VK_API_VERSION_1_3,
		.driverVersion = VK_MAKE_API_VERSION(0, 26, 1, 8),
		.vendorID = VENDOR,
		.deviceID = DEVICE,
		.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU};
	snprintf(properties->deviceName, sizeof(properties->deviceName), "Hostile (RADV GFX1201)");
}

static VKAPI_ATTR void VKAPI_CALL get_properties2(
	VkPhysicalDevice device, VkPhysicalDeviceProperties2 *properties)
{
	get_properties(device, &properties->properties);
	if (device_act == DEVICE_CONTRADICTS) {
		properties->properties.vendorID = OTHER_VENDOR;
		properties->properties.deviceID = OTHER_DEVICE;
	}
	for (VkBaseOutStructure *link = properties->pNext; link; link = link->pNext) {
		if (link->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT) {
			((VkPhysicalDevicePCIBusInfoPropertiesEXT *)link)->pciBus = 3;
		} else if (link->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES) {
			VkPhysicalDeviceDriverProperties *driver = (VkPhysicalDeviceDriverProperties *)link;
			driver->driverID = VK_DRIVER_ID_MESA_RADV;
			snprintf(driver->driverName, sizeof(driver->driverName), "radv");
		}
	}
}

static VKAPI_ATTR void VKAPI_CALL get_features(
	VkPhysicalDevice device, VkPhysicalDeviceFeatures *features)
{
	(void)device;
	memset(features, 0, sizeof(*features));
}

static VKAPI_ATTR void VKAPI_CALL get_features2(
	VkPhysicalDevice device, VkPhysicalDeviceFeatures2 *features)
{
	get_features(device, &features->features);
}

static VKAPI_ATTR void VKAPI_CALL get_memory(
	VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties *memory)
{
	(void)device;
	*memory = (VkPhysicalDeviceMemoryProperties){.memoryTypeCount = 1, .memoryHeapCount = 1};
	memory->memoryTypes[0].propertyFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT |
		VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	memory->memoryHeaps[0] = (VkMemoryHeap){1u << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
}

static VKAPI_ATTR void VKAPI_CALL get_memory2(
	VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties2 *memory)
{
	get_memory(device, &memory->memoryProperties);
}

static VKAPI_ATTR void VKAPI_CALL get_families(
	VkPhysicalDevice device, uint32_t *count, VkQueueFamilyProperties *families)
{
	(void)device;
	if (families && *count > 0) {
		families[0] =
			(VkQueueFamilyProperties){.queueFlags = VK_QUEUE_COMPUTE_BIT, .queueCount = 1};
	}
	*count = 1;
}

static VKAPI_ATTR VkResult VKAPI_CALL get_extensions(
	VkPhysicalDevice device, const char *layer, uint32_t *count, VkExtensionProperties *extensions)
{
	(void)device;
	(void)layer;
	if (extensions && *count > 0) {
		snprintf(extensions[0].extensionName, sizeof(extensions[0].extensionName), "%s",
			VK_EXT_PCI_BUS_INFO_EXTENSION_NAME);
	}
	*count = 1;
	return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical,
	const VkDeviceCreateInfo *info, const VkAllocationCallbacks *allocator, VkDevice *device)
{
	(void)physical;
	(void)info;
	(void)allocator;
	(void)device;
	if (device_act == DEVICE_CRASHES) {
		raise(SIGSEGV);
	}
	while (device_act == DEVICE_HANGS) {
		pause();
	}
	return VK_ERROR_DEVICE_LOST;
}

/* Stands for what the loader wants to see and nobody calls. */
static VKAPI_ATTR void VKAPI_CALL not_called(void)
{
}

PFN_vkVoidFunction hostile_device_function(const char *name)
{
	static const struct {
		const char *name;
		PFN_vkVoidFunction function;
	} functions[] = {
		{"vkGetPhysicalDeviceProperties", (PFN_vkVoidFunction)get_properties},
		{"vkGetPhysicalDeviceProperties2", (PFN_vkVoidFunction)get_properties2},
		{"vkGetPhysicalDeviceFeatures", (PFN_vkVoidFunction)get_features},
		{"vkGetPhysicalDeviceFeatures2", (PFN_vkVoidFunction)get_features2},
		{"vkGetPhysicalDeviceMemoryProperties", (PFN_vkVoidFunction)get_memory},
		{"vkGetPhysicalDeviceMemoryProperties2", (PFN_vkVoidFunction)get_memory2},
		{"vkGetPhysicalDeviceQueueFamilyProperties", (PFN_vkVoidFunction)get_families},
		{"vkEnumerateDeviceExtensionProperties", (PFN_vkVoidFunction)get_extensions},
		{"vkCreateDevice", (PFN_vkVoidFunction)create_device},
		{"vkGetDeviceProcAddr", (PFN_vkVoidFunction)not_called},
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (strcmp(functions[i].name, name) == 0) {
			return functions[i].function;
		}
	}
	return strstr(name, "PhysicalDevice") ? not_called : NULL;
}
