/* SPDX-License-Identifier: Apache-2.0 */

/*
 * VK_LAYER_GPU_LANE_fault: a Vulkan layer that makes a device faulty, so that the programs as they
 * are installed can be seen to notice it. Enabled by VK_INSTANCE_LAYERS=VK_LAYER_GPU_LANE_fault and
 * VK_ADD_LAYER_PATH=<build>/tests/fault_layer; GPU_LANE_FAULT says what is wrong:
 *
 *   flip=WORD[@N]      after dispatch N, word WORD of the buffer at the highest binding is wrong
 *   skip-dispatch[=N]  dispatch N does nothing
 *   short-grid[=N]     dispatch N has one workgroup less in x
 *   device-lost[=N]    submit N and all after it fail with VK_ERROR_DEVICE_LOST
 *   abort[=N]          the driver aborts at submit N
 *   venus-gone[=N]     the same of a driver that is Venus and finds its host gone at submit N
 *   slow=PERCENT[@N]   submits from N on take longer by so much, by both clocks
 *   no-timestamps      timestamps are never written
 *   long-timestamps    timestamps tell a hundred times the time
 *   no-timer           the queues have no timestamps
 *   short-copy         copies of buffers leave out their last word
 *   idle               dispatches and copies do nothing, and buffers need staging
 *   no-floats          the device has neither half nor double floats
 *   escape             the driver has been taken over: it tries to get out of the worker at submit
 *                      N, and the device is lost when anything but its duty works
 *   uncached           the host has no cached or coherent memory: buffers need staging
 *
 * N counts from 0 over the life of the process; without it the fault is there every time. One
 * device at a time, one thread: enough for the programs it is for.
 */
#include "escape.h"

#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LAYER_EXPORT __attribute__((visibility("default")))

enum { BAD_WORD = 0x0BADC0DE };

enum fault_kind {
	FAULT_NONE,
	FAULT_FLIP,
	FAULT_SKIP,
	FAULT_SHORT,
	FAULT_LOST,
	FAULT_ABORT,
	FAULT_VENUS_GONE,
	FAULT_SLOW,
	FAULT_NO_TIMESTAMPS,
	FAULT_LONG_TIMESTAMPS,
	FAULT_NO_TIMER,
	FAULT_UNCACHED,
	FAULT_SHORT_COPY,
	FAULT_NO_FLOATS,
	FAULT_IDLE,
	FAULT_ESCAPE,
};

/* What is wrong, and what has been seen so far. A layer has no other place to keep it. */
static struct {
	enum fault_kind kind;
	uint64_t value;
	bool once;
	uint64_t at;
	uint64_t dispatches, submits;
	VkBuffer target;
	uint32_t target_binding;
	uint64_t submitted_ns;
	/* A pipe that nobody reads. */
	int host;
} fault;

static struct {
	VkInstance instance;
	PFN_vkGetInstanceProcAddr get_instance_proc_addr;
	PFN_vkGetPhysicalDeviceQueueFamilyProperties get_queue_family_properties;
	PFN_vkGetPhysicalDeviceMemoryProperties get_memory_properties;
	PFN_vkGetPhysicalDeviceFeatures2 get_features2;
	PFN_vkGetPhysicalDeviceProperties2 get_properties2;
	PFN_vkGetDeviceProcAddr get_device_proc_addr;
	PFN_vkAllocateDescriptorSets allocate_descriptor_sets;
	PFN_vkUpdateDescriptorSets update_descriptor_sets;
	PFN_vkCmdDispatch cmd_dispatch;
	PFN_vkCmdFillBuffer cmd_fill_buffer;
	PFN_vkCmdCopyBuffer cmd_copy_buffer;
	PFN_vkCmdPipelineBarrier cmd_pipeline_barrier;
	PFN_vkQueueSubmit queue_submit;
	PFN_vkWaitForFences wait_for_fences;
	PFN_vkGetQueryPoolResults get_query_pool_results;
} next;

static void fault_read(void)
{
	static const struct {
		const char *name;
		enum fault_kind kind;
		/* What comes before N. */
		char mark;
	} names[] = {
		{"flip=", FAULT_FLIP, '@'},
		{"skip-dispatch", FAULT_SKIP, '='},
		{"short-grid", FAULT_SHORT, '='},
		{"device-lost", FAULT_LOST, '='},
		{"abort", FAULT_ABORT, '='},
		{"venus-gone", FAULT_VENUS_GONE, '='},
		{"slow=", FAULT_SLOW, '@'},
		{"no-timestamps", FAULT_NO_TIMESTAMPS, '='},
		{"long-timestamps", FAULT_LONG_TIMESTAMPS, '='},
		{"no-timer", FAULT_NO_TIMER, '='},
		{"uncached", FAULT_UNCACHED, '='},
		{"short-copy", FAULT_SHORT_COPY, '='},
		{"no-floats", FAULT_NO_FLOATS, '='},
		{"idle", FAULT_IDLE, '='},
		{"escape", FAULT_ESCAPE, '='},
	};
	const char *text = getenv("GPU_LANE_FAULT");
	memset(&fault, 0, sizeof(fault));
	for (size_t i = 0; text && i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(names[i].name);
		if (strncmp(text, names[i].name, length) == 0) {
			const char *at = strchr(text + length, names[i].mark);
			fault.kind = names[i].kind;
			fault.value = strtoull(text + length, NULL, 10);
			fault.once = at != NULL;
			fault.at = at ? strtoull(at + 1, NULL, 10) : 0;
			return;
		}
	}
	if (text && *text) {
		fprintf(stderr, "VK_LAYER_GPU_LANE_fault: GPU_LANE_FAULT=%s is unknown\n", text);
		abort();
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static VKAPI_ATTR VkResult VKAPI_CALL layer_allocate_descriptor_sets(
	VkDevice device, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *sets)
{
	fault.target = VK_NULL_HANDLE;
	fault.target_binding = 0;
	return next.allocate_descriptor_sets(device, info, sets);
}

static VKAPI_ATTR void VKAPI_CALL layer_update_descriptor_sets(VkDevice device,
	uint32_t write_count, const VkWriteDescriptorSet *writes, uint32_t copy_count,
	const VkCopyDescriptorSet *copies)
{
	for (uint32_t i = 0; i < write_count; i++) {
		if (writes[i].pBufferInfo && writes[i].dstBinding >= fault.target_binding) {
			fault.target_binding = writes[i].dstBinding;
			fault.target = writes[i].pBufferInfo->buffer;
		}
	}
	next.update_descriptor_sets(device, write_count, writes, copy_count, copies);
}

static void spoil_word(VkCommandBuffer commands)
{
	VkMemoryBarrier before = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
		.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
		.dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
	};
	VkMemoryBarrier after = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
		.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
		.dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
	};
	next.cmd_pipeline_barrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
		VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &before, 0, NULL, 0, NULL);
	next.cmd_fill_buffer(commands, fault.target, fault.value * 4, 4, BAD_WORD);
	next.cmd_pipeline_barrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
		VK_PIPELINE_STAGE_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &after, 0, NULL, 0,
		NULL);
}

static VKAPI_ATTR void VKAPI_CALL layer_cmd_dispatch(
	VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z)
{
	bool now = !fault.once || fault.dispatches == fault.at;
	fault.dispatches++;
	if (fault.kind == FAULT_IDLE || (now && fault.kind == FAULT_SKIP)) {
		return;
	}
	next.cmd_dispatch(commands, now && fault.kind == FAULT_SHORT ? x - 1 : x, y, z);
	if (now && fault.kind == FAULT_FLIP && fault.target) {
		spoil_word(commands);
	}
}

/* Only the form that gpu-lane uses: one region. */
static VKAPI_ATTR void VKAPI_CALL layer_cmd_copy_buffer(VkCommandBuffer commands, VkBuffer from,
	VkBuffer to, uint32_t count, const VkBufferCopy *regions)
{
	VkBufferCopy region = regions[0];
	if (fault.kind == FAULT_IDLE) {
		return;
	}
	if (fault.kind == FAULT_SHORT_COPY && count == 1 && region.size > 4) {
		region.size -= 4;
		regions = &region;
	}
	next.cmd_copy_buffer(commands, from, to, count, regions);
}

static VKAPI_ATTR VkResult VKAPI_CALL layer_queue_submit(
	VkQueue queue, uint32_t count, const VkSubmitInfo *submits, VkFence fence)
{
	bool from_now = fault.submits >= fault.at;
	fault.submits++;
	if (from_now && fault.kind == FAULT_LOST) {
		return VK_ERROR_DEVICE_LOST;
	}
	if (from_now && fault.kind == FAULT_ABORT) {
		abort();
	}
	if (from_now && fault.kind == FAULT_VENUS_GONE && write(fault.host, "", 1) < 0) {
		abort();
	}
	if (fault.kind == FAULT_ESCAPE && fault.submits == fault.at + 1 && escape_try()) {
		return VK_ERROR_DEVICE_LOST;
	}
	fault.submitted_ns = now_ns();
	return next.queue_submit(queue, count, submits, fence);
}

static bool slow_now(void)
{
	return fault.kind == FAULT_SLOW && fault.submits > fault.at;
}

static VKAPI_ATTR VkResult VKAPI_CALL layer_wait_for_fences(
	VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns)
{
	VkResult result = next.wait_for_fences(device, count, fences, all, timeout_ns);
	if (slow_now()) {
		uint64_t more_ns = (now_ns() - fault.submitted_ns) * fault.value / 100;
		struct timespec more = {
			.tv_sec = (time_t)(more_ns / 1000000000u), .tv_nsec = (long)(more_ns % 1000000000u)};
		nanosleep(&more, NULL);
	}
	return result;
}

/* Only the form that gpu-lane asks for: two timestamps of 64 bits, each with its availability. */
static VKAPI_ATTR VkResult VKAPI_CALL layer_get_query_pool_results(VkDevice device,
	VkQueryPool pool, uint32_t first, uint32_t count, size_t size, void *data, VkDeviceSize stride,
	VkQueryResultFlags flags)
{
	VkResult result =
		next.get_query_pool_results(device, pool, first, count, size, data, stride, flags);
	uint64_t stamps[4];
	if (result != VK_SUCCESS || count != 2 || size != sizeof(stamps)) {
		return result;
	}
	memcpy(stamps, data, sizeof(stamps));
	uint64_t ticks = stamps[2] - stamps[0];
	if (slow_now()) {
		stamps[2] += ticks * fault.value / 100;
	} else if (fault.kind == FAULT_LONG_TIMESTAMPS) {
		/* Long enough for any kernel, however much the host adds around it. */
		stamps[2] += ticks * 99 + 1000000000u;
	} else if (fault.kind == FAULT_NO_TIMESTAMPS) {
		stamps[1] = stamps[3] = 0;
		result = VK_NOT_READY;
	}
	memcpy(data, stamps, sizeof(stamps));
	return result;
}

static VKAPI_ATTR void VKAPI_CALL layer_get_queue_family_properties(
	VkPhysicalDevice physical, uint32_t *count, VkQueueFamilyProperties *families)
{
	next.get_queue_family_properties(physical, count, families);
	for (uint32_t i = 0; families && fault.kind == FAULT_NO_TIMER && i < *count; i++) {
		families[i].timestampValidBits = 0;
	}
}

static VKAPI_ATTR void VKAPI_CALL layer_get_memory_properties(
	VkPhysicalDevice physical, VkPhysicalDeviceMemoryProperties *memory)
{
	const VkMemoryPropertyFlags hidden =
		VK_MEMORY_PROPERTY_HOST_CACHED_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	next.get_memory_properties(physical, memory);
	bool hide = fault.kind == FAULT_UNCACHED || fault.kind == FAULT_IDLE;
	for (uint32_t i = 0; hide && i < memory->memoryTypeCount; i++) {
		memory->memoryTypes[i].propertyFlags &= ~hidden;
	}
}

static VKAPI_ATTR void VKAPI_CALL layer_get_features2(
	VkPhysicalDevice physical, VkPhysicalDeviceFeatures2 *features)
{
	next.get_features2(physical, features);
	if (fault.kind != FAULT_NO_FLOATS) {
		return;
	}
	features->features.shaderFloat64 = VK_FALSE;
	for (VkBaseOutStructure *at = features->pNext; at; at = at->pNext) {
		if (at->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES) {
			((VkPhysicalDeviceShaderFloat16Int8Features *)(void *)at)->shaderFloat16 = VK_FALSE;
		}
	}
}

static VKAPI_ATTR void VKAPI_CALL layer_get_properties2(
	VkPhysicalDevice physical, VkPhysicalDeviceProperties2 *properties)
{
	next.get_properties2(physical, properties);
	VkBaseOutStructure *at = fault.kind == FAULT_VENUS_GONE ? properties->pNext : NULL;
	for (; at; at = at->pNext) {
		if (at->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES) {
			((VkPhysicalDeviceDriverProperties *)(void *)at)->driverID = VK_DRIVER_ID_MESA_VENUS;
		}
	}
}

/* What a driver opens while it still may. */
static void prepare(void)
{
	int ends[2];
	if (fault.kind == FAULT_ESCAPE) {
		escape_prepare();
	} else if (fault.kind == FAULT_VENUS_GONE && pipe(ends) == 0) {
		close(ends[0]);
		fault.host = ends[1];
	}
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL layer_get_device_proc_addr(
	VkDevice device, const char *name);

static VKAPI_ATTR VkResult VKAPI_CALL layer_create_device(VkPhysicalDevice physical,
	const VkDeviceCreateInfo *create, const VkAllocationCallbacks *allocator, VkDevice *device)
{
	VkLayerDeviceCreateInfo *chain = (VkLayerDeviceCreateInfo *)create->pNext;
	while (chain->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO ||
		chain->function != VK_LAYER_LINK_INFO) {
		chain = (VkLayerDeviceCreateInfo *)chain->pNext;
	}
	PFN_vkGetInstanceProcAddr instance_proc = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
	PFN_vkGetDeviceProcAddr device_proc = chain->u.pLayerInfo->pfnNextGetDeviceProcAddr;
	chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
	PFN_vkCreateDevice create_device =
		(PFN_vkCreateDevice)instance_proc(next.instance, "vkCreateDevice");
	VkResult result = create_device(physical, create, allocator, device);
	if (result != VK_SUCCESS) {
		return result;
	}
	next.get_device_proc_addr = device_proc;
	prepare();
#define NEXT(member, name) next.member = (PFN_##name)device_proc(*device, #name)
	NEXT(allocate_descriptor_sets, vkAllocateDescriptorSets);
	NEXT(update_descriptor_sets, vkUpdateDescriptorSets);
	NEXT(cmd_dispatch, vkCmdDispatch);
	NEXT(cmd_fill_buffer, vkCmdFillBuffer);
	NEXT(cmd_copy_buffer, vkCmdCopyBuffer);
	NEXT(cmd_pipeline_barrier, vkCmdPipelineBarrier);
	NEXT(queue_submit, vkQueueSubmit);
	NEXT(wait_for_fences, vkWaitForFences);
	NEXT(get_query_pool_results, vkGetQueryPoolResults);
#undef NEXT
	return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL layer_create_instance(const VkInstanceCreateInfo *create,
	const VkAllocationCallbacks *allocator, VkInstance *instance)
{
	VkLayerInstanceCreateInfo *chain = (VkLayerInstanceCreateInfo *)create->pNext;
	while (chain->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO ||
		chain->function != VK_LAYER_LINK_INFO) {
		chain = (VkLayerInstanceCreateInfo *)chain->pNext;
	}
	next.get_instance_proc_addr = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
	chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
	PFN_vkCreateInstance create_instance =
		(PFN_vkCreateInstance)next.get_instance_proc_addr(VK_NULL_HANDLE, "vkCreateInstance");
	VkResult result = create_instance(create, allocator, instance);
	if (result == VK_SUCCESS) {
		next.instance = *instance;
		next.get_queue_family_properties =
			(PFN_vkGetPhysicalDeviceQueueFamilyProperties)next.get_instance_proc_addr(
				*instance, "vkGetPhysicalDeviceQueueFamilyProperties");
		next.get_memory_properties =
			(PFN_vkGetPhysicalDeviceMemoryProperties)next.get_instance_proc_addr(
				*instance, "vkGetPhysicalDeviceMemoryProperties");
		next.get_features2 = (PFN_vkGetPhysicalDeviceFeatures2)next.get_instance_proc_addr(
			*instance, "vkGetPhysicalDeviceFeatures2");
		next.get_properties2 = (PFN_vkGetPhysicalDeviceProperties2)next.get_instance_proc_addr(
			*instance, "vkGetPhysicalDeviceProperties2");
		fault_read();
	}
	return result;
}

struct entry {
	const char *name;
	PFN_vkVoidFunction function;
};

#define ENTRY(name, function)                                                                      \
	{                                                                                              \
		name, (PFN_vkVoidFunction)(function)                                                       \
	}

static PFN_vkVoidFunction entry_find(const struct entry *entries, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(entries[i].name, name) == 0) {
			return entries[i].function;
		}
	}
	return NULL;
}

static PFN_vkVoidFunction device_entry(const char *name)
{
	static const struct entry entries[] = {
		ENTRY("vkGetDeviceProcAddr", layer_get_device_proc_addr),
		ENTRY("vkAllocateDescriptorSets", layer_allocate_descriptor_sets),
		ENTRY("vkUpdateDescriptorSets", layer_update_descriptor_sets),
		ENTRY("vkCmdDispatch", layer_cmd_dispatch),
		ENTRY("vkCmdCopyBuffer", layer_cmd_copy_buffer),
		ENTRY("vkQueueSubmit", layer_queue_submit),
		ENTRY("vkWaitForFences", layer_wait_for_fences),
		ENTRY("vkGetQueryPoolResults", layer_get_query_pool_results),
	};
	return entry_find(entries, sizeof(entries) / sizeof(entries[0]), name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL layer_get_device_proc_addr(
	VkDevice device, const char *name)
{
	PFN_vkVoidFunction own = device_entry(name);
	return own ? own : next.get_device_proc_addr(device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL layer_get_instance_proc_addr(
	VkInstance instance, const char *name)
{
	static const struct entry entries[] = {
		ENTRY("vkGetInstanceProcAddr", layer_get_instance_proc_addr),
		ENTRY("vkCreateInstance", layer_create_instance),
		ENTRY("vkCreateDevice", layer_create_device),
		ENTRY("vkGetPhysicalDeviceQueueFamilyProperties", layer_get_queue_family_properties),
		ENTRY("vkGetPhysicalDeviceMemoryProperties", layer_get_memory_properties),
		ENTRY("vkGetPhysicalDeviceFeatures2", layer_get_features2),
		ENTRY("vkGetPhysicalDeviceProperties2", layer_get_properties2),
	};
	PFN_vkVoidFunction own = entry_find(entries, sizeof(entries) / sizeof(entries[0]), name);
	own = own ? own : device_entry(name);
	return own ? own : next.get_instance_proc_addr(instance, name);
}

LAYER_EXPORT VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(
	VkNegotiateLayerInterface *interface);

LAYER_EXPORT VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(
	VkNegotiateLayerInterface *interface)
{
	if (interface->loaderLayerInterfaceVersion < 2) {
		return VK_ERROR_INITIALIZATION_FAILED;
	}
	interface->loaderLayerInterfaceVersion = 2;
	interface->pfnGetInstanceProcAddr = layer_get_instance_proc_addr;
	interface->pfnGetDeviceProcAddr = layer_get_device_proc_addr;
	interface->pfnGetPhysicalDeviceProcAddr = NULL;
	return VK_SUCCESS;
}
