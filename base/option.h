/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/error.h"
#include "base/terminal.h"

#include <stddef.h>
#include <stdint.h>

/** One option of a command. */
struct base_option {
	/** What base_option_next returns; positive. */
	int id;
	/** Without the dashes: "floor". */
	const char *name;
	/** One letter, or 0. */
	char letter;
	/** Name of its value in the help ("FILE"), NULL for a flag. */
	const char *value;
	/** One or two lines for the help, without a period at the end. Long text is wrapped. NULL hides
	 * it. */
	const char *help;
};

/** A command and what --help says of it. --help and --version need no entry of their own. */
struct base_command {
	/** "gpu-probe". */
	const char *program;
	/** Usage lines after "usage: ", separated by newlines. */
	const char *usage;
	/** What it does, one paragraph. */
	const char *summary;
	const struct base_option *options;
	size_t option_count;
	/** Text after the options (exit codes, examples, environment), or NULL. */
	const char *epilogue;
};

enum {
	/** No further option or operand. */
	BASE_OPTION_END = 0,
	/** Unknown option, missing value: the error (USAGE) is filled. */
	BASE_OPTION_ERROR = -1,
	/** --help or --version was printed to stdout: end with 0. */
	BASE_OPTION_DONE = -2,
	/** An argument that is no option: in `value`. */
	BASE_OPTION_OPERAND = -3,
};

struct base_option_scan {
	const struct base_command *command;
	int argc;
	char **argv;
	int next;
	size_t cluster;
	bool operands_only;
	/** Value of the last option, or the operand. Borrowed from argv. */
	const char *value;
	/** Name of the last option ("floor"), for messages. Borrowed. */
	const char *name;
};

/** Begins at argv[1]. */
void base_option_start(
	struct base_option_scan *scan, const struct base_command *command, int argc, char **argv);
/** "--name value", "--name=value", "-x value", "-xvalue", "-xy" for flags, "--" ends options. */
int base_option_next(struct base_option_scan *scan, struct lane_error *err);

/** The whole text as a decimal number in min..max. The error is USAGE and names the option. */
bool base_option_uint(const struct base_option_scan *scan, uint64_t min, uint64_t max,
	uint64_t *value, struct lane_error *err);

/** Which of the words it is. The error is USAGE and names the option and the words. */
bool base_option_choice(const struct base_option_scan *scan, const char *const *words, size_t count,
	size_t *index, struct lane_error *err);
/** The value of --color. */
bool base_option_color(
	const struct base_option_scan *scan, enum base_color *color, struct lane_error *err);

/** Prints the one line "program: message (see program --help)" to stderr; returns LANE_EXIT_USAGE.
 */
int base_option_refuse(const struct base_command *command, const struct lane_error *err);

#endif
