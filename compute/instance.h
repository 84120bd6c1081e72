/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_INSTANCE_H
#define COMPUTE_INSTANCE_H

#include "base/error.h"
#include "compute/vulkan.h"

#include <stddef.h>

/** One message of the loader, a driver or a layer (VK_EXT_debug_utils). */
struct compute_message {
	VkDebugUtilsMessageSeverityFlagBitsEXT severity;
	VkDebugUtilsMessageTypeFlagsEXT types;
	/** Owned. */
	char *text;
};

/**
 * The Vulkan loader, opened with dlopen, and one instance. A debug messenger is chained into the
 * instance's creation when VK_EXT_debug_utils is there, because RADV says only in that way why a device is
 * missing (facts: vk_errorf in radv_physical_device.c).
 *
 * A driver is untrusted code: use this only in a process that may be killed.
 */
struct compute_instance {
	void *library;
	struct compute_vulkan vk;
	VkInstance instance;
	/** VK_API_VERSION of the loader. */
	uint32_t loader_version;
	/** Path of the loader that dlopen found. Owned. */
	char *loader_path;
	/** At most COMPUTE_MESSAGE_MAX are kept; the first ones tell the cause. */
	struct compute_message *messages;
	size_t message_count;
	/** Messages of the validation layer of severity warning or error so far. */
	size_t validation_count;
	VkDebugUtilsMessengerEXT messenger;
};

#define COMPUTE_MESSAGE_MAX 256

/**
 * Opens libvulkan.so.1 and creates an instance (API 1.1 at least, 1.3 if the loader has it).
 * `validation` enables VK_LAYER_KHRONOS_validation with synchronization checks; a build with
 * LANE_VULKAN_VALIDATION always does.
 * Errors: VULKAN_LOADER_MISSING (dlopen's own text), VULKAN_LOADER_BROKEN (no vkGetInstanceProcAddr),
 * VULKAN_NO_DRIVER (VK_ERROR_INCOMPATIBLE_DRIVER), VULKAN_OUT_OF_HOST_MEMORY, VULKAN_INSTANCE_FAILED,
 * VULKAN_LAYER_MISSING. The messages and loader facts are filled even on failure: finish it in every case.
 */
bool compute_instance_open(struct compute_instance *instance, bool validation,
	struct lane_error *err);
void compute_instance_finish(struct compute_instance *instance);

/** "VK_ERROR_DEVICE_LOST", or "VkResult -1000" for one without a name. Static or per-thread storage. */
const char *compute_result_name(VkResult result);
/** "DISCRETE_GPU", "INTEGRATED_GPU", "VIRTUAL_GPU", "CPU", "OTHER". */
const char *compute_device_type_name(VkPhysicalDeviceType type);

#endif
