/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/changes.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>
#include <stdint.h>

/* A level with a scatter that is the same every time: a sum of four uniform numbers. */
static double value(uint64_t *state, double level, double scatter)
{
	double sum = 0;
	for (int i = 0; i < 4; i++) {
		*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		sum += (double)(*state >> 40) * 0x1p-24 - 0.5;
	}
	return level * (1 + scatter * sum * 1.7320508);
}

static void fill(double *values, size_t from, size_t to, double level, uint64_t *state)
{
	for (size_t i = from; i < to; i++) {
		values[i] = value(state, level, 0.005);
	}
}

/* The density integrated numerically; for 2 and 10 the table of any textbook. */
static void student(void **state)
{
	(void)state;
	static const struct {
		double t, freedom, p;
	} table[] = {
		{0, 5, 1},
		{1, 1, 0.5},
		{2, 10, 0.07338803477074037},
		{-3.5, 7.3, 0.009417},
		{12, 30, 5.58018542e-13},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		double p = changes_student_p(table[i].t, table[i].freedom);
		if (fabs(p - table[i].p) > 0.02 * table[i].p + 1e-15) {
			fail_msg("t %g, %g: %.9g", table[i].t, table[i].freedom, p);
		}
	}
	assert_true(fabs(changes_student_p(2, 10) - 0.07338803477074037) < 1e-12);
}

static void level(void **state)
{
	(void)state;
	struct change changes[CHANGES_MAX];
	double values[CHANGES_SERIES_MAX];
	uint64_t seed = 1;
	size_t found = 0;
	for (int i = 0; i < 50; i++) {
		fill(values, 0, 100, 640, &seed);
		found += changes_find(values, 100, changes);
	}
	assert_int_equal(found, 0);
	for (size_t n = 0; n < 10; n++) {
		assert_int_equal(changes_find(values, n, changes), 0);
	}
	/* One bad run, or two, are no level; a constant has no scatter to test against. */
	values[50] *= 0.5;
	values[51] *= 0.5;
	assert_int_equal(changes_find(values, 100, changes), 0);
	for (size_t i = 0; i < 100; i++) {
		values[i] = 7;
	}
	assert_int_equal(changes_find(values, 100, changes), 0);
}

static void steps(void **state)
{
	(void)state;
	struct change changes[CHANGES_MAX];
	double values[CHANGES_SERIES_MAX];
	uint64_t seed = 2;
	fill(values, 0, 200, 640, &seed);
	fill(values, 200, 350, 608, &seed);
	fill(values, 350, 500, 650, &seed);
	assert_int_equal(changes_find(values, 500, changes), 2);
	assert_in_range(changes[0].index, 199, 201);
	assert_in_range(changes[1].index, 349, 351);
	assert_true(fabs(changes[0].before - 640) < 1 && fabs(changes[0].after - 608) < 1);
	assert_true(fabs(changes[1].after - 650) < 1 && changes[1].p < 1e-6);
	/* A step that nobody would act on. */
	fill(values, 0, 200, 640, &seed);
	fill(values, 200, 400, 637, &seed);
	assert_int_equal(changes_find(values, 400, changes), 0);
	/* The last few runs already tell. */
	fill(values, 0, 60, 640, &seed);
	fill(values, 60, 65, 600, &seed);
	assert_int_equal(changes_find(values, 65, changes), 1);
	assert_int_equal(changes[0].index, 60);
	/* Exact levels: no scatter at all. */
	for (size_t i = 0; i < 20; i++) {
		values[i] = i < 10 ? 1 : 2;
	}
	assert_int_equal(changes_find(values, 20, changes), 1);
	assert_int_equal(changes[0].index, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("changes@student-is-its-integral", student),
		NAMED("changes@level-series-has-none-even-with-outliers", level),
		NAMED("changes@steps-are-found-where-they-are", steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
