/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_process ROUNDS COMMAND [ARGUMENT...] [, COMMAND [ARGUMENT...]]...
 *
 * Times whole processes. The commands take turns, so that a slow second of the machine falls on all
 * of them, after one round that is not counted. One line a command:
 * MEDIAN QUARTILE1 QUARTILE3 STATUS, in milliseconds. A command that cannot start or is killed by
 * a signal ends the run with status 1, because its time would mean nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 16, ROUNDS_MAX = 1000 };

struct command {
	char **argv;
	int status;
	double ms[ROUNDS_MAX];
};

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Runs it once with no output. False, with a message, when it did not run to an exit. */
static bool command_time(struct command *command, double *ms)
{
	posix_spawn_file_actions_t quiet;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	double start = now_ms();
	pid_t pid;
	int error = posix_spawnp(&pid, command->argv[0], &quiet, NULL, command->argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (error != 0) {
		fprintf(stderr, "%s: %s\n", command->argv[0], strerror(error));
		return false;
	}
	int status;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			perror("waitpid");
			return false;
		}
	}
	*ms = now_ms() - start;
	if (!WIFEXITED(status)) {
		fprintf(stderr, "%s: killed by signal %d\n", command->argv[0], WTERMSIG(status));
		return false;
	}
	command->status = WEXITSTATUS(status);
	return true;
}

static int compare_ms(const void *a, const void *b)
{
	const double *left = a;
	const double *right = b;
	return (*left > *right) - (*left < *right);
}

/* The value at a fraction of the way through sorted samples, between neighbours by proportion. */
static double quantile(const double *sorted, size_t count, double fraction)
{
	double place = fraction * (double)(count - 1);
	size_t below = (size_t)place;
	if (below + 1 == count) {
		return sorted[below];
	}
	return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* Cuts the arguments at each lone comma. The number of commands, or 0 when there is an empty one.
 */
static size_t commands_parse(char **argv, struct command *commands)
{
	size_t count = 0;
	for (char **start = argv;; argv++) {
		if (*argv != NULL && strcmp(*argv, ",") != 0) {
			continue;
		}
		if (argv == start || count == COMMANDS_MAX) {
			return 0;
		}
		commands[count++].argv = start;
		if (*argv == NULL) {
			return count;
		}
		*argv = NULL;
		start = argv + 1;
	}
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	size_t rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t count = argc > 2 ? commands_parse(argv + 2, commands) : 0;
	if (rounds == 0 || rounds > ROUNDS_MAX || count == 0) {
		fprintf(stderr, "usage: bench_process ROUNDS COMMAND... [, COMMAND...]...\n");
		return 64;
	}
	for (size_t round = 0; round <= rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			double ms;
			if (!command_time(&commands[i], &ms)) {
				return 1;
			}
			if (round > 0) {
				commands[i].ms[round - 1] = ms;
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		double *ms = commands[i].ms;
		qsort(ms, rounds, sizeof(*ms), compare_ms);
		printf("%.2f %.2f %.2f %d\n", quantile(ms, rounds, 0.5), quantile(ms, rounds, 0.25),
			quantile(ms, rounds, 0.75), commands[i].status);
	}
	return 0;
}
