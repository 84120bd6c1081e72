/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_INSTANCE_H
#define COMPUTE_INSTANCE_H

#include "base/error.h"
#include "compute/vulkan.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/** One message of the loader, a driver or a layer (VK_EXT_debug_utils). */
struct compute_message {
	VkDebugUtilsMessageSeverityFlagBitsEXT severity;
	VkDebugUtilsMessageTypeFlagsEXT types;
	/** Owned. */
	char *text;
};

/** Messages that are kept: the first ones tell the cause. */
#define COMPUTE_MESSAGE_MAX 256

/**
 * The Vulkan loader, opened with dlopen, and one instance. A debug messenger is chained into the
 * instance's creation when VK_EXT_debug_utils is there, because RADV says only in that way why a
 * device is missing (vk_errorf in radv_physical_device.c). The messenger knows the address of this
 * struct: do not move it while it is open.
 *
 * A driver is untrusted code: use this only in a process that may be killed.
 */
struct compute_instance {
	void *library;
	struct compute_vulkan vk;
	VkInstance instance;
	/** VK_API_VERSION of the loader; 0 while it has not been asked. */
	uint32_t loader_version;
	/** Path of the loader that dlopen found. Owned. */
	char *loader_path;
	/** The API version that was asked for: at most 1.3, at most the loader's. */
	uint32_t api_version;
	/** Warnings and errors only. Owned, COMPUTE_MESSAGE_MAX at most. */
	struct compute_message *messages;
	size_t message_count;
	/** Messages of the validation layer of severity warning or error so far. */
	size_t validation_count;
	VkDebugUtilsMessengerEXT messenger;
	/** Guards the messages: a driver may call from a thread of its own. */
	pthread_mutex_t message_lock;
};

/**
 * Opens libvulkan.so.1 and creates an instance of API 1.3, or less if the loader has less.
 * `validation` enables VK_LAYER_KHRONOS_validation with synchronization checks; a build with
 * LANE_VULKAN_VALIDATION always does.
 * Errors: VULKAN_LOADER_MISSING (dlopen's own text), VULKAN_LOADER_BROKEN (a call it must have is
 * missing), VULKAN_NO_DRIVER (VK_ERROR_INCOMPATIBLE_DRIVER), VULKAN_OUT_OF_HOST_MEMORY,
 * VULKAN_INSTANCE_FAILED, VULKAN_LAYER_MISSING. The messages and the loader's facts are filled even
 * on failure: finish it in every case.
 */
bool compute_instance_open(
	struct compute_instance *instance, bool validation, struct lane_error *err);
void compute_instance_finish(struct compute_instance *instance);

/** "VK_ERROR_DEVICE_LOST", or "VkResult -1000" for one without a name. Static or per thread. */
const char *compute_result_name(VkResult result);
/** "DISCRETE_GPU", "INTEGRATED_GPU", "VIRTUAL_GPU", "CPU", "OTHER". */
const char *compute_device_type_name(VkPhysicalDeviceType type);

#endif
