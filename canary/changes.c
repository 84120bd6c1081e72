/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/changes.h"

#include "base/memory.h"
#include "canary/statistics.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Splits are searched generously and kept strictly: one that only a later one explains goes. */
#define P_WEAK 0.01
#define P_STRONG 0.001
#define STEP_MIN 0.01

/* Continued fraction of the incomplete beta function by Lentz (Numerical Recipes, 6.4). */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1);
	d = 1 / (fabs(d) < tiny ? tiny : d);
	double fraction = d;
	for (int m = 1; m <= 300; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double terms[] = {even, odd}, step = 1;
		for (int i = 0; i < 2; i++) {
			d = 1 + terms[i] * d;
			d = 1 / (fabs(d) < tiny ? tiny : d);
			c = 1 + terms[i] / c;
			c = fabs(c) < tiny ? tiny : c;
			step = d * c;
			fraction *= step;
		}
		if (fabs(step - 1) < 1e-14) {
			break;
		}
	}
	return fraction;
}

static double incomplete_beta(double a, double b, double x)
{
	if (x <= 0 || x >= 1) {
		return x <= 0 ? 0 : 1;
	}
	double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
									 : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double changes_student_p(double t, double freedom)
{
	return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t));
}

struct side {
	double mean, variance;
	size_t n;
};

static struct side side_of(const double *values, size_t n)
{
	struct side side = {0, 0, n};
	for (size_t i = 0; i < n; i++) {
		side.mean += values[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		side.variance += (values[i] - side.mean) * (values[i] - side.mean) / (double)(n - 1);
	}
	return side;
}

/* Welch's t-test: the sides need not scatter alike. */
static double welch_p(const double *left, size_t left_n, const double *right, size_t right_n)
{
	struct side a = side_of(left, left_n), b = side_of(right, right_n);
	double a_share = a.variance / (double)a.n, b_share = b.variance / (double)b.n;
	double square = a_share + b_share;
	if (!(square > 0)) {
		return a.mean == b.mean ? 1 : 0;
	}
	double freedom = square * square /
		(a_share * a_share / (double)(a.n - 1) + b_share * b_share / (double)(b.n - 1));
	return changes_student_p((a.mean - b.mean) / sqrt(square), freedom);
}

/*
 * The split of values[from, to) with the largest energy distance, weighted by m k / (m + k) for
 * sides of m and k values. Moving one value over changes the three sums of distances by that
 * value's distances to both sides, so all splits together take n^2 steps.
 */
static size_t best_split(const double *values, size_t from, size_t to)
{
	double within_left = 0, within_right = 0, between = 0, best = -1;
	size_t split = from;
	for (size_t i = from; i < to; i++) {
		for (size_t j = i + 1; j < to; j++) {
			within_right += fabs(values[i] - values[j]);
		}
	}
	for (size_t moved = from; moved + 1 < to; moved++) {
		double to_left = 0, to_right = 0;
		for (size_t i = from; i < to; i++) {
			double distance = fabs(values[i] - values[moved]);
			*(i < moved ? &to_left : &to_right) += distance;
		}
		within_left += to_left;
		within_right -= to_right;
		between += to_right - to_left;
		double m = (double)(moved + 1 - from), k = (double)(to - moved - 1);
		if (m < CHANGES_SEGMENT_MIN || k < CHANGES_SEGMENT_MIN) {
			continue;
		}
		double energy = 2 * between / (m * k) - 2 * within_left / (m * (m - 1)) -
			2 * within_right / (k * (k - 1));
		double weighted = m * k / (m + k) * energy;
		if (weighted > best) {
			best = weighted;
			split = moved + 1;
		}
	}
	return split;
}

static int compare_places(const void *left, const void *right)
{
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	return (a > b) - (a < b);
}

/* Every split that is one by the weak test, in any order; `places` has room for CHANGES_MAX. */
static size_t split_all(const double *values, size_t n, size_t *places)
{
	struct stretch {
		size_t from, to;
	} left[CHANGES_MAX + 1];
	size_t open = 1, count = 0;
	left[0] = (struct stretch){0, n};
	while (open > 0) {
		struct stretch stretch = left[--open];
		size_t split = best_split(values, stretch.from, stretch.to);
		if (split == stretch.from ||
			welch_p(values + stretch.from, split - stretch.from, values + split,
				stretch.to - split) >= P_WEAK) {
			continue;
		}
		places[count++] = split;
		left[open++] = (struct stretch){stretch.from, split};
		left[open++] = (struct stretch){split, stretch.to};
	}
	qsort(places, count, sizeof(*places), compare_places);
	return count;
}

static double median_of(const double *values, size_t n)
{
	struct statistics statistics;
	statistics_compute(values, n, &statistics);
	return statistics.median;
}

/* Fills the change at places[i] with what its neighbours leave it. */
static void weigh(const double *values, size_t n, const size_t *places, size_t count, size_t i,
	struct change *change)
{
	size_t from = i > 0 ? places[i - 1] : 0, at = places[i];
	size_t to = i + 1 < count ? places[i + 1] : n;
	change->index = at;
	change->before = median_of(values + from, at - from);
	change->after = median_of(values + at, to - at);
	change->p = welch_p(values + from, at - from, values + at, to - at);
}

static bool counts(const struct change *change)
{
	return change->p < P_STRONG && fabs(change->after / change->before - 1) >= STEP_MIN;
}

size_t changes_find(const double *values, size_t n, struct change changes[CHANGES_MAX])
{
	assert(n <= CHANGES_SERIES_MAX);
	size_t places[CHANGES_MAX];
	size_t count = n >= 2 * CHANGES_SEGMENT_MIN ? split_all(values, n, places) : 0;
	for (;;) {
		/* The weakest that does not count goes, and its neighbours are weighed anew. */
		size_t worst = count;
		for (size_t i = 0; i < count; i++) {
			weigh(values, n, places, count, i, &changes[i]);
			if (!counts(&changes[i]) && (worst == count || changes[i].p > changes[worst].p)) {
				worst = i;
			}
		}
		if (worst == count) {
			return count;
		}
		for (size_t i = worst; i + 1 < count; i++) {
			places[i] = places[i + 1];
		}
		count--;
	}
}
