/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_SOAK_H
#define CANARY_SOAK_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"
#include "canary/timing.h"
#include "canary/workload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a long run keeps of its figures: as many points however long it takes. */

enum {
	SOAK_POINTS_MAX = 240,
	SOAK_SECONDS_MAX = 7 * 24 * 3600,
	SOAK_SAMPLES_MIN = 15,
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

/** How the next job of a workload is cut, so that the device is at work all the while. */
struct soak_pace {
	uint32_t samples, dispatches_per_sample;
};

/**
 * Going by the last job, `samples` are so many that a job takes two seconds or so. While the host
 * reads outputs back and compares them the device has nothing to do: where dispatches that follow
 * each other compute the same (no output is an input), a sample gets so many of them that the
 * device works four fifths of the time. What only one of them does wrong may be overwritten then,
 * so this is for soaks, which come back to it for hours. Without `load` (the device is the host)
 * a sample stays as it is. `pace` is the last job's.
 */
void soak_pace_next(struct soak_pace *pace, const struct workload_plan *plan,
	const struct timing *timing, bool load);

/** "30s", "30m", "2h": 1 s to 7 days. Errors: USAGE. */
bool soak_duration_parse(const char *text, uint32_t *seconds, struct lane_error *err);

#endif
