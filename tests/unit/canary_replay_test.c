/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/memory.h"
#include "canary/baseline.h"
#include "canary/statistics.h"
#include "canary/verdict.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Replays of recorded runs, tests/data/canary/runs.json: every sample of 36 runs of six workloads
 * on a machine that others were at work on. A replay takes some of them as the baseline and others
 * as the run to be judged and those that confirm it. Nothing changed between them, so nothing may
 * be called slow, however restless they are; and with the same runs drawn together to the scatter
 * of a GPU of its own, a slower device must be seen.
 */
enum { RUNS_MAX = 40, WORKLOADS = 6, BASELINE_RUNS = 20, REPLAYS = 200 };

struct recorded {
	double median;
	/** Half width of the median's interval as a share of it. */
	double ci;
};

static struct recording {
	char name[32];
	struct recorded runs[RUNS_MAX];
	size_t count;
	/** Of ln(median) between runs. */
	double centre, scatter;
} recordings[WORKLOADS];

static struct recorded read_run(const cJSON *samples)
{
	double values[256];
	size_t n = 0;
	const cJSON *sample;
	cJSON_ArrayForEach(sample, samples)
	{
		assert_true(n < sizeof(values) / sizeof(values[0]) && sample->valuedouble > 0);
		values[n++] = sample->valuedouble;
	}
	struct statistics statistics;
	statistics_compute(values, n, &statistics);
	return (struct recorded){
		statistics.median, (statistics.ci_high - statistics.ci_low) / 2 / statistics.median};
}

static int read_recordings(void **state)
{
	(void)state;
	static struct base_json json;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_true(base_json_load(LANE_TEST_RUNS, 1 << 20, &json, &err));
	size_t count = 0;
	const cJSON *workload;
	cJSON_ArrayForEach(workload, base_json_get(json.root, "workloads"))
	{
		assert_true(count < WORKLOADS);
		struct recording *recording = &recordings[count++];
		double logs[RUNS_MAX];
		snprintf(
			recording->name, sizeof(recording->name), "%s", base_json_string(workload, "name", ""));
		const cJSON *run;
		cJSON_ArrayForEach(run, base_json_get(workload, "runs"))
		{
			assert_true(recording->count < RUNS_MAX);
			recording->runs[recording->count] = read_run(run);
			logs[recording->count] = log(recording->runs[recording->count].median);
			recording->count++;
		}
		struct statistics statistics;
		statistics_compute(logs, recording->count, &statistics);
		recording->centre = statistics.median;
		recording->scatter = 1.4826 * statistics.mad;
	}
	assert_int_equal(count, WORKLOADS);
	base_json_finish(&json);
	return 0;
}

/* How a replay changes what was recorded. */
struct change {
	/** Scatter between the runs; NAN: as it was. */
	double scatter;
	/** Of the runs that are judged, against those of the baseline. */
	double speed;
};

static struct recorded changed(
	const struct recording *recording, size_t index, const struct change *change)
{
	struct recorded run = recording->runs[index];
	if (isfinite(change->scatter)) {
		double share = change->scatter / recording->scatter;
		run.median = exp(recording->centre + share * (log(run.median) - recording->centre));
		run.ci *= share;
	}
	return run;
}

/* In an order of the seed's: what comes first is the baseline. xorshift64. */
static void shuffle(size_t *order, size_t count, uint64_t *seed)
{
	for (size_t i = 0; i < count; i++) {
		order[i] = i;
	}
	for (size_t i = count; i > 1; i--) {
		*seed ^= *seed << 13;
		*seed ^= *seed >> 7;
		*seed ^= *seed << 17;
		size_t other = *seed % i, kept = order[i - 1];
		order[i - 1] = order[other];
		order[other] = kept;
	}
}

static void replay(const struct recording *recording, const struct change *change, uint64_t *seed,
	struct verdict *together)
{
	size_t order[RUNS_MAX] = {0}, count = 0;
	double baseline[BASELINE_RUNS];
	struct verdict verdicts[VERDICT_RUNS_MAX];
	shuffle(order, recording->count, seed);
	for (size_t i = 0; i < BASELINE_RUNS; i++) {
		baseline[i] = changed(recording, order[i], change).median;
	}
	do {
		struct recorded run = changed(recording, order[BASELINE_RUNS + count], change);
		verdict_judge(
			baseline, BASELINE_RUNS, 0.03, change->speed * run.median, run.ci, &verdicts[count]);
		count++;
	} while (!verdict_settled(verdicts, count));
	verdict_majority(verdicts, count, together);
}

static size_t count_of(
	const struct recording *recording, enum verdict_state state, const struct change *change)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	size_t count = 0;
	for (size_t i = 0; i < REPLAYS; i++) {
		struct verdict together;
		replay(recording, change, &seed, &together);
		count += together.state == state;
	}
	return count;
}

/* Fails unless so many replays of every workload, from `least` to `most`, end in this state. */
static void expect(
	enum verdict_state state, double scatter, double speed, size_t least, size_t most)
{
	for (size_t i = 0; i < WORKLOADS; i++) {
		const struct change change = {scatter, speed};
		size_t found = count_of(&recordings[i], state, &change);
		if (found < least || found > most) {
			fail_msg("%s at %g: %zu of %d are %s, expected %zu to %zu", recordings[i].name, speed,
				found, REPLAYS, verdict_name(state), least, most);
		}
	}
}

static void nothing_changed(void **state)
{
	(void)state;
	expect(VERDICT_SLOW, NAN, 1, 0, 0);
	expect(VERDICT_SLOW, 0.005, 1, 0, 0);
	expect(VERDICT_SLOW, 0.003, 1, 0, 0);
}

static void five_percent(void **state)
{
	(void)state;
	expect(VERDICT_SLOW, 0.003, 0.95, REPLAYS * 95 / 100, REPLAYS);
}

static void two_percent(void **state)
{
	(void)state;
	/* The recorded runs have tails far longer than a normal distribution's. */
	expect(VERDICT_SLOW, 0.003, 0.98, 0, REPLAYS * 10 / 100);
	expect(VERDICT_AMBIGUOUS, 0.003, 0.98, REPLAYS * 60 / 100, REPLAYS);
}

/* A fifth slower with the clock at four fifths is the clock's doing, and with the clock as it was
 * it is not. */
static void lower_clock(void **state)
{
	(void)state;
	const struct change change = {0.003, 0.8};
	uint64_t seed = 1;
	for (size_t i = 0; i < WORKLOADS; i++) {
		for (size_t j = 0; j < REPLAYS; j++) {
			struct verdict together;
			replay(&recordings[i], &change, &seed, &together);
			assert_int_equal(together.state, VERDICT_SLOW);
			assert_true(verdict_throttled(&together, 0.03, 0.8 * 2970, 2970));
			assert_false(verdict_throttled(&together, 0.03, 2970, 2970));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("replay@recorded-runs-held-against-themselves-raise-no-alarm", nothing_changed),
		NAMED("replay@five-percent-slower-is-called", five_percent),
		NAMED("replay@two-percent-slower-is-doubted", two_percent),
		NAMED("replay@slower-by-a-lowered-clock-is-throttled", lower_clock),
	};
	return cmocka_run_group_tests(tests, read_recordings, NULL);
}
