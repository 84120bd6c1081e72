/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_COMMANDS_H
#define COMPUTE_COMMANDS_H

#include "compute/buffer.h"

/** Begins the device's one command buffer anew. Errors: DEVICE_LOST, VULKAN_SUBMIT_FAILED. */
bool compute_commands_begin(struct compute_device *device, struct lane_error *err);

/** Everything before `from` is done, and its writes seen, before `to` begins. */
void compute_commands_barrier(const struct compute_device *device, VkPipelineStageFlags from,
	VkAccessFlags written, VkPipelineStageFlags to, VkAccessFlags used);
/** Fills the whole buffer with a word. */
void compute_commands_fill(
	const struct compute_device *device, const struct compute_buffer *buffer, uint32_t word);
void compute_commands_copy(const struct compute_device *device, const struct compute_buffer *from,
	uint64_t from_offset, const struct compute_buffer *to, uint64_t to_offset, uint64_t bytes);

/**
 * Ends the command buffer, submits it and waits for its end, at most `timeout_ms`. `wall_ns`, when
 * not NULL, is the host's time from the submit to the end. Errors: DEVICE_LOST,
 * VULKAN_SUBMIT_FAILED, VULKAN_TIMEOUT (the device is stuck from then on).
 */
bool compute_commands_submit(
	struct compute_device *device, unsigned timeout_ms, uint64_t *wall_ns, struct lane_error *err);

#endif
