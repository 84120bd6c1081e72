/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/run.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "canary/choice.h"
#include "canary/descriptor.h"
#include "canary/race.h"
#include "canary/result.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/** A CPU reference is timed over this many runs, or until so much time is spent. */
	CPU_RUNS_MAX = 9,
	CPU_TIME_NS = 60000000,
	/** Least maxStorageBufferRange that Vulkan allows. */
	BUFFER_BYTES_MIN = 1 << 27,
};

/* How long to measure: hardware needs its clocks up and gives steady figures; software gives
 * neither. */
static const struct bridge_sampling samplings[WORKLOAD_SUITES][2] = {
	[WORKLOAD_QUICK] = {{200, 15, 100, 1, 0.005, BRIDGE_MEASURE_DISPATCH},
		{50, 15, 31, 1, 0.01, BRIDGE_MEASURE_DISPATCH}},
	[WORKLOAD_FULL] = {{500, 15, 200, 1, 0.005, BRIDGE_MEASURE_DISPATCH},
		{300, 25, 100, 1, 0.005, BRIDGE_MEASURE_DISPATCH}},
};

struct run {
	const struct canary_options *options;
	struct report *report;
	struct canary_interrupt interrupt;
	struct canary_lane *lane;
	/** Of the device, once the lane is open. */
	enum workload_class class;
	/** One for each workload. */
	struct canary_result results[WORKLOADS_MAX];
	size_t count, verified, skipped;
	/** "workloads" of the report until it is handed over. Borrowed then. */
	cJSON *entries;
};

/* What could not be done is no verdict on the device: unknown, and why. */
static void cannot_tell(struct run *run, const struct lane_error *err)
{
	report_finding_error(run->report, REPORT_WARNING, err);
	report_check(run->report, "canary.run", REPORT_UNKNOWN, "the canary runs to its end", NULL,
		lane_error_message(err), NULL);
	report_remark(run->report, lane_error_message(err));
}

static bool has_device(const cJSON *facts, bool software)
{
	const cJSON *device;
	cJSON_ArrayForEach(device, base_json_path(facts, "vulkan.devices"))
	{
		if (base_json_bool(device, "software", false) == software) {
			return true;
		}
	}
	return false;
}

/* Probes the machine and judges it. True when there is a device to go on with. */
static bool examine(struct run *run)
{
	const struct canary_options *options = run->options;
	if (options->mode == CANARY_BRIDGE && !options->floor) {
		/* The device is the bridge's; this machine, a container perhaps, need not have one. */
		return true;
	}
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_JSON_FREE cJSON *facts = NULL;
	struct probe_options probe = {
		.layers = PROBE_ALL,
		.submit = true,
		.timeout_ms = options->timeout_ms,
	};
	base_terminal_progress("probing the machine");
	if (!probe_collect(&probe, &facts, &err)) {
		cannot_tell(run, &err);
		return false;
	}
	bool software_only = !has_device(facts, false) && has_device(facts, true);
	if (options->floor || !software_only || !options->choice.allow_software) {
		probe_judge(facts, options->floor, run->report);
		return has_device(facts, false) || (software_only && options->choice.allow_software) ||
			options->mode == CANARY_BRIDGE;
	}
	/* Without hardware general health has no answer; what was allowed instead can be held to its
	 * own floor. */
	struct probe_floor *floor = probe_floor_load("software", &err);
	if (floor) {
		probe_judge(facts, floor, run->report);
	} else {
		cannot_tell(run, &err);
	}
	probe_floor_destroy(floor);
	return true;
}

/* Puts the device that does the work into the report, unless the probe has described it already. */
static void name_device(struct run *run, const cJSON *device)
{
	const char *uuid = base_json_string(device, "uuid", "");
	const char *judged =
		base_json_string(base_json_get(report_root(run->report), "device"), "uuid", NULL);
	if (judged && strcmp(uuid, judged) == 0) {
		return;
	}
	if (judged && run->options->floor) {
		report_check(run->report, "canary.device", REPORT_UNKNOWN,
			"the device that was judged is the one that does the work", judged, uuid,
			"what holds for one device says nothing of another");
	}
	report_section(run->report, "device", choice_report(device));
}

static bool open_lane(struct run *run)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	const struct canary_options *options = run->options;
	struct canary_lane_options lane = {
		.mode = options->mode,
		.address = options->address,
		.choice = &options->choice,
		.timeout_ms = options->timeout_ms,
		.interrupt = &run->interrupt,
	};
	base_terminal_progress("opening the lane");
	run->lane = canary_lane_open(&lane, &err);
	if (!run->lane) {
		cannot_tell(run, &err);
		return false;
	}
	const cJSON *device = canary_lane_device(run->lane);
	run->class = choice_class(device);
	name_device(run, device);
	if (run->class == WORKLOAD_SOFTWARE) {
		report_remark(run->report, "software device: proves the toolchain, not a GPU");
	}
	return true;
}

/* Lays out every workload for this device, and counts the memory the largest takes. */
static bool plan(struct run *run, uint32_t *mem_mb)
{
	const struct canary_options *options = run->options;
	const cJSON *device = canary_lane_device(run->lane);
	struct workload_limits limits = {
		/* Half, since somebody else may be on it, and staging may take as much again. */
		.memory_bytes = base_json_uint(device, "memory_bytes", 0) / 2,
		.buffer_bytes = base_json_uint(
			base_json_get(device, "limits"), "storage_buffer_bytes", BUFFER_BYTES_MIN),
	};
	if (options->mem_mb > 0) {
		limits.memory_bytes = (uint64_t)options->mem_mb << 20;
	}
	uint64_t bytes = 1;
	for (size_t i = 0; i < run->count; i++) {
		struct canary_result *result = &run->results[i];
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		if (!workload_plan_fit(
				options->workloads[i], options->suite, run->class, &limits, &result->plan, &err)) {
			cannot_tell(run, &err);
			return false;
		}
		result->software = run->class == WORKLOAD_SOFTWARE;
		result->bridged = options->mode != CANARY_DIRECT;
		result->sampling = samplings[options->suite][result->software];
		result->sampling.measure = result->plan.measure;
		if (result->plan.dispatches > 0) {
			result->sampling.dispatches_per_sample = result->plan.dispatches;
		}
		result->missing = workload_missing(options->workloads[i], device);
		uint64_t needed = result->missing ? 0 : workload_plan_bytes(&result->plan);
		bytes = needed > bytes ? needed : bytes;
	}
	*mem_mb = options->mem_mb > 0 ? options->mem_mb : (uint32_t)((bytes + (1 << 20) - 1) >> 20);
	return true;
}

static bool take_lease(struct run *run, uint32_t mem_mb)
{
	const struct canary_options *options = run->options;
	struct bridge_lease_request request = {
		.mem_mb = mem_mb,
		.ttl_s = options->ttl_s,
		.streams = options->streams,
		.priority = options->priority,
		.wait_ms = options->timeout_ms,
	};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	base_terminal_progress("waiting for the lease");
	if (!canary_lane_lease(run->lane, &request, &err)) {
		bool refused = strncmp(err.code, "LEASE_", 6) == 0;
		if (refused) {
			/* An answer, and the answer is no. */
			report_finding_error(run->report, REPORT_FAILURE, &err);
		} else {
			cannot_tell(run, &err);
		}
		return false;
	}
	cJSON *lease = canary_lane_lease_report(run->lane);
	if (lease) {
		report_section(run->report, "lease", lease);
	}
	return true;
}

/* Computes the expected outputs, a few times to know how long one CPU thread takes. */
static void compute_reference(struct canary_result *result)
{
	const struct workload_plan *plan_of = &result->plan;
	double runs_ns[CPU_RUNS_MAX], spent_ns = 0;
	size_t n = 0;
	reference_fill(plan_of, &result->reference);
	while (n < CPU_RUNS_MAX && (n == 0 || spent_ns < CPU_TIME_NS)) {
		if (n > 0) {
			reference_refill(plan_of, &result->reference);
		}
		uint64_t start_ns = base_clock_monotonic_ns();
		plan_of->workload->reference(plan_of, result->reference.buffers);
		runs_ns[n] = (double)(base_clock_monotonic_ns() - start_ns) + 1;
		spent_ns += runs_ns[n++];
	}
	struct statistics statistics;
	statistics_compute(runs_ns, n, &statistics);
	result->cpu_ns = statistics.median;
}

static void skip(struct run *run, const struct workload *workload, const char *why)
{
	BASE_FREE char *id = base_format("canary.%s", workload->name);
	report_check(run->report, id, REPORT_SKIPPED, workload->title, NULL, why, NULL);
}

/* Runs and judges one workload. False when nothing more should be run. */
static bool run_workload(struct run *run, size_t index)
{
	struct canary_result *result = &run->results[index];
	const struct workload *workload = result->plan.workload;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (result->missing) {
		BASE_FREE char *why = base_format("the device has no %s", result->missing);
		skip(run, workload, why);
		run->skipped++;
		return true;
	}
	base_terminal_progress(
		"%zu/%zu %s: %s", index + 1, run->count, workload->name, workload->title);
	if (!race_run(run->lane, result, run->options->timeout_ms, &err)) {
		lane_error_wrap(&err, "%s", workload->name);
		cannot_tell(run, &err);
		return false;
	}
	compute_reference(result);
	/* Unique on a bridge that others use too. */
	BASE_FREE char *job = base_format("canary-%s-%d-%llx", workload->name, (int)getpid(),
		(unsigned long long)base_clock_wall_ms());
	BASE_FREE char *descriptor =
		descriptor_build(&result->plan, job, &result->sampling, run->options->timeout_ms);
	result->job_id = job;
	bool ended = canary_lane_run(run->lane, job, descriptor,
		(size_t)workload_plan_output_bytes(&result->plan), &result->job, &err);
	if (ended) {
		run->verified += canary_result_judge(result, run->report, run->entries);
	} else {
		lane_error_wrap(&err, "%s", workload->name);
		cannot_tell(run, &err);
	}
	/* A device that was lost or hangs would only keep everybody waiting. */
	bool over = !ended || strcmp(result->job.state, "ERR DEVICE-LOST") == 0 ||
		strcmp(result->job.state, "ERR TIMEOUT") == 0 ||
		strcmp(result->job.state, "ERR LEASE-EXPIRED") == 0;
	canary_result_finish(result);
	return !over;
}

static void run_workloads(struct run *run)
{
	run->entries = base_json_new_array();
	report_section(run->report, "workloads", run->entries);
	size_t next = 0;
	bool more = run->count > 0;
	while (more) {
		more = run_workload(run, next++) && next < run->count;
		if (more && canary_interrupt_raised(&run->interrupt)) {
			LANE_ERROR_AUTO err = LANE_ERROR_INIT;
			lane_error_set(&err, "CANARY_INTERRUPTED",
				"a signal ended the run after %zu of %zu workloads", next, run->count);
			cannot_tell(run, &err);
			more = false;
		}
	}
	for (; next < run->count; next++) {
		skip(run, run->results[next].plan.workload, "not run");
	}
	if (run->skipped == run->count) {
		report_check(run->report, "canary.run", REPORT_UNKNOWN, "a workload is run", NULL,
			"the device lacks what every one of them needs", NULL);
	}
}

/* What this run showed, level by level, and no more. */
static void claim(struct run *run)
{
	struct report *report = run->report;
	bool computed = run->verified > 0 && run->verified + run->skipped == run->count;
	bool leased = computed && run->options->mode != CANARY_DIRECT;
	report_claim(report, computed,
		"checked compute: every element of every timed sample is what the CPU computes");
	report_claim(report, leased,
		"leased compute: the work went through lease, job queue and worker as any tenant's");
	if (run->lane && run->class == WORKLOAD_SOFTWARE) {
		report_claim(report, false, "a GPU: the device was a software renderer");
	}
	report_claim(report, false, "a speed-up over the whole CPU: the reference runs on one thread");
	report_claim(report, false, "that the speed is what it was before: there is no baseline");
	report_claim(report, false, "Dawn or WebGPU: no such workload was run");
}

static void go(struct run *run)
{
	uint32_t mem_mb;
	if (examine(run) && open_lane(run) && plan(run, &mem_mb) && take_lease(run, mem_mb)) {
		run_workloads(run);
	}
	base_terminal_progress("%s", "");
	claim(run);
}

void canary_run(const struct canary_options *options, struct report *report)
{
	struct run run = {.options = options, .report = report, .count = options->workload_count};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!canary_interrupt_start(&run.interrupt, &err)) {
		cannot_tell(&run, &err);
		return;
	}
	go(&run);
	canary_lane_close(run.lane);
	canary_interrupt_finish(&run.interrupt);
}
