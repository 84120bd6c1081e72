/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/statistics.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_near(double value, double expected)
{
	if (!(fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected)))) {
		fail_msg("%.17g, expected %.17g", value, expected);
	}
}

static void one_sample(void **state)
{
	(void)state;
	struct statistics s;
	statistics_compute((double[]){42}, 1, &s);
	assert_int_equal(s.n, 1);
	assert_near(s.median, 42);
	assert_near(s.q1, 42);
	assert_near(s.q3, 42);
	assert_near(s.mad, 0);
	assert_near(s.drift, 0);
	assert_false(s.has_ci);
	assert_int_equal(s.outliers, 0);
}

/* R: quantile(x, type = 7), mad(x, constant = 1). */
static void quartiles_as_r(void **state)
{
	(void)state;
	static const double x[] = {7, 15, 36, 39, 40, 41, 3, 12, 50, 1};
	struct statistics s;
	statistics_compute(x, COUNT(x), &s);
	assert_near(s.min, 1);
	assert_near(s.q1, 8.25);
	assert_near(s.median, 25.5);
	assert_near(s.q3, 39.75);
	assert_near(s.max, 50);
	assert_near(s.mad, 15);
}

/* Ranks from tables of the sign test (Conover 1999, table A3): n, j. */
static void interval_ranks(void **state)
{
	(void)state;
	static const struct {
		size_t n, rank;
	} table[] = {
		{6, 1}, {8, 1}, {9, 2}, {11, 2}, {12, 3}, {15, 4}, {20, 6}, {25, 8}, {30, 10}, {100, 40}};
	double x[4096];
	for (size_t i = 0; i < COUNT(x); i++) {
		x[i] = (double)(i + 1);
	}
	struct statistics s;
	for (size_t i = 0; i < COUNT(table); i++) {
		statistics_compute(x, table[i].n, &s);
		assert_true(s.has_ci);
		assert_near(s.ci_low, (double)table[i].rank);
		assert_near(s.ci_high, (double)(table[i].n + 1 - table[i].rank));
	}
	statistics_compute(x, 5, &s);
	assert_false(s.has_ci);
	/* 2^-4096 is no double; the ranks come all the same: n / 2 - 0.98 sqrt(n) */
	statistics_compute(x, 4096, &s);
	assert_true(s.ci_low > 1980 && s.ci_low < 1990);
}

static void steady_slope(void **state)
{
	(void)state;
	double x[20];
	for (size_t i = 0; i < COUNT(x); i++) {
		x[i] = 100 - (double)i;
	}
	struct statistics s;
	statistics_compute(x, COUNT(x), &s);
	/* One a sample over 19 steps, of a median of 90.5. */
	assert_near(s.drift, -19 / 90.5);
	assert_true(s.drift_significant);
}

static void slope_ignores_one_spike(void **state)
{
	(void)state;
	double x[21];
	for (size_t i = 0; i < COUNT(x); i++) {
		x[i] = 100 + (i % 2 ? 0.1 : -0.1);
	}
	x[20] = 1000;
	struct statistics s;
	statistics_compute(x, COUNT(x), &s);
	assert_true(fabs(s.drift) < 0.005);
	assert_false(s.drift_significant);
	assert_int_equal(s.outliers, 1);
	/* Flagged, and still there. */
	assert_int_equal(s.n, 21);
	assert_near(s.max, 1000);
}

static void constant_series(void **state)
{
	(void)state;
	static const double x[] = {5, 5, 5, 5, 5, 5, 5};
	struct statistics s;
	statistics_compute(x, COUNT(x), &s);
	assert_near(s.mad, 0);
	assert_near(s.lag1, 0);
	assert_near(s.drift, 0);
	assert_false(s.drift_significant);
	assert_int_equal(s.outliers, 0);
}

/* All alike but for one by 2 %: the median deviation is 0, and it is an outlier still; 0.5 % is
 * none. */
static void outliers_without_deviation(void **state)
{
	(void)state;
	double x[] = {100, 100, 100, 100, 102, 100, 100};
	struct statistics s;
	statistics_compute(x, COUNT(x), &s);
	assert_int_equal(s.outliers, 1);
	x[4] = 100.5;
	statistics_compute(x, COUNT(x), &s);
	assert_int_equal(s.outliers, 0);
}

static void neighbours(void **state)
{
	(void)state;
	struct statistics s;
	/* acf(c(1, -1, 1, -1), lag.max = 1) in R. */
	statistics_compute((double[]){1, -1, 1, -1}, 4, &s);
	assert_near(s.lag1, -0.75);
	/* acf(1:5): (-2 * -1 + 0 + 0 + 1 * 2) / 10. */
	statistics_compute((double[]){1, 2, 3, 4, 5}, 5, &s);
	assert_near(s.lag1, 0.4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("statistics@one-sample-is-its-own-everything", one_sample),
		NAMED("statistics@quartiles-and-mad-as-r-has-them", quartiles_as_r),
		NAMED("statistics@interval-ranks-as-in-the-sign-test-table", interval_ranks),
		NAMED("statistics@steady-slope-is-drift", steady_slope),
		NAMED("statistics@one-spike-is-an-outlier-and-no-drift", slope_ignores_one_spike),
		NAMED("statistics@constant-series-has-no-spread", constant_series),
		NAMED("statistics@outliers-are-found-when-the-deviation-is-0", outliers_without_deviation),
		NAMED("statistics@neighbours-correlate-as-acf-says", neighbours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
