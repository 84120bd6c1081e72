/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_STATISTICS_H
#define CANARY_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * What is said about a series of samples, in the order they were taken. Nothing is dropped: an
 * outlier is counted, and stays in every figure.
 */
struct statistics {
	size_t n;
	double min, max;
	/** Quantiles by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996).
	 */
	double q05, q1, median, q3, q95;
	/** Median of |x - median|, not scaled. */
	double mad;
	/**
	 * Distribution-free 95 % interval for the median: the innermost order statistics x(j), x(n+1-j)
	 * with P(Binomial(n, 1/2) < j) <= 2.5 %. Under 6 samples no such pair exists and has_ci is
	 * false.
	 */
	bool has_ci;
	double ci_low, ci_high;
	/** Theil-Sen slope over the whole run as a share of the median: -0.03 is 3 % lower at the end.
	 */
	double drift;
	/** Whether Mann-Kendall calls the trend real at 99 %. */
	bool drift_significant;
	/** Autocorrelation of neighbours; 0 for a constant series. */
	double lag1;
	/** Samples further than 10 robust sigma (1.4826 * mad, at least 0.1 % of the median) from the
	 * median. */
	size_t outliers;
};

/** `n` is at least 1. */
void statistics_compute(const double *samples, size_t n, struct statistics *statistics);

/** Quantile `share` in 0..1 of sorted values, type 7. */
double statistics_quantile(const double *sorted, size_t n, double share);

#endif
