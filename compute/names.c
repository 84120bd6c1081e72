/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/instance.h"

#include <stdio.h>

#define NAME(value)                                                                                \
	{                                                                                              \
		value, #value                                                                              \
	}

const char *compute_result_name(VkResult result)
{
	static const struct {
		VkResult result;
		const char *name;
	} names[] = {
		NAME(VK_SUCCESS),
		NAME(VK_NOT_READY),
		NAME(VK_TIMEOUT),
		NAME(VK_INCOMPLETE),
		NAME(VK_ERROR_OUT_OF_HOST_MEMORY),
		NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY),
		NAME(VK_ERROR_INITIALIZATION_FAILED),
		NAME(VK_ERROR_DEVICE_LOST),
		NAME(VK_ERROR_MEMORY_MAP_FAILED),
		NAME(VK_ERROR_LAYER_NOT_PRESENT),
		NAME(VK_ERROR_EXTENSION_NOT_PRESENT),
		NAME(VK_ERROR_FEATURE_NOT_PRESENT),
		NAME(VK_ERROR_INCOMPATIBLE_DRIVER),
		NAME(VK_ERROR_TOO_MANY_OBJECTS),
		NAME(VK_ERROR_FRAGMENTED_POOL),
		NAME(VK_ERROR_UNKNOWN),
		NAME(VK_ERROR_OUT_OF_POOL_MEMORY),
		NAME(VK_ERROR_INVALID_EXTERNAL_HANDLE),
		NAME(VK_ERROR_FRAGMENTATION),
		NAME(VK_ERROR_NOT_PERMITTED_KHR),
		NAME(VK_ERROR_INVALID_SHADER_NV),
		NAME(VK_PIPELINE_COMPILE_REQUIRED),
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].result == result) {
			return names[i].name;
		}
	}
	static _Thread_local char text[32];
	snprintf(text, sizeof(text), "VkResult %d", (int)result);
	return text;
}

const char *compute_device_type_name(VkPhysicalDeviceType type)
{
	switch (type) {
	case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
		return "DISCRETE_GPU";
	case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
		return "INTEGRATED_GPU";
	case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
		return "VIRTUAL_GPU";
	case VK_PHYSICAL_DEVICE_TYPE_CPU:
		return "CPU";
	default:
		return "OTHER";
	}
}
