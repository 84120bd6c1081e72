/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/run_state.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "canary/descriptor.h"
#include "canary/race.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/** A CPU reference is timed over this many runs, or until so much time is spent. */
	CPU_RUNS_MAX = 9,
	CPU_TIME_NS = 60000000,
};

void run_reference(struct canary_result *result, bool timed)
{
	const struct workload_plan *plan = &result->plan;
	double runs_ns[CPU_RUNS_MAX], spent_ns = 0;
	size_t n = 0;
	reference_fill(plan, &result->reference);
	while (n == 0 || (timed && n < CPU_RUNS_MAX && spent_ns < CPU_TIME_NS)) {
		if (n > 0) {
			reference_refill(plan, &result->reference);
		}
		uint64_t start_ns = base_clock_monotonic_ns();
		plan->workload->reference(plan, result->reference.buffers);
		runs_ns[n] = (double)(base_clock_monotonic_ns() - start_ns) + 1;
		spent_ns += runs_ns[n++];
	}
	struct statistics statistics;
	statistics_compute(runs_ns, n, &statistics);
	if (timed) {
		result->cpu_ns = statistics.median;
	}
}

static uint64_t limit(double ns, uint64_t min_ns, uint64_t max_ns)
{
	return ns <= (double)min_ns ? min_ns : ns >= (double)max_ns ? max_ns : (uint64_t)ns;
}

/* Samples and their dispatches, where the worker says when they were: from the end of the job
 * backwards, since its last act is to tell. All of it comes from the worker and may be nonsense. */
static void trace_samples(struct trace *trace, const struct canary_job *job)
{
	const struct timing *timing = &job->timing;
	double begun_ns = (double)job->ended_ns - timing->worker_ns;
	uint64_t free_ns = job->running_ns;
	trace_span(trace, TRACE_JOB, "set up", limit(begun_ns, free_ns, job->ended_ns),
		limit(begun_ns + timing->setup_ns, free_ns, job->ended_ns), NULL);
	trace_span(trace, TRACE_JOB, "upload",
		limit(begun_ns + timing->setup_ns, free_ns, job->ended_ns),
		limit(begun_ns + timing->setup_ns + timing->upload_ns, free_ns, job->ended_ns), NULL);
	free_ns = limit(begun_ns + timing->setup_ns + timing->upload_ns, free_ns, job->ended_ns);
	for (size_t i = 0; timing->at_ns && i < timing->n; i++) {
		double end_ns = begun_ns + timing->at_ns[i];
		uint64_t end = limit(end_ns, free_ns, job->ended_ns);
		uint64_t start = limit(end_ns - timing->wall_ns[i], free_ns, end);
		double slack_ns = (double)(end - start) - timing->samples_ns[i];
		uint64_t gpu = limit((double)start + slack_ns / 2, start, end);
		trace_span(trace, TRACE_JOB, "sample", start, end, NULL);
		trace_span(trace, TRACE_GPU, "dispatch", gpu,
			limit((double)gpu + timing->samples_ns[i], gpu, end), NULL);
		free_ns = end;
	}
}

static void trace_job(struct trace *trace, const char *id, const struct canary_job *job)
{
	if (!trace) {
		return;
	}
	trace_span(trace, TRACE_JOB, "queue", job->submitted_ns, job->running_ns, NULL);
	if (strcmp(job->state, "OK") == 0) {
		trace_samples(trace, job);
	}
	cJSON *args = base_json_new_object();
	base_json_add_string(args, "job", id);
	base_json_add_string(args, "state", job->state);
	base_json_add_string(args, "timer", job->timing.timer ? job->timing.timer : "none");
	base_json_add_number(args, "samples", (double)job->timing.n);
	base_json_add_number(args, "readback_ms", job->timing.readback_ns / 1e6);
	trace_span(trace, TRACE_JOB, "run", job->running_ns, job->ended_ns, args);
	trace_span(trace, TRACE_CANARY, "readback", job->ended_ns, job->read_ns, NULL);
}

bool run_job(struct run *run, struct canary_result *result, struct lane_error *err)
{
	const struct workload *workload = result->plan.workload;
	/* Unique on a bridge that others use too. */
	free(result->job_id);
	result->job_id = base_format("canary-%s-%u-%d-%llx", workload->name, result->round,
		(int)getpid(), (unsigned long long)base_clock_wall_ms());
	BASE_FREE char *descriptor = descriptor_build(
		&result->plan, result->job_id, &result->sampling, run->options->timeout_ms);
	run->clock.count = 0;
	bool ended = canary_lane_run(run->lane, result->job_id, descriptor,
		(size_t)workload_plan_output_bytes(&result->plan), &result->job, err);
	if (ended) {
		trace_job(run->trace, result->job_id, &result->job);
	} else {
		lane_error_wrap(err, "%s", workload->name);
	}
	result->clock_mhz = run_clock_mhz(run);
	return ended;
}

double run_clock_mhz(const struct run *run)
{
	if (run->clock.count == 0) {
		return NAN;
	}
	struct statistics statistics;
	statistics_compute(run->clock.mhz, run->clock.count, &statistics);
	return statistics.median;
}

/* What the entry says of the workload as one number. A drifting figure is none. */
static struct run_figure figure_of(const cJSON *entry, const struct canary_result *result)
{
	double median = base_json_number(entry, "median", NAN);
	const cJSON *ci = base_json_get(entry, "ci95");
	double low = cJSON_IsArray(ci) ? cJSON_GetArrayItem(ci, 0)->valuedouble : NAN;
	double high = cJSON_IsArray(ci) ? cJSON_GetArrayItem(ci, 1)->valuedouble : NAN;
	return (struct run_figure){
		.median = result->drifts ? NAN : median,
		.ci = (high - low) / 2 / median,
		.clock_mhz = result->clock_mhz,
	};
}

/* Puts the entry of the round into the report: the first one, or one that is wrong. */
static void keep_entry(struct run *run, struct run_trial *trial, cJSON *round, bool verified)
{
	cJSON *entry = cJSON_DetachItemFromArray(round, 0);
	if (!trial->entry) {
		base_json_add_node(run->entries, NULL, entry);
	} else if (!verified) {
		cJSON_ReplaceItemViaPointer(run->entries, trial->entry, entry);
	} else {
		cJSON_Delete(entry);
		return;
	}
	trial->entry = entry;
}

static void judge(struct run *run, size_t index)
{
	struct canary_result *result = &run->results[index];
	struct run_trial *trial = &run->trials[index];
	uint64_t start_ns = base_clock_monotonic_ns();
	BASE_JSON_FREE cJSON *round = base_json_new_array();
	bool verified = canary_result_judge(result, run->report, round);
	trial->figures[trial->rounds++] = figure_of(cJSON_GetArrayItem(round, 0), result);
	if (result->round == 0) {
		run->verified += verified;
	} else if (!verified && base_json_bool(trial->entry, "verified", false)) {
		run->verified--;
	}
	keep_entry(run, trial, round, verified);
	trace_span(run->trace, TRACE_CANARY, "verdict", start_ns, base_clock_monotonic_ns(), NULL);
}

static bool measure(struct run *run, struct canary_result *result, struct lane_error *err)
{
	uint64_t start_ns = base_clock_monotonic_ns();
	bool first = result->round == 0;
	bool race =
		first && (run->options->suite == WORKLOAD_FULL || result->plan.workload->race_in_quick);
	if (race && !race_run(run->lane, result, run->options->timeout_ms, err)) {
		return lane_error_wrap(err, "%s", result->plan.workload->name);
	}
	uint64_t raced_ns = base_clock_monotonic_ns();
	run_reference(result, first);
	uint64_t computed_ns = base_clock_monotonic_ns();
	trace_span(run->trace, TRACE_CANARY, "race", start_ns, raced_ns, NULL);
	trace_span(run->trace, TRACE_CANARY, "reference", raced_ns, computed_ns, NULL);
	return result->job.state || run_job(run, result, err);
}

bool run_workload(struct run *run, size_t index)
{
	struct canary_result *result = &run->results[index];
	const struct workload *workload = result->plan.workload;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	result->round = (unsigned)run->trials[index].rounds;
	base_terminal_progress("%zu/%zu %s: %s%s", index + 1, run->count, workload->name,
		workload->title, result->round > 0 ? ", once more" : "");
	uint64_t start_ns = base_clock_monotonic_ns();
	bool ended = measure(run, result, &err);
	if (ended) {
		judge(run, index);
	} else {
		run_cannot_tell(run, &err);
	}
	trace_span(run->trace, TRACE_CANARY, workload->name, start_ns, base_clock_monotonic_ns(), NULL);
	bool over = !ended || canary_job_is_last(&result->job);
	canary_result_finish(result);
	run->over = run->over || over;
	return !over;
}
