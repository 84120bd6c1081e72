/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_VERDICT_H
#define CANARY_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

/** What a figure is, held against the same figure of earlier runs. Higher is better. */
enum verdict_state {
	/** Nobody has measured this before: neutral, and never a pass. */
	VERDICT_NO_BASELINE,
	VERDICT_SAME,
	VERDICT_FAST,
	/** Neither the same nor clearly another. */
	VERDICT_AMBIGUOUS,
	VERDICT_SLOW,
	/** No figure: what was measured cannot be. */
	VERDICT_INVALID,
};

enum {
	/** A run, and two in fresh processes that confirm it. */
	VERDICT_RUNS_MAX = 3,
};

struct verdict {
	enum verdict_state state;
	/** Median over the baseline's; NAN where there is none. */
	double ratio;
	/** ln(ratio) over the scale between runs. */
	double robust_z;
};

/** "SAME", "NO-BASELINE" and so on, as in the report. */
const char *verdict_name(enum verdict_state state);

/**
 * Judges one run's median against the medians of `count` earlier runs (at least 1), each in a
 * process of its own: samples of one process resemble each other, so their scatter is too small a
 * scale. With r = ln(median / baseline median) and s = max(1.4826 MAD of the runs, `ci`, 0.3 %):
 * SLOW iff r <= -max(3 %, margin) and r <= -3.5 s, FAST likewise, SAME iff |r| <= 1 %, or |r| < 2 s
 * and `ci` <= 1 %; else AMBIGUOUS. `ci` is the half width of the median's interval as a share of
 * it, NAN when it has none.
 */
void verdict_judge(const double *runs, size_t count, double margin, double median, double ci,
	struct verdict *verdict);

/** Whether a further run could change what `count` (at least 1) runs say together. */
bool verdict_settled(const struct verdict *verdicts, size_t count);
/**
 * What they say together: the state of two, AMBIGUOUS when all differ; ratio and z in the middle.
 * A single one stands for itself.
 */
void verdict_majority(const struct verdict *verdicts, size_t count, struct verdict *verdict);

/**
 * Whether a lower clock explains what is slow: in cycles, the figure is where it was. Both clocks
 * in MHz; NAN when unknown, and then nothing is explained.
 */
bool verdict_throttled(
	const struct verdict *verdict, double margin, double clock_mhz, double baseline_mhz);

#endif
