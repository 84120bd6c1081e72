/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_KERNEL_H
#define COMPUTE_KERNEL_H

#include "compute/buffer.h"

enum {
	/** Bindings 0..31 of descriptor set 0, all of them storage buffers. */
	COMPUTE_BINDING_MAX = 32,
	/**
	 * What every device has at least. A kernel always has all of them, so that none can read beyond
	 * its range.
	 */
	COMPUTE_PUSH_CONSTANTS_SIZE = 128,
};

struct compute_specialization {
	uint32_t id;
	uint32_t value;
};

/** What a kernel is made of. Borrowed. */
struct compute_kernel_source {
	const uint32_t *words;
	size_t word_count;
	/** Of SPIR-V: major << 16 | minor << 8; checked against what the device's API version takes. */
	uint32_t version;
	/** Entry point ("main"). */
	const char *entry;
	/** Its local size after specialization, checked against the device's limits. */
	uint32_t local_size[3];
	/** Invocations that every subgroup must have; 0: what the driver likes. */
	uint32_t subgroup_size;
	/** Bit i: there is a storage buffer at binding i. */
	uint32_t bindings;
	const struct compute_specialization *specializations;
	size_t specialization_count;
};

/** A compute pipeline with one descriptor set. A zeroed value is none. */
struct compute_kernel {
	VkDescriptorSetLayout set_layout;
	VkPipelineLayout layout;
	VkPipeline pipeline;
	VkDescriptorPool pool;
	VkDescriptorSet set;
	/** How long the driver took to compile it. */
	uint64_t compile_ns;
};

/**
 * Compiles. Errors: DEVICE_LIMIT (names the limit), KERNEL_REFUSED (the driver's answer),
 * VULKAN_OUT_OF_MEMORY, DEVICE_LOST.
 */
bool compute_kernel_create(struct compute_device *device,
	const struct compute_kernel_source *source, struct compute_kernel *kernel,
	struct lane_error *err);
/** Puts a COMPUTE_BUFFER_DEVICE buffer at a binding of the source. */
void compute_kernel_bind(const struct compute_device *device, const struct compute_kernel *kernel,
	uint32_t binding, const struct compute_buffer *buffer);
void compute_kernel_finish(struct compute_device *device, struct compute_kernel *kernel);

#endif
