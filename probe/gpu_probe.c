/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/option.h"
#include "probe/facts.h"
#include "probe/facts_text.h"
#include "probe/floor.h"
#include "probe/floor_write.h"
#include "probe/pci_dump.h"
#include "report/fault.h"

#include <string.h>
#include <unistd.h>

enum option {
	OPTION_FLOOR = 1,
	OPTION_FORMAT,
	OPTION_OUTPUT,
	OPTION_FACTS_ONLY,
	OPTION_ONLY,
	OPTION_NO_SUBMIT,
	OPTION_TIMEOUT,
	OPTION_RECORD,
	OPTION_REPLAY,
	OPTION_PCI_DUMP,
	OPTION_WRITE_FLOOR,
	OPTION_LIST_FLOORS,
	OPTION_EXPLAIN,
	OPTION_GITHUB,
	OPTION_STRICT,
	OPTION_COLOR,
	OPTION_QUIET,
	OPTION_VERBOSE,
};

static const struct base_option options[] = {
	{OPTION_FLOOR, "floor", 'f', "NAME|FILE", "judge the machine against this floor"},
	{OPTION_FORMAT, "format", 0, "FORMAT", REPORT_FORMATS " (text)"},
	{OPTION_OUTPUT, "output", 'o', "FILE", "write the result there (stdout)"},
	{OPTION_FACTS_ONLY, "facts-only", 0, NULL, "print the facts and judge nothing"},
	{OPTION_ONLY, "only", 0, "LAYER[,LAYER]", "collect only these: host, drm, pci, vulkan"},
	{OPTION_NO_SUBMIT, "no-submit", 0, NULL, "do not ask the devices to compute anything"},
	{OPTION_TIMEOUT, "timeout", 0, "SECONDS", "longest time for collecting all facts (10)"},
	{OPTION_RECORD, "record", 0, "FILE", "write the facts there, for --replay"},
	{OPTION_REPLAY, "replay", 0, "FILE", "judge recorded facts instead of this machine"},
	{OPTION_PCI_DUMP, "pci-dump", 0, "FILE", "read this output of lspci -xxxx in place of the bus"},
	{OPTION_WRITE_FLOOR, "write-floor", 0, "FILE",
		"write a floor of what is found, and judge against it"},
	{OPTION_LIST_FLOORS, "list-floors", 0, NULL, "print the floors that a name finds"},
	{OPTION_EXPLAIN, "explain", 0, "CODE", "print cause and remedy of a fault code"},
	{OPTION_GITHUB, "github", 0, NULL, "annotations, step summary and check run from GITHUB_*"},
	{OPTION_STRICT, "strict", 0, NULL, "a warning makes the exit status 1"},
	{OPTION_COLOR, "color", 0, "WHEN", "auto, always or never"},
	{OPTION_QUIET, "quiet", 'q', NULL, "text: verdict and failures alone"},
	{OPTION_VERBOSE, "verbose", 'v', NULL, "text: held checks, evidence and what drivers said"},
};

static const struct base_command command = {
	.program = "gpu-probe",
	.usage = "gpu-probe [--floor NAME|FILE] [OPTION]...\n"
			 "gpu-probe --write-floor FILE [OPTION]...\n"
			 "gpu-probe --facts-only [OPTION]...\n"
			 "gpu-probe --list-floors | --explain CODE",
	.summary =
		"Collects what host, DRM, PCI and Vulkan tell of this machine's GPUs, lets each Vulkan "
		"device answer a small checked submit, judges the facts against a floor, and names the "
		"cause of what is broken. Without a floor it asks whether a hardware GPU answers.",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.epilogue =
		"exit status: 0 holds, 1 broken, 2 unknown (no GPU, or not everything measured), 64 "
		"usage.\nGPU_LANE_FLOORS is a list of folders with floors of one's own.",
};

struct arguments {
	const char *floor, *output, *record, *replay, *explain, *write_floor;
	enum report_format format;
	enum base_color color;
	struct probe_options probe;
	int verbosity;
	bool facts_only, list_floors, github, strict;
};

static bool parse_layers(const char *text, unsigned *layers, struct lane_error *err)
{
	static const char *const names[] = {"host", "drm", "pci", "vulkan"};
	*layers = 0;
	for (;;) {
		size_t size = strcspn(text, ",");
		size_t i = 0;
		while (i < 4 && (strlen(names[i]) != size || strncmp(names[i], text, size) != 0)) {
			i++;
		}
		if (i == 4) {
			return lane_error_set(err, "USAGE",
				"--only takes host, drm, pci and vulkan, not \"%.*s\"", (int)size, text);
		}
		*layers |= 1u << i;
		if (text[size] == '\0') {
			return true;
		}
		text += size + 1;
	}
}

static bool parse_timeout(
	const struct base_option_scan *scan, struct arguments *arguments, struct lane_error *err)
{
	uint64_t seconds = 0;
	bool parsed = base_option_uint(scan, 1, 3600, &seconds, err);
	arguments->probe.timeout_ms = (unsigned)seconds * 1000u;
	return parsed;
}

static bool take_option(enum option option, const struct base_option_scan *scan,
	struct arguments *arguments, struct lane_error *err)
{
	const char *value = scan->value;
	switch (option) {
	case OPTION_FLOOR:
		arguments->floor = value;
		return true;
	case OPTION_FORMAT:
		return report_format_parse(value, &arguments->format, err);
	case OPTION_OUTPUT:
		arguments->output = value;
		return true;
	case OPTION_FACTS_ONLY:
		arguments->facts_only = true;
		return true;
	case OPTION_ONLY:
		return parse_layers(value, &arguments->probe.layers, err);
	case OPTION_NO_SUBMIT:
		arguments->probe.submit = false;
		return true;
	case OPTION_TIMEOUT:
		return parse_timeout(scan, arguments, err);
	case OPTION_RECORD:
		arguments->record = value;
		return true;
	case OPTION_REPLAY:
		arguments->replay = value;
		return true;
	case OPTION_PCI_DUMP:
		arguments->probe.pci_dump = value;
		return true;
	case OPTION_WRITE_FLOOR:
		arguments->write_floor = value;
		return true;
	case OPTION_LIST_FLOORS:
		arguments->list_floors = true;
		return true;
	case OPTION_EXPLAIN:
		arguments->explain = value;
		return true;
	case OPTION_GITHUB:
		arguments->github = true;
		return true;
	case OPTION_STRICT:
		arguments->strict = true;
		return true;
	case OPTION_COLOR:
		return base_option_color(scan, &arguments->color, err);
	case OPTION_QUIET:
		arguments->verbosity = -1;
		return true;
	case OPTION_VERBOSE:
		arguments->verbosity = 1;
		return true;
	}
	return lane_error_set(err, "USAGE", "unexpected argument \"%s\"", value);
}

/* What does not go together. */
static bool check_together(const struct arguments *arguments, struct lane_error *err)
{
	bool facts_only = arguments->facts_only;
	bool other = arguments->format != REPORT_TEXT && arguments->format != REPORT_JSON;
	if (facts_only &&
		(arguments->floor || arguments->write_floor || arguments->github || arguments->strict)) {
		return lane_error_set(err, "USAGE",
			"--facts-only judges nothing: --floor, --write-floor, --github and --strict do not go "
			"with it");
	}
	if (facts_only && other) {
		return lane_error_set(err, "USAGE", "--facts-only has the formats text and json");
	}
	if (arguments->replay && arguments->probe.pci_dump) {
		return lane_error_set(
			err, "USAGE", "--replay measures nothing: --pci-dump does not go with it");
	}
	if (arguments->write_floor && (arguments->floor || strcmp(arguments->write_floor, "-") == 0)) {
		return lane_error_set(
			err, "USAGE", "--write-floor takes a file and judges against it: no --floor, no \"-\"");
	}
	return true;
}

/* BASE_OPTION_END when all is understood, else BASE_OPTION_DONE or BASE_OPTION_ERROR. */
static int parse(int argc, char **argv, struct arguments *arguments, struct lane_error *err)
{
	struct base_option_scan scan;
	base_option_start(&scan, &command, argc, argv);
	for (;;) {
		int option = base_option_next(&scan, err);
		if (option == BASE_OPTION_DONE || option == BASE_OPTION_ERROR) {
			return option;
		}
		if (option == BASE_OPTION_END) {
			break;
		}
		if (!take_option((enum option)option, &scan, arguments, err)) {
			return BASE_OPTION_ERROR;
		}
	}
	return check_together(arguments, err) ? BASE_OPTION_END : BASE_OPTION_ERROR;
}

/* The result goes out whole or not at all. */
static bool write_out(const char *path, const struct base_buffer *out, struct lane_error *err)
{
	return base_file_write(path ? path : "-", out->data ? out->data : "", out->size, err);
}

static bool write_json(const char *path, const cJSON *tree, struct lane_error *err)
{
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	base_json_write(tree, 2, &out);
	return write_out(path, &out, err);
}

static int print_facts(
	const struct arguments *arguments, const cJSON *facts, struct lane_error *err)
{
	struct report_style style =
		report_style_for(arguments->output, arguments->color, arguments->verbosity);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	if (arguments->format == REPORT_JSON) {
		base_json_write(facts, 2, &out);
	} else {
		probe_facts_print(facts, style.unicode, &out);
	}
	if (!write_out(arguments->output, &out, err)) {
		return LANE_EXIT_UNKNOWN;
	}
	const cJSON *collector;
	cJSON_ArrayForEach(collector, base_json_get(facts, "collectors"))
	{
		const char *outcome = base_json_string(collector, "outcome", "");
		if (strcmp(outcome, "ok") != 0 && strcmp(outcome, "skipped") != 0) {
			return LANE_EXIT_UNKNOWN;
		}
	}
	return LANE_EXIT_HOLDS;
}

static void log_collectors(const cJSON *facts)
{
	const cJSON *collector;
	cJSON_ArrayForEach(collector, base_json_get(facts, "collectors"))
	{
		const char *name = base_json_string(collector, "name", "?");
		base_log(BASE_LOG_INFO, "%s: %s in %.0f ms", name,
			base_json_string(collector, "outcome", "?"), base_json_number(collector, "ms", 0));
		const cJSON *line;
		cJSON_ArrayForEach(line, base_json_get(collector, "log"))
		{
			base_log(BASE_LOG_INFO, "%s says: %s", name, line->valuestring);
		}
	}
}

static int judge(const struct arguments *arguments, const cJSON *facts,
	const struct probe_floor *floor, struct report *report, struct lane_error *err)
{
	if (arguments->replay) {
		report_replayed(report, arguments->replay);
	}
	probe_judge(facts, floor, report);
	report_close(report);
	const cJSON *document = report_root(report);
	struct report_style style =
		report_style_for(arguments->output, arguments->color, arguments->verbosity);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	report_render(document, arguments->format, &style, &out);
	if (!write_out(arguments->output, &out, err)) {
		return LANE_EXIT_UNKNOWN;
	}
	if (arguments->github) {
		bool stdout_is_free = arguments->format == REPORT_TEXT || arguments->output != NULL;
		report_github_post(document, stdout_is_free);
	}
	return report_exit_status(document, arguments->strict);
}

/* The floor is named after its file. It is read back, so that findings can point into it. */
static bool write_floor(
	const char *path, const cJSON *facts, struct probe_floor **floor, struct lane_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	const char *dot = strrchr(file, '.');
	BASE_FREE char *name =
		base_strndup(file, dot && dot > file ? (size_t)(dot - file) : strlen(file));
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	return probe_floor_write(facts, name, &out, err) &&
		base_file_write(path, out.data, out.size, err) && (*floor = probe_floor_load(path, err));
}

/* Everything that is asked about the machine. -1: the command line or a file it names is wrong. */
static int probe(const struct arguments *arguments, struct lane_error *err)
{
	struct probe_floor *floor = NULL;
	struct report *report = report_create(command.program);
	cJSON *facts = NULL;
	int status = -1;
	if (arguments->floor && !(floor = probe_floor_load(arguments->floor, err))) {
		goto out;
	}
	if (arguments->replay && !probe_facts_load(arguments->replay, &facts, err)) {
		goto out;
	}
	if (arguments->probe.pci_dump && !probe_pci_dump_load(arguments->probe.pci_dump, err)) {
		goto out;
	}
	status = LANE_EXIT_UNKNOWN;
	if ((!facts && !probe_collect(&arguments->probe, &facts, err)) ||
		(arguments->record && !write_json(arguments->record, facts, err))) {
		goto out;
	}
	log_collectors(facts);
	if (arguments->write_floor && !write_floor(arguments->write_floor, facts, &floor, err)) {
		goto out;
	}
	status = arguments->facts_only ? print_facts(arguments, facts, err)
								   : judge(arguments, facts, floor, report, err);
out:
	cJSON_Delete(facts);
	report_destroy(report);
	probe_floor_destroy(floor);
	return status;
}

static int run(const struct arguments *arguments, struct lane_error *err)
{
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	if (arguments->explain) {
		unsigned columns = base_terminal_columns(STDOUT_FILENO);
		if (!report_fault_explain(arguments->explain, columns, &out)) {
			lane_error_set(err, "USAGE", "--explain: no fault code \"%s\"", arguments->explain);
			return -1;
		}
	} else if (arguments->list_floors) {
		probe_floor_print_all(&out);
	} else {
		return probe(arguments, err);
	}
	return write_out(arguments->output, &out, err) ? LANE_EXIT_HOLDS : LANE_EXIT_UNKNOWN;
}

int main(int argc, char **argv)
{
	base_log_setup(command.program, BASE_LOG_WARNING);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct arguments arguments = {
		.probe = {.layers = PROBE_ALL, .submit = true, .timeout_ms = 10000}};
	int parsed = parse(argc, argv, &arguments, &err);
	if (parsed == BASE_OPTION_DONE) {
		return LANE_EXIT_HOLDS;
	}
	if (parsed == BASE_OPTION_ERROR) {
		return base_option_refuse(&command, &err);
	}
	if (arguments.verbosity > 0) {
		base_log_setup(command.program, BASE_LOG_INFO);
	}
	int status = run(&arguments, &err);
	if (status < 0) {
		return base_option_refuse(&command, &err);
	}
	if (err.message) {
		base_log(BASE_LOG_ERROR, "%s", lane_error_message(&err));
	}
	return status;
}
