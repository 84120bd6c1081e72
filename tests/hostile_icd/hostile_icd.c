/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Vulkan driver that misbehaves at one point, chosen when it is built: HOSTILE_AT, HOSTILE_ACT,
 * or the device that it lists (HOSTILE_DEVICE; it lists none otherwise). What FAIL answers the
 * variable HOSTILE_RESULT may say. The probe must name it and stay well.
 */
#include "hostile_device.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum point { AT_NOWHERE, AT_LOAD, AT_CREATE, AT_ENUMERATE };
enum act { ACT_CRASH, ACT_HANG, ACT_EXIT, ACT_TALK, ACT_FAIL };

/* What the loader dispatches on; it checks the magic. */
struct hostile_instance {
	VK_LOADER_DATA loader_data;
};

static VkResult act_at(enum point point)
{
	if (point != HOSTILE_AT) {
		return VK_SUCCESS;
	}
	switch (HOSTILE_ACT) {
	case ACT_CRASH:
		raise(SIGSEGV);
		break;
	case ACT_HANG:
		for (;;) {
			pause();
		}
	case ACT_EXIT:
		exit(0);
	case ACT_TALK:
		printf("{\"put\": \"host\", \"value\": {\"kernel\": \"invented\"}}\nnoise on stdout\n");
		fflush(stdout);
		break;
	default:
		break;
	}
	const char *result = getenv("HOSTILE_RESULT");
	return result ? (VkResult)strtol(result, NULL, 10) : VK_ERROR_INCOMPATIBLE_DRIVER;
}

static void __attribute__((constructor)) hostile_load(void)
{
	act_at(AT_LOAD);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(
	const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator, VkInstance *instance)
{
	(void)info;
	(void)allocator;
	VkResult result = act_at(AT_CREATE);
	struct hostile_instance *own = calloc(1, sizeof(*own));
	if (result != VK_SUCCESS || !own) {
		free(own);
		return result;
	}
	set_loader_magic_value(&own->loader_data);
	*instance = (VkInstance)own;
	return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL destroy_instance(
	VkInstance instance, const VkAllocationCallbacks *allocator)
{
	(void)allocator;
	free(instance);
}

static VKAPI_ATTR VkResult VKAPI_CALL enumerate_devices(
	VkInstance instance, uint32_t *count, VkPhysicalDevice *devices)
{
	(void)instance;
	bool some = device_act != DEVICE_NONE;
	if (some && devices && *count > 0) {
		devices[0] = hostile_device();
	}
	*count = some;
	return act_at(AT_ENUMERATE);
}

static VKAPI_ATTR VkResult VKAPI_CALL enumerate_extensions(
	const char *layer, uint32_t *count, VkExtensionProperties *properties)
{
	(void)layer;
	(void)properties;
	*count = 0;
	return VK_SUCCESS;
}

/* Stands for every function that the loader wants to see and never calls without a device. */
static VKAPI_ATTR void VKAPI_CALL not_called(void)
{
	abort();
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vk_icdGetInstanceProcAddr(
	VkInstance instance, const char *name)
{
	(void)instance;
	if (strcmp(name, "vkCreateInstance") == 0) {
		return (PFN_vkVoidFunction)create_instance;
	}
	if (strcmp(name, "vkDestroyInstance") == 0) {
		return (PFN_vkVoidFunction)destroy_instance;
	}
	if (strcmp(name, "vkEnumeratePhysicalDevices") == 0) {
		return (PFN_vkVoidFunction)enumerate_devices;
	}
	if (strcmp(name, "vkEnumerateInstanceExtensionProperties") == 0) {
		return (PFN_vkVoidFunction)enumerate_extensions;
	}
	if (device_act != DEVICE_NONE) {
		return hostile_device_function(name);
	}
	if (strstr(name, "PhysicalDevice") || strcmp(name, "vkCreateDevice") == 0 ||
		strcmp(name, "vkGetDeviceProcAddr") == 0 ||
		strcmp(name, "vkEnumerateDeviceExtensionProperties") == 0) {
		return (PFN_vkVoidFunction)not_called;
	}
	return NULL;
}

VKAPI_ATTR VkResult VKAPI_CALL vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version)
{
	*version = *version < 5 ? *version : 5;
	return VK_SUCCESS;
}
