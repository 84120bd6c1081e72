/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/verdict.h"

#include "base/memory.h"
#include "canary/statistics.h"

#include <assert.h>
#include <math.h>

/* A change is one from 3 % and 3.5 robust sigma on, none below 1 %. */
#define MARGIN_MIN 0.03
#define Z_CHANGED 3.5
#define Z_SAME 2.0
#define SHARE_SAME 0.01
/* Run-to-run scatter below this is luck: timers and clocks give no more. */
#define SCALE_MIN 0.003

const char *verdict_name(enum verdict_state state)
{
	static const char *const names[] = {
		[VERDICT_NO_BASELINE] = "NO-BASELINE",
		[VERDICT_SAME] = "SAME",
		[VERDICT_FAST] = "FAST",
		[VERDICT_AMBIGUOUS] = "AMBIGUOUS",
		[VERDICT_SLOW] = "SLOW",
		[VERDICT_INVALID] = "INVALID",
	};
	return names[state];
}

static enum verdict_state state_of(double r, double scale, double margin, double ci)
{
	double threshold = fmax(fmax(MARGIN_MIN, margin), Z_CHANGED * scale);
	if (r <= -threshold) {
		return VERDICT_SLOW;
	}
	if (r >= threshold) {
		return VERDICT_FAST;
	}
	bool precise = ci <= SHARE_SAME;
	bool same = fabs(r) <= SHARE_SAME || (fabs(r) < Z_SAME * scale && precise);
	return same ? VERDICT_SAME : VERDICT_AMBIGUOUS;
}

/*
 * How far the runs scatter to the side that `r` is on: by the median's deviation and, since a few
 * runs that somebody disturbed leave no trace in that one, by how far out the twentieth of them is
 * (1.645 sigma in a normal distribution).
 */
static double scatter(const struct statistics *logs, double r)
{
	double tail = r < 0 ? logs->median - logs->q05 : logs->q95 - logs->median;
	return fmax(1.4826 * logs->mad, tail / 1.645);
}

void verdict_judge(const double *runs, size_t count, double margin, double median, double ci,
	struct verdict *verdict)
{
	assert(count > 0);
	*verdict = (struct verdict){VERDICT_INVALID, NAN, NAN};
	if (!(median > 0)) {
		return;
	}
	BASE_FREE double *logs = base_alloc(count, sizeof(*logs));
	for (size_t i = 0; i < count; i++) {
		logs[i] = log(runs[i]);
	}
	struct statistics statistics;
	statistics_compute(logs, count, &statistics);
	double r = log(median) - statistics.median;
	/* fmax takes a NaN for nothing there. */
	double scale = fmax(fmax(scatter(&statistics, r), ci), SCALE_MIN);
	verdict->state = state_of(r, scale, margin, ci);
	verdict->ratio = exp(r);
	verdict->robust_z = r / scale;
}

/* The state that two have, of at most three. */
static bool agreed(const struct verdict *verdicts, size_t count, enum verdict_state *state)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (verdicts[i].state == verdicts[j].state) {
				*state = verdicts[i].state;
				return true;
			}
		}
	}
	return false;
}

bool verdict_settled(const struct verdict *verdicts, size_t count)
{
	enum verdict_state first = verdicts[0].state, state;
	bool doubtful = first == VERDICT_SLOW || first == VERDICT_AMBIGUOUS;
	return !doubtful || count >= VERDICT_RUNS_MAX || agreed(verdicts, count, &state);
}

/* Of one to three. */
static double middle(const double *values, size_t count)
{
	struct statistics statistics;
	statistics_compute(values, count, &statistics);
	return statistics.median;
}

void verdict_majority(const struct verdict *verdicts, size_t count, struct verdict *verdict)
{
	assert(count > 0 && count <= VERDICT_RUNS_MAX);
	double ratios[VERDICT_RUNS_MAX], scores[VERDICT_RUNS_MAX];
	size_t figures = 0;
	for (size_t i = 0; i < count; i++) {
		if (isfinite(verdicts[i].ratio)) {
			ratios[figures] = verdicts[i].ratio;
			scores[figures++] = verdicts[i].robust_z;
		}
	}
	*verdict = verdicts[0];
	if (count > 1) {
		verdict->state = VERDICT_AMBIGUOUS;
		agreed(verdicts, count, &verdict->state);
	}
	verdict->ratio = figures > 0 ? middle(ratios, figures) : NAN;
	verdict->robust_z = figures > 0 ? middle(scores, figures) : NAN;
}

bool verdict_throttled(
	const struct verdict *verdict, double margin, double clock_mhz, double baseline_mhz)
{
	if (verdict->state != VERDICT_SLOW || !(clock_mhz > 0) || !(baseline_mhz > 0)) {
		return false;
	}
	double threshold = fmax(MARGIN_MIN, margin);
	double clock = log(clock_mhz / baseline_mhz);
	/* The clock fell, and what is left after counting in cycles is no change. */
	return clock <= -SHARE_SAME && log(verdict->ratio) - clock > -threshold;
}
