/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/vulkan.h"

#include <stddef.h>
#include <stdio.h>

static PFN_vkVoidFunction vulkan_find(
	const struct compute_vulkan *vk, VkInstance instance, const char *name)
{
	PFN_vkVoidFunction found = vk->GetInstanceProcAddr(instance, name);
	if (!found && instance) {
		char extension_name[80];
		snprintf(extension_name, sizeof(extension_name), "%sKHR", name);
		found = vk->GetInstanceProcAddr(instance, extension_name);
	}
	return found;
}

#define VULKAN_OPTIONAL(name) vk->name = (PFN_vk##name)vulkan_find(vk, instance, "vk" #name);
#define VULKAN_REQUIRED(name)                                                                      \
	VULKAN_OPTIONAL(name)                                                                          \
	if (!vk->name) {                                                                               \
		return "vk" #name;                                                                         \
	}

const char *compute_vulkan_load_global(
	struct compute_vulkan *vk, PFN_vkGetInstanceProcAddr get_instance_proc_addr)
{
	VkInstance instance = VK_NULL_HANDLE;
	vk->GetInstanceProcAddr = get_instance_proc_addr;
	COMPUTE_VULKAN_GLOBAL(VULKAN_OPTIONAL, VULKAN_REQUIRED)
	return NULL;
}

const char *compute_vulkan_load_instance(struct compute_vulkan *vk, VkInstance instance)
{
	COMPUTE_VULKAN_INSTANCE(VULKAN_OPTIONAL, VULKAN_REQUIRED)
	return NULL;
}
