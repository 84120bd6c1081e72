/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/commands.h"
#include "compute/device.h"
#include "compute/dispatch.h"

#include "cmocka_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tests of whatever Vulkan device is there, lavapipe at least. */

struct bed {
	struct compute_instance instance;
	struct compute_identity *identities;
	size_t count;
	struct compute_device device;
};

static void bed_finish(struct bed *bed)
{
	compute_device_finish(&bed->device);
	free(bed->identities);
	compute_instance_finish(&bed->instance);
}

static bool bed_open(struct bed *bed, struct lane_error *err)
{
	memset(bed, 0, sizeof(*bed));
	return compute_instance_open(&bed->instance, false, err) &&
		compute_identity_list(&bed->instance, &bed->identities, &bed->count, err) &&
		(bed->count > 0 || lane_error_set(err, "DEVICE_NONE", "no device")) &&
		compute_device_open(&bed->instance, &bed->identities[0], 0, &bed->device, err);
}

static int set_up(void **state)
{
	static struct bed bed;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	*state = &bed;
	if (!bed_open(&bed, &err)) {
		fprintf(stderr, "%s\n", lane_error_message(&err));
		bed_finish(&bed);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;
	int validation_messages = (int)bed->instance.validation_count;
	for (size_t i = 0; i < bed->instance.message_count && validation_messages > 0; i++) {
		fprintf(stderr, "%s\n", bed->instance.messages[i].text);
	}
	bed_finish(bed);
	return validation_messages;
}

static void knows_who_the_device_is(void **state)
{
	struct bed *bed = *state;
	const struct compute_identity *identity = &bed->identities[0];
	assert_true(identity->has_queue);
	assert_true(identity->memory_bytes > 0);
	if (identity->has_driver && identity->driver.driverID == VK_DRIVER_ID_MESA_LLVMPIPE) {
		assert_true(identity->software);
	}
	assert_true(bed->instance.loader_version >= VK_API_VERSION_1_1);
	assert_non_null(bed->instance.loader_path);
}

static void computes_what_is_checked(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	for (int i = 0; i < 3; i++) {
		if (!compute_device_check(&bed->device, 10000, &err)) {
			fail_msg("%s", lane_error_message(&err));
		}
		assert_int_equal(bed->device.memory_used_bytes, 0);
	}
}

static void refuses_memory_beyond_the_cap(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct compute_buffer first;
	struct compute_buffer second;
	bed->device.memory_cap_bytes = 1 << 20;
	assert_true(compute_buffer_create(&bed->device, COMPUTE_BUFFER_DEVICE, 1 << 19, &first, &err));
	uint64_t used = bed->device.memory_used_bytes;
	assert_true(used >= 1 << 19);
	assert_false(
		compute_buffer_create(&bed->device, COMPUTE_BUFFER_STAGING, (1 << 19) + 4, &second, &err));
	assert_string_equal(err.code, "MEMORY_CAP");
	assert_int_equal(bed->device.memory_used_bytes, used);
	compute_buffer_finish(&bed->device, &first);
	assert_int_equal(bed->device.memory_used_bytes, 0);
	assert_true(
		compute_buffer_create(&bed->device, COMPUTE_BUFFER_STAGING, 1 << 20, &second, &err));
	compute_buffer_finish(&bed->device, &second);
}

/* What a driver rounds up counts too. */
static void counts_what_the_driver_takes(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct compute_buffer buffer;
	assert_true(compute_buffer_create(&bed->device, COMPUTE_BUFFER_DEVICE, 4, &buffer, &err));
	uint64_t taken = buffer.allocated_bytes;
	assert_int_equal(bed->device.memory_used_bytes, taken);
	compute_buffer_finish(&bed->device, &buffer);
	bed->device.memory_cap_bytes = taken - 1;
	assert_false(compute_buffer_create(&bed->device, COMPUTE_BUFFER_DEVICE, 4, &buffer, &err));
	assert_string_equal(err.code, "MEMORY_CAP");
}

static void refuses_a_buffer_that_no_kernel_reaches(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct compute_buffer buffer;
	uint64_t bytes = (uint64_t)bed->device.limits.maxStorageBufferRange + 4;
	assert_false(compute_buffer_create(&bed->device, COMPUTE_BUFFER_DEVICE, bytes, &buffer, &err));
	assert_string_equal(err.code, "DEVICE_LIMIT");
}

static void takes_no_memory_of_a_feature_that_is_off(void **state)
{
	struct bed *bed = *state;
	for (uint32_t i = 0; i < bed->device.memory.memoryTypeCount; i++) {
		bed->device.memory.memoryTypes[i].propertyFlags |=
			VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD;
	}
	struct compute_buffer buffer;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_false(compute_buffer_create(&bed->device, COMPUTE_BUFFER_DEVICE, 4096, &buffer, &err));
	assert_true(lane_error_is(&err, "VULKAN_MEMORY_FAILED"));
	assert_int_equal(bed->device.memory_used_bytes, 0);
}

static void a_lost_device_stays_lost(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct compute_buffer buffer;
	compute_device_failed(&bed->device, VK_ERROR_DEVICE_LOST, "ANY", "vkQueueSubmit", &err);
	assert_string_equal(err.code, "DEVICE_LOST");
	assert_false(compute_device_check(&bed->device, 1000, &err));
	assert_string_equal(err.code, "DEVICE_LOST");
	assert_false(compute_commands_begin(&bed->device, &err));
	assert_false(compute_buffer_create(&bed->device, COMPUTE_BUFFER_DEVICE, 4, &buffer, &err));
	bed->device.lost = false;
	assert_true(compute_device_check(&bed->device, 10000, &err));
}

/* A driver that answers everything and computes nothing, or one workgroup too few, or wrong. */
static void sees_a_device_that_computes_wrong(void **state)
{
	(void)state;
	static const char *const faults[] = {
		"skip-dispatch", "short-grid", "flip=700", "device-lost", "no-timestamps"};
	static const char *const codes[] = {
		"WRONG_RESULT", "WRONG_RESULT", "WRONG_RESULT", "DEVICE_LOST", ""};
	setenv("VK_ADD_LAYER_PATH", FAULT_LAYER_PATH, 1);
	setenv("VK_INSTANCE_LAYERS", "VK_LAYER_GPU_LANE_fault", 1);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct bed bed;
		setenv("GPU_LANE_FAULT", faults[i], 1);
		assert_true(bed_open(&bed, &err));
		compute_device_check(&bed.device, 10000, &err);
		bed_finish(&bed);
		assert_string_equal(err.code, codes[i]);
	}
	unsetenv("VK_INSTANCE_LAYERS");
	unsetenv("GPU_LANE_FAULT");
}

static void copies_and_fills(void **state)
{
	struct bed *bed = *state;
	struct compute_device *device = &bed->device;
	struct compute_buffer local;
	struct compute_buffer staging;
	assert_true(compute_buffer_create(device, COMPUTE_BUFFER_DEVICE, 64, &local, NULL));
	assert_true(compute_buffer_create(device, COMPUTE_BUFFER_STAGING, 64, &staging, NULL));
	memset(staging.mapped, 0, 64);
	assert_true(compute_buffer_flush(device, &staging, NULL));
	assert_true(compute_commands_begin(device, NULL));
	compute_commands_fill(device, &local, 0x01020304);
	compute_commands_barrier(device, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
		VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_READ_BIT);
	compute_commands_copy(device, &local, 0, &staging, 8, 4);
	compute_commands_barrier(device, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
		VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
	uint64_t wall_ns = 0;
	assert_true(compute_commands_submit(device, 10000, &wall_ns, NULL));
	assert_true(compute_buffer_invalidate(device, &staging, NULL));
	assert_true(wall_ns > 0);
	const uint32_t *words = staging.mapped;
	assert_int_equal(words[1], 0);
	assert_int_equal(words[2], 0x01020304);
	assert_int_equal(words[3], 0);
	compute_buffer_finish(device, &staging);
	compute_buffer_finish(device, &local);
}

static void timestamps_honour_bits_and_period(void **state)
{
	(void)state;
	assert_int_equal(compute_timestamp_ns(100, 350, 64, 1.0), 250);
	assert_int_equal(compute_timestamp_ns(100, 350, 64, 10.0), 2500);
	assert_int_equal(compute_timestamp_ns(100, 101, 64, 0.6), 1);
	/* Wrapped around 36 bits. */
	assert_int_equal(compute_timestamp_ns((UINT64_C(1) << 36) - 5, 5, 36, 1.0), 10);
	/* Bits above the valid ones are rubbish. */
	assert_int_equal(
		compute_timestamp_ns(UINT64_C(7) << 40 | 100, UINT64_C(9) << 40 | 160, 40, 1.0), 60);
	assert_int_equal(compute_timestamp_ns(0, 10, 64, -1.0), UINT64_MAX);
	assert_int_equal(compute_timestamp_ns(0, UINT64_MAX, 64, 1e9), UINT64_MAX);
}

static void names_results_and_types(void **state)
{
	(void)state;
	assert_string_equal(compute_result_name(VK_ERROR_DEVICE_LOST), "VK_ERROR_DEVICE_LOST");
	assert_string_equal(compute_result_name((VkResult)-77), "VkResult -77");
	assert_string_equal(
		compute_device_type_name(VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU), "DISCRETE_GPU");
	assert_string_equal(compute_device_type_name((VkPhysicalDeviceType)77), "OTHER");
}

int main(void)
{
	struct bed bed;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	bool open = bed_open(&bed, &err);
	bed_finish(&bed);
	if (!open) {
		printf("SKIP: no Vulkan device: %s\n", lane_error_message(&err));
		return 77;
	}
	const struct CMUnitTest tests[] = {
		NAMED_WITH("device@knows-who-it-is", knows_who_the_device_is, set_up, tear_down),
		NAMED_WITH("device@computes-what-is-checked", computes_what_is_checked, set_up, tear_down),
		NAMED_WITH("device@a-lost-one-stays-lost", a_lost_device_stays_lost, set_up, tear_down),
		NAMED("device@one-that-computes-wrong-is-seen", sees_a_device_that_computes_wrong),
		NAMED_WITH(
			"buffer@counts-what-the-driver-takes", counts_what_the_driver_takes, set_up, tear_down),
		NAMED_WITH("buffer@takes-no-memory-of-a-feature-that-is-off",
			takes_no_memory_of_a_feature_that_is_off, set_up, tear_down),
		NAMED_WITH("buffer@refuses-memory-beyond-the-cap", refuses_memory_beyond_the_cap, set_up,
			tear_down),
		NAMED_WITH("buffer@refuses-one-that-no-kernel-reaches",
			refuses_a_buffer_that_no_kernel_reaches, set_up, tear_down),
		NAMED_WITH("commands@copy-and-fill", copies_and_fills, set_up, tear_down),
		NAMED("timestamp@honours-bits-and-period", timestamps_honour_bits_and_period),
		NAMED("names@of-results-and-types", names_results_and_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
