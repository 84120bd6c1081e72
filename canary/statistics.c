/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/statistics.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

static void sort(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare_doubles);
}

double statistics_quantile(const double *sorted, size_t n, double share)
{
	double position = share * (double)(n - 1);
	size_t below = (size_t)position;
	if (below + 1 >= n) {
		return sorted[n - 1];
	}
	return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

static double median_deviation(const double *samples, size_t n, double median)
{
	BASE_FREE double *deviations = base_alloc(n, sizeof(*deviations));
	for (size_t i = 0; i < n; i++) {
		deviations[i] = fabs(samples[i] - median);
	}
	sort(deviations, n);
	return statistics_quantile(deviations, n, 0.5);
}

/* Largest j with P(Binomial(n, 1/2) < j) <= 0.025; 0 if there is none. */
static size_t median_rank(size_t n)
{
	double below = 0, log_half = (double)n * log(0.5);
	for (size_t j = 0; j < n; j++) {
		below += exp(
			lgamma((double)n + 1) - lgamma((double)j + 1) - lgamma((double)(n - j) + 1) + log_half);
		if (below > 0.025) {
			return j;
		}
	}
	return 0;
}

/* Theil-Sen slope a sample; *significant by Mann-Kendall, |z| > 2.576. */
static double trend(const double *samples, size_t n, bool *significant)
{
	*significant = false;
	if (n < 2) {
		return 0;
	}
	size_t count = n * (n - 1) / 2, next = 0;
	BASE_FREE double *slopes = base_alloc(count, sizeof(*slopes));
	double score = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			double rise = samples[j] - samples[i];
			score += (rise > 0) - (rise < 0);
			slopes[next++] = rise / (double)(j - i);
		}
	}
	sort(slopes, count);
	double size = (double)n;
	double deviation = sqrt(size * (size - 1) * (2 * size + 5) / 18);
	/* One step towards zero is the correction for continuity. */
	*significant = fabs(score) - 1 > 2.576 * deviation;
	return statistics_quantile(slopes, count, 0.5);
}

static double neighbour_correlation(const double *samples, size_t n)
{
	double mean = 0, square = 0, product = 0;
	for (size_t i = 0; i < n; i++) {
		mean += samples[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		square += (samples[i] - mean) * (samples[i] - mean);
		if (i > 0) {
			product += (samples[i] - mean) * (samples[i - 1] - mean);
		}
	}
	return square > 0 ? product / square : 0;
}

void statistics_compute(const double *samples, size_t n, struct statistics *statistics)
{
	assert(n > 0);
	BASE_FREE double *sorted = base_alloc(n, sizeof(*sorted));
	memcpy(sorted, samples, n * sizeof(*sorted));
	sort(sorted, n);

	memset(statistics, 0, sizeof(*statistics));
	statistics->n = n;
	statistics->min = sorted[0];
	statistics->max = sorted[n - 1];
	statistics->q05 = statistics_quantile(sorted, n, 0.05);
	statistics->q95 = statistics_quantile(sorted, n, 0.95);
	statistics->q1 = statistics_quantile(sorted, n, 0.25);
	statistics->median = statistics_quantile(sorted, n, 0.5);
	statistics->q3 = statistics_quantile(sorted, n, 0.75);
	statistics->mad = median_deviation(samples, n, statistics->median);

	size_t rank = median_rank(n);
	if (rank > 0) {
		statistics->has_ci = true;
		statistics->ci_low = sorted[rank - 1];
		statistics->ci_high = sorted[n - rank];
	}

	double slope = trend(samples, n, &statistics->drift_significant);
	if (statistics->median != 0) {
		statistics->drift = slope * (double)(n - 1) / statistics->median;
	}
	statistics->lag1 = neighbour_correlation(samples, n);

	double scale = fmax(1.4826 * statistics->mad, 1e-3 * fabs(statistics->median));
	for (size_t i = 0; i < n; i++) {
		statistics->outliers += fabs(samples[i] - statistics->median) > 10 * scale;
	}
}
