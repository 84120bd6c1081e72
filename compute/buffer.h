/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_BUFFER_H
#define COMPUTE_BUFFER_H

#include "compute/device.h"

enum compute_buffer_kind {
	/** The device's own memory, for kernels and transfers. */
	COMPUTE_BUFFER_DEVICE,
	/** Memory that the host reads and writes fast, for transfers alone. */
	COMPUTE_BUFFER_STAGING,
};

/** A buffer with memory of its own. A zeroed value is none. */
struct compute_buffer {
	VkBuffer buffer;
	VkDeviceMemory memory;
	/** As asked for, and what the allocation took from the cap. */
	uint64_t bytes;
	uint64_t allocated_bytes;
	/**
	 * The bytes, where the host may touch them: always for staging; for the device's own memory
	 * only where that is host-cached too (integrated and software devices), else NULL.
	 */
	void *mapped;
	bool coherent;
};

/**
 * Makes a buffer. What the driver requires for it is counted against the device's cap before it is
 * allocated. Errors: DEVICE_LIMIT (larger than a kernel may reach), MEMORY_CAP,
 * VULKAN_OUT_OF_MEMORY, VULKAN_MEMORY_FAILED, DEVICE_LOST.
 */
bool compute_buffer_create(struct compute_device *device, enum compute_buffer_kind kind,
	uint64_t bytes, struct compute_buffer *buffer, struct lane_error *err);
void compute_buffer_finish(struct compute_device *device, struct compute_buffer *buffer);

/** Before the device reads what the host wrote through `mapped`. */
bool compute_buffer_flush(
	struct compute_device *device, const struct compute_buffer *buffer, struct lane_error *err);
/** Before the host reads through `mapped` what the device wrote. */
bool compute_buffer_invalidate(
	struct compute_device *device, const struct compute_buffer *buffer, struct lane_error *err);

#endif
