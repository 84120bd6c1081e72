/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/run_state.h"

#include "base/memory.h"
#include "base/terminal.h"

#include <stdlib.h>

/* Least maxStorageBufferRange that Vulkan allows. */
enum { BUFFER_BYTES_MIN = 1 << 27 };

/* How long to measure: hardware needs its clocks up and gives steady figures; software gives
 * neither. */
static const struct bridge_sampling samplings[WORKLOAD_SUITES][2] = {
	[WORKLOAD_QUICK] = {{200, 15, 100, 1, 0.005, BRIDGE_MEASURE_DISPATCH},
		{50, 15, 31, 1, 0.01, BRIDGE_MEASURE_DISPATCH}},
	[WORKLOAD_FULL] = {{500, 15, 200, 1, 0.005, BRIDGE_MEASURE_DISPATCH},
		{300, 25, 100, 1, 0.005, BRIDGE_MEASURE_DISPATCH}},
};

void run_cannot_tell(struct run *run, const struct lane_error *err)
{
	if (run->interrupted) {
		/* Whatever ended after the signal ended because of it. */
		return;
	}
	run->interrupted = lane_error_is(err, "CANARY_INTERRUPTED");
	report_finding_error(run->report, REPORT_WARNING, err);
	report_check(run->report, "canary.run", REPORT_UNKNOWN, "the canary runs to its end", NULL,
		lane_error_message(err), NULL);
	report_remark(run->report, lane_error_message(err));
}

/* Lays out every workload for this device, and counts the memory the largest takes. */
static bool plan(struct run *run)
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
			run_cannot_tell(run, &err);
			return false;
		}
		result->roofline = &run->roofline;
		result->software = run->class == WORKLOAD_SOFTWARE;
		result->bridged = options->mode != CANARY_DIRECT;
		result->sampling = samplings[options->suite][result->software];
		result->sampling.measure = result->plan.measure;
		if (result->plan.dispatches > 0) {
			result->sampling.dispatches_per_sample = result->plan.dispatches;
		}
		result->missing = workload_missing(options->workloads[i], device);
		const struct workload_variant *variant =
			workload_variant_first(options->workloads[i], device);
		if (variant) {
			workload_plan_vary(&result->plan, variant);
		}
		uint64_t needed = result->missing ? 0 : workload_plan_bytes(&result->plan);
		bytes = needed > bytes ? needed : bytes;
	}
	run->mem_mb = options->mem_mb > 0 ? options->mem_mb : (uint32_t)((bytes + (1 << 20) - 1) >> 20);
	return true;
}

static void skip(struct run *run, const struct workload *workload, const char *why)
{
	BASE_FREE char *id = base_format("canary.%s", workload->name);
	report_check(run->report, id, REPORT_SKIPPED, workload->title, NULL, why, NULL);
}

static void skip_missing(struct run *run, const struct canary_result *result)
{
	bool there = workload_unvalidated(result->missing, canary_lane_device(run->lane));
	BASE_FREE char *why = base_format(there
			? "the device has %s, but the bridge was built without a validator that knows it"
			: "the device has no %s",
		result->missing);
	skip(run, result->plan.workload, why);
}

static void run_workloads(struct run *run)
{
	run->entries = base_json_new_array();
	report_section(run->report, "workloads", run->entries);
	size_t next = 0;
	bool more = run->count > 0;
	while (more) {
		const struct canary_result *result = &run->results[next];
		if (result->missing) {
			skip_missing(run, result);
			run->skipped++;
			more = true;
		} else {
			more = run_workload(run, next);
		}
		more = ++next < run->count && more;
		if (more && canary_interrupt_raised(&run->interrupt)) {
			LANE_ERROR_AUTO err = LANE_ERROR_INIT;
			lane_error_set(&err, "CANARY_INTERRUPTED",
				"a signal ended the run after %zu of %zu workloads", next, run->count);
			run_cannot_tell(run, &err);
			more = false;
		}
	}
	for (; next < run->count; next++) {
		skip(run, run->results[next].plan.workload, "not run");
	}
	if (!run->roofline.part) {
		roofline_measure(run->entries);
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
	if (!run->options->compare_cpu) {
		report_claim(
			report, false, "a speed-up over the whole CPU: the reference runs on one thread");
	}
	if (!run->options->baseline) {
		report_claim(report, false, "that the speed is what it was before: there is no baseline");
	}
	report_claim(report, false, "Dawn or WebGPU: no such workload was run");
}

static void go(struct run *run)
{
	if (run_open(run) && plan(run) && run_lease(run)) {
		run_workloads(run);
		run_baseline(run);
		run_soak(run);
	}
	base_terminal_progress("%s", "");
	claim(run);
}

static void save_trace(struct run *run)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (run->trace && !trace_save(run->trace, run->options->trace, &err)) {
		report_finding_error(run->report, REPORT_WARNING, &err);
	}
	trace_destroy(run->trace);
}

void canary_run(const struct canary_options *options, struct report *report)
{
	struct run *run = base_alloc(1, sizeof(*run));
	run->options = options;
	run->report = report;
	run->count = options->workload_count;
	run->trace = options->trace ? trace_create() : NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (canary_interrupt_start(&run->interrupt, &err)) {
		go(run);
		canary_lane_close(run->lane);
		run_compare_cpu(run);
		canary_interrupt_finish(&run->interrupt);
	} else {
		run_cannot_tell(run, &err);
	}
	save_trace(run);
	sensors_close(&run->sensors);
	free(run);
}
