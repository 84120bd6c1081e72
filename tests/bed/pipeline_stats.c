/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pipeline_stats [WORKLOAD]: compiles every kernel of the canary on the first Vulkan device, with
 * every feature that it has, and prints what the driver's compiler says of the code
 * (VK_KHR_pipeline_executable_properties), one line a kernel and variant:
 *
 *   vadd - VGPRs=12 Spilled_VGPRs=0 ...
 *
 * With a workload the code itself of all its variants. Nothing is executed.
 */
#include "base/memory.h"
#include "canary/workload.h"
#include "compute/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATISTICS_MAX = 64, TEXT_MAX = 64 };

struct tool {
	const struct compute_vulkan *vk;
	VkDevice device;
	PFN_vkGetPipelineExecutablePropertiesKHR properties;
	PFN_vkGetPipelineExecutableStatisticsKHR statistics;
	PFN_vkGetPipelineExecutableInternalRepresentationsKHR representations;
	bool code;
};

static bool failed(const char *what, VkResult result)
{
	fprintf(stderr, "pipeline_stats: %s: %s\n", what, compute_result_name(result));
	return false;
}

static bool open_device(
	struct tool *tool, const struct compute_instance *instance, const struct compute_identity *id)
{
	struct compute_feature_chain chain;
	const char *extensions[COMPUTE_FEATURE_EXTENSIONS_MAX + 1];
	uint32_t count =
		compute_features_enable(id->features, instance->api_version, &chain, extensions);
	extensions[count++] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
	VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executable = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
		.pNext = &chain.core,
		.pipelineExecutableInfo = VK_TRUE,
	};
	float priority = 1;
	VkDeviceQueueCreateInfo queue = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
		.queueFamilyIndex = id->queue_family,
		.queueCount = 1,
		.pQueuePriorities = &priority,
	};
	VkDeviceCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
		.pNext = &executable,
		.queueCreateInfoCount = 1,
		.pQueueCreateInfos = &queue,
		.enabledExtensionCount = count,
		.ppEnabledExtensionNames = extensions,
	};
	VkResult result = instance->vk.CreateDevice(id->physical, &create, NULL, &tool->device);
	if (result != VK_SUCCESS) {
		return failed("vkCreateDevice", result);
	}
#define FIND(member, name)                                                                         \
	tool->member = (PFN_##name)instance->vk.GetInstanceProcAddr(instance->instance, #name);        \
	if (!tool->member) {                                                                           \
		return failed(#name, VK_ERROR_EXTENSION_NOT_PRESENT);                                      \
	}
	FIND(properties, vkGetPipelineExecutablePropertiesKHR)
	FIND(statistics, vkGetPipelineExecutableStatisticsKHR)
	FIND(representations, vkGetPipelineExecutableInternalRepresentationsKHR)
#undef FIND
	return true;
}

static bool create_layout(
	const struct tool *tool, const struct workload_plan *plan, VkPipelineLayout *layout)
{
	VkDescriptorSetLayoutBinding bindings[WORKLOAD_BUFFERS_MAX];
	for (size_t i = 0; i < plan->buffer_count; i++) {
		bindings[i] = (VkDescriptorSetLayoutBinding){
			.binding = (uint32_t)i,
			.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
			.descriptorCount = 1,
			.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		};
	}
	VkDescriptorSetLayoutCreateInfo set = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = (uint32_t)plan->buffer_count,
		.pBindings = bindings,
	};
	VkDescriptorSetLayout set_layout;
	VkResult result = tool->vk->CreateDescriptorSetLayout(tool->device, &set, NULL, &set_layout);
	VkPushConstantRange range = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = 128};
	VkPipelineLayoutCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &set_layout,
		.pushConstantRangeCount = 1,
		.pPushConstantRanges = &range,
	};
	if (result == VK_SUCCESS) {
		result = tool->vk->CreatePipelineLayout(tool->device, &create, NULL, layout);
	}
	return result == VK_SUCCESS || failed("vkCreatePipelineLayout", result);
}

static bool create_pipeline(
	const struct tool *tool, const struct workload_plan *plan, VkPipeline *pipeline)
{
	VkShaderModuleCreateInfo source = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = plan->spirv_size,
		.pCode = plan->spirv,
	};
	VkShaderModule module;
	VkPipelineLayout layout;
	VkResult result = tool->vk->CreateShaderModule(tool->device, &source, NULL, &module);
	if (result != VK_SUCCESS) {
		return failed("vkCreateShaderModule", result);
	}
	if (!create_layout(tool, plan, &layout)) {
		return false;
	}
	VkSpecializationMapEntry entry = {.constantID = 0, .size = 4};
	VkSpecializationInfo constants = {
		.mapEntryCount = 1,
		.pMapEntries = &entry,
		.dataSize = 4,
		.pData = plan->variant ? &plan->variant->value : NULL,
	};
	VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
		.requiredSubgroupSize = plan->variant ? plan->variant->subgroup_size : 0,
	};
	bool sized = subgroup.requiredSubgroupSize > 0;
	VkComputePipelineCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR |
			VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR,
		.stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.pNext = sized ? &subgroup : NULL,
			.flags = sized ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT : 0,
			.stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.module = module,
			.pName = "main",
			.pSpecializationInfo = plan->variant ? &constants : NULL},
		.layout = layout,
	};
	result =
		tool->vk->CreateComputePipelines(tool->device, VK_NULL_HANDLE, 1, &create, NULL, pipeline);
	return result == VK_SUCCESS || failed(plan->workload->name, result);
}

/* As one word. */
static void print_word(const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		putchar(text[i] == ' ' ? '_' : text[i]);
	}
}

static bool print_statistics(const struct tool *tool, VkPipeline pipeline)
{
	VkPipelineExecutableStatisticKHR list[STATISTICS_MAX];
	memset(list, 0, sizeof(list));
	for (size_t i = 0; i < STATISTICS_MAX; i++) {
		list[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
	}
	VkPipelineExecutableInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline};
	uint32_t count = STATISTICS_MAX;
	VkResult result = tool->statistics(tool->device, &info, &count, list);
	if (result < 0) {
		return failed("vkGetPipelineExecutableStatisticsKHR", result);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (list[i].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR) {
			putchar(' ');
			print_word(list[i].name);
			printf("=%llu", (unsigned long long)list[i].value.u64);
		}
	}
	putchar('\n');
	return true;
}

static bool print_code(const struct tool *tool, VkPipeline pipeline)
{
	VkPipelineExecutableInternalRepresentationKHR list[8];
	memset(list, 0, sizeof(list));
	for (size_t i = 0; i < 8; i++) {
		list[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
	}
	VkPipelineExecutableInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline};
	uint32_t count = 8;
	VkResult result = tool->representations(tool->device, &info, &count, list);
	/* The first call gives the sizes. The last representation is nearest to the machine. */
	if (result < 0 || count == 0) {
		return failed("vkGetPipelineExecutableInternalRepresentationsKHR", result);
	}
	for (uint32_t i = 0; i < count; i++) {
		list[i].pData = base_alloc(list[i].dataSize + 1, 1);
	}
	result = tool->representations(tool->device, &info, &count, list);
	printf("\n%s\n", (const char *)list[count - 1].pData);
	for (uint32_t i = 0; i < count; i++) {
		free(list[i].pData);
	}
	return result >= 0;
}

static bool compile(const struct tool *tool, const struct workload *workload,
	const struct workload_variant *variant)
{
	struct workload_plan plan;
	VkPipeline pipeline;
	workload_plan_size(workload, workload->step, &plan);
	workload_plan_vary(&plan, variant);
	if (!create_pipeline(tool, &plan, &pipeline)) {
		return false;
	}
	printf("%s ", workload->name);
	print_word(variant ? variant->name : "-");
	return tool->code ? print_code(tool, pipeline) : print_statistics(tool, pipeline);
}

static bool compile_variants(
	const struct tool *tool, const struct workload *workload, compute_features features)
{
	if (workload->variant_count == 0) {
		return compile(tool, workload, workload->variants);
	}
	bool good = true;
	for (size_t i = 0; i < workload->variant_count; i++) {
		if (!(workload->variants[i].needs & ~features)) {
			good = compile(tool, workload, &workload->variants[i]) && good;
		}
	}
	return good;
}

static bool compile_all(struct tool *tool, const char *name, compute_features features)
{
	bool good = true;
	size_t count;
	const struct workload *const *table = workload_table(&count);
	tool->code = name != NULL;
	for (size_t i = 0; i < count; i++) {
		if (name && strcmp(name, table[i]->name) != 0) {
			continue;
		}
		if (table[i]->needs & ~features) {
			printf("%s - missing\n", table[i]->name);
			continue;
		}
		good = compile_variants(tool, table[i], features) && good;
	}
	return good;
}

int main(int argc, char **argv)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct compute_instance instance;
	BASE_FREE struct compute_identity *identities = NULL;
	size_t count = 0;
	struct tool tool = {.vk = &instance.vk};
	if (!compute_instance_open(&instance, false, &err) ||
		!compute_identity_list(&instance, &identities, &count, &err) || count == 0) {
		fprintf(stderr, "pipeline_stats: %s\n", lane_error_message(&err));
		return 2;
	}
	printf("# %s, %s\n", identities[0].properties.deviceName, identities[0].driver.driverInfo);
	bool good = open_device(&tool, &instance, &identities[0]) &&
		compile_all(&tool, argc > 1 ? argv[1] : NULL, identities[0].features);
	/* The driver frees what was made with the process. */
	return good ? 0 : 1;
}
