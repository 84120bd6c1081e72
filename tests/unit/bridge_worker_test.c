/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/memory.h"
#include "tests/unit/shaders/counting.comp.h"
#include "tests/unit/shaders/endless.comp.h"
#include "tests/unit/shaders/in_place.comp.h"
#include "tests/unit/shaders/sized.comp.h"
#include "tests/unit/shaders/sized_1_6.h"
#include "tests/unit/shaders/tail.comp.h"

#include "cmocka_names.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Tests of the real worker on whatever Vulkan device is there, lavapipe at least. */

enum { WORDS = 64 };

static char device_uuid[64];

/* A job over `words` words a buffer; the tests change what they are about. */
static struct bridge_job job_new(const void *module, size_t size)
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

static void job_buffer(
	struct bridge_job *job, uint32_t binding, enum bridge_fill fill, bool output, uint64_t words)
{
	job->buffers[job->buffer_count++] = (struct bridge_job_buffer){
		.binding = binding, .bytes = words * 4, .fill = fill, .seed = 1, .output = output};
	job->memory_bytes += words * 4;
	job->result_bytes += output ? words * 4 : 0;
}

/* y = 2 x + 7 over ramp words. */
static struct bridge_job job_sized(void)
{
	struct bridge_job job = job_new(sized_spirv, sizeof(sized_spirv));
	uint32_t add = 7;
	job_buffer(&job, 0, BRIDGE_FILL_RAMP, false, WORDS);
	job_buffer(&job, 1, BRIDGE_FILL_POISON, true, WORDS);
	memcpy(job.push_constants, &add, sizeof(add));
	job.push_constant_size = sizeof(add);
	return job;
}

static struct bridge_job job_in_place(void)
{
	struct bridge_job job = job_new(in_place_spirv, sizeof(in_place_spirv));
	job_buffer(&job, 0, BRIDGE_FILL_RANDOM, true, WORDS);
	return job;
}

/* The next event, or NOTHING after 20 s. */
static struct bridge_worker_event event_wait(struct bridge_worker *worker)
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

static struct bridge_worker *worker_start(void)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_worker *worker = bridge_worker_start(device_uuid, &err);
	assert_non_null(worker);
	struct bridge_worker_event event = event_wait(worker);
	if (event.kind != BRIDGE_WORKER_READY) {
		fail_msg("not ready: %s", event.text);
	}
	assert_string_equal(base_json_string(event.detail, "uuid", ""), device_uuid);
	bridge_worker_event_finish(&event);
	return worker;
}

/* Starts a worker with a faulty device. */
static struct bridge_worker *worker_start_faulty(const char *fault)
{
	setenv("VK_INSTANCE_LAYERS", "VK_LAYER_GPU_LANE_fault", 1);
	setenv("GPU_LANE_FAULT", fault, 1);
	struct bridge_worker *worker = worker_start();
	unsetenv("VK_INSTANCE_LAYERS");
	unsetenv("GPU_LANE_FAULT");
	return worker;
}

/* Runs a job to its end and finishes it. */
static struct bridge_worker_event run(struct bridge_worker *worker, struct bridge_job *job)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_worker_submit(worker, job, &err)) {
		fail_msg("%s", lane_error_message(&err));
	}
	bridge_job_finish(job);
	return event_wait(worker);
}

static void run_expect(
	struct bridge_worker *worker, struct bridge_job job, const char *state, const char *words)
{
	struct bridge_worker_event event = run(worker, &job);
	if (event.kind != BRIDGE_WORKER_DONE || strcmp(event.state, state) != 0 ||
		!strstr(event.text, words)) {
		fail_msg("kind %d, %s: %s", (int)event.kind, event.state ? event.state : "", event.text);
	}
	bridge_worker_event_finish(&event);
}

static void result_read(struct bridge_worker *worker, uint32_t *words, size_t count)
{
	BASE_CLOSE int fd = bridge_worker_take_result(worker);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), count * 4);
	assert_int_equal(pread(fd, words, count * 4, 0), count * 4);
}

static void describes_the_devices(void **state)
{
	(void)state;
	cJSON *devices = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_true(bridge_worker_describe(20000, &devices, &err));
	assert_true(cJSON_GetArraySize(devices) > 0);
	const cJSON *device = cJSON_GetArrayItem(devices, 0);
	assert_int_equal(strlen(base_json_string(device, "uuid", "")), 36);
	assert_true(base_json_uint(device, "memory_bytes", 0) > 0);
	cJSON_Delete(devices);
}

static void says_why_there_are_no_devices(void **state)
{
	(void)state;
	cJSON *devices = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	setenv("VK_DRIVER_FILES", "/nonexistent.json", 1);
	setenv("VK_ICD_FILENAMES", "/nonexistent.json", 1);
	bool described = bridge_worker_describe(20000, &devices, &err);
	unsetenv("VK_DRIVER_FILES");
	unsetenv("VK_ICD_FILENAMES");
	assert_false(described);
	assert_string_equal(err.code, "VULKAN_NO_DRIVER");
}

static void returns_the_words_of_a_job(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_sized();
	job.sampling.min_samples = job.sampling.max_samples = 5;
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.text, "");
	assert_int_equal(event.kind, BRIDGE_WORKER_DONE);
	assert_string_equal(event.state, "OK");
	assert_int_equal(cJSON_GetArraySize(base_json_get(event.detail, "samples_ns")), 5);
	assert_string_equal(base_json_string(event.detail, "stop_rule", ""), "max-samples");
	assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	uint32_t ramp[WORDS];
	result_read(worker, words, WORDS);
	bridge_fill_words(BRIDGE_FILL_RAMP, 0, ramp, WORDS);
	for (size_t i = 0; i < WORDS; i++) {
		assert_int_equal(words[i], 2 * ramp[i] + 7);
	}
	bridge_worker_destroy(worker);
}

static void gives_away_a_result_that_nobody_changes(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_sized();
	struct bridge_worker_event event = run(worker, &job);
	bridge_worker_event_finish(&event);
	BASE_CLOSE int fd = bridge_worker_take_result(worker);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(bridge_worker_take_result(worker), -1);
	bridge_worker_destroy(worker);
}

static void starts_every_sample_from_the_same_contents(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_in_place();
	job.sampling.min_samples = job.sampling.max_samples = 7;
	job.sampling.warmup_ms = 20;
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.state, "OK");
	assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	uint32_t random[WORDS];
	result_read(worker, words, WORDS);
	bridge_fill_words(BRIDGE_FILL_RANDOM, 1, random, WORDS);
	for (size_t i = 0; i < WORDS; i++) {
		assert_int_equal(words[i], random[i] + 1);
	}
	bridge_worker_destroy(worker);
}

static void names_the_word_that_differs_between_samples(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_new(counting_spirv, sizeof(counting_spirv));
	job_buffer(&job, 0, BRIDGE_FILL_ZERO, false, 1);
	job_buffer(&job, 1, BRIDGE_FILL_POISON, true, WORDS);
	job.sampling.min_samples = job.sampling.max_samples = 9;
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.state, "OK");
	const cJSON *differs = base_json_get(event.detail, "differs");
	assert_int_equal(base_json_uint(differs, "sample", 99), 1);
	assert_int_equal(base_json_uint(differs, "buffer", 99), 1);
	assert_int_equal(base_json_uint(differs, "word", 99), 5);
	assert_string_equal(base_json_string(event.detail, "stop_rule", ""), "differs");
	assert_int_equal(cJSON_GetArraySize(base_json_get(event.detail, "samples_ns")), 2);
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	result_read(worker, words, WORDS);
	assert_int_equal(words[5], 1);
	bridge_worker_destroy(worker);
}

/* The same kernel compiled for Vulkan 1.3, whose local size is a LocalSizeId. */
static void takes_modules_of_the_newest_kind(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_sized();
	free(job.module);
	job.module_size = sizeof(sized_1_6_spirv);
	job.module = base_alloc(1, job.module_size);
	memcpy(job.module, sized_1_6_spirv, job.module_size);
	struct bridge_worker_event event = run(worker, &job);
	if (strcmp(event.state, "ERR LIMIT") != 0) {
		assert_string_equal(event.text, "");
		uint32_t words[WORDS];
		result_read(worker, words, WORDS);
		assert_int_equal(words[0], 7);
	}
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void repeats_dispatches_within_a_sample(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_new(counting_spirv, sizeof(counting_spirv));
	job_buffer(&job, 0, BRIDGE_FILL_ZERO, false, 1);
	job_buffer(&job, 1, BRIDGE_FILL_POISON, true, WORDS);
	job.sampling.dispatches_per_sample = 10;
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.state, "OK");
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	result_read(worker, words, WORDS);
	/* One to learn how long it takes, then ten. */
	assert_int_equal(words[5], 10);
	bridge_worker_destroy(worker);
}

static void stops_when_precise_or_late(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_sized();
	job.sampling.min_samples = 6;
	job.sampling.max_samples = BRIDGE_JOB_SAMPLES_MAX;
	job.sampling.rel_ci = 1;
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(base_json_string(event.detail, "stop_rule", ""), "precision");
	bridge_worker_event_finish(&event);

	job = job_sized();
	job.sampling.min_samples = job.sampling.max_samples = BRIDGE_JOB_SAMPLES_MAX;
	job.timeout_ms = 50;
	event = run(worker, &job);
	assert_string_equal(base_json_string(event.detail, "stop_rule", ""), "time");
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void refuses_bad_jobs_and_lives_on(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_in_place();
	job.block[0] = 32;
	run_expect(worker, job, "ERR INVALID", "block[0]");

	job = job_sized();
	job.module[0] = 0;
	run_expect(worker, job, "ERR INVALID", "SPIR-V");

	job = job_sized();
	job.module[5] = 99;
	run_expect(worker, job, "ERR LIMIT", "SPIR-V 1.99");

	job = job_sized();
	job.buffers[1].binding = 2;
	run_expect(worker, job, "ERR INVALID", "binding 1");

	job = job_sized();
	job.block[0] = 1 << 20;
	run_expect(worker, job, "ERR LIMIT", "local size");

	job = job_sized();
	job.grid[1] = UINT32_MAX;
	run_expect(worker, job, "ERR LIMIT", "grid");

	job = job_sized();
	job_buffer(&job, 3, BRIDGE_FILL_ZERO, false, UINT64_C(1) << 45);
	run_expect(worker, job, "ERR LIMIT", "binding 3");

	run_expect(worker, job_sized(), "OK", "");
	bridge_worker_destroy(worker);
}

static void runs_one_job_at_a_time(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_worker *worker = bridge_worker_start(device_uuid, &err);
	struct bridge_job job = job_sized();
	assert_false(bridge_worker_submit(worker, &job, &err));
	assert_string_equal(err.code, "WORKER_BUSY");
	struct bridge_worker_event event = event_wait(worker);
	bridge_worker_event_finish(&event);
	assert_true(bridge_worker_submit(worker, &job, &err));
	assert_false(bridge_worker_submit(worker, &job, &err));
	assert_int_equal(bridge_worker_take_result(worker), -1);
	event = event_wait(worker);
	assert_string_equal(event.state, "OK");
	bridge_worker_event_finish(&event);
	bridge_job_finish(&job);
	bridge_worker_destroy(worker);
}

static bool reap_within_ms(struct bridge_worker *worker, int timeout_ms, char **text)
{
	struct pollfd ended = {.fd = bridge_worker_pidfd(worker), .events = POLLIN};
	return poll(&ended, 1, timeout_ms) == 1 && bridge_worker_reap(worker, text);
}

static void an_endless_kernel_can_be_killed(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_worker *worker = worker_start();
	struct bridge_job job = job_new(endless_spirv, sizeof(endless_spirv));
	job.block[0] = 1;
	job.grid[0] = job.grid[1] = 65535;
	job_buffer(&job, 0, BRIDGE_FILL_ZERO, true, 2);
	assert_true(bridge_worker_submit(worker, &job, &err));
	bridge_job_finish(&job);
	struct pollfd answer = {.fd = bridge_worker_socket(worker), .events = POLLIN};
	assert_int_equal(poll(&answer, 1, 700), 0);
	bridge_worker_kill(worker);
	BASE_FREE char *text = NULL;
	assert_true(reap_within_ms(worker, 2000, &text));
	assert_non_null(strstr(text, "SIGKILL"));
	struct bridge_worker_event event = event_wait(worker);
	assert_int_equal(event.kind, BRIDGE_WORKER_GONE);
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void a_killed_worker_is_gone(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start();
	kill(bridge_worker_pid(worker), SIGTERM);
	struct bridge_worker_event event = event_wait(worker);
	assert_int_equal(event.kind, BRIDGE_WORKER_GONE);
	bridge_worker_event_finish(&event);
	BASE_FREE char *text = NULL;
	assert_true(reap_within_ms(worker, 2000, &text));
	assert_non_null(strstr(text, "SIGTERM"));
	bridge_worker_destroy(worker);
}

static void an_unknown_device_is_named(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_worker *worker =
		bridge_worker_start("00000000-0000-0000-0000-0000000000ff", &err);
	struct bridge_worker_event event = event_wait(worker);
	assert_int_equal(event.kind, BRIDGE_WORKER_GONE);
	assert_non_null(strstr(event.text, "DEVICE_NOT_FOUND"));
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

/* Inputs, poisoned outputs and outputs with contents, all through staging. */
static void works_without_memory_that_the_host_shares(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start_faulty("uncached");
	struct bridge_job job = job_sized();
	job.sampling.min_samples = job.sampling.max_samples = 4;
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.text, "");
	assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	uint32_t contents[WORDS];
	result_read(worker, words, WORDS);
	bridge_fill_words(BRIDGE_FILL_RAMP, 0, contents, WORDS);
	for (size_t i = 0; i < WORDS; i++) {
		assert_int_equal(words[i], 2 * contents[i] + 7);
	}
	job = job_in_place();
	job.sampling.min_samples = job.sampling.max_samples = 4;
	event = run(worker, &job);
	assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
	bridge_worker_event_finish(&event);
	result_read(worker, words, WORDS);
	bridge_fill_words(BRIDGE_FILL_RANDOM, 1, contents, WORDS);
	for (size_t i = 0; i < WORDS; i++) {
		assert_int_equal(words[i], contents[i] + 1);
	}
	bridge_worker_destroy(worker);
}

/* More than one piece of staging, and the last one short. */
static void uploads_large_inputs_in_pieces(void **state)
{
	(void)state;
	enum { LARGE = (40 << 20) / 4 + 16 };
	struct bridge_worker *worker = worker_start_faulty("uncached");
	struct bridge_job job = job_new(tail_spirv, sizeof(tail_spirv));
	job_buffer(&job, 0, BRIDGE_FILL_RANDOM, false, LARGE);
	job_buffer(&job, 1, BRIDGE_FILL_POISON, true, WORDS);
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.text, "");
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	uint32_t contents[WORDS];
	result_read(worker, words, WORDS);
	bridge_fill_part(BRIDGE_FILL_RANDOM, 1, LARGE - WORDS, contents, WORDS);
	assert_memory_equal(words, contents, sizeof(words));
	bridge_worker_destroy(worker);
}

static void a_wrong_word_in_one_sample_is_seen(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start_faulty("flip=11@3");
	struct bridge_job job = job_sized();
	job.sampling.min_samples = job.sampling.max_samples = 9;
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.state, "OK");
	const cJSON *differs = base_json_get(event.detail, "differs");
	assert_int_equal(base_json_uint(differs, "sample", 99), 3);
	assert_int_equal(base_json_uint(differs, "buffer", 99), 1);
	assert_int_equal(base_json_uint(differs, "word", 99), 11);
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	result_read(worker, words, WORDS);
	assert_int_equal(words[11], 0x0BADC0DE);
	bridge_worker_destroy(worker);
}

static void a_dispatch_that_does_nothing_leaves_poison(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start_faulty("skip-dispatch");
	struct bridge_job job = job_sized();
	job.sampling.min_samples = job.sampling.max_samples = 3;
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.state, "OK");
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	result_read(worker, words, WORDS);
	assert_int_equal(words[0], 0xDEADBEEF);
	bridge_worker_destroy(worker);
}

static void a_missing_workgroup_leaves_poison(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start_faulty("short-grid=2");
	struct bridge_job job = job_sized();
	job.block[0] = 16;
	job.grid[0] = WORDS / 16;
	job.sampling.min_samples = job.sampling.max_samples = 5;
	struct bridge_worker_event event = run(worker, &job);
	const cJSON *differs = base_json_get(event.detail, "differs");
	assert_int_equal(base_json_uint(differs, "sample", 99), 2);
	assert_int_equal(base_json_uint(differs, "word", 99), WORDS - 16);
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	result_read(worker, words, WORDS);
	assert_int_equal(words[WORDS - 1], 0xDEADBEEF);
	bridge_worker_destroy(worker);
}

static void a_lost_device_ends_the_worker(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_start_faulty("device-lost=4");
	struct bridge_job job = job_sized();
	job.sampling.min_samples = job.sampling.max_samples = 50;
	run_expect(worker, job, "ERR DEVICE-LOST", "VK_ERROR_DEVICE_LOST");
	struct bridge_worker_event event = event_wait(worker);
	assert_int_equal(event.kind, BRIDGE_WORKER_GONE);
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void timer_of(const char *fault, const char *timer)
{
	struct bridge_worker *worker = worker_start_faulty(fault);
	struct bridge_job job = job_sized();
	struct bridge_worker_event event = run(worker, &job);
	assert_string_equal(event.state, "OK");
	assert_string_equal(base_json_string(event.detail, "timer", ""), timer);
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void a_timer_that_lies_is_invalid(void **state)
{
	(void)state;
	timer_of("no-timestamps", "invalid");
	timer_of("long-timestamps", "invalid");
	timer_of("slow=50", "gpu");
	timer_of("no-timer", "host");
}

static int find_device(void **state)
{
	(void)state;
	cJSON *devices = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_worker_describe(20000, &devices, &err) || cJSON_GetArraySize(devices) == 0) {
		printf("SKIP: no Vulkan device: %s\n", lane_error_message(&err));
		cJSON_Delete(devices);
		exit(77);
	}
	snprintf(device_uuid, sizeof(device_uuid), "%s",
		base_json_string(cJSON_GetArrayItem(devices, 0), "uuid", ""));
	cJSON_Delete(devices);
	return setenv("VK_ADD_LAYER_PATH", FAULT_LAYER_PATH, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("worker@describes-the-devices", describes_the_devices),
		NAMED("worker@says-why-there-are-no-devices", says_why_there_are_no_devices),
		NAMED("worker@returns-the-words-of-a-job", returns_the_words_of_a_job),
		NAMED("worker@gives-away-a-result-that-nobody-changes",
			gives_away_a_result_that_nobody_changes),
		NAMED("worker@starts-every-sample-from-the-same-contents",
			starts_every_sample_from_the_same_contents),
		NAMED("worker@names-the-word-that-differs-between-samples",
			names_the_word_that_differs_between_samples),
		NAMED("worker@takes-modules-of-the-newest-kind", takes_modules_of_the_newest_kind),
		NAMED("worker@repeats-dispatches-within-a-sample", repeats_dispatches_within_a_sample),
		NAMED("worker@stops-when-precise-or-late", stops_when_precise_or_late),
		NAMED("worker@refuses-bad-jobs-and-lives-on", refuses_bad_jobs_and_lives_on),
		NAMED("worker@runs-one-job-at-a-time", runs_one_job_at_a_time),
		NAMED("worker@works-without-memory-that-the-host-shares",
			works_without_memory_that_the_host_shares),
		NAMED("worker@uploads-large-inputs-in-pieces", uploads_large_inputs_in_pieces),
		NAMED("worker@an-endless-kernel-can-be-killed", an_endless_kernel_can_be_killed),
		NAMED("worker@a-killed-worker-is-gone", a_killed_worker_is_gone),
		NAMED("worker@an-unknown-device-is-named", an_unknown_device_is_named),
		NAMED("fault@a-wrong-word-in-one-sample-is-seen", a_wrong_word_in_one_sample_is_seen),
		NAMED("fault@a-dispatch-that-does-nothing-leaves-poison",
			a_dispatch_that_does_nothing_leaves_poison),
		NAMED("fault@a-missing-workgroup-leaves-poison", a_missing_workgroup_leaves_poison),
		NAMED("fault@a-lost-device-ends-the-worker", a_lost_device_ends_the_worker),
		NAMED("fault@a-timer-that-lies-is-invalid", a_timer_that_lies_is_invalid),
	};
	return cmocka_run_group_tests(tests, find_device, NULL);
}
