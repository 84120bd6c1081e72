/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/worker_bed.h"

#include "base/memory.h"
#include "tests/unit/shaders/in_place.comp.h"
#include "tests/unit/shaders/sized.comp.h"

#include "cmocka_names.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char worker_bed_uuid[64];

struct bridge_job worker_bed_job(const void *module, size_t size)
{
	struct bridge_job job = {
		.id = base_strdup("t"),
		.kernel = base_strdup("k"),
		.grid = {1, 1, 1},
		.block = {WORDS, 1, 1},
		.timeout_ms = 20000,
		.module = base_alloc(size, 1),
		.module_size = size,
		.sampling = {.min_samples = 1, .max_samples = 1, .dispatches_per_sample = 1},
		.capture_result = true,
		.capture_timing = true,
	};
	memcpy(job.module, module, size);
	return job;
}

void worker_bed_buffer(
	struct bridge_job *job, uint32_t binding, enum bridge_fill fill, bool output, uint64_t words)
{
	job->buffers[job->buffer_count++] = (struct bridge_job_buffer){
		.binding = binding, .bytes = words * 4, .fill = fill, .seed = 1, .output = output};
	job->memory_bytes += words * 4;
	job->result_bytes += output ? words * 4 : 0;
}

struct bridge_job worker_bed_sized(void)
{
	struct bridge_job job = worker_bed_job(sized_spirv, sizeof(sized_spirv));
	uint32_t add = 7;
	worker_bed_buffer(&job, 0, BRIDGE_FILL_RAMP, false, WORDS);
	worker_bed_buffer(&job, 1, BRIDGE_FILL_POISON, true, WORDS);
	memcpy(job.push_constants, &add, sizeof(add));
	job.push_constant_size = sizeof(add);
	return job;
}

struct bridge_job worker_bed_in_place(void)
{
	struct bridge_job job = worker_bed_job(in_place_spirv, sizeof(in_place_spirv));
	worker_bed_buffer(&job, 0, BRIDGE_FILL_RANDOM, true, WORDS);
	return job;
}

struct bridge_worker_event worker_bed_event(struct bridge_worker *worker)
{
	struct bridge_worker_event event;
	for (;;) {
		bridge_worker_read(worker, &event);
		struct pollfd fd = {.fd = bridge_worker_socket(worker), .events = POLLIN};
		if (event.kind != BRIDGE_WORKER_NOTHING || poll(&fd, 1, 20000) <= 0) {
			return event;
		}
	}
}

struct bridge_worker *worker_bed_start(void)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	const struct bridge_worker_plan plan = {.device_uuid = worker_bed_uuid};
	struct bridge_worker *worker = bridge_worker_start(&plan, &err);
	assert_non_null(worker);
	struct bridge_worker_event event = worker_bed_event(worker);
	if (event.kind != BRIDGE_WORKER_READY) {
		fail_msg("not ready: %s", event.text);
	}
	assert_string_equal(base_json_string(event.detail, "uuid", ""), worker_bed_uuid);
	bridge_worker_event_finish(&event);
	return worker;
}

struct bridge_worker *worker_bed_start_faulty(const char *fault)
{
	setenv("VK_INSTANCE_LAYERS", "VK_LAYER_GPU_LANE_fault", 1);
	setenv("GPU_LANE_FAULT", fault, 1);
	struct bridge_worker *worker = worker_bed_start();
	unsetenv("VK_INSTANCE_LAYERS");
	unsetenv("GPU_LANE_FAULT");
	return worker;
}

struct bridge_worker_event worker_bed_run(struct bridge_worker *worker, struct bridge_job *job)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_worker_submit(worker, job, &err)) {
		fail_msg("%s", lane_error_message(&err));
	}
	bridge_job_finish(job);
	return worker_bed_event(worker);
}

void worker_bed_expect(
	struct bridge_worker *worker, struct bridge_job job, const char *state, const char *words)
{
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	if (event.kind != BRIDGE_WORKER_DONE || strcmp(event.state, state) != 0 ||
		!strstr(event.text, words)) {
		fail_msg("kind %d, %s: %s", (int)event.kind, event.state ? event.state : "", event.text);
	}
	bridge_worker_event_finish(&event);
}

void worker_bed_result(struct bridge_worker *worker, uint32_t *words, size_t count)
{
	BASE_CLOSE int fd = bridge_worker_take_result(worker);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), count * 4);
	assert_int_equal(pread(fd, words, count * 4, 0), count * 4);
}

int worker_bed_find(void **state)
{
	(void)state;
	cJSON *devices = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_worker_describe(20000, &devices, &err) || cJSON_GetArraySize(devices) == 0) {
		printf("SKIP: no Vulkan device: %s\n", lane_error_message(&err));
		cJSON_Delete(devices);
		exit(77);
	}
	snprintf(worker_bed_uuid, sizeof(worker_bed_uuid), "%s",
		base_json_string(cJSON_GetArrayItem(devices, 0), "uuid", ""));
	cJSON_Delete(devices);
	return setenv("VK_ADD_LAYER_PATH", FAULT_LAYER_PATH, 1);
}
