/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/option.h"
#include "report/fault.h"
#include "report/github.h"
#include "report/report.h"

#include <string.h>

enum { OPT_OUTPUT = 1, OPT_COLOR, OPT_STRICT, OPT_QUIET, OPT_VERBOSE };

static const struct base_option options[] = {
	{OPT_OUTPUT, "output", 'o', "FILE", "write there instead of to stdout"},
	{OPT_COLOR, "color", 0, "WHEN", "auto, always or never"},
	{OPT_STRICT, "strict", 0, NULL, "a warning makes the exit status 1"},
	{OPT_QUIET, "quiet", 'q', NULL, "text: verdict and failures alone"},
	{OPT_VERBOSE, "verbose", 'v', NULL, "text: held checks and evidence too"},
};

static const struct base_command command = {
	.program = "gpu-report",
	.usage = "gpu-report " REPORT_FORMATS " RESULT.json...\n"
			 "gpu-report github RESULT.json...\n"
			 "gpu-report faults",
	.summary =
		"Turns results of gpu-probe and gpu-canary into a form for people or programs. "
		"'github' posts them from a step of a workflow: annotations, step summary, and a check "
		"run when GITHUB_TOKEN may write checks. 'faults' prints docs/faults.md.",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.epilogue =
		"exit status, of the worst result: 0 holds, 1 broken, 2 unknown; 64 usage, or a "
		"malformed result.\nA failure to post is a warning and never an exit status.\n"
		"GPU_LANE_APP_ID and GPU_LANE_APP_KEY_FILE post as a GitHub App, before GITHUB_TOKEN.\n"
		"GPU_LANE_GITHUB_TIMEOUT_S bounds how long a check run may take (60).",
};

struct arguments {
	const char *verb;
	const char **paths;
	size_t path_count;
	const char *output;
	enum base_color color;
	bool strict;
	int verbosity;
};

static bool take_option(int option, const struct base_option_scan *scan,
	struct arguments *arguments, struct lane_error *err)
{
	switch (option) {
	case OPT_OUTPUT:
		arguments->output = scan->value;
		return true;
	case OPT_COLOR:
		return base_option_color(scan, &arguments->color, err);
	case OPT_STRICT:
		arguments->strict = true;
		return true;
	case OPT_QUIET:
		arguments->verbosity = -1;
		return true;
	case OPT_VERBOSE:
		arguments->verbosity = 1;
		return true;
	default:
		if (!*arguments->verb) {
			arguments->verb = scan->value;
		} else {
			arguments->paths[arguments->path_count++] = scan->value;
		}
		return true;
	}
}

/* BASE_OPTION_END when all is understood, else BASE_OPTION_DONE or BASE_OPTION_ERROR. */
static int parse(int argc, char **argv, struct arguments *arguments, struct lane_error *err)
{
	struct base_option_scan scan;
	base_option_start(&scan, &command, argc, argv);
	for (;;) {
		int option = base_option_next(&scan, err);
		if (option == BASE_OPTION_END || option == BASE_OPTION_DONE ||
			option == BASE_OPTION_ERROR) {
			return option;
		}
		if (!take_option(option, &scan, arguments, err)) {
			return BASE_OPTION_ERROR;
		}
	}
}

/* All results are read before anything is written, so that a bad one leaves nothing behind. */
static bool load_all(
	const struct arguments *arguments, struct base_json *results, struct lane_error *err)
{
	for (size_t i = 0; i < arguments->path_count; i++) {
		if (!report_load(arguments->paths[i], &results[i], err)) {
			return false;
		}
	}
	return true;
}

static int worst_status(const struct arguments *arguments, const struct base_json *results)
{
	int worst = LANE_EXIT_HOLDS;
	for (size_t i = 0; i < arguments->path_count; i++) {
		int status = report_exit_status(results[i].root, arguments->strict);
		/* Broken is worse than unknown, though its number is lower. */
		if (status == LANE_EXIT_BROKEN || worst == LANE_EXIT_HOLDS) {
			worst = status;
		}
	}
	return worst;
}

static bool render_all(const struct arguments *arguments, enum report_format format,
	const cJSON *const *documents, struct lane_error *err)
{
	struct report_style style =
		report_style_for(arguments->output, arguments->color, arguments->verbosity);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	report_render_all(documents, arguments->path_count, format, &style, &out);
	return base_file_write(arguments->output ? arguments->output : "-", out.data, out.size, err);
}

/* Understands the verb before any file is opened. */
static bool check_verb(
	const struct arguments *arguments, enum report_format *format, struct lane_error *err)
{
	if (!*arguments->verb) {
		return lane_error_set(err, "USAGE", "a verb is missing: " REPORT_FORMATS "|github|faults");
	}
	bool posts = strcmp(arguments->verb, "github") == 0;
	if (!posts && !report_format_parse(arguments->verb, format, NULL)) {
		return lane_error_set(err, "USAGE", "unknown verb \"%s\"", arguments->verb);
	}
	if (posts && arguments->output) {
		return lane_error_set(err, "USAGE", "github writes no file: --output has no meaning");
	}
	if (arguments->path_count == 0) {
		return lane_error_set(err, "USAGE", "%s: a RESULT.json is missing", arguments->verb);
	}
	if (!posts && !report_format_joins(*format) && arguments->path_count > 1) {
		return lane_error_set(
			err, "USAGE", "%s takes one result: a file is one document", arguments->verb);
	}
	return true;
}

static int write_faults(const struct arguments *arguments, struct lane_error *err)
{
	BASE_BUFFER_AUTO page = BASE_BUFFER_INIT;
	report_fault_page(&page);
	const char *path = arguments->output ? arguments->output : "-";
	if (!base_file_write(path, page.data, page.size, err)) {
		base_log(BASE_LOG_ERROR, "%s", lane_error_message(err));
		return LANE_EXIT_UNKNOWN;
	}
	return LANE_EXIT_HOLDS;
}

static int run(const struct arguments *arguments, struct base_json *results, struct lane_error *err)
{
	enum report_format format = REPORT_TEXT;
	if (strcmp(arguments->verb, "faults") == 0 && arguments->path_count == 0) {
		return write_faults(arguments, err);
	}
	if (!check_verb(arguments, &format, err) || !load_all(arguments, results, err)) {
		return base_option_refuse(&command, err);
	}
	BASE_FREE const cJSON **documents = base_alloc(arguments->path_count, sizeof(cJSON *));
	for (size_t i = 0; i < arguments->path_count; i++) {
		documents[i] = results[i].root;
	}
	if (strcmp(arguments->verb, "github") == 0) {
		github_post(documents, arguments->path_count);
	} else if (!render_all(arguments, format, documents, err)) {
		base_log(BASE_LOG_ERROR, "%s", lane_error_message(err));
		return LANE_EXIT_UNKNOWN;
	}
	return worst_status(arguments, results);
}

int main(int argc, char **argv)
{
	base_log_setup(command.program, BASE_LOG_WARNING);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE const char **paths = base_alloc((size_t)argc, sizeof(*paths));
	struct arguments arguments = {.verb = "", .paths = paths};
	int parsed = parse(argc, argv, &arguments, &err);
	if (parsed == BASE_OPTION_DONE) {
		return LANE_EXIT_HOLDS;
	}
	if (parsed == BASE_OPTION_ERROR) {
		return base_option_refuse(&command, &err);
	}
	BASE_FREE struct base_json *results = base_alloc(arguments.path_count, sizeof(*results));
	memset(results, 0, arguments.path_count * sizeof(*results));
	int status = run(&arguments, results, &err);
	for (size_t i = 0; i < arguments.path_count; i++) {
		base_json_finish(&results[i]);
	}
	return status;
}
