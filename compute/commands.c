/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/commands.h"

#include "base/clock.h"

bool compute_commands_begin(struct compute_device *device, struct lane_error *err)
{
	const struct compute_vulkan *vk = &device->instance->vk;
	if (device->lost) {
		return compute_device_failed(
			device, VK_ERROR_DEVICE_LOST, "DEVICE_LOST", "vkBeginCommandBuffer", err);
	}
	if (device->stuck) {
		return lane_error_set(err, "VULKAN_TIMEOUT", "the device still works on an earlier submit");
	}
	VkResult result = vk->ResetCommandPool(device->device, device->pool, 0);
	if (result == VK_SUCCESS) {
		VkCommandBufferBeginInfo begin = {
			.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
			.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
		};
		result = vk->BeginCommandBuffer(device->commands, &begin);
	}
	return result == VK_SUCCESS ||
		compute_device_failed(device, result, "VULKAN_SUBMIT_FAILED", "vkBeginCommandBuffer", err);
}

void compute_commands_barrier(const struct compute_device *device, VkPipelineStageFlags from,
	VkAccessFlags written, VkPipelineStageFlags to, VkAccessFlags used)
{
	VkMemoryBarrier barrier = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
		.srcAccessMask = written,
		.dstAccessMask = used,
	};
	device->instance->vk.CmdPipelineBarrier(
		device->commands, from, to, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void compute_commands_fill(
	const struct compute_device *device, const struct compute_buffer *buffer, uint32_t word)
{
	device->instance->vk.CmdFillBuffer(device->commands, buffer->buffer, 0, VK_WHOLE_SIZE, word);
}

void compute_commands_copy(const struct compute_device *device, const struct compute_buffer *from,
	uint64_t from_offset, const struct compute_buffer *to, uint64_t to_offset, uint64_t bytes)
{
	VkBufferCopy region = {.srcOffset = from_offset, .dstOffset = to_offset, .size = bytes};
	device->instance->vk.CmdCopyBuffer(device->commands, from->buffer, to->buffer, 1, &region);
}

bool compute_commands_submit(
	struct compute_device *device, unsigned timeout_ms, uint64_t *wall_ns, struct lane_error *err)
{
	const struct compute_vulkan *vk = &device->instance->vk;
	VkResult result = vk->EndCommandBuffer(device->commands);
	if (result == VK_SUCCESS) {
		result = vk->ResetFences(device->device, 1, &device->fence);
	}
	if (result != VK_SUCCESS) {
		return compute_device_failed(
			device, result, "VULKAN_SUBMIT_FAILED", "vkEndCommandBuffer", err);
	}
	VkSubmitInfo submit = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.commandBufferCount = 1,
		.pCommandBuffers = &device->commands,
	};
	uint64_t started_ns = base_clock_monotonic_ns();
	result = vk->QueueSubmit(device->queue, 1, &submit, device->fence);
	if (result != VK_SUCCESS) {
		return compute_device_failed(device, result, "VULKAN_SUBMIT_FAILED", "vkQueueSubmit", err);
	}
	result = vk->WaitForFences(
		device->device, 1, &device->fence, VK_TRUE, (uint64_t)timeout_ms * 1000000u);
	if (wall_ns) {
		*wall_ns = base_clock_monotonic_ns() - started_ns;
	}
	if (result == VK_SUCCESS) {
		return true;
	}
	/* Whatever it was, the queue may still work: only a lost device is known to be idle. */
	device->stuck = result != VK_ERROR_DEVICE_LOST;
	if (result == VK_TIMEOUT) {
		return lane_error_set(
			err, "VULKAN_TIMEOUT", "submitted work did not end within %u ms", timeout_ms);
	}
	return compute_device_failed(device, result, "VULKAN_SUBMIT_FAILED", "vkWaitForFences", err);
}
