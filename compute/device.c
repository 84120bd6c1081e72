/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/device.h"

bool compute_device_failed(struct compute_device *device, VkResult result, const char *code,
	const char *what, struct lane_error *err)
{
	if (result == VK_ERROR_DEVICE_LOST) {
		device->lost = true;
		code = "DEVICE_LOST";
	} else if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY) {
		code = "VULKAN_OUT_OF_MEMORY";
	}
	return lane_error_set(err, code, "%s: %s", what, compute_result_name(result));
}

static bool device_create(struct compute_device *device, struct lane_error *err)
{
	const struct compute_vulkan *vk = &device->instance->vk;
	VkPhysicalDevice physical = device->identity.physical;
	uint32_t device_version = device->identity.properties.apiVersion;
	uint32_t instance_version = device->instance->api_version;
	VkPhysicalDeviceFeatures available = {.robustBufferAccess = VK_FALSE};
	vk->GetPhysicalDeviceFeatures(physical, &available);
	struct compute_feature_chain chain;
	const char *extensions[COMPUTE_FEATURE_EXTENSIONS_MAX];
	uint32_t extension_count = compute_features_enable(device->identity.features,
		device_version < instance_version ? device_version : instance_version, &chain, extensions);
	chain.core.features.robustBufferAccess = available.robustBufferAccess;
	float priority = 1.0f;
	VkDeviceQueueCreateInfo queue = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
		.queueFamilyIndex = device->queue_family,
		.queueCount = 1,
		.pQueuePriorities = &priority,
	};
	VkDeviceCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
		.pNext = &chain.core,
		.queueCreateInfoCount = 1,
		.pQueueCreateInfos = &queue,
		.enabledExtensionCount = extension_count,
		.ppEnabledExtensionNames = extensions,
	};
	VkResult result = vk->CreateDevice(physical, &create, NULL, &device->device);
	if (result != VK_SUCCESS) {
		device->device = VK_NULL_HANDLE;
		return compute_device_failed(device, result, "VULKAN_DEVICE_FAILED", "vkCreateDevice", err);
	}
	vk->GetDeviceQueue(device->device, device->queue_family, 0, &device->queue);
	return true;
}

/* What every submit needs: one command buffer, one fence and two timestamps are used again. */
static bool device_create_submission(struct compute_device *device, struct lane_error *err)
{
	const struct compute_vulkan *vk = &device->instance->vk;
	VkCommandPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
		.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
		.queueFamilyIndex = device->queue_family,
	};
	VkResult result = vk->CreateCommandPool(device->device, &pool, NULL, &device->pool);
	if (result != VK_SUCCESS) {
		device->pool = VK_NULL_HANDLE;
		return compute_device_failed(
			device, result, "VULKAN_DEVICE_FAILED", "vkCreateCommandPool", err);
	}
	VkCommandBufferAllocateInfo commands = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
		.commandPool = device->pool,
		.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
		.commandBufferCount = 1,
	};
	result = vk->AllocateCommandBuffers(device->device, &commands, &device->commands);
	if (result != VK_SUCCESS) {
		return compute_device_failed(
			device, result, "VULKAN_DEVICE_FAILED", "vkAllocateCommandBuffers", err);
	}
	VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
	result = vk->CreateFence(device->device, &fence, NULL, &device->fence);
	if (result != VK_SUCCESS) {
		device->fence = VK_NULL_HANDLE;
		return compute_device_failed(device, result, "VULKAN_DEVICE_FAILED", "vkCreateFence", err);
	}
	if (device->timestamp_valid_bits == 0) {
		return true;
	}
	VkQueryPoolCreateInfo queries = {
		.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
		.queryType = VK_QUERY_TYPE_TIMESTAMP,
		.queryCount = 2,
	};
	result = vk->CreateQueryPool(device->device, &queries, NULL, &device->queries);
	if (result != VK_SUCCESS) {
		device->queries = VK_NULL_HANDLE;
		return compute_device_failed(
			device, result, "VULKAN_DEVICE_FAILED", "vkCreateQueryPool", err);
	}
	return true;
}

bool compute_device_open(const struct compute_instance *instance,
	const struct compute_identity *identity, uint64_t memory_cap_bytes,
	struct compute_device *device, struct lane_error *err)
{
	*device = (struct compute_device){
		.instance = instance,
		.identity = *identity,
		.queue_family = identity->queue_family,
		.timestamp_valid_bits = identity->timestamp_valid_bits,
		.limits = identity->properties.limits,
		.memory_cap_bytes = memory_cap_bytes > 0 ? memory_cap_bytes : UINT64_MAX,
	};
	const char *name = identity->properties.deviceName;
	if (!identity->has_queue) {
		return lane_error_set(err, "NO_COMPUTE_QUEUE", "%s: no queue family computes", name);
	}
	/* Kernels are SPIR-V 1.3, which is Vulkan 1.1. */
	if (identity->properties.apiVersion < VK_API_VERSION_1_1 ||
		instance->api_version < VK_API_VERSION_1_1) {
		return lane_error_set(err, "VULKAN_DEVICE_FAILED", "%s: only Vulkan 1.0", name);
	}
	instance->vk.GetPhysicalDeviceMemoryProperties(identity->physical, &device->memory);
	if (!device_create(device, err) || !device_create_submission(device, err)) {
		lane_error_wrap(err, "%s", name);
		compute_device_finish(device);
		return false;
	}
	return true;
}

void compute_device_finish(struct compute_device *device)
{
	if (!device || !device->device || device->stuck) {
		return;
	}
	const struct compute_vulkan *vk = &device->instance->vk;
	vk->DestroyQueryPool(device->device, device->queries, NULL);
	vk->DestroyFence(device->device, device->fence, NULL);
	vk->DestroyCommandPool(device->device, device->pool, NULL);
	vk->DestroyDevice(device->device, NULL);
	device->device = VK_NULL_HANDLE;
}
