/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/baseline.h"
#include "canary/verdict.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>
#include <stdint.h>

/*
 * Replays: a baseline of some runs and then runs of the same machine, drawn with the scatter that
 * was seen between runs. Seeded, so that a failure is there tomorrow too.
 */
struct machine {
	uint64_t state;
	/** Standard deviation of ln(median) between runs. */
	double scatter;
};

/* xorshift64*, top 53 bits. */
static double uniform(struct machine *machine)
{
	machine->state ^= machine->state >> 12;
	machine->state ^= machine->state << 25;
	machine->state ^= machine->state >> 27;
	return ((double)((machine->state * UINT64_C(2685821657736338717)) >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller. */
static double run_of(struct machine *machine, double speed)
{
	double normal = sqrt(-2 * log(uniform(machine))) * cos(6.283185307179586 * uniform(machine));
	return speed * exp(machine->scatter * normal);
}

/* A run and those that confirm it, as run_baseline has them. */
static enum verdict_state replay(struct machine *machine, size_t runs, double speed, double ci)
{
	double baseline[BASELINE_RUNS_MAX];
	for (size_t i = 0; i < runs; i++) {
		baseline[i] = run_of(machine, 640);
	}
	struct verdict verdicts[VERDICT_RUNS_MAX], together;
	size_t count = 0;
	do {
		verdict_judge(baseline, runs, 0.03, run_of(machine, speed), ci, &verdicts[count++]);
	} while (!verdict_settled(verdicts, count));
	verdict_majority(verdicts, count, &together);
	return together.state;
}

static size_t count_of(
	enum verdict_state state, size_t replays, size_t runs, double scatter, double speed)
{
	struct machine machine = {UINT64_C(0x9e3779b97f4a7c15) + runs, scatter};
	size_t count = 0;
	for (size_t i = 0; i < replays; i++) {
		count += replay(&machine, runs, speed, scatter / 2) == state;
	}
	return count;
}

/* 0.5 % is the scatter that the method aims at; 1 % is a noisy machine. */
static void nothing_changed(void **state)
{
	(void)state;
	static const double scatters[] = {0.001, 0.003, 0.005, 0.01};
	for (size_t i = 0; i < sizeof(scatters) / sizeof(scatters[0]); i++) {
		for (size_t runs = 10; runs <= BASELINE_RUNS_MAX; runs += 10) {
			assert_int_equal(count_of(VERDICT_SLOW, 2000, runs, scatters[i], 640), 0);
		}
	}
	/* With as few runs as an entry may have. */
	assert_int_equal(count_of(VERDICT_SLOW, 2000, BASELINE_RUNS_MIN, 0.005, 640), 0);
	/* Within the 3 %, hardly anything is even doubtful. */
	assert_true(count_of(VERDICT_SAME, 1000, 20, 0.003, 640) >= 990);
}

static void five_percent_slower(void **state)
{
	(void)state;
	static const double scatters[] = {0.001, 0.003, 0.005};
	for (size_t i = 0; i < sizeof(scatters) / sizeof(scatters[0]); i++) {
		for (size_t runs = 10; runs <= BASELINE_RUNS_MAX; runs += 10) {
			size_t caught = count_of(VERDICT_SLOW, 1000, runs, scatters[i], 0.95 * 640);
			if (caught < 950) {
				fail_msg(
					"%zu of 1000 caught at scatter %g with %zu runs", caught, scatters[i], runs);
			}
		}
	}
	assert_true(count_of(VERDICT_SLOW, 1000, BASELINE_RUNS_MIN, 0.005, 0.95 * 640) >= 950);
	assert_true(count_of(VERDICT_FAST, 1000, 20, 0.003, 640 / 0.95) >= 950);
}

/* Below the margin of 3 % it is not called; it is not called the same either. */
static void two_percent_slower(void **state)
{
	(void)state;
	assert_int_equal(count_of(VERDICT_SLOW, 1000, 20, 0.003, 0.98 * 640), 0);
	assert_true(count_of(VERDICT_AMBIGUOUS, 1000, 20, 0.003, 0.98 * 640) >= 950);
}

static enum verdict_state state_at(double percent, double margin, double ci)
{
	/* MAD 0.2 %, below the least scale. */
	static const double runs[] = {99.8, 100, 100.2, 100, 100};
	struct verdict verdict;
	verdict_judge(runs, 5, margin, 100 * (1 + percent / 100), ci, &verdict);
	return verdict.state;
}

static void borders(void **state)
{
	(void)state;
	assert_int_equal(state_at(0, 0.03, 0.001), VERDICT_SAME);
	assert_int_equal(state_at(-0.9, 0.03, 0.001), VERDICT_SAME);
	assert_int_equal(state_at(-1.5, 0.03, 0.001), VERDICT_AMBIGUOUS);
	assert_int_equal(state_at(-2.9, 0.03, 0.001), VERDICT_AMBIGUOUS);
	assert_int_equal(state_at(-3.1, 0.03, 0.001), VERDICT_SLOW);
	assert_int_equal(state_at(3.2, 0.03, 0.001), VERDICT_FAST);
	/* The entry's own margin, and never less than 3 %. */
	assert_int_equal(state_at(-7, 0.08, 0.001), VERDICT_AMBIGUOUS);
	assert_int_equal(state_at(-2.5, 0.01, 0.001), VERDICT_AMBIGUOUS);
	/* A figure that is not known to 2 % cannot be 4 % off. */
	assert_int_equal(state_at(-4, 0.03, 0.02), VERDICT_AMBIGUOUS);
	/* No interval is no scale. */
	assert_int_equal(state_at(-4, 0.03, NAN), VERDICT_SLOW);
	struct verdict verdict;
	verdict_judge((double[]){100}, 1, 0.03, NAN, NAN, &verdict);
	assert_int_equal(verdict.state, VERDICT_INVALID);
	assert_true(isnan(verdict.ratio));
}

static void majorities(void **state)
{
	(void)state;
	enum { SAME = VERDICT_SAME, SLOW = VERDICT_SLOW, DOUBT = VERDICT_AMBIGUOUS };
	static const struct {
		int states[3];
		size_t asked;
		int together;
	} table[] = {
		{{SAME, SLOW, SLOW}, 1, SAME},
		{{SLOW, SLOW, SAME}, 2, SLOW},
		{{SLOW, SAME, SAME}, 3, SAME},
		{{SLOW, SAME, SLOW}, 3, SLOW},
		{{SLOW, SAME, DOUBT}, 3, DOUBT},
		{{DOUBT, SLOW, SAME}, 3, DOUBT},
		{{DOUBT, DOUBT, SAME}, 2, DOUBT},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct verdict verdicts[3], together;
		size_t count = 0;
		do {
			verdicts[count] = (struct verdict){
				(enum verdict_state)table[i].states[count], 1 - 0.01 * (double)count, -1};
			count++;
		} while (!verdict_settled(verdicts, count));
		assert_int_equal(count, table[i].asked);
		verdict_majority(verdicts, count, &together);
		assert_int_equal(together.state, table[i].together);
		assert_true(fabs(together.ratio - (1 - 0.005 * (double)(count - 1))) < 1e-9);
	}
}

static void throttling(void **state)
{
	(void)state;
	struct verdict slow = {VERDICT_SLOW, 0.8, -30}, same = {VERDICT_SAME, 1, 0};
	/* A fifth slower at a clock that is a fifth lower; at the same clock; at one a little lower. */
	assert_true(verdict_throttled(&slow, 0.03, 2376, 2970));
	assert_false(verdict_throttled(&slow, 0.03, 2970, 2970));
	assert_false(verdict_throttled(&slow, 0.03, 2850, 2970));
	assert_false(verdict_throttled(&slow, 0.03, NAN, 2970));
	assert_false(verdict_throttled(&slow, 0.03, 2376, NAN));
	assert_false(verdict_throttled(&same, 0.03, 2376, 2970));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("verdict@replays-of-an-unchanged-machine-raise-no-alarm", nothing_changed),
		NAMED("verdict@five-percent-slower-is-caught", five_percent_slower),
		NAMED("verdict@two-percent-slower-is-doubted-and-not-called", two_percent_slower),
		NAMED("verdict@borders-are-where-the-method-has-them", borders),
		NAMED("verdict@doubt-is-settled-by-the-majority-of-three", majorities),
		NAMED("verdict@slow-by-the-clock-alone-is-throttled", throttling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
