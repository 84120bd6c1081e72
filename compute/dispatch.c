/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/dispatch.h"

#include "compute/commands.h"

uint64_t compute_timestamp_ns(uint64_t begin, uint64_t end, uint32_t valid_bits, double period_ns)
{
	uint64_t mask = valid_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << valid_bits) - 1;
	uint64_t ticks = (end - begin) & mask;
	double ns = (double)ticks * period_ns;
	/* A driver that answers nonsense must not make the conversion undefined. */
	return ns >= 0 && ns < 1e18 ? (uint64_t)(ns + 0.5) : UINT64_MAX;
}

static bool dispatch_within_limits(const struct compute_device *device,
	const struct compute_dispatch *dispatch, struct lane_error *err)
{
	for (int i = 0; i < 3; i++) {
		if (dispatch->grid[i] > device->limits.maxComputeWorkGroupCount[i]) {
			return lane_error_set(err, "DEVICE_LIMIT", "grid %u in dimension %d, at most %u",
				dispatch->grid[i], i, device->limits.maxComputeWorkGroupCount[i]);
		}
	}
	return true;
}

void compute_timed_begin(const struct compute_device *device, VkPipelineStageFlagBits stage)
{
	if (device->queries) {
		device->instance->vk.CmdResetQueryPool(device->commands, device->queries, 0, 2);
		device->instance->vk.CmdWriteTimestamp(device->commands, stage, device->queries, 0);
	}
}

void compute_timed_end(const struct compute_device *device)
{
	if (device->queries) {
		device->instance->vk.CmdWriteTimestamp(
			device->commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, device->queries, 1);
	}
}

static void dispatch_record(
	const struct compute_device *device, const struct compute_dispatch *dispatch)
{
	const struct compute_vulkan *vk = &device->instance->vk;
	const struct compute_kernel *kernel = dispatch->kernel;
	VkCommandBuffer commands = device->commands;
	vk->CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, kernel->pipeline);
	vk->CmdBindDescriptorSets(
		commands, VK_PIPELINE_BIND_POINT_COMPUTE, kernel->layout, 0, 1, &kernel->set, 0, NULL);
	vk->CmdPushConstants(commands, kernel->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
		COMPUTE_PUSH_CONSTANTS_SIZE, dispatch->push_constants);
	compute_commands_barrier(device, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
		VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
		VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
	compute_timed_begin(device, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT);
	for (uint32_t i = 0; i < dispatch->count; i++) {
		if (i > 0) {
			compute_commands_barrier(device, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
				VK_ACCESS_SHADER_WRITE_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
				VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
		}
		vk->CmdDispatch(commands, dispatch->grid[0], dispatch->grid[1], dispatch->grid[2]);
	}
	compute_timed_end(device);
	compute_commands_barrier(device, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
		VK_ACCESS_SHADER_WRITE_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_HOST_BIT,
		VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT | VK_ACCESS_HOST_READ_BIT |
			VK_ACCESS_HOST_WRITE_BIT);
}

/* The fence has been waited for, so the timestamps are there or will never be: no waiting here. */
static bool timed_read(
	struct compute_device *device, struct compute_timing *timing, struct lane_error *err)
{
	struct {
		uint64_t value;
		uint64_t available;
	} stamps[2] = {{0, 0}, {0, 0}};
	VkResult result = device->instance->vk.GetQueryPoolResults(device->device, device->queries, 0,
		2, sizeof(stamps), stamps, sizeof(stamps[0]),
		VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT);
	if (result < 0) {
		return compute_device_failed(
			device, result, "VULKAN_SUBMIT_FAILED", "vkGetQueryPoolResults", err);
	}
	double period_ns = (double)device->limits.timestampPeriod;
	uint64_t ns = compute_timestamp_ns(
		stamps[0].value, stamps[1].value, device->timestamp_valid_bits, period_ns);
	/* Two clocks: allow for their drift and for one tick at each end. */
	double most_ns = (double)timing->wall_ns * 1.01 + 2 * period_ns + 1000;
	bool valid = stamps[0].available && stamps[1].available && (double)ns <= most_ns;
	timing->timer = valid ? COMPUTE_TIMER_GPU : COMPUTE_TIMER_INVALID;
	timing->ns = valid ? ns : 0;
	return true;
}

bool compute_timed_submit(struct compute_device *device, unsigned timeout_ms,
	struct compute_timing *timing, struct lane_error *err)
{
	*timing = (struct compute_timing){.timer = COMPUTE_TIMER_HOST};
	if (!compute_commands_submit(device, timeout_ms, &timing->wall_ns, err)) {
		return false;
	}
	timing->ns = timing->wall_ns;
	return !device->queries || timed_read(device, timing, err);
}

bool compute_dispatch_run(struct compute_device *device, const struct compute_dispatch *dispatch,
	unsigned timeout_ms, struct compute_timing *timing, struct lane_error *err)
{
	if (!dispatch_within_limits(device, dispatch, err) || !compute_commands_begin(device, err)) {
		return false;
	}
	dispatch_record(device, dispatch);
	return compute_timed_submit(device, timeout_ms, timing, err);
}
