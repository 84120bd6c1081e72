/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/request.h"

#include "base/memory.h"
#include "canary/soak.h"

#include <string.h>

enum option {
	OPTION_SUITE = 1,
	OPTION_WORKLOAD,
	OPTION_DEVICE,
	OPTION_BRIDGE,
	OPTION_TICKET,
	OPTION_EMBEDDED,
	OPTION_DIRECT,
	OPTION_MEM_MB,
	OPTION_STREAMS,
	OPTION_TTL,
	OPTION_PRIORITY,
	OPTION_FLOOR,
	OPTION_BASELINE,
	OPTION_UPDATE_BASELINE,
	OPTION_COMPARE_CPU,
	OPTION_SOAK,
	OPTION_TRACE,
	OPTION_HTML,
	OPTION_HISTORY,
	OPTION_ALLOW_SOFTWARE,
	OPTION_FORMAT,
	OPTION_OUTPUT,
	OPTION_GITHUB,
	OPTION_STRICT,
	OPTION_TIMEOUT,
	OPTION_COLOR,
	OPTION_QUIET,
	OPTION_VERBOSE,
};

static const struct base_option options[] = {
	{OPTION_SUITE, "suite", 0, "quick|full", "full has larger sizes and more samples (quick)"},
	{OPTION_WORKLOAD, "workload", 'w', "NAME[,NAME]", "only these, see 'gpu-canary list'"},
	{OPTION_DEVICE, "device", 'd', "DEVICE",
		"pci:0000:03:00.0, drm:/dev/dri/renderD128, uuid:UUID or name:REGEX (the best hardware device)"},
	{OPTION_BRIDGE, "bridge", 0, "ADDRESS",
		"lease from a running bridge: unix:PATH, tcp:ADDRESS:PORT or tls:HOST:PORT"},
	{OPTION_TICKET, "ticket", 't', "FILE", "ticket for the running bridge, or - for stdin"},
	{OPTION_EMBEDDED, "embedded", 0, NULL, "bring the bridge along (the default)"},
	{OPTION_DIRECT, "direct", 0, NULL, "no bridge and no lease: shows what a bridge costs"},
	{OPTION_MEM_MB, "mem-mb", 0, "N",
		"memory of the lease; workloads shrink to it (what they take)"},
	{OPTION_STREAMS, "streams", 0, "N", "streams of the lease (1)"},
	{OPTION_TTL, "ttl", 0, "SECONDS", "life of the lease; it is renewed while jobs run (60)"},
	{OPTION_PRIORITY, "priority", 0, "N", "place in the queue for the lease, higher first (0)"},
	{OPTION_FLOOR, "floor", 'f', "NAME|FILE",
		"hold the machine to this floor too, as gpu-probe does"},
	{OPTION_BASELINE, "baseline", 'b', "FILE",
		"compare with what earlier runs measured; slow and doubtful figures are measured again"},
	{OPTION_UPDATE_BASELINE, "update-baseline", 0, NULL,
		"record good runs in it; a new entry takes 5 runs, which are made"},
	{OPTION_COMPARE_CPU, "compare-cpu", 0, NULL,
		"hold vector, matrix and inference work against all CPU threads, not one"},
	{OPTION_SOAK, "soak", 0, "DURATION",
		"then keep the load on for 30s, 30m or 2h, and watch clocks, heat and every word"},
	{OPTION_TRACE, "trace", 0, "FILE", "write what happened when, for Perfetto"},
	{OPTION_HTML, "html", 0, "FILE", "write the report as a page too"},
	{OPTION_HISTORY, "history", 0, "FILE",
		"append the figures to it as one line; 'gpu-canary history' finds what changed when"},
	{OPTION_ALLOW_SOFTWARE, "allow-software", 0, NULL,
		"go on with a software renderer where there is no GPU"},
	{OPTION_FORMAT, "format", 0, "FORMAT", REPORT_FORMATS " (text)"},
	{OPTION_OUTPUT, "output", 'o', "FILE", "write the report there (stdout)"},
	{OPTION_GITHUB, "github", 0, NULL, "annotations, step summary and check run from GITHUB_*"},
	{OPTION_STRICT, "strict", 0, NULL, "a warning is a failure"},
	{OPTION_TIMEOUT, "timeout", 0, "SECONDS",
		"longest wait for a collector, for the lease and for one job (30)"},
	{OPTION_COLOR, "color", 0, "WHEN", "auto, always or never (auto)"},
	{OPTION_QUIET, "quiet", 'q', NULL, "verdict and failures only"},
	{OPTION_VERBOSE, "verbose", 'v', NULL, "held checks and evidence too"},
};

const struct base_command request_command = {
	.program = "gpu-canary",
	.usage =
		"gpu-canary [run] [OPTION]...\ngpu-canary list\ngpu-canary compare A.json B.json "
		"[--format text|json] [-o FILE]\ngpu-canary history FILE [--format text|json] [-o FILE]",
	.summary =
		"Runs Vulkan workloads through a leased bridge, compares every element of every timed "
		"sample with the CPU's result, and gives a verdict.",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.epilogue = "exit status: 0 holds, 1 does not hold, 2 could not be determined, 64 usage",
};

static bool take_workloads(const char *text, struct canary_options *canary, struct lane_error *err)
{
	while (*text) {
		BASE_FREE char *name = base_strndup(text, strcspn(text, ","));
		const struct workload *workload = workload_find(name);
		if (!workload) {
			return lane_error_set(
				err, "USAGE", "unknown workload \"%s\": 'gpu-canary list' has them", name);
		}
		for (size_t i = 0; i < canary->workload_count; i++) {
			if (canary->workloads[i] == workload) {
				return lane_error_set(err, "USAGE", "workload \"%s\" is given twice", name);
			}
		}
		canary->workloads[canary->workload_count++] = workload;
		text += strlen(name);
		text += *text == ',' && text[1] != '\0';
	}
	return canary->workload_count > 0 || lane_error_set(err, "USAGE", "--workload needs a name");
}

static bool take_mode(const struct base_option_scan *scan, enum canary_mode mode,
	struct request *request, struct lane_error *err)
{
	if (request->mode_option && strcmp(request->mode_option, scan->name) != 0) {
		return lane_error_set(
			err, "USAGE", "--%s and --%s exclude each other", request->mode_option, scan->name);
	}
	request->mode_option = scan->name;
	request->canary.mode = mode;
	request->canary.address = scan->value;
	return true;
}

/* A number that says something about the lease. */
static bool take_lease_number(const struct base_option_scan *scan, uint64_t min, uint64_t max,
	uint32_t *number, struct request *request, struct lane_error *err)
{
	uint64_t value;
	if (!base_option_uint(scan, min, max, &value, err)) {
		return false;
	}
	*number = (uint32_t)value;
	request->lease_option = scan->name;
	return true;
}

static bool take_option(
	int id, const struct base_option_scan *scan, struct request *request, struct lane_error *err)
{
	static const char *const suites[] = {"quick", "full"};
	struct canary_options *canary = &request->canary;
	uint64_t number;
	size_t index;
	switch ((enum option)id) {
	case OPTION_SUITE:
		if (!base_option_choice(scan, suites, 2, &index, err)) {
			return false;
		}
		canary->suite = (enum workload_suite)index;
		return true;
	case OPTION_WORKLOAD:
		return take_workloads(scan->value, canary, err);
	case OPTION_DEVICE:
		request->device = scan->value;
		return true;
	case OPTION_BRIDGE:
		return take_mode(scan, CANARY_BRIDGE, request, err);
	case OPTION_TICKET:
		canary->ticket = scan->value;
		return true;
	case OPTION_EMBEDDED:
		return take_mode(scan, CANARY_EMBEDDED, request, err);
	case OPTION_DIRECT:
		return take_mode(scan, CANARY_DIRECT, request, err);
	case OPTION_MEM_MB:
		if (!base_option_uint(scan, 1, 1 << 24, &number, err)) {
			return false;
		}
		canary->mem_mb = (uint32_t)number;
		return true;
	case OPTION_STREAMS:
		return take_lease_number(scan, 1, 255, &canary->streams, request, err);
	case OPTION_TTL:
		return take_lease_number(scan, 1, 86400, &canary->ttl_s, request, err);
	case OPTION_PRIORITY:
		return take_lease_number(scan, 0, 255, &canary->priority, request, err);
	case OPTION_FLOOR:
		request->floor = scan->value;
		return true;
	case OPTION_BASELINE:
		request->baseline = scan->value;
		return true;
	case OPTION_UPDATE_BASELINE:
		canary->update_baseline = true;
		return true;
	case OPTION_COMPARE_CPU:
		canary->compare_cpu = true;
		return true;
	case OPTION_SOAK:
		return soak_duration_parse(scan->value, &canary->soak_s, err);
	case OPTION_TRACE:
		canary->trace = scan->value;
		return true;
	case OPTION_HTML:
		request->html = scan->value;
		return true;
	case OPTION_HISTORY:
		request->history = scan->value;
		return true;
	case OPTION_ALLOW_SOFTWARE:
		canary->choice.allow_software = true;
		return true;
	case OPTION_FORMAT:
		return report_format_parse(scan->value, &request->format, err);
	case OPTION_OUTPUT:
		request->output = scan->value;
		return true;
	case OPTION_GITHUB:
		request->github = true;
		return true;
	case OPTION_STRICT:
		request->strict = true;
		return true;
	case OPTION_TIMEOUT:
		if (!base_option_uint(scan, 1, BRIDGE_JOB_TIMEOUT_MS_MAX / 1000, &number, err)) {
			return false;
		}
		canary->timeout_ms = (unsigned)number * 1000;
		return true;
	case OPTION_COLOR:
		return base_option_color(scan, &request->color, err);
	case OPTION_QUIET:
		request->verbosity = -1;
		return true;
	case OPTION_VERBOSE:
		request->verbosity = 1;
		return true;
	}
	return false;
}

/* The commands, and how many files each takes. */
static const struct {
	const char *name;
	size_t files;
} commands[] = {
	[REQUEST_RUN] = {"run", 0},
	[REQUEST_LIST] = {"list", 0},
	[REQUEST_COMPARE] = {"compare", 2},
	[REQUEST_HISTORY] = {"history", 1},
};

static bool take_operand(
	const char *operand, bool first, struct request *request, struct lane_error *err)
{
	for (size_t i = 0; first && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, operand) == 0) {
			request->command = (enum request_command)i;
			return true;
		}
	}
	if (first || request->file_count == commands[request->command].files) {
		return lane_error_set(err, "USAGE", "unexpected \"%s\"", operand);
	}
	request->files[request->file_count++] = operand;
	return true;
}

/* What only makes sense, or none, together. */
static bool check_request(struct request *request, struct lane_error *err)
{
	const char *command = commands[request->command].name;
	if (request->command == REQUEST_LIST && request->option_count > 0) {
		return lane_error_set(err, "USAGE", "list takes no options");
	}
	size_t files = commands[request->command].files;
	if (request->command != REQUEST_RUN && request->run_option) {
		return lane_error_set(
			err, "USAGE", "--%s is about a run, and %s is none", request->run_option, command);
	}
	if (request->file_count < files) {
		return lane_error_set(
			err, "USAGE", "%s takes %zu file%s", command, files, files == 1 ? "" : "s");
	}
	bool table = request->command == REQUEST_COMPARE || request->command == REQUEST_HISTORY;
	if (table && request->format != REPORT_TEXT && request->format != REPORT_JSON) {
		return lane_error_set(err, "USAGE", "%s has the formats text and json", command);
	}
	if (request->canary.update_baseline && !request->baseline) {
		return lane_error_set(err, "USAGE", "--update-baseline needs --baseline");
	}
	if (request->canary.ticket && request->canary.mode != CANARY_BRIDGE) {
		return lane_error_set(err, "USAGE", "--ticket needs --bridge");
	}
	if (request->lease_option && request->canary.mode == CANARY_DIRECT) {
		return lane_error_set(
			err, "USAGE", "--%s is about the lease, and --direct has none", request->lease_option);
	}
	bool allow_software = request->canary.choice.allow_software;
	if (request->device && !compute_choice_parse(request->device, &request->canary.choice, err)) {
		return false;
	}
	request->canary.choice.allow_software = allow_software;
	if (request->canary.workload_count == 0) {
		request->canary.workload_count =
			workload_suite(request->canary.suite, request->canary.workloads);
	}
	return true;
}

/* Neither how a table is shown, nor what "./run canary" puts before whatever follows. */
static bool is_about_a_run(int id)
{
	return id != OPTION_ALLOW_SOFTWARE && id != OPTION_FORMAT && id != OPTION_OUTPUT &&
		id != OPTION_COLOR;
}

int request_read(int argc, char **argv, struct request *request, struct lane_error *err)
{
	struct base_option_scan scan;
	unsigned operands = 0;
	base_option_start(&scan, &request_command, argc, argv);
	for (;;) {
		int id = base_option_next(&scan, err);
		if (id == BASE_OPTION_END) {
			return check_request(request, err) ? BASE_OPTION_END : BASE_OPTION_ERROR;
		}
		if (id == BASE_OPTION_DONE || id == BASE_OPTION_ERROR) {
			return id;
		}
		if (id == BASE_OPTION_OPERAND) {
			if (!take_operand(scan.value, operands++ == 0, request, err)) {
				return BASE_OPTION_ERROR;
			}
			continue;
		}
		request->option_count += id != OPTION_ALLOW_SOFTWARE;
		if (is_about_a_run(id)) {
			request->run_option = scan.name;
		}
		if (!take_option(id, &scan, request, err)) {
			return BASE_OPTION_ERROR;
		}
	}
}
