/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/buffer.h"

/* Types that need a feature that is off here, or hold no buffer. */
#define UNUSABLE_FLAGS                                                                             \
	((VkMemoryPropertyFlags)(VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT |                             \
		VK_MEMORY_PROPERTY_PROTECTED_BIT | VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD |            \
		VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD))

/*
 * The first type with these flags is the driver's fastest (Vulkan 1.3, 11.2.1, on the order of
 * memory types). False when no type has them.
 */
static bool memory_type_find(const VkPhysicalDeviceMemoryProperties *memory, uint32_t allowed,
	VkMemoryPropertyFlags flags, uint32_t *index)
{
	for (uint32_t i = 0; i < memory->memoryTypeCount && i < VK_MAX_MEMORY_TYPES; i++) {
		VkMemoryPropertyFlags offered = memory->memoryTypes[i].propertyFlags;
		if ((allowed & (1u << i)) && (offered & flags) == flags && !(offered & UNUSABLE_FLAGS)) {
			*index = i;
			return true;
		}
	}
	return false;
}

static bool memory_type_choose(const struct compute_device *device, enum compute_buffer_kind kind,
	uint32_t allowed, uint32_t *index)
{
	static const VkMemoryPropertyFlags visible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
	static const VkMemoryPropertyFlags cached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
	static const VkMemoryPropertyFlags coherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	static const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
	const VkPhysicalDeviceMemoryProperties *memory = &device->memory;
	if (kind == COMPUTE_BUFFER_STAGING) {
		return memory_type_find(memory, allowed, visible | cached | coherent, index) ||
			memory_type_find(memory, allowed, visible | cached, index) ||
			memory_type_find(memory, allowed, visible, index);
	}
	return memory_type_find(memory, allowed, local, index) ||
		memory_type_find(memory, allowed, 0, index);
}

static bool buffer_allocate(struct compute_device *device, enum compute_buffer_kind kind,
	struct compute_buffer *buffer, struct lane_error *err)
{
	const struct compute_vulkan *vk = &device->instance->vk;
	VkMemoryRequirements needs = {.size = 0};
	vk->GetBufferMemoryRequirements(device->device, buffer->buffer, &needs);
	uint64_t room = device->memory_cap_bytes - device->memory_used_bytes;
	if (needs.size < buffer->bytes || needs.size > room) {
		return lane_error_set(err, "MEMORY_CAP",
			"a buffer of %llu bytes needs %llu, of %llu bytes %llu are left",
			(unsigned long long)buffer->bytes, (unsigned long long)needs.size,
			(unsigned long long)device->memory_cap_bytes, (unsigned long long)room);
	}
	uint32_t type;
	if (!memory_type_choose(device, kind, needs.memoryTypeBits, &type)) {
		return lane_error_set(err, "VULKAN_MEMORY_FAILED", "no memory type for %s",
			kind == COMPUTE_BUFFER_STAGING ? "staging" : "buffers");
	}
	VkMemoryAllocateInfo allocate = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.allocationSize = needs.size,
		.memoryTypeIndex = type,
	};
	VkResult result = vk->AllocateMemory(device->device, &allocate, NULL, &buffer->memory);
	if (result != VK_SUCCESS) {
		buffer->memory = VK_NULL_HANDLE;
		return compute_device_failed(
			device, result, "VULKAN_MEMORY_FAILED", "vkAllocateMemory", err);
	}
	buffer->allocated_bytes = needs.size;
	device->memory_used_bytes += needs.size;
	result = vk->BindBufferMemory(device->device, buffer->buffer, buffer->memory, 0);
	if (result != VK_SUCCESS) {
		return compute_device_failed(
			device, result, "VULKAN_MEMORY_FAILED", "vkBindBufferMemory", err);
	}
	VkMemoryPropertyFlags flags = device->memory.memoryTypes[type].propertyFlags;
	buffer->coherent = flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	/* Reading uncached memory over the bus is so slow that a copy to staging is the better way. */
	if (kind == COMPUTE_BUFFER_STAGING ||
		((flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) &&
			(flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT))) {
		result =
			vk->MapMemory(device->device, buffer->memory, 0, VK_WHOLE_SIZE, 0, &buffer->mapped);
	}
	if (result != VK_SUCCESS) {
		buffer->mapped = NULL;
		return compute_device_failed(device, result, "VULKAN_MEMORY_FAILED", "vkMapMemory", err);
	}
	return true;
}

bool compute_buffer_create(struct compute_device *device, enum compute_buffer_kind kind,
	uint64_t bytes, struct compute_buffer *buffer, struct lane_error *err)
{
	*buffer = (struct compute_buffer){.bytes = bytes};
	if (device->lost) {
		return compute_device_failed(
			device, VK_ERROR_DEVICE_LOST, "DEVICE_LOST", "vkCreateBuffer", err);
	}
	if (kind == COMPUTE_BUFFER_DEVICE && bytes > device->limits.maxStorageBufferRange) {
		return lane_error_set(err, "DEVICE_LIMIT",
			"a buffer of %llu bytes, a kernel reaches %u of them", (unsigned long long)bytes,
			device->limits.maxStorageBufferRange);
	}
	/* Some drivers return success for a buffer that no memory could ever hold. */
	if (bytes > device->memory_cap_bytes - device->memory_used_bytes) {
		return lane_error_set(err, "MEMORY_CAP", "a buffer of %llu bytes, %llu are left",
			(unsigned long long)bytes,
			(unsigned long long)(device->memory_cap_bytes - device->memory_used_bytes));
	}
	VkBufferUsageFlags usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
	if (kind == COMPUTE_BUFFER_DEVICE) {
		usage |= VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
	}
	VkBufferCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.size = bytes,
		.usage = usage,
		.sharingMode = VK_SHARING_MODE_EXCLUSIVE,
	};
	VkResult result =
		device->instance->vk.CreateBuffer(device->device, &create, NULL, &buffer->buffer);
	if (result != VK_SUCCESS) {
		buffer->buffer = VK_NULL_HANDLE;
		return compute_device_failed(device, result, "VULKAN_MEMORY_FAILED", "vkCreateBuffer", err);
	}
	if (!buffer_allocate(device, kind, buffer, err)) {
		compute_buffer_finish(device, buffer);
		return false;
	}
	return true;
}

void compute_buffer_finish(struct compute_device *device, struct compute_buffer *buffer)
{
	if (!buffer || !buffer->buffer || device->stuck) {
		return;
	}
	const struct compute_vulkan *vk = &device->instance->vk;
	/* Freeing the memory unmaps it. */
	vk->DestroyBuffer(device->device, buffer->buffer, NULL);
	vk->FreeMemory(device->device, buffer->memory, NULL);
	device->memory_used_bytes -= buffer->allocated_bytes;
	*buffer = (struct compute_buffer){.bytes = 0};
}

static VkMappedMemoryRange buffer_range(const struct compute_buffer *buffer)
{
	return (VkMappedMemoryRange){
		.sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
		.memory = buffer->memory,
		.size = VK_WHOLE_SIZE,
	};
}

bool compute_buffer_flush(
	struct compute_device *device, const struct compute_buffer *buffer, struct lane_error *err)
{
	if (buffer->coherent) {
		return true;
	}
	VkMappedMemoryRange range = buffer_range(buffer);
	VkResult result = device->instance->vk.FlushMappedMemoryRanges(device->device, 1, &range);
	return result == VK_SUCCESS ||
		compute_device_failed(
			device, result, "VULKAN_MEMORY_FAILED", "vkFlushMappedMemoryRanges", err);
}

bool compute_buffer_invalidate(
	struct compute_device *device, const struct compute_buffer *buffer, struct lane_error *err)
{
	if (buffer->coherent) {
		return true;
	}
	VkMappedMemoryRange range = buffer_range(buffer);
	VkResult result = device->instance->vk.InvalidateMappedMemoryRanges(device->device, 1, &range);
	return result == VK_SUCCESS ||
		compute_device_failed(
			device, result, "VULKAN_MEMORY_FAILED", "vkInvalidateMappedMemoryRanges", err);
}
