/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_run.h"

#include "base/clock.h"
#include "bridge/worker_buffers.h"
#include "bridge/worker_samples.h"
#include "compute/dispatch.h"

#include <string.h>

#define MS_NS UINT64_C(1000000)

enum {
	/*
	 * The kernel's watchdog resets a GPU that works on one submit for 2 s (amdgpu, Linux 7), and
	 * whoever shares it is lost too: stay far below.
	 */
	SUBMIT_MS = 100,
	/* The bridge ends the job at its timeout; this only bounds a worker that nobody watches. */
	TIMEOUT_SLACK_MS = 5000,
};

struct run {
	struct compute_device *device;
	const struct bridge_job *job;
	uint64_t started_ns;
	struct worker_kernels *kernels;
	uint64_t compile_ns;
	struct compute_dispatch dispatch;
	struct worker_buffers buffers;
	struct worker_samples samples;
	/* How long one dispatch took last. */
	uint64_t dispatch_ns;
	/* Outputs are not as new any more. */
	bool dispatched;
	enum compute_timer timer;
	const char *stop_rule;
	struct worker_difference difference;
	uint64_t setup_ns, upload_ns, readback_ns;
};

static uint64_t run_elapsed_ns(const struct run *run)
{
	return base_clock_monotonic_ns() - run->started_ns;
}

/* What is left of the job's time, for the next wait. */
static unsigned run_left_ms(const struct run *run)
{
	uint64_t elapsed_ms = run_elapsed_ns(run) / MS_NS;
	uint64_t timeout_ms = (uint64_t)run->job->timeout_ms + TIMEOUT_SLACK_MS;
	return elapsed_ms < timeout_ms ? (unsigned)(timeout_ms - elapsed_ms) : 1;
}

static bool run_set_up(
	struct run *run, const char *kernel, const uint32_t *module, struct lane_error *err)
{
	const struct bridge_job *job = run->job;
	run->dispatch.kernel =
		worker_kernels_get(run->kernels, run->device, job, kernel, module, &run->compile_ns, err);
	if (run->dispatch.kernel == NULL ||
		!worker_buffers_create(&run->buffers, run->device, job, err)) {
		return false;
	}
	for (size_t i = 0; i < job->buffer_count; i++) {
		compute_kernel_bind(
			run->device, run->dispatch.kernel, job->buffers[i].binding, &run->buffers.buffers[i]);
	}
	memcpy(run->dispatch.grid, job->grid, sizeof(run->dispatch.grid));
	memcpy(run->dispatch.push_constants, job->push_constants, job->push_constant_size);
	run->setup_ns = run_elapsed_ns(run);
	if (!worker_buffers_fill(&run->buffers, run_left_ms(run), err)) {
		return false;
	}
	run->upload_ns = run_elapsed_ns(run) - run->setup_ns;
	return true;
}

/* `count` dispatches in one submit. Adds their times. */
static bool run_submit(
	struct run *run, uint32_t count, struct compute_timing *total, struct lane_error *err)
{
	struct compute_timing timing;
	run->dispatch.count = count;
	run->dispatched = true;
	if (!compute_dispatch_run(run->device, &run->dispatch, run_left_ms(run), &timing, err)) {
		return false;
	}
	/* Once invalid, always: a timer that lied is not believed again. */
	if (total->timer != COMPUTE_TIMER_INVALID) {
		total->timer = timing.timer;
	}
	total->ns += timing.ns;
	total->wall_ns += timing.wall_ns;
	run->dispatch_ns = (timing.ns > 0 ? timing.ns : timing.wall_ns) / count;
	return true;
}

/* How many dispatches one submit may hold, going by the last ones; 1 while nothing is known. */
static uint32_t run_submit_count(const struct run *run, uint32_t left)
{
	if (run->dispatch_ns == 0) {
		return 1;
	}
	uint64_t fit = SUBMIT_MS * MS_NS / run->dispatch_ns;
	return fit < 1 ? 1 : fit < left ? (uint32_t)fit : left;
}

static bool run_dispatches(struct run *run, struct compute_timing *total, struct lane_error *err)
{
	*total = (struct compute_timing){.timer = COMPUTE_TIMER_HOST};
	for (uint32_t left = run->job->sampling.dispatches_per_sample; left > 0;) {
		uint32_t count = run_submit_count(run, left);
		if (!run_submit(run, count, total, err)) {
			return false;
		}
		left -= count;
	}
	return true;
}

/* Whether so much of the job's time is over that what follows must end. */
static bool run_is_late(const struct run *run, unsigned percent)
{
	return run_elapsed_ns(run) / MS_NS > (uint64_t)run->job->timeout_ms * percent / 100;
}

/* What a sample is: outputs as new, the dispatches, and the outputs compared with the first ones.
 */
static bool run_pass(struct run *run, struct compute_timing timings[3], struct lane_error *err)
{
	bool refill = run->dispatched || run->job->sampling.measure == BRIDGE_MEASURE_UPLOAD;
	if ((refill &&
			!worker_buffers_refill(
				&run->buffers, run_left_ms(run), &timings[BRIDGE_MEASURE_UPLOAD], err)) ||
		!run_dispatches(run, &timings[BRIDGE_MEASURE_DISPATCH], err)) {
		return false;
	}
	uint64_t begun_ns = base_clock_monotonic_ns();
	run->samples.at_ns[run->samples.count] = begun_ns - run->started_ns;
	bool done = worker_buffers_read(
		&run->buffers, run_left_ms(run), &timings[BRIDGE_MEASURE_DOWNLOAD], &run->difference, err);
	run->readback_ns += base_clock_monotonic_ns() - begun_ns;
	return done;
}

/*
 * Until the clocks are up. Several dispatches a sample need one that tells how long they take. The
 * last pass is looked at as a sample is: what goes wrong here goes wrong.
 */
static bool run_warm_up(struct run *run, struct lane_error *err)
{
	const struct bridge_sampling *sampling = &run->job->sampling;
	struct compute_timing timing = {.timer = COMPUTE_TIMER_HOST};
	struct compute_timing passed[3];
	uint64_t begun_ns = base_clock_monotonic_ns();
	if (sampling->warmup_ms == 0 && sampling->dispatches_per_sample == 1) {
		return true;
	}
	if (!run_submit(run, 1, &timing, err)) {
		return false;
	}
	while (base_clock_monotonic_ns() - begun_ns < sampling->warmup_ms * MS_NS &&
		!run_is_late(run, 30)) {
		if (!run_dispatches(run, &timing, err)) {
			return false;
		}
	}
	return sampling->warmup_ms == 0 || run_pass(run, passed, err);
}

static bool run_sample(struct run *run, struct lane_error *err)
{
	struct compute_timing timings[3];
	if (!run_pass(run, timings, err)) {
		return false;
	}
	const struct compute_timing *timing = &timings[run->job->sampling.measure];
	if (run->timer != COMPUTE_TIMER_INVALID) {
		run->timer = timing->timer;
	}
	worker_samples_add(&run->samples, timing->ns, timing->wall_ns);
	return true;
}

/* Why sampling ends after this sample, or NULL. */
static const char *run_stop(const struct run *run)
{
	const struct bridge_sampling *sampling = &run->job->sampling;
	if (run->difference.found) {
		return "differs";
	}
	if (sampling->rel_ci > 0 && run->samples.count >= sampling->min_samples &&
		worker_samples_rel_ci(&run->samples) <= sampling->rel_ci) {
		return "precision";
	}
	if (run->samples.count >= sampling->max_samples) {
		return "max-samples";
	}
	return run_is_late(run, 60) ? "time" : NULL;
}

static void add_samples(cJSON *document, const char *key, const uint64_t *ns, size_t count)
{
	cJSON *array = base_json_add_array(document, key);
	for (size_t i = 0; i < count; i++) {
		base_json_add_number(array, NULL, (double)ns[i]);
	}
}

static cJSON *run_timing(const struct run *run)
{
	static const char *const timers[] = {
		[COMPUTE_TIMER_GPU] = "gpu",
		[COMPUTE_TIMER_HOST] = "host",
		[COMPUTE_TIMER_INVALID] = "invalid",
	};
	const struct compute_device *device = run->device;
	cJSON *timing = base_json_new_object();
	base_json_add_string(timing, "timer", timers[run->timer]);
	base_json_add_number(timing, "timestamp_period_ns", (double)device->limits.timestampPeriod);
	base_json_add_number(timing, "valid_bits", device->timestamp_valid_bits);
	add_samples(timing, "samples_ns", run->samples.ns, run->samples.count);
	add_samples(timing, "wall_ns", run->samples.wall_ns, run->samples.count);
	add_samples(timing, "at_ns", run->samples.at_ns, run->samples.count);
	base_json_add_number(timing, "dispatches_per_sample", run->job->sampling.dispatches_per_sample);
	base_json_add_string(timing, "stop_rule", run->stop_rule);
	if (run->difference.found) {
		cJSON *differs = base_json_add_object(timing, "differs");
		base_json_add_number(differs, "sample", (double)(run->samples.count - 1));
		base_json_add_number(differs, "buffer", run->difference.binding);
		base_json_add_number(differs, "word", (double)run->difference.word);
	} else {
		base_json_add_null(timing, "differs");
	}
	base_json_add_number(timing, "setup_ns", (double)run->setup_ns);
	base_json_add_number(timing, "compile_ns", (double)run->compile_ns);
	base_json_add_number(timing, "upload_ns", (double)run->upload_ns);
	base_json_add_number(timing, "readback_ns", (double)run->readback_ns);
	base_json_add_number(timing, "total_ns", (double)run_elapsed_ns(run));
	base_json_add_string(timing, "device", device->identity.properties.deviceName);
	return timing;
}

static bool run_job(struct run *run, const char *kernel, const uint32_t *module, int result_fd,
	struct lane_error *err)
{
	if (!run_set_up(run, kernel, module, err) || !run_warm_up(run, err)) {
		return false;
	}
	while (!run->stop_rule) {
		if (!run_sample(run, err)) {
			return false;
		}
		run->stop_rule = run_stop(run);
	}
	return worker_buffers_write(&run->buffers, result_fd, err);
}

bool worker_run(struct compute_device *device, struct worker_kernels *kernels,
	struct bridge_job *job, const char *kernel, const uint32_t *module, int result_fd,
	cJSON **timing, struct lane_error *err)
{
	struct run run = {
		.device = device,
		.kernels = kernels,
		.job = job,
		.buffers.device = device,
		.timer = COMPUTE_TIMER_HOST,
		.started_ns = base_clock_monotonic_ns(),
	};
	worker_samples_init(&run.samples, job->sampling.max_samples);
	bool done = run_job(&run, kernel, module, result_fd, err);
	*timing = done ? run_timing(&run) : NULL;
	worker_samples_finish(&run.samples);
	worker_buffers_finish(&run.buffers);
	return done;
}

const char *worker_run_state(const struct lane_error *err)
{
	static const struct {
		const char *code;
		const char *state;
	} states[] = {
		{"JOB_INVALID", "ERR INVALID"},
		{"KERNEL_REFUSED", "ERR INVALID"},
		{"DEVICE_LIMIT", "ERR LIMIT"},
		{"MEMORY_CAP", "ERR LIMIT"},
		{"VULKAN_OUT_OF_MEMORY", "ERR LIMIT"},
		{"DEVICE_LOST", "ERR DEVICE-LOST"},
	};
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (lane_error_is(err, states[i].code)) {
			return states[i].state;
		}
	}
	return "ERR WORKER";
}
