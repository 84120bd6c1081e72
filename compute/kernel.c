/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/kernel.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stddef.h>

static bool kernel_failed(
	struct compute_device *device, VkResult result, const char *what, struct lane_error *err)
{
	return compute_device_failed(device, result, "KERNEL_REFUSED", what, err);
}

/* The newest SPIR-V of an API version (Vulkan 1.3, appendix A). */
static uint32_t spirv_version_max(const struct compute_device *device)
{
	uint32_t device_version = device->identity.properties.apiVersion;
	uint32_t instance_version = device->instance->api_version;
	uint32_t version = device_version < instance_version ? device_version : instance_version;
	if (version >= VK_API_VERSION_1_3) {
		return 0x00010600;
	}
	return version >= VK_API_VERSION_1_2 ? 0x00010500 : 0x00010300;
}

/* The rules of VK_EXT_subgroup_size_control, which a driver need not check. */
static bool kernel_subgroup_fits(const struct compute_device *device,
	const struct compute_kernel_source *source, struct lane_error *err)
{
	const struct compute_identity *identity = &device->identity;
	const compute_features needs =
		COMPUTE_FEATURE(COMPUTE_SUBGROUP_SIZE_CONTROL) | COMPUTE_FEATURE(COMPUTE_FULL_SUBGROUPS);
	uint32_t size = source->subgroup_size;
	if (size == 0) {
		return true;
	}
	if (needs & ~identity->features) {
		return lane_error_set(
			err, "DEVICE_LIMIT", "subgroups of %u, the device lets nobody choose", size);
	}
	if (size < identity->subgroup_size_min || size > identity->subgroup_size_max ||
		(size & (size - 1)) != 0 || source->local_size[0] % size != 0) {
		return lane_error_set(err, "DEVICE_LIMIT",
			"subgroups of %u in rows of %u, the device takes powers of two from %u to %u", size,
			source->local_size[0], identity->subgroup_size_min, identity->subgroup_size_max);
	}
	return true;
}

static bool kernel_within_limits(const struct compute_device *device,
	const struct compute_kernel_source *source, struct lane_error *err)
{
	const VkPhysicalDeviceLimits *limits = &device->limits;
	uint64_t invocations = 1;
	uint32_t version_max = spirv_version_max(device);
	if (source->version > version_max) {
		return lane_error_set(err, "DEVICE_LIMIT", "SPIR-V 1.%u, the device takes 1.%u",
			source->version >> 8 & 0xff, version_max >> 8 & 0xff);
	}
	for (int i = 0; i < 3; i++) {
		if (source->local_size[i] > limits->maxComputeWorkGroupSize[i]) {
			return lane_error_set(err, "DEVICE_LIMIT", "local size %u in dimension %d, at most %u",
				source->local_size[i], i, limits->maxComputeWorkGroupSize[i]);
		}
		invocations *= source->local_size[i];
		if (invocations > limits->maxComputeWorkGroupInvocations) {
			return lane_error_set(err, "DEVICE_LIMIT", "more than %u invocations in a workgroup",
				limits->maxComputeWorkGroupInvocations);
		}
	}
	if (!kernel_subgroup_fits(device, source, err)) {
		return false;
	}
	uint32_t buffers = (uint32_t)__builtin_popcount(source->bindings);
	if (buffers > limits->maxPerStageDescriptorStorageBuffers ||
		buffers > limits->maxDescriptorSetStorageBuffers) {
		return lane_error_set(err, "DEVICE_LIMIT", "%u storage buffers, at most %u", buffers,
			limits->maxPerStageDescriptorStorageBuffers);
	}
	return true;
}

static bool kernel_create_layout(struct compute_device *device, uint32_t bindings,
	struct compute_kernel *kernel, struct lane_error *err)
{
	const struct compute_vulkan *vk = &device->instance->vk;
	VkDescriptorSetLayoutBinding list[COMPUTE_BINDING_MAX];
	uint32_t count = 0;
	for (uint32_t i = 0; i < COMPUTE_BINDING_MAX; i++) {
		if (bindings & (1u << i)) {
			list[count++] = (VkDescriptorSetLayoutBinding){
				.binding = i,
				.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
				.descriptorCount = 1,
				.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
			};
		}
	}
	VkDescriptorSetLayoutCreateInfo set_layout = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = count,
		.pBindings = list,
	};
	VkResult result =
		vk->CreateDescriptorSetLayout(device->device, &set_layout, NULL, &kernel->set_layout);
	if (result != VK_SUCCESS) {
		return kernel_failed(device, result, "vkCreateDescriptorSetLayout", err);
	}
	VkPushConstantRange push_constants = {
		.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		.size = COMPUTE_PUSH_CONSTANTS_SIZE,
	};
	VkPipelineLayoutCreateInfo layout = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &kernel->set_layout,
		.pushConstantRangeCount = 1,
		.pPushConstantRanges = &push_constants,
	};
	result = vk->CreatePipelineLayout(device->device, &layout, NULL, &kernel->layout);
	if (result != VK_SUCCESS) {
		return kernel_failed(device, result, "vkCreatePipelineLayout", err);
	}
	VkDescriptorPoolSize pool_size = {
		.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.descriptorCount = count > 0 ? count : 1,
	};
	VkDescriptorPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = 1,
		.poolSizeCount = 1,
		.pPoolSizes = &pool_size,
	};
	result = vk->CreateDescriptorPool(device->device, &pool, NULL, &kernel->pool);
	if (result != VK_SUCCESS) {
		return kernel_failed(device, result, "vkCreateDescriptorPool", err);
	}
	VkDescriptorSetAllocateInfo set = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
		.descriptorPool = kernel->pool,
		.descriptorSetCount = 1,
		.pSetLayouts = &kernel->set_layout,
	};
	result = vk->AllocateDescriptorSets(device->device, &set, &kernel->set);
	return result == VK_SUCCESS || kernel_failed(device, result, "vkAllocateDescriptorSets", err);
}

static bool kernel_compile(struct compute_device *device,
	const struct compute_kernel_source *source, struct compute_kernel *kernel,
	struct lane_error *err)
{
	const struct compute_vulkan *vk = &device->instance->vk;
	VkShaderModuleCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = source->word_count * sizeof(uint32_t),
		.pCode = source->words,
	};
	uint64_t started_ns = base_clock_monotonic_ns();
	VkShaderModule module = VK_NULL_HANDLE;
	VkResult result = vk->CreateShaderModule(device->device, &create, NULL, &module);
	if (result != VK_SUCCESS) {
		return kernel_failed(device, result, "vkCreateShaderModule", err);
	}
	BASE_FREE VkSpecializationMapEntry *entries =
		base_alloc(source->specialization_count, sizeof(*entries));
	for (size_t i = 0; i < source->specialization_count; i++) {
		entries[i] = (VkSpecializationMapEntry){
			.constantID = source->specializations[i].id,
			.offset = (uint32_t)(i * sizeof(struct compute_specialization) +
				offsetof(struct compute_specialization, value)),
			.size = sizeof(uint32_t),
		};
	}
	VkSpecializationInfo specialization = {
		.mapEntryCount = (uint32_t)source->specialization_count,
		.pMapEntries = entries,
		.dataSize = source->specialization_count * sizeof(struct compute_specialization),
		.pData = source->specializations,
	};
	VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
		.requiredSubgroupSize = source->subgroup_size,
	};
	bool sized = source->subgroup_size > 0;
	VkComputePipelineCreateInfo pipeline = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.stage =
			{
				.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
				.pNext = sized ? &subgroup : NULL,
				.flags = sized ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT : 0,
				.stage = VK_SHADER_STAGE_COMPUTE_BIT,
				.module = module,
				.pName = source->entry,
				.pSpecializationInfo = source->specialization_count > 0 ? &specialization : NULL,
			},
		.layout = kernel->layout,
	};
	result = vk->CreateComputePipelines(
		device->device, VK_NULL_HANDLE, 1, &pipeline, NULL, &kernel->pipeline);
	vk->DestroyShaderModule(device->device, module, NULL);
	kernel->compile_ns = base_clock_monotonic_ns() - started_ns;
	return result == VK_SUCCESS || kernel_failed(device, result, "vkCreateComputePipelines", err);
}

bool compute_kernel_create(struct compute_device *device,
	const struct compute_kernel_source *source, struct compute_kernel *kernel,
	struct lane_error *err)
{
	*kernel = (struct compute_kernel){.compile_ns = 0};
	if (!kernel_within_limits(device, source, err)) {
		return false;
	}
	if (!kernel_create_layout(device, source->bindings, kernel, err) ||
		!kernel_compile(device, source, kernel, err)) {
		compute_kernel_finish(device, kernel);
		return false;
	}
	return true;
}

void compute_kernel_bind(const struct compute_device *device, const struct compute_kernel *kernel,
	uint32_t binding, const struct compute_buffer *buffer)
{
	VkDescriptorBufferInfo info = {.buffer = buffer->buffer, .range = VK_WHOLE_SIZE};
	VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.dstSet = kernel->set,
		.dstBinding = binding,
		.descriptorCount = 1,
		.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.pBufferInfo = &info,
	};
	device->instance->vk.UpdateDescriptorSets(device->device, 1, &write, 0, NULL);
}

void compute_kernel_finish(struct compute_device *device, struct compute_kernel *kernel)
{
	if (!kernel || device->stuck) {
		return;
	}
	const struct compute_vulkan *vk = &device->instance->vk;
	vk->DestroyPipeline(device->device, kernel->pipeline, NULL);
	vk->DestroyDescriptorPool(device->device, kernel->pool, NULL);
	vk->DestroyPipelineLayout(device->device, kernel->layout, NULL);
	vk->DestroyDescriptorSetLayout(device->device, kernel->set_layout, NULL);
	*kernel = (struct compute_kernel){.compile_ns = 0};
}
