/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/result.h"

#include "base/digest.h"
#include "base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a result after judging; NAN where there is no figure. */
struct judged {
	bool verified;
	struct check check;
	/** First wrong sample, or that it was before all of them. */
	uint64_t sample;
	bool in_warm_up;
	/** Words of the first wrong element. Owned. */
	char *expected, *found;
	bool has_figures;
	/** Above the roofline. */
	bool impossible;
	/** Of `samples`, which are in the workload's unit. Owned. */
	struct statistics statistics;
	double *samples;
	double cpu_speedup, cpu_median, bridge_overhead, roofline;
};

/* States a job may end in: how bad it is, and the fault that explains it. */
static const struct {
	const char *state, *code;
	enum report_state check;
	enum report_level level;
} ends[] = {
	{"ERR TIMEOUT", "JOB_TIMEOUT", REPORT_BROKEN, REPORT_FAILURE},
	{"ERR DEVICE-LOST", "JOB_DEVICE_LOST", REPORT_BROKEN, REPORT_FAILURE},
	{"ERR WORKER", "JOB_WORKER", REPORT_BROKEN, REPORT_FAILURE},
	{"ERR HASH", "JOB_HASH", REPORT_UNKNOWN, REPORT_WARNING},
	{"ERR INVALID", "JOB_INVALID", REPORT_UNKNOWN, REPORT_WARNING},
	{"ERR LIMIT", "JOB_LIMIT", REPORT_UNKNOWN, REPORT_WARNING},
	{"ERR LEASE-EXPIRED", "JOB_LEASE_EXPIRED", REPORT_UNKNOWN, REPORT_WARNING},
	{"ERR CANCELLED", "JOB_CANCELLED", REPORT_UNKNOWN, REPORT_WARNING},
	/* What a bridge of another version may say. */
	{"", "BRIDGE_PROTOCOL", REPORT_UNKNOWN, REPORT_WARNING},
};

static void add_check(const struct canary_result *result, struct report *report,
	enum report_state state, const char *observed)
{
	const struct workload *workload = result->plan.workload;
	if (result->round > 0 && state == REPORT_HELD) {
		return;
	}
	BASE_FREE char *round = base_format(".%u", result->round + 1);
	BASE_FREE char *id = base_format("canary.%s%s", workload->name, result->round > 0 ? round : "");
	BASE_FREE char *title = base_format("%s computes %s", workload->name, workload->title);
	BASE_FREE char *expected = base_format("all %" PRIu64 " elements of every sample as on the CPU",
		workload_plan_output_bytes(&result->plan) / 4);
	report_check(report, id, state, title, expected, observed, workload->exactness);
}

static void judge_failed_job(const struct canary_result *result, struct report *report)
{
	size_t i = 0;
	while (ends[i].state[0] && strcmp(ends[i].state, result->job.state) != 0) {
		i++;
	}
	const char *name = result->plan.workload->name;
	cJSON *finding = report_finding(report, ends[i].level, ends[i].code, "%s: job %s ended %s: %s",
		name, result->job_id, result->job.state, result->job.detail);
	base_json_add_string(report_finding_evidence(finding), "workload", name);
	BASE_FREE char *observed = base_format("%s: %s", result->job.state, result->job.detail);
	add_check(result, report, ends[i].check, observed);
}

/* The outputs that came back are right, and unlike those of the warm-up or, where there was none,
 * of sample 0, which nobody has any more. */
static void blame_first_sample(const struct canary_result *result, struct judged *judged)
{
	const struct timing *timing = &result->job.timing;
	struct check *check = &judged->check;
	/* From the worker: both may be nonsense. */
	uint64_t index =
		timing->differs_buffer < result->plan.buffer_count ? timing->differs_buffer : 0;
	check->buffer = &result->plan.buffers[index];
	uint64_t words = check->buffer->job.bytes / 4;
	check->element = timing->differs_word < words ? timing->differs_word : words - 1;
	check->expected = result->reference.buffers[index][check->element];
	check->mismatches = 1;
	judged->sample = 0;
	judged->in_warm_up = timing->differs_sample == 0;
	judged->found = base_format("unlike sample %" PRIu64, timing->differs_sample);
}

/*
 * The worker compares the outputs of every sample with the first ones, those of the last pass of
 * the warm-up, and hands over the last ones, or the first that differ. So if none differ, what is
 * true of this result is true of all samples; if one does, either it is the wrong one or the first
 * was.
 */
static void judge_elements(const struct canary_result *result, struct judged *judged)
{
	const struct timing *timing = &result->job.timing;
	struct check *check = &judged->check;
	check_result(&result->plan, result->reference.buffers, result->job.result, check);
	judged->verified = check->mismatches == 0 && !timing->differs;
	if (judged->verified) {
		return;
	}
	if (check->mismatches > 0) {
		judged->sample = timing->differs ? timing->differs_sample : 0;
		judged->found = check_word_text(check->buffer->element, check->found);
	} else {
		blame_first_sample(result, judged);
	}
	judged->expected = check_word_text(check->buffer->element, check->expected);
}

static void find_wrong_result(
	const struct canary_result *result, const struct judged *judged, struct report *report)
{
	const struct check *check = &judged->check;
	const char *name = result->plan.workload->name;
	BASE_FREE char *where =
		base_format("%s: %s[%" PRIu64 "]", name, check->buffer->name, check->element);
	BASE_FREE char *when = judged->in_warm_up ? base_strdup("the warm-up")
											  : base_format("sample %" PRIu64, judged->sample);
	cJSON *finding = report_finding(report, REPORT_FAILURE, "WRONG_RESULT",
		"%s: expected %s, found %s in %s; %" PRIu64 " of %" PRIu64 " elements wrong", where,
		judged->expected, judged->found, when, check->mismatches, check->checked);
	cJSON *evidence = report_finding_evidence(finding);
	base_json_add_string(evidence, "workload", name);
	base_json_add_string(evidence, "output", check->buffer->name);
	base_json_add_number(evidence, "element", (double)check->element);
	base_json_add_string(evidence, "expected", judged->expected);
	base_json_add_string(evidence, "found", judged->found);
	base_json_add_number(evidence, "sample", (double)judged->sample);
	BASE_FREE char *observed = base_format("%" PRIu64 " wrong, first %s[%" PRIu64 "] in %s",
		check->mismatches, check->buffer->name, check->element, when);
	add_check(result, report, REPORT_BROKEN, observed);
}

static void compute_figures(const struct canary_result *result, struct judged *judged)
{
	const struct timing *timing = &result->job.timing;
	/* 10^9 of work a second is work a nanosecond. */
	double work = result->plan.work * result->sampling.dispatches_per_sample;
	judged->samples = base_alloc(timing->n, sizeof(*judged->samples));
	for (size_t i = 0; i < timing->n; i++) {
		judged->samples[i] = work / timing->samples_ns[i];
	}
	statistics_compute(judged->samples, timing->n, &judged->statistics);
	judged->cpu_median = result->plan.reference_is_short ? NAN : result->plan.work / result->cpu_ns;
	judged->cpu_speedup = judged->statistics.median / judged->cpu_median;
	if (result->bridged && timing->worker_ns > 0) {
		judged->bridge_overhead =
			((double)result->job.wall_ns - timing->worker_ns) / timing->worker_ns;
	}
	judged->roofline = result->roofline ? roofline_share(result->roofline, &result->plan,
											  judged->statistics.median, result->clock_mhz)
										: NAN;
	judged->has_figures = true;
}

/* More than the hardware can do was not done: something counts or times wrongly. */
static void find_impossible(
	const struct canary_result *result, struct judged *judged, struct report *report)
{
	cJSON *finding = report_finding(report, REPORT_WARNING, "CANARY_IMPOSSIBLE",
		"%s: %.4g %s are %.0f %% of what a %s can do", result->plan.workload->name,
		judged->statistics.median, result->plan.workload->unit, 100 * judged->roofline,
		result->roofline->part);
	base_json_add_string(report_finding_evidence(finding), "workload", result->plan.workload->name);
	judged->has_figures = false;
	judged->impossible = true;
	add_check(result, report, REPORT_UNKNOWN, "right, but its timing cannot be");
}

/* What throws doubt on a figure without making it wrong. */
static void find_doubts(
	struct canary_result *result, const struct judged *judged, struct report *report)
{
	const struct statistics *statistics = &judged->statistics;
	const char *name = result->plan.workload->name;
	if (result->software) {
		/* It shares its CPU with everybody, us included. */
		return;
	}
	result->drifts = statistics->drift_significant && fabs(statistics->drift) > 0.03;
	if (result->drifts) {
		cJSON *finding = report_finding(report, REPORT_WARNING, "CANARY_DRIFT",
			"%s: throughput went %+.1f %% over %zu samples", name, 100 * statistics->drift,
			statistics->n);
		base_json_add_number(report_finding_evidence(finding), "lag1", statistics->lag1);
	}
	if (statistics->outliers * 20 > statistics->n) {
		cJSON *finding = report_finding(report, REPORT_WARNING, "CANARY_NOISY",
			"%s: %zu of %zu samples are further than 10 robust sigma from the median", name,
			statistics->outliers, statistics->n);
		base_json_add_number(report_finding_evidence(finding), "lag1", statistics->lag1);
	}
}

static void judge_finished_job(
	struct canary_result *result, struct judged *judged, struct report *report)
{
	judge_elements(result, judged);
	if (!judged->verified) {
		find_wrong_result(result, judged, report);
		return;
	}
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!timing_believable(&result->job.timing, &err)) {
		lane_error_wrap(&err, "%s", result->plan.workload->name);
		report_finding_error(report, REPORT_WARNING, &err);
		add_check(result, report, REPORT_UNKNOWN, "right, but its timing cannot be");
		return;
	}
	compute_figures(result, judged);
	if (judged->roofline > ROOFLINE_SHARE_MAX) {
		find_impossible(result, judged, report);
		return;
	}
	find_doubts(result, judged, report);
	BASE_FREE char *observed = base_format("all right in %zu samples", result->job.timing.n);
	add_check(result, report, REPORT_HELD, observed);
}

static void add_or_null(cJSON *object, const char *key, double value)
{
	if (isfinite(value)) {
		base_json_add_number(object, key, value);
	} else {
		base_json_add_null(object, key);
	}
}

static void add_figure(cJSON *entry, const char *key, const struct judged *judged, double value)
{
	add_or_null(entry, key, judged->has_figures ? value : NAN);
}

void canary_result_baseline(cJSON *entry, const struct verdict *verdict)
{
	cJSON *baseline = base_json_new_object();
	base_json_add_string(baseline, "state", verdict_name(verdict->state));
	add_or_null(baseline, "ratio", verdict->ratio);
	add_or_null(baseline, "robust_z", verdict->robust_z);
	if (base_json_get(entry, "baseline")) {
		cJSON_ReplaceItemInObjectCaseSensitive(entry, "baseline", baseline);
	} else {
		base_json_add_node(entry, "baseline", baseline);
	}
}

static void add_text(cJSON *entry, const char *key, const char *text)
{
	if (text) {
		base_json_add_string(entry, key, text);
	} else {
		base_json_add_null(entry, key);
	}
}

static void add_figures(
	cJSON *entry, const struct canary_result *result, const struct judged *judged)
{
	const struct statistics *statistics = &judged->statistics;
	add_figure(entry, "median", judged, statistics->median);
	add_figure(entry, "q1", judged, statistics->q1);
	add_figure(entry, "q3", judged, statistics->q3);
	add_figure(entry, "mad", judged, statistics->mad);
	if (judged->has_figures && statistics->has_ci) {
		cJSON *ci = base_json_add_array(entry, "ci95");
		base_json_add_number(ci, NULL, statistics->ci_low);
		base_json_add_number(ci, NULL, statistics->ci_high);
	} else {
		base_json_add_null(entry, "ci95");
	}
	add_figure(entry, "min", judged, statistics->min);
	add_figure(entry, "max", judged, statistics->max);
	base_json_add_number(entry, "n", (double)result->job.timing.n);
	add_text(entry, "stop_rule", result->job.timing.stop_rule);
	add_text(entry, "timer", result->job.timing.timer);
	add_figure(entry, "drift_pct", judged, 100 * statistics->drift);
	add_figure(entry, "roofline_pct", judged, 100 * judged->roofline);
	add_figure(entry, "cpu_speedup", judged, judged->cpu_speedup);
	add_figure(entry, "cpu_median", judged, judged->cpu_median);
	if (judged->impossible) {
		canary_result_baseline(entry, &(struct verdict){VERDICT_INVALID, NAN, NAN});
	} else {
		base_json_add_null(entry, "baseline");
	}
}

static void add_entry(
	const struct canary_result *result, const struct judged *judged, cJSON *workloads)
{
	const struct workload *workload = result->plan.workload;
	char hash[BASE_SHA256_TEXT_SIZE];
	base_sha256_text(workload->spirv, workload->spirv_size, hash);
	cJSON *entry = base_json_add_object(workloads, NULL);
	base_json_add_string(entry, "name", workload->name);
	base_json_add_string(entry, "title", workload->title);
	base_json_add_string(entry, "spirv_sha256", hash);
	cJSON *params = base_json_add_object(entry, "params");
	base_json_add_number(params, "n", result->plan.n);
	base_json_add_number(params, "device_bytes", (double)workload_plan_bytes(&result->plan));
	base_json_add_number(params, "cpu_threads", 1);
	if (result->plan.variant && (result->raced || result->plan.variant != workload->variants)) {
		base_json_add_string(params, "variant", result->plan.variant->name);
	}
	base_json_add_bool(entry, "verified", judged->verified);
	base_json_add_number(entry, "mismatches", (double)judged->check.mismatches);
	base_json_add_number(entry, "checked_elements", (double)judged->check.checked);
	if (judged->expected) {
		cJSON *first = base_json_add_object(entry, "first_mismatch");
		base_json_add_number(first, "element", (double)judged->check.element);
		base_json_add_number(first, "sample", (double)judged->sample);
		base_json_add_string(first, "expected", judged->expected);
		base_json_add_string(first, "found", judged->found);
	} else {
		base_json_add_null(entry, "first_mismatch");
	}
	base_json_add_string(entry, "unit", workload->unit);
	add_figures(entry, result, judged);
	cJSON *job = base_json_add_object(entry, "job");
	base_json_add_string(job, "id", result->job_id);
	base_json_add_string(job, "state", result->job.state);
	base_json_add_string(job, "detail", result->job.detail);
	add_figure(entry, "bridge_overhead", judged, judged->bridge_overhead);
	cJSON *samples = base_json_add_array(entry, "samples");
	for (size_t i = 0; judged->has_figures && i < result->job.timing.n; i++) {
		base_json_add_number(samples, NULL, judged->samples[i]);
	}
}

bool canary_result_judge(struct canary_result *result, struct report *report, cJSON *workloads)
{
	struct judged judged = {.bridge_overhead = NAN, .roofline = NAN};
	result->drifts = false;
	if (strcmp(result->job.state, "OK") == 0) {
		judge_finished_job(result, &judged, report);
	} else {
		judge_failed_job(result, report);
	}
	add_entry(result, &judged, workloads);
	free(judged.expected);
	free(judged.found);
	free(judged.samples);
	return judged.verified;
}

void canary_result_finish(struct canary_result *result)
{
	free(result->job_id);
	result->job_id = NULL;
	reference_finish(&result->reference);
	canary_job_finish(&result->job);
}
