/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/soak.h"

#include "canary/statistics.h"
#include "report/sparkline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	/** Fewer points have no beginning and no end to compare. */
	DRIFT_POINTS_MIN = 10,
	SAMPLES_MAX = 2000,
	/** The device's time beside the host's. */
	LOAD = 4,
};

/* What one job should take, long enough to keep the load on and short enough to be told of, and
 * what one sample of it may. */
#define JOB_NS 2e9
#define SAMPLE_NS_MAX 2.5e8

static void halve(struct soak_series *series)
{
	series->count /= 2;
	for (size_t i = 0; i < series->count; i++) {
		series->points[i] = (series->points[2 * i] + series->points[2 * i + 1]) / 2;
	}
	series->stride *= 2;
}

void soak_series_add(struct soak_series *series, double value)
{
	if (!isfinite(value)) {
		return;
	}
	series->min = series->n == 0 ? value : fmin(series->min, value);
	series->max = series->n == 0 ? value : fmax(series->max, value);
	series->last = value;
	series->stride += series->stride == 0;
	series->n++;
	series->sum += value;
	if (++series->gathered < series->stride) {
		return;
	}
	series->points[series->count++] = series->sum / (double)series->gathered;
	series->sum = 0;
	series->gathered = 0;
	if (series->count == SOAK_POINTS_MAX) {
		halve(series);
	}
}

double soak_series_end(const struct soak_series *series, bool last)
{
	if (series->count < DRIFT_POINTS_MIN) {
		return NAN;
	}
	size_t fifth = series->count / 5;
	struct statistics statistics;
	statistics_compute(series->points + (last ? series->count - fifth : 0), fifth, &statistics);
	return statistics.median;
}

double soak_series_drift(const struct soak_series *series)
{
	if (series->count < DRIFT_POINTS_MIN) {
		return NAN;
	}
	struct statistics statistics;
	statistics_compute(series->points, series->count, &statistics);
	return statistics.drift_significant
		? soak_series_end(series, true) / soak_series_end(series, false) - 1
		: NAN;
}

static void add_or_null(cJSON *object, const char *key, double value)
{
	if (isfinite(value)) {
		base_json_add_number(object, key, value);
	} else {
		base_json_add_null(object, key);
	}
}

void soak_series_report(const struct soak_series *series, cJSON *object)
{
	bool some = series->n > 0;
	double median = NAN;
	if (series->count > 0) {
		struct statistics statistics;
		statistics_compute(series->points, series->count, &statistics);
		median = statistics.median;
	}
	base_json_add_number(object, "n", (double)series->n);
	add_or_null(object, "min", some ? series->min : NAN);
	add_or_null(object, "median", median);
	add_or_null(object, "max", some ? series->max : NAN);
	add_or_null(object, "last", some ? series->last : NAN);
	add_or_null(object, "drift_pct", 100 * soak_series_drift(series));
	cJSON *points = base_json_add_array(object, "points");
	for (size_t i = 0; i < series->count; i++) {
		base_json_add_number(points, NULL, series->points[i]);
	}
}

void soak_sparkline(const struct soak_series *series, size_t width, struct base_buffer *out)
{
	size_t count = series->count < width ? series->count : width;
	report_sparkline(series->points + series->count - count, count, out);
}

/* Whether a dispatch that comes again leaves what the first one left. */
static bool is_repeatable(const struct workload_plan *plan)
{
	bool repeatable = plan->measure == BRIDGE_MEASURE_DISPATCH && plan->dispatches == 0;
	for (size_t i = 0; i < plan->buffer_count; i++) {
		const struct bridge_job_buffer *job = &plan->buffers[i].job;
		repeatable = repeatable && (!job->output || job->fill == BRIDGE_FILL_POISON);
	}
	return repeatable;
}

static uint32_t within(double value, uint32_t min, uint32_t max)
{
	return !(value > min) ? min : value < max ? (uint32_t)value : max;
}

void soak_pace_next(struct soak_pace *pace, const struct workload_plan *plan,
	const struct timing *timing, bool load)
{
	if (timing->n == 0) {
		return;
	}
	struct statistics statistics;
	statistics_compute(timing->samples_ns, timing->n, &statistics);
	double device_ns = statistics.median / pace->dispatches_per_sample;
	double sample_ns =
		(timing->worker_ns - timing->setup_ns - timing->upload_ns) / (double)timing->n;
	double host_ns = fmax(0, sample_ns - statistics.median);
	if (load && is_repeatable(plan) && device_ns > 0) {
		uint32_t most = within(SAMPLE_NS_MAX / device_ns, 1, BRIDGE_JOB_DISPATCHES_MAX);
		pace->dispatches_per_sample = within(LOAD * host_ns / device_ns, 1, most);
	}
	double next_ns = host_ns + device_ns * pace->dispatches_per_sample;
	pace->samples = within(JOB_NS / next_ns, SOAK_SAMPLES_MIN, SAMPLES_MAX);
}

bool soak_duration_parse(const char *text, uint32_t *seconds, struct lane_error *err)
{
	static const struct {
		char letter;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
	size_t digits = strspn(text, "0123456789");
	unsigned long number = digits > 0 && digits < 8 ? strtoul(text, NULL, 10) : 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t duration = (uint64_t)number * units[i].seconds;
		if (text[digits] == units[i].letter && text[digits + 1] == '\0' && duration > 0 &&
			duration <= SOAK_SECONDS_MAX) {
			*seconds = (uint32_t)duration;
			return true;
		}
	}
	return lane_error_set(
		err, "USAGE", "--soak: \"%s\" is no duration from 1s to 168h, like 30s, 30m or 2h", text);
}
