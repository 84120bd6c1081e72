/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_SOAK_H
#define CANARY_SOAK_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a long run keeps of its figures: as many points however long it takes. */

enum {
	SOAK_POINTS_MAX = 240,
	SOAK_SECONDS_MAX = 7 * 24 * 3600,
};

/** Zeroed: empty. */
struct soak_series {
	/** Each the mean of `stride` values; the last values may still be gathered. */
	double points[SOAK_POINTS_MAX];
	size_t count, stride;
	double sum;
	size_t gathered;
	/** Of all values. */
	size_t n;
	double min, max, last;
};

/** Adds one; a NaN is none. When the points are full, each two become one. */
void soak_series_add(struct soak_series *series, double value);
/**
 * How much higher the last fifth of the points is than the first, as a share of that; NAN under 10
 * points, or when Mann-Kendall does not call the trend real at 99 %.
 */
double soak_series_drift(const struct soak_series *series);
/** Median of the first or of the last fifth of the points; NAN under 10. */
double soak_series_end(const struct soak_series *series, bool last);
/** `{n, min, median, max, last, drift_pct, points[]}` into an object. */
void soak_series_report(const struct soak_series *series, cJSON *object);
/** The last points as bars between their least and their greatest, one character each. */
void soak_sparkline(const struct soak_series *series, size_t width, struct base_buffer *out);

/** "30s", "30m", "2h": 1 s to 7 days. Errors: USAGE. */
bool soak_duration_parse(const char *text, uint32_t *seconds, struct lane_error *err);

#endif
