/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"
#include "base/clock.h"
#include "base/memory.h"
#include "tests/unit/cmocka_names.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int answers(void *context, int out_fd)
{
	printf("noise on stdout\n");
	fflush(stdout);
	fprintf(stderr, "noise on stderr\n");
	return base_write_all(out_fd, context, strlen(context)) ? 7 : 1;
}

static int crashes(void *context, int out_fd)
{
	(void)context;
	base_write_all(out_fd, "before", 6);
	/* A sanitizer would catch a real fault and turn it into an exit. */
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
	return 0;
}

static int hangs(void *context, int out_fd)
{
	(void)context;
	(void)out_fd;
	signal(SIGTERM, SIG_IGN);
	for (;;) {
		pause();
	}
	return 0;
}

/* The child ends at once, but what it started keeps the pipe open. */
static int leaves_a_grandchild(void *context, int out_fd)
{
	(void)context;
	if (fork() == 0) {
		pause();
	}
	base_write_all(out_fd, "done", 4);
	return 0;
}

static int floods(void *context, int out_fd)
{
	(void)context;
	char block[4096];
	memset(block, 'x', sizeof(block));
	while (base_write_all(out_fd, block, sizeof(block))) {}
	return 0;
}

static struct base_child_outcome run_one(
	int (*run)(void *, int), void *context, unsigned timeout_ms)
{
	struct base_child_task task = {.name = "test",
		.run = run,
		.context = context,
		.timeout_ms = timeout_ms,
		.output_max = 65536};
	struct base_child_outcome outcome;
	assert_true(base_child_run(&task, 1, &outcome, NULL));
	return outcome;
}

static void captures_output_status_and_log(void **state)
{
	(void)state;
	char text[] = "answer";
	struct base_child_outcome outcome = run_one(answers, text, 5000);
	assert_int_equal(outcome.end, BASE_CHILD_EXITED);
	assert_int_equal(outcome.status, 7);
	assert_string_equal(outcome.output.data, "answer");
	assert_string_equal(outcome.log.data, "noise on stdout\nnoise on stderr\n");
	base_child_outcome_finish(&outcome);
}

static void names_the_signal(void **state)
{
	(void)state;
	struct base_child_outcome outcome = run_one(crashes, NULL, 5000);
	assert_int_equal(outcome.end, BASE_CHILD_SIGNALED);
	assert_int_equal(outcome.status, SIGSEGV);
	assert_string_equal(outcome.output.data, "before");
	BASE_FREE char *text = base_child_describe(&outcome);
	assert_non_null(strstr(text, "killed by SIGSEGV after"));
	base_child_outcome_finish(&outcome);
}

static void kills_at_the_deadline(void **state)
{
	(void)state;
	uint64_t start_ns = base_clock_monotonic_ns();
	struct base_child_outcome outcome = run_one(hangs, NULL, 100);
	assert_int_equal(outcome.end, BASE_CHILD_TIMEOUT);
	assert_true(outcome.duration_ms >= 100);
	assert_true(base_clock_monotonic_ns() - start_ns < 5000000000u);
	base_child_outcome_finish(&outcome);
}

static void does_not_wait_for_grandchildren(void **state)
{
	(void)state;
	struct base_child_outcome outcome = run_one(leaves_a_grandchild, NULL, 60000);
	assert_int_equal(outcome.end, BASE_CHILD_EXITED);
	assert_string_equal(outcome.output.data, "done");
	base_child_outcome_finish(&outcome);
}

static void bounds_the_output(void **state)
{
	(void)state;
	struct base_child_outcome outcome = run_one(floods, NULL, 60000);
	assert_true(outcome.output_truncated);
	assert_int_equal(outcome.output.size, 65536);
	base_child_outcome_finish(&outcome);
}

static void runs_all_at_once(void **state)
{
	(void)state;
	char text[] = "quick";
	struct base_child_task tasks[] = {
		{.name = "slow", .run = hangs, .timeout_ms = 400, .output_max = 10},
		{.name = "slow too", .run = hangs, .timeout_ms = 400, .output_max = 10},
		{.name = "quick", .run = answers, .context = text, .timeout_ms = 400, .output_max = 10},
	};
	struct base_child_outcome outcomes[3];
	uint64_t start_ns = base_clock_monotonic_ns();
	assert_true(base_child_run(tasks, 3, outcomes, NULL));
	uint64_t ms = (base_clock_monotonic_ns() - start_ns) / 1000000;
	assert_in_range(ms, 400, 799);
	assert_int_equal(outcomes[0].end, BASE_CHILD_TIMEOUT);
	assert_int_equal(outcomes[2].end, BASE_CHILD_EXITED);
	for (size_t i = 0; i < 3; i++) {
		base_child_outcome_finish(&outcomes[i]);
	}
}

static void runs_a_program(void **state)
{
	(void)state;
	const char *const argv[] = {"sh", "-c", "echo out; echo err >&2; exit 3", NULL};
	const char *const missing[] = {"/no/such/program", NULL};
	struct base_child_task tasks[] = {
		{.name = "sh", .argv = argv, .timeout_ms = 5000, .output_max = 100},
		{.name = "missing", .argv = missing, .timeout_ms = 5000, .output_max = 100},
	};
	struct base_child_outcome outcomes[2];
	assert_true(base_child_run(tasks, 2, outcomes, NULL));
	assert_int_equal(outcomes[0].status, 3);
	assert_string_equal(outcomes[0].output.data, "out\n");
	assert_string_equal(outcomes[0].log.data, "err\n");
	assert_int_equal(outcomes[1].status, 127);
	assert_string_equal(outcomes[1].log.data, "/no/such/program: No such file or directory\n");
	base_child_outcome_finish(&outcomes[0]);
	base_child_outcome_finish(&outcomes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("child@captures-output-status-and-log", captures_output_status_and_log),
		NAMED("child@names-the-signal", names_the_signal),
		NAMED("child@kills-at-the-deadline", kills_at_the_deadline),
		NAMED("child@does-not-wait-for-grandchildren", does_not_wait_for_grandchildren),
		NAMED("child@bounds-the-output", bounds_the_output),
		NAMED("child@runs-all-at-once", runs_all_at_once),
		NAMED("child@runs-a-program", runs_a_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
