/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/run_state.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "canary/soak.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

enum {
	/** How long one workload keeps the load on before the next. */
	SLICE_S = 10,
};

struct soak {
	struct run *run;
	uint64_t start_ns, end_ns, sensed_ns;
	/** The one that runs now. */
	size_t index;
	struct soak_series figures[WORKLOADS_MAX], sensors[SENSORS];
	uint64_t jobs, checked;
	/** What the timed samples of all jobs took on the device. */
	double device_ns;
	/** Section of the first wrong word; NULL while there is none. */
	cJSON *first_wrong;
	bool complete;
};

static double seconds_since(uint64_t start_ns)
{
	return (double)(base_clock_monotonic_ns() - start_ns) / 1e9;
}

static void show(const struct soak *soak)
{
	if (!isatty(STDERR_FILENO)) {
		return;
	}
	const struct workload *workload = soak->run->results[soak->index].plan.workload;
	const struct soak_series *figure = &soak->figures[soak->index];
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	base_buffer_print(&line, "soak %.0f of %" PRIu32 " s  %s %.4g %s ",
		seconds_since(soak->start_ns), soak->run->options->soak_s, workload->name, figure->last,
		workload->unit);
	soak_sparkline(figure, 12, &line);
	for (enum sensor i = 0; i < SENSORS; i++) {
		if (soak->sensors[i].n > 0) {
			base_buffer_print(&line, "  %.0f %s ", soak->sensors[i].last, sensor_unit(i));
			soak_sparkline(&soak->sensors[i], 8, &line);
		}
	}
	base_terminal_progress("%s", line.data);
}

/* Beside the load, once a second. */
static void sense(void *context)
{
	struct soak *soak = context;
	uint64_t now_ns = base_clock_monotonic_ns();
	if (now_ns - soak->sensed_ns < SECOND_NS) {
		return;
	}
	soak->sensed_ns = now_ns;
	for (enum sensor i = 0; i < SENSORS; i++) {
		double value = sensors_read(&soak->run->sensors, i);
		soak_series_add(&soak->sensors[i], value);
		if (i != SENSOR_CLOCK) {
			trace_value(soak->run->trace, sensor_name(i), now_ns, value);
		}
	}
	show(soak);
}

static void note_wrong(struct soak *soak, const cJSON *entry)
{
	const cJSON *first = base_json_get(entry, "first_mismatch");
	soak->first_wrong = base_json_new_object();
	base_json_add_number(soak->first_wrong, "at_s", seconds_since(soak->start_ns));
	base_json_add_number(soak->first_wrong, "job", (double)soak->jobs);
	base_json_add_string(soak->first_wrong, "workload", base_json_string(entry, "name", ""));
	base_json_add_node(soak->first_wrong, "mismatch",
		cJSON_IsObject(first) ? cJSON_Duplicate(first, true) : cJSON_CreateNull());
}

/* Judges the job as any other; only what is wrong goes into the report. */
static bool take(struct soak *soak, struct canary_result *result)
{
	BASE_JSON_FREE cJSON *entries = base_json_new_array();
	bool verified = canary_result_judge(result, soak->run->report, entries);
	const cJSON *entry = cJSON_GetArrayItem(entries, 0);
	const struct timing *timing = &result->job.timing;
	for (size_t i = 0; i < timing->n; i++) {
		soak->device_ns += timing->samples_ns[i];
	}
	soak->jobs++;
	soak->checked += base_json_uint(entry, "checked_elements", 0);
	soak_series_add(&soak->figures[soak->index], base_json_number(entry, "median", NAN));
	if (!verified) {
		note_wrong(soak, entry);
	}
	return verified;
}

/* One workload, job after job, until its slice or the soak is over. False to end the soak. */
static bool run_slice(struct soak *soak, uint64_t until_ns)
{
	struct run *run = soak->run;
	struct canary_result *result = &run->results[soak->index];
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	result->round = 1;
	result->sampling.warmup_ms = 0;
	result->sampling.rel_ci = 0;
	const uint32_t dispatches = result->sampling.dispatches_per_sample;
	struct soak_pace pace = {SOAK_SAMPLES_MIN, dispatches};
	run_reference(result, false);
	bool right = true;
	do {
		canary_job_finish(&result->job);
		result->sampling.min_samples = result->sampling.max_samples = pace.samples;
		result->sampling.dispatches_per_sample = pace.dispatches_per_sample;
		if (!run_job(run, result, &err)) {
			run_cannot_tell(run, &err);
			right = false;
			break;
		}
		right = take(soak, result);
		soak_pace_next(&pace, &result->plan, &result->job.timing, run->class != WORKLOAD_SOFTWARE);
		sense(soak);
	} while (right && base_clock_monotonic_ns() < until_ns);
	result->sampling.dispatches_per_sample = dispatches;
	canary_result_finish(result);
	return right;
}

static bool is_soaked(const struct run *run, size_t index)
{
	return run->trials[index].entry && base_json_bool(run->trials[index].entry, "verified", false);
}

static void keep_on(struct soak *soak)
{
	struct run *run = soak->run;
	bool more = run->verified > 0;
	for (soak->index = 0; more; soak->index = (soak->index + 1) % run->count) {
		uint64_t now_ns = base_clock_monotonic_ns();
		if (!is_soaked(run, soak->index)) {
			continue;
		}
		uint64_t until_ns = now_ns + SLICE_S * SECOND_NS;
		more = run_slice(soak, until_ns < soak->end_ns ? until_ns : soak->end_ns);
		soak->complete = more && base_clock_monotonic_ns() >= soak->end_ns;
		more = more && !soak->complete;
	}
}

static void add_series(
	cJSON *array, const char *name, const char *unit, const struct soak_series *series)
{
	if (series->n > 0) {
		cJSON *node = base_json_add_object(array, NULL);
		base_json_add_string(node, "name", name);
		base_json_add_string(node, "unit", unit);
		soak_series_report(series, node);
	}
}

static cJSON *describe(struct soak *soak)
{
	const struct run *run = soak->run;
	double ran_s = seconds_since(soak->start_ns);
	cJSON *section = base_json_new_object();
	base_json_add_number(section, "requested_s", run->options->soak_s);
	base_json_add_number(section, "ran_s", ran_s);
	base_json_add_number(section, "device_busy_pct", 100 * soak->device_ns / 1e9 / ran_s);
	base_json_add_bool(section, "complete", soak->complete);
	base_json_add_number(section, "jobs", (double)soak->jobs);
	base_json_add_number(section, "checked_elements", (double)soak->checked);
	base_json_add_node(
		section, "first_wrong", soak->first_wrong ? soak->first_wrong : cJSON_CreateNull());
	soak->first_wrong = NULL;
	cJSON *figures = base_json_add_array(section, "workloads");
	for (size_t i = 0; i < run->count; i++) {
		const struct workload *workload = run->results[i].plan.workload;
		add_series(figures, workload->name, workload->unit, &soak->figures[i]);
	}
	cJSON *sensors = base_json_add_array(section, "sensors");
	for (enum sensor i = 0; i < SENSORS; i++) {
		add_series(sensors, sensor_name(i), sensor_unit(i), &soak->sensors[i]);
	}
	return section;
}

/* What moved while the load was on; a software renderer shares its CPU with everybody. */
static void find_drifts(const struct soak *soak)
{
	const struct run *run = soak->run;
	for (size_t i = 0; run->class != WORKLOAD_SOFTWARE && i < run->count; i++) {
		double drift = soak_series_drift(&soak->figures[i]);
		if (fabs(drift) > 0.03) {
			cJSON *finding = report_finding(run->report, REPORT_WARNING, "CANARY_DRIFT",
				"%s: throughput went %+.1f %% over %.0f s of load",
				run->results[i].plan.workload->name, 100 * drift, seconds_since(soak->start_ns));
			base_json_add_string(
				report_finding_evidence(finding), "workload", run->results[i].plan.workload->name);
		}
	}
	const struct soak_series *clock = &soak->sensors[SENSOR_CLOCK];
	double fall = soak_series_drift(clock);
	if (fall < -0.03) {
		cJSON *finding = report_finding(run->report, REPORT_WARNING, "CANARY_THROTTLED",
			"the engine's clock fell from %.0f to %.0f MHz under load",
			soak_series_end(clock, false), soak_series_end(clock, true));
		const struct soak_series *heat = &soak->sensors[SENSOR_TEMPERATURE];
		if (heat->n > 0) {
			base_json_add_number(report_finding_evidence(finding), "temperature_max_c", heat->max);
		}
	}
}

void run_soak(struct run *run)
{
	if (run->options->soak_s == 0 || !run->lane || run->over || run->interrupted) {
		return;
	}
	BASE_FREE struct soak *soak = base_alloc(1, sizeof(*soak));
	soak->run = run;
	soak->start_ns = base_clock_monotonic_ns();
	soak->end_ns = soak->start_ns + run->options->soak_s * SECOND_NS;
	run->watch = sense;
	run->watch_context = soak;
	keep_on(soak);
	run->watch = NULL;
	trace_span(run->trace, TRACE_CANARY, "soak", soak->start_ns, base_clock_monotonic_ns(), NULL);
	find_drifts(soak);
	bool wrong = soak->first_wrong;
	BASE_FREE char *expected = base_format("%" PRIu32 " s", run->options->soak_s);
	BASE_FREE char *observed = base_format("%.0f s, %" PRIu64 " jobs%s",
		seconds_since(soak->start_ns), soak->jobs, wrong ? ", the last one wrong" : "");
	report_check(run->report, "canary.soak",
		wrong                ? REPORT_BROKEN
			: soak->complete ? REPORT_HELD
							 : REPORT_UNKNOWN,
		"the device computes right under lasting load", expected, observed,
		"heat, power and time bring out what a short run does not");
	report_claim(run->report, soak->complete,
		"soak: job after job computed right for the time that was asked");
	report_section(run->report, "soak", describe(soak));
}
