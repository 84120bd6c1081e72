/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_VULKAN_H
#define COMPUTE_VULKAN_H

/*
 * Vulkan without linking to it: prototypes are off, so that a call which does not go through the
 * table below cannot compile, and a machine without the loader gets a finding and no linker error.
 */
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

/** Asked of the loader before there is an instance. The first one is new in Vulkan 1.1. */
#define COMPUTE_VULKAN_GLOBAL(OPTIONAL, REQUIRED)                                                  \
	OPTIONAL(EnumerateInstanceVersion)                                                             \
	REQUIRED(CreateInstance)                                                                       \
	REQUIRED(EnumerateInstanceExtensionProperties)                                                 \
	REQUIRED(EnumerateInstanceLayerProperties)

/**
 * Asked of the instance; those of a device dispatch on its handle, so that one table serves all
 * devices. The optional ones are of Vulkan 1.1 (the loader is asked for the name with KHR too) or
 * of an extension: NULL when the loader does not know them.
 */
#define COMPUTE_VULKAN_INSTANCE(OPTIONAL, REQUIRED)                                                \
	OPTIONAL(GetPhysicalDeviceFeatures2)                                                           \
	OPTIONAL(GetPhysicalDeviceProperties2)                                                         \
	OPTIONAL(CreateDebugUtilsMessengerEXT)                                                         \
	OPTIONAL(DestroyDebugUtilsMessengerEXT)                                                        \
	REQUIRED(DestroyInstance)                                                                      \
	REQUIRED(EnumeratePhysicalDevices)                                                             \
	REQUIRED(EnumerateDeviceExtensionProperties)                                                   \
	REQUIRED(GetPhysicalDeviceFeatures)                                                            \
	REQUIRED(GetPhysicalDeviceMemoryProperties)                                                    \
	REQUIRED(GetPhysicalDeviceProperties)                                                          \
	REQUIRED(GetPhysicalDeviceQueueFamilyProperties)                                               \
	REQUIRED(CreateDevice)                                                                         \
	REQUIRED(DestroyDevice)                                                                        \
	REQUIRED(GetDeviceQueue)                                                                       \
	REQUIRED(QueueSubmit)                                                                          \
	REQUIRED(CreateFence)                                                                          \
	REQUIRED(DestroyFence)                                                                         \
	REQUIRED(ResetFences)                                                                          \
	REQUIRED(WaitForFences)                                                                        \
	REQUIRED(AllocateMemory)                                                                       \
	REQUIRED(FreeMemory)                                                                           \
	REQUIRED(MapMemory)                                                                            \
	REQUIRED(FlushMappedMemoryRanges)                                                              \
	REQUIRED(InvalidateMappedMemoryRanges)                                                         \
	REQUIRED(CreateBuffer)                                                                         \
	REQUIRED(DestroyBuffer)                                                                        \
	REQUIRED(GetBufferMemoryRequirements)                                                          \
	REQUIRED(BindBufferMemory)                                                                     \
	REQUIRED(CreateShaderModule)                                                                   \
	REQUIRED(DestroyShaderModule)                                                                  \
	REQUIRED(CreateDescriptorSetLayout)                                                            \
	REQUIRED(DestroyDescriptorSetLayout)                                                           \
	REQUIRED(CreateDescriptorPool)                                                                 \
	REQUIRED(DestroyDescriptorPool)                                                                \
	REQUIRED(AllocateDescriptorSets)                                                               \
	REQUIRED(UpdateDescriptorSets)                                                                 \
	REQUIRED(CreatePipelineLayout)                                                                 \
	REQUIRED(DestroyPipelineLayout)                                                                \
	REQUIRED(CreateComputePipelines)                                                               \
	REQUIRED(DestroyPipeline)                                                                      \
	REQUIRED(CreateQueryPool)                                                                      \
	REQUIRED(DestroyQueryPool)                                                                     \
	REQUIRED(GetQueryPoolResults)                                                                  \
	REQUIRED(CreateCommandPool)                                                                    \
	REQUIRED(DestroyCommandPool)                                                                   \
	REQUIRED(ResetCommandPool)                                                                     \
	REQUIRED(AllocateCommandBuffers)                                                               \
	REQUIRED(BeginCommandBuffer)                                                                   \
	REQUIRED(EndCommandBuffer)                                                                     \
	REQUIRED(CmdBindPipeline)                                                                      \
	REQUIRED(CmdBindDescriptorSets)                                                                \
	REQUIRED(CmdPushConstants)                                                                     \
	REQUIRED(CmdDispatch)                                                                          \
	REQUIRED(CmdPipelineBarrier)                                                                   \
	REQUIRED(CmdCopyBuffer)                                                                        \
	REQUIRED(CmdFillBuffer)                                                                        \
	REQUIRED(CmdResetQueryPool)                                                                    \
	REQUIRED(CmdWriteTimestamp)

/** The calls, without their "vk": vk->CreateInstance(...). */
struct compute_vulkan {
	PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
#define COMPUTE_VULKAN_MEMBER(name) PFN_vk##name name;
	COMPUTE_VULKAN_GLOBAL(COMPUTE_VULKAN_MEMBER, COMPUTE_VULKAN_MEMBER)
	COMPUTE_VULKAN_INSTANCE(COMPUTE_VULKAN_MEMBER, COMPUTE_VULKAN_MEMBER)
#undef COMPUTE_VULKAN_MEMBER
};

/** Fills what needs no instance. The name of a required call that is missing, or NULL. */
const char *compute_vulkan_load_global(
	struct compute_vulkan *vk, PFN_vkGetInstanceProcAddr get_instance_proc_addr);
/** Fills the rest. The name of a required call that is missing, or NULL. */
const char *compute_vulkan_load_instance(struct compute_vulkan *vk, VkInstance instance);

#endif
