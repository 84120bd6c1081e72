/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/worker_bed.h"

#include "tests/unit/shaders/tail.comp.h"

#include "cmocka_names.h"

/* The worker on devices that are unlike lavapipe, and on faulty ones (tests/fault_layer). */

/* Inputs, poisoned outputs and outputs with contents, all through staging. */
static void works_without_memory_that_the_host_shares(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start_faulty("uncached");
	struct bridge_job job = worker_bed_sized();
	job.sampling.min_samples = job.sampling.max_samples = 4;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.text, "");
	assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	uint32_t contents[WORDS];
	worker_bed_result(worker, words, WORDS);
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RAMP, .seed = 0}, contents, WORDS);
	for (size_t i = 0; i < WORDS; i++) {
		assert_int_equal(words[i], 2 * contents[i] + 7);
	}
	job = worker_bed_in_place();
	job.sampling.min_samples = job.sampling.max_samples = 4;
	event = worker_bed_run(worker, &job);
	assert_true(cJSON_IsNull(base_json_get(event.detail, "differs")));
	bridge_worker_event_finish(&event);
	worker_bed_result(worker, words, WORDS);
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 1}, contents, WORDS);
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
	struct bridge_worker *worker = worker_bed_start_faulty("uncached");
	struct bridge_job job = worker_bed_job(tail_spirv, sizeof(tail_spirv));
	worker_bed_buffer(&job, 0, BRIDGE_FILL_RANDOM, false, LARGE);
	worker_bed_buffer(&job, 1, BRIDGE_FILL_POISON, true, WORDS);
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.text, "");
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	uint32_t contents[WORDS];
	worker_bed_result(worker, words, WORDS);
	bridge_fill_part(&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 1},
		LARGE - WORDS, contents, WORDS);
	assert_memory_equal(words, contents, sizeof(words));
	bridge_worker_destroy(worker);
}

static void a_wrong_word_in_one_sample_is_seen(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start_faulty("flip=11@3");
	struct bridge_job job = worker_bed_sized();
	job.sampling.min_samples = job.sampling.max_samples = 9;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.state, "OK");
	const cJSON *differs = base_json_get(event.detail, "differs");
	assert_int_equal(base_json_uint(differs, "sample", 99), 3);
	assert_int_equal(base_json_uint(differs, "buffer", 99), 1);
	assert_int_equal(base_json_uint(differs, "word", 99), 11);
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	worker_bed_result(worker, words, WORDS);
	assert_int_equal(words[11], 0x0BADC0DE);
	bridge_worker_destroy(worker);
}

/* The outputs that come back are right, but what the last pass of the warm-up did was not. */
static void a_wrong_word_in_the_warm_up_is_seen(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start_faulty("flip=11@1");
	struct bridge_job job = worker_bed_sized();
	/* So many do the same that the first dispatch takes longer than the warm-up, whose last pass
	   is the second then. */
	job.grid[1] = 65535;
	job.sampling.warmup_ms = 1;
	job.sampling.min_samples = job.sampling.max_samples = 3;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.state, "OK");
	const cJSON *differs = base_json_get(event.detail, "differs");
	assert_int_equal(base_json_uint(differs, "sample", 99), 0);
	assert_int_equal(base_json_uint(differs, "word", 99), 11);
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	worker_bed_result(worker, words, WORDS);
	assert_int_not_equal(words[11], 0x0BADC0DE);
	bridge_worker_destroy(worker);
}

static void a_dispatch_that_does_nothing_leaves_poison(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start_faulty("skip-dispatch");
	struct bridge_job job = worker_bed_sized();
	job.sampling.min_samples = job.sampling.max_samples = 3;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	assert_string_equal(event.state, "OK");
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	worker_bed_result(worker, words, WORDS);
	assert_int_equal(words[0], 0xDEADBEEF);
	bridge_worker_destroy(worker);
}

static void a_missing_workgroup_leaves_poison(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start_faulty("short-grid=2");
	struct bridge_job job = worker_bed_sized();
	job.block[0] = 16;
	job.grid[0] = WORDS / 16;
	job.sampling.min_samples = job.sampling.max_samples = 5;
	struct bridge_worker_event event = worker_bed_run(worker, &job);
	const cJSON *differs = base_json_get(event.detail, "differs");
	assert_int_equal(base_json_uint(differs, "sample", 99), 2);
	assert_int_equal(base_json_uint(differs, "word", 99), WORDS - 16);
	bridge_worker_event_finish(&event);
	uint32_t words[WORDS];
	worker_bed_result(worker, words, WORDS);
	assert_int_equal(words[WORDS - 1], 0xDEADBEEF);
	bridge_worker_destroy(worker);
}

static void a_lost_device_ends_the_worker(void **state)
{
	(void)state;
	struct bridge_worker *worker = worker_bed_start_faulty("device-lost=4");
	struct bridge_job job = worker_bed_sized();
	job.sampling.min_samples = job.sampling.max_samples = 50;
	worker_bed_expect(worker, job, "ERR DEVICE-LOST", "VK_ERROR_DEVICE_LOST");
	struct bridge_worker_event event = worker_bed_event(worker);
	assert_int_equal(event.kind, BRIDGE_WORKER_GONE);
	bridge_worker_event_finish(&event);
	bridge_worker_destroy(worker);
}

static void timer_of(const char *fault, const char *timer)
{
	struct bridge_worker *worker = worker_bed_start_faulty(fault);
	struct bridge_job job = worker_bed_sized();
	struct bridge_worker_event event = worker_bed_run(worker, &job);
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

/* GPU_LANE_FAULT=escape has the driver try: what works is on stderr, and the device is lost. */
static void a_driver_that_is_taken_over_stays_in_its_worker(void **state)
{
	(void)state;
	BASE_JSON_FREE cJSON *devices = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_true(bridge_worker_describe(20000, &devices, &err));
	const cJSON *sandbox = base_json_get(cJSON_GetArrayItem(devices, 0), "sandbox");
	const cJSON *missing = cJSON_GetArrayItem(base_json_get(sandbox, "missing"), 0);
	if (missing) {
		print_message("SKIP: %s\n", cJSON_GetStringValue(missing));
		skip();
	}
	struct bridge_worker *worker = worker_bed_start_faulty("escape");
	worker_bed_expect(worker, worker_bed_sized(), "OK", "");
	worker_bed_expect(worker, worker_bed_sized(), "OK", "");
	bridge_worker_destroy(worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("worker@works-without-memory-that-the-host-shares",
			works_without_memory_that_the_host_shares),
		NAMED("worker@uploads-large-inputs-in-pieces", uploads_large_inputs_in_pieces),
		NAMED("fault@a-wrong-word-in-one-sample-is-seen", a_wrong_word_in_one_sample_is_seen),
		NAMED("fault@a-wrong-word-in-the-warm-up-is-seen", a_wrong_word_in_the_warm_up_is_seen),
		NAMED("fault@a-dispatch-that-does-nothing-leaves-poison",
			a_dispatch_that_does_nothing_leaves_poison),
		NAMED("fault@a-missing-workgroup-leaves-poison", a_missing_workgroup_leaves_poison),
		NAMED("fault@a-lost-device-ends-the-worker", a_lost_device_ends_the_worker),
		NAMED("fault@a-timer-that-lies-is-invalid", a_timer_that_lies_is_invalid),
		NAMED("sandbox@a-driver-that-is-taken-over-stays-in-its-worker",
			a_driver_that_is_taken_over_stays_in_its_worker),
	};
	return cmocka_run_group_tests(tests, worker_bed_find, NULL);
}
