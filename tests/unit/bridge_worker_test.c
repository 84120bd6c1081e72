/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/worker_bed.h"

#include "base/memory.h"
#include "tests/unit/shaders/counting.comp.h"
#include "tests/unit/shaders/endless.comp.h"
#include "tests/unit/shaders/sized_1_6.h"

#include "cmocka_names.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_sized();
	job.sampling.min_samples = job.sampling.max_samples = 5;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.text, "");
	assert_int_equal(event.kind, BRIDGE_WORKER_DONE);
	assert_string_equal(event.state, "OK");
	assert_int_equal(cJSON_GetArraySize(base_json_get(event.detail, "samples_ns")), 5);
	assert_string_equal(base_json_string(event.detail, "stop_rule", ""), "max-samples");
	assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	uint32_t ramp[WORDS];
	worker_bed_result(worker, words, WORDS);
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RAMP, .seed = 0}, ramp, WORDS);
	for (size_t i = 0; i < WORDS; i++) {
		assert_int_equal(words[i], 2 * ramp[i] + 7);
	}
	bridge_worker_destroy(worker);
}

static void gives_away_a_result_that_nobody_changes(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_sized();
	struct bridge_worker_event event = worker_bed_run(worker, &job);
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
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_in_place();
	job.sampling.min_samples = job.sampling.max_samples = 7;
	job.sampling.warmup_ms = 20;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.state, "OK");
	assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	uint32_t random[WORDS];
	worker_bed_result(worker, words, WORDS);
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 1}, random, WORDS);
	for (size_t i = 0; i < WORDS; i++) {
		assert_int_equal(words[i], random[i] + 1);
	}
	bridge_worker_destroy(worker);
}

/* lavapipe has one size, 8 or more; no device has subgroups of 3. */
static void keeps_to_the_sizes_of_subgroups(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_sized();
	job.subgroup_size = 3;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.state, "ERR LIMIT");
	assert_non_null(strstr(event.text, "subgroups of 3"));
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

/* Runs the same module with blocks of so many, 2 x + add; whether it was compiled for that. */
static bool compiles(struct bridge_worker *worker, uint32_t block, uint32_t add)
{
	struct bridge_job job = worker_bed_sized();
	job.block[0] = block;
	job.grid[0] = WORDS / block;
	memcpy(job.push_constants, &add, sizeof(add));
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.text, "");
	bool compiled = base_json_uint(event.detail, "compile_ns", 0) > 0;
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS], ramp[WORDS];
	worker_bed_result(worker, words, WORDS);
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RAMP, .seed = 0}, ramp, WORDS);
	for (size_t i = 0; i < WORDS; i++) {
		assert_int_equal(words[i], 2 * ramp[i] + add);
	}
	return compiled;
}

static void keeps_the_pipelines_of_its_last_jobs(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	assert_true(compiles(worker, 64, 7));
	assert_false(compiles(worker, 64, 9));
	/* Another constant is another pipeline. */
	assert_true(compiles(worker, 32, 9));
	assert_false(compiles(worker, 64, 1));
	assert_false(compiles(worker, 32, 1));
	/* Three more of them push out what was not used for longest. */
	assert_true(compiles(worker, 16, 1));
	assert_true(compiles(worker, 8, 1));
	assert_true(compiles(worker, 4, 1));
	assert_false(compiles(worker, 32, 1));
	assert_true(compiles(worker, 64, 1));
	bridge_worker_destroy(worker);
}

/* The same words, whether the host could have written them itself or not. */
static void times_transfers_in_place_of_dispatches(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	for (enum bridge_measure measure = BRIDGE_MEASURE_DISPATCH; measure <= BRIDGE_MEASURE_DOWNLOAD;
		 measure++) {
		struct bridge_job job = worker_bed_in_place();
		job.sampling.min_samples = job.sampling.max_samples = 3;
		job.sampling.measure = measure;
		struct bridge_worker_event event = worker_bed_run(worker, &job);
		assert_string_equal(event.state, "OK");
		const cJSON *samples = base_json_get(event.detail, "samples_ns");
		assert_true(cJSON_GetArrayItem(samples, 0)->valuedouble > 0);
		assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
		bridge_worker_event_finish(&event);
		uint32_t words[WORDS];
		uint32_t random[WORDS];
		worker_bed_result(worker, words, WORDS);
		bridge_fill_words(
			&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 1}, random, WORDS);
		for (size_t i = 0; i < WORDS; i++) {
			assert_int_equal(words[i], random[i] + 1);
		}
	}
	bridge_worker_destroy(worker);
}

static void names_the_word_that_differs_between_samples(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_job(counting_spirv, sizeof(counting_spirv));
	worker_bed_buffer(&job, 0, BRIDGE_FILL_ZERO, false, 1);
	worker_bed_buffer(&job, 1, BRIDGE_FILL_POISON, true, WORDS);
	job.sampling.min_samples = job.sampling.max_samples = 9;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.state, "OK");
	const cJSON *differs = base_json_get(event.detail, "differs");
	assert_int_equal(base_json_uint(differs, "sample", 99), 1);
	assert_int_equal(base_json_uint(differs, "buffer", 99), 1);
	assert_int_equal(base_json_uint(differs, "word", 99), 5);
	assert_string_equal(base_json_string(event.detail, "stop_rule", ""), "differs");
	assert_int_equal(cJSON_GetArraySize(base_json_get(event.detail, "samples_ns")), 2);
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	worker_bed_result(worker, words, WORDS);
	assert_int_equal(words[5], 1);
	bridge_worker_destroy(worker);
}

/* The same kernel compiled for Vulkan 1.3, whose local size is a LocalSizeId. */
static void takes_modules_of_the_newest_kind(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_sized();
	free(job.module);
	job.module_size = sizeof(sized_1_6_spirv);
	job.module = base_alloc(1, job.module_size);
	memcpy(job.module, sized_1_6_spirv, job.module_size);
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	if (strcmp(event.state, "ERR LIMIT") != 0) {
		assert_string_equal(event.text, "");
		uint32_t words[WORDS];
		worker_bed_result(worker, words, WORDS);
		assert_int_equal(words[0], 7);
	}
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void repeats_dispatches_within_a_sample(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_job(counting_spirv, sizeof(counting_spirv));
	worker_bed_buffer(&job, 0, BRIDGE_FILL_ZERO, false, 1);
	worker_bed_buffer(&job, 1, BRIDGE_FILL_POISON, true, WORDS);
	job.sampling.dispatches_per_sample = 10;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.state, "OK");
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	worker_bed_result(worker, words, WORDS);
	/* One to learn how long it takes, then ten. */
	assert_int_equal(words[5], 10);
	bridge_worker_destroy(worker);
}

static void stops_when_precise_or_late(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_sized();
	job.sampling.min_samples = 6;
	job.sampling.max_samples = BRIDGE_JOB_SAMPLES_MAX;
	job.sampling.rel_ci = 1;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(base_json_string(event.detail, "stop_rule", ""), "precision");
	bridge_worker_event_finish(&event);

	job = worker_bed_sized();
	job.sampling.min_samples = job.sampling.max_samples = BRIDGE_JOB_SAMPLES_MAX;
	job.timeout_ms = 50;
	event = worker_bed_run(worker, &job);
	assert_string_equal(base_json_string(event.detail, "stop_rule", ""), "time");
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void refuses_bad_jobs_and_lives_on(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_in_place();
	job.block[0] = 32;
	worker_bed_expect(worker, job, "ERR INVALID", "block[0]");

	job = worker_bed_sized();
	job.module[0] = 0;
	worker_bed_expect(worker, job, "ERR INVALID", "SPIR-V");

	job = worker_bed_sized();
	job.module[5] = 99;
	worker_bed_expect(worker, job, "ERR LIMIT", "SPIR-V 1.99");

	/* Whole instructions whose meaning is broken: only the validator sees that. */
	job = worker_bed_sized();
	uint32_t *words = (uint32_t *)(void *)job.module;
	words[job.module_size / 4 - 1] = UINT32_C(1) << 16 | 254; /* OpUnreachable for OpFunctionEnd */
	worker_bed_expect(worker, job, "ERR INVALID", "SPIR-V: ");

	job = worker_bed_sized();
	job.buffers[1].binding = 2;
	worker_bed_expect(worker, job, "ERR INVALID", "binding 1");

	job = worker_bed_sized();
	job.block[0] = 1 << 20;
	worker_bed_expect(worker, job, "ERR LIMIT", "local size");

	job = worker_bed_sized();
	job.grid[1] = UINT32_MAX;
	worker_bed_expect(worker, job, "ERR LIMIT", "grid");

	job = worker_bed_sized();
	worker_bed_buffer(&job, 3, BRIDGE_FILL_ZERO, false, UINT64_C(1) << 45);
	worker_bed_expect(worker, job, "ERR LIMIT", "binding 3");

	worker_bed_expect(worker, worker_bed_sized(), "OK", "");
	bridge_worker_destroy(worker);
}

/** What a process was started with. */
static void read_environment(pid_t pid, char *text, size_t size)
{
	BASE_FREE char *path = base_format("/proc/%d/environ", (int)pid);
	BASE_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = read(fd, text, size - 1);
	assert_true(got >= 0 && (size_t)got < size - 1);
	for (ssize_t i = 0; i < got; i++) {
		text[i] = text[i] == '\0' ? '\n' : text[i];
	}
	text[got] = '\0';
}

static void inherits_nothing_but_what_drivers_read(void **state)
{
	(void)state;
	static const char *const secrets[] = {"GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "AWS_SECRET_ACCESS_KEY", "GPU_LANE_APP_KEY_FILE",
		"PATH_X", "VK", "LD_PRELOAD_X", "HOMEX"};
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		setenv(secrets[i], "a-secret", 1);
	}
	setenv("VK_TEST_PASSED", "on", 1);
	struct bridge_worker *worker = worker_bed_start();
	char text[1 << 16];
	read_environment(bridge_worker_pid(worker), text, sizeof(text));
	assert_null(strstr(text, "a-secret"));
	assert_non_null(strstr(text, "VK_TEST_PASSED=on\n"));
	bridge_worker_destroy(worker);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		unsetenv(secrets[i]);
	}
	unsetenv("VK_TEST_PASSED");
}

static void runs_one_job_at_a_time(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	const struct bridge_worker_plan plan = {.device_uuid = worker_bed_uuid};
	struct bridge_worker *worker = bridge_worker_start(&plan, &err);
	struct bridge_job job = worker_bed_sized();
	assert_false(bridge_worker_submit(worker, &job, &err));
	assert_string_equal(err.code, "WORKER_BUSY");
	struct bridge_worker_event event = worker_bed_event(worker);
	bridge_worker_event_finish(&event);
	assert_true(bridge_worker_submit(worker, &job, &err));
	assert_false(bridge_worker_submit(worker, &job, &err));
	assert_int_equal(bridge_worker_take_result(worker), -1);
	event = worker_bed_event(worker);
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
	struct bridge_worker *worker = worker_bed_start();
	struct bridge_job job = worker_bed_job(endless_spirv, sizeof(endless_spirv));
	job.block[0] = 1;
	job.grid[0] = job.grid[1] = 65535;
	worker_bed_buffer(&job, 0, BRIDGE_FILL_ZERO, true, 2);
	assert_true(bridge_worker_submit(worker, &job, &err));
	bridge_job_finish(&job);
	struct pollfd answer = {.fd = bridge_worker_socket(worker), .events = POLLIN};
	assert_int_equal(poll(&answer, 1, 700), 0);
	bridge_worker_kill(worker);
	BASE_FREE char *text = NULL;
	assert_true(reap_within_ms(worker, 2000, &text));
	assert_true(text && strstr(text, "SIGKILL"));
	struct bridge_worker_event event = worker_bed_event(worker);
	assert_int_equal(event.kind, BRIDGE_WORKER_GONE);
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void a_killed_worker_is_gone(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start();
	kill(bridge_worker_pid(worker), SIGTERM);
	struct bridge_worker_event event = worker_bed_event(worker);
	assert_int_equal(event.kind, BRIDGE_WORKER_GONE);
	bridge_worker_event_finish(&event);
	BASE_FREE char *text = NULL;
	assert_true(reap_within_ms(worker, 2000, &text));
	assert_true(text && strstr(text, "SIGTERM"));
	bridge_worker_destroy(worker);
}

static void an_unknown_device_is_named(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	const struct bridge_worker_plan plan = {.device_uuid = "00000000-0000-0000-0000-0000000000ff"};
	struct bridge_worker *worker = bridge_worker_start(&plan, &err);
	struct bridge_worker_event event = worker_bed_event(worker);
	assert_int_equal(event.kind, BRIDGE_WORKER_GONE);
	assert_non_null(strstr(event.text, "DEVICE_NOT_FOUND"));
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
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
		NAMED("worker@keeps-to-the-sizes-of-subgroups", keeps_to_the_sizes_of_subgroups),
		NAMED("worker@keeps-the-pipelines-of-its-last-jobs", keeps_the_pipelines_of_its_last_jobs),
		NAMED("worker@times-transfers-in-place-of-dispatches",
			times_transfers_in_place_of_dispatches),
		NAMED("worker@names-the-word-that-differs-between-samples",
			names_the_word_that_differs_between_samples),
		NAMED("worker@takes-modules-of-the-newest-kind", takes_modules_of_the_newest_kind),
		NAMED("worker@repeats-dispatches-within-a-sample", repeats_dispatches_within_a_sample),
		NAMED("worker@stops-when-precise-or-late", stops_when_precise_or_late),
		NAMED("worker@refuses-bad-jobs-and-lives-on", refuses_bad_jobs_and_lives_on),
		NAMED("worker@inherits-nothing-but-what-drivers-read",
			inherits_nothing_but_what_drivers_read),
		NAMED("worker@runs-one-job-at-a-time", runs_one_job_at_a_time),
		NAMED("worker@an-endless-kernel-can-be-killed", an_endless_kernel_can_be_killed),
		NAMED("worker@a-killed-worker-is-gone", a_killed_worker_is_gone),
		NAMED("worker@an-unknown-device-is-named", an_unknown_device_is_named),
	};
	return cmocka_run_group_tests(tests, worker_bed_find, NULL);
}
