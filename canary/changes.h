/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_CHANGES_H
#define CANARY_CHANGES_H

#include <stddef.h>

/** Where a series of figures moved to another level. */

enum {
	/** Longest series: all pairs of its values are compared. */
	CHANGES_SERIES_MAX = 500,
	/** A level has so many values at least; fewer are outliers. */
	CHANGES_SEGMENT_MIN = 4,
	CHANGES_MAX = CHANGES_SERIES_MAX / CHANGES_SEGMENT_MIN,
};

struct change {
	/** The first value of the new level. */
	size_t index;
	/** Medians of the values from the change before to this one, and from this to the next. */
	double before, after;
	/** Of Welch's t-test between the two: how likely chance alone is. */
	double p;
};

/**
 * Finds the change points of `n` values (at most CHANGES_SERIES_MAX), in their order, and returns
 * how many. E-divisive means (Matteson and James, arXiv 1306.4933): the split with the largest
 * distance between the energies of both sides, then the same in each side. What makes it one is
 * Student's t in place of the permutation test, as in Hunter (arXiv 2301.03034), so that the same
 * values give the same answer; and a step of at least 1 %.
 */
size_t changes_find(const double *values, size_t n, struct change changes[CHANGES_MAX]);

/** Two-sided probability of a |t| this large with so many degrees of freedom. */
double changes_student_p(double t, double freedom);

#endif
