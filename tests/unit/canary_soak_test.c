/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/soak.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>
#include <string.h>

static void few_and_many(void **state)
{
	(void)state;
	struct soak_series series = {0};
	soak_series_add(&series, NAN);
	assert_int_equal(series.n, 0);
	assert_true(isnan(soak_series_drift(&series)));
	for (int i = 0; i < 100000; i++) {
		soak_series_add(&series, i);
	}
	assert_int_equal(series.n, 100000);
	assert_true(series.min == 0 && series.max == 99999 && series.last == 99999);
	assert_true(series.count >= SOAK_POINTS_MAX / 2 && series.count < SOAK_POINTS_MAX);
	/* Points are means of equal stretches, in their order. */
	double step = (double)series.stride;
	for (size_t i = 0; i < series.count; i++) {
		assert_true(fabs(series.points[i] - ((double)i * step + (step - 1) / 2)) < 1e-6);
	}
}

static void drifts(void **state)
{
	(void)state;
	struct soak_series level = {0}, falling = {0};
	for (int i = 0; i < 1000; i++) {
		double noise = (i * 7919 % 13 - 6) / 10.0;
		soak_series_add(&level, 640 + noise);
		soak_series_add(&falling, 640 - 0.064 * i + noise);
	}
	assert_true(isnan(soak_series_drift(&level)));
	assert_true(fabs(soak_series_drift(&falling) + 0.081) < 0.003);
	assert_true(soak_series_end(&falling, false) > soak_series_end(&falling, true));
}

static void sparklines(void **state)
{
	(void)state;
	struct soak_series series = {0};
	for (int i = 0; i < 8; i++) {
		soak_series_add(&series, i);
	}
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	soak_sparkline(&series, 8, &out);
	assert_string_equal(out.data, "▁▂▃▄▅▆▇█");
	base_buffer_clear(&out);
	soak_sparkline(&series, 2, &out);
	assert_string_equal(out.data, "▁█");
	struct soak_series level = {0};
	soak_series_add(&level, 5);
	base_buffer_clear(&out);
	soak_sparkline(&level, 8, &out);
	assert_string_equal(out.data, "▁");
}

static void durations(void **state)
{
	(void)state;
	uint32_t seconds = 0;
	assert_true(soak_duration_parse("30s", &seconds, NULL) && seconds == 30);
	assert_true(soak_duration_parse("30m", &seconds, NULL) && seconds == 1800);
	assert_true(soak_duration_parse("168h", &seconds, NULL) && seconds == SOAK_SECONDS_MAX);
	static const char *const others[] = {
		"", "s", "30", "30d", "0s", "-1s", "+1s", "1.5h", "30s ", "30sm", "169h", "99999999s"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(soak_duration_parse(others[i], &seconds, NULL));
	}
}

/* A job of ten samples whose device takes 1 ms of each, and the host the rest of `sample_ms`. */
static struct soak_pace pace_after(
	const struct workload *workload, double sample_ms, uint32_t dispatches, bool load)
{
	double samples_ns[10];
	struct timing timing = {.n = 10, .samples_ns = samples_ns, .setup_ns = 3e8, .upload_ns = 2e8};
	for (size_t i = 0; i < 10; i++) {
		samples_ns[i] = 1e6 * dispatches;
	}
	timing.worker_ns = 5e8 + 10e6 * sample_ms;
	struct workload_plan plan;
	workload_plan_size(workload, workload->step, &plan);
	struct soak_pace pace = {SOAK_SAMPLES_MIN, dispatches};
	soak_pace_next(&pace, &plan, &timing, load);
	return pace;
}

static void pace(void **state)
{
	(void)state;
	/* 9 ms on the host: 36 ms of work beside it, 45 ms a sample, 44 samples. */
	struct soak_pace found = pace_after(&canary_copy, 10, 1, true);
	assert_int_equal(found.dispatches_per_sample, 36);
	assert_int_equal(found.samples, 44);
	/* And so it stays. */
	found = pace_after(&canary_copy, 45, 36, true);
	assert_int_equal(found.dispatches_per_sample, 36);
	assert_int_equal(found.samples, 44);
	/* What is added to what was there is another result each time. */
	found = pace_after(&canary_saxpy, 10, 1, true);
	assert_int_equal(found.dispatches_per_sample, 1);
	assert_int_equal(found.samples, 200);
	found = pace_after(&canary_copy, 10, 1, false);
	assert_int_equal(found.dispatches_per_sample, 1);
	assert_int_equal(found.samples, 200);
	/* Never longer than a quarter of a second, nor fewer samples than say something. */
	found = pace_after(&canary_copy, 1000, 1, true);
	assert_int_equal(found.dispatches_per_sample, 250);
	assert_int_equal(found.samples, SOAK_SAMPLES_MIN);
	/* No job, no change. */
	struct timing none = {.n = 0};
	struct workload_plan plan;
	workload_plan_size(&canary_copy, canary_copy.step, &plan);
	soak_pace_next(&found, &plan, &none, true);
	assert_int_equal(found.dispatches_per_sample, 250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("soak@series-of-any-length-keeps-its-shape", few_and_many),
		NAMED("soak@drift-is-a-trend-and-no-noise", drifts),
		NAMED("soak@sparkline-spans-its-values", sparklines),
		NAMED("soak@device-works-four-fifths-of-the-time", pace),
		NAMED("soak@durations-have-one-unit-and-bounds", durations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
