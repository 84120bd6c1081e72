/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/request.h"

#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/terminal.h"
#include "canary/compare.h"
#include "canary/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list_workloads(void)
{
	size_t count;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		printf("%-12s %-12s %-32s exact: %s\n", table[i]->name, table[i]->unit, table[i]->title,
			table[i]->exactness);
	}
	return fflush(stdout) == 0 ? LANE_EXIT_HOLDS : LANE_EXIT_UNKNOWN;
}

static bool write_text(const char *path, const struct base_buffer *text)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!base_file_write(path ? path : "-", text->data, text->size, &err)) {
		base_log(BASE_LOG_ERROR, "%s", lane_error_message(&err));
		return false;
	}
	return true;
}

static bool write_report(const struct request *request, const cJSON *document)
{
	struct report_style style =
		report_style_for(request->output, request->color, request->verbosity);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	report_render(document, request->format, &style, &out);
	bool written = write_text(request->output, &out);
	if (request->html) {
		base_buffer_clear(&out);
		report_render(document, REPORT_HTML, &style, &out);
		written = write_text(request->html, &out) && written;
	}
	return written;
}

static int run(const struct request *request)
{
	struct report *report = report_create(request_command.program);
	canary_run(&request->canary, report);
	report_close(report);
	const cJSON *document = report_root(report);
	bool written = write_report(request, document);
	if (request->history) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		if (!history_append(request->history, document, &err)) {
			base_log(BASE_LOG_ERROR, "%s", lane_error_message(&err));
			written = false;
		}
	}
	if (request->github) {
		bool stdout_is_free = request->output && strcmp(request->output, "-") != 0;
		report_github_post(document, stdout_is_free || request->format == REPORT_TEXT);
	}
	int status = report_exit_status(document, request->strict);
	report_destroy(report);
	/* A verdict that nobody can read is none. */
	return written || status != LANE_EXIT_HOLDS ? status : LANE_EXIT_UNKNOWN;
}

/* Nobody waits half an hour for a soak to learn that its report has no place. */
static bool check_outputs(const struct request *request, struct lane_error *err)
{
	const char *const paths[] = {request->output, request->html, request->history,
		request->canary.trace, request->canary.update_baseline ? request->baseline : NULL};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i] && !base_file_check_write(paths[i], err)) {
			return false;
		}
	}
	return true;
}

/* Reads the files that a run is held to, and looks at where what comes of it goes. */
static bool load(struct request *request, struct probe_floor **floor, struct lane_error *err)
{
	struct canary_options *canary = &request->canary;
	if (request->floor) {
		canary->floor = *floor = probe_floor_load(request->floor, err);
		if (!*floor) {
			return false;
		}
	}
	if (request->baseline) {
		canary->baseline = baseline_load(request->baseline, canary->update_baseline, err);
	}
	return (canary->baseline || !request->baseline) && check_outputs(request, err);
}

/* Writes a document that is no report, as text or as JSON. */
static bool write_document(const struct request *request, const cJSON *document,
	void (*print)(const cJSON *document, struct base_buffer *out))
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (request->format == REPORT_JSON) {
		base_json_write(document, 2, &text);
	} else {
		print(document, &text);
	}
	return write_text(request->output, &text);
}

static int compare(const struct request *request, struct lane_error *err)
{
	BASE_JSON_AUTO a = {0};
	BASE_JSON_AUTO b = {0};
	if (!report_load(request->files[0], &a, err) || !report_load(request->files[1], &b, err)) {
		return LANE_EXIT_USAGE;
	}
	BASE_JSON_FREE cJSON *document =
		compare_reports(request->files[0], a.root, request->files[1], b.root);
	return write_document(request, document, compare_print) ? compare_exit_status(document)
															: LANE_EXIT_UNKNOWN;
}

static int history(const struct request *request, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *document = NULL;
	if (!history_changes(request->files[0], &document, err)) {
		return LANE_EXIT_USAGE;
	}
	return write_document(request, document, history_print) ? LANE_EXIT_HOLDS : LANE_EXIT_UNKNOWN;
}

/* LANE_EXIT_USAGE with the error filled when a file is none of its kind. */
static int obey(const struct request *request, struct lane_error *err)
{
	switch (request->command) {
	case REQUEST_LIST:
		return list_workloads();
	case REQUEST_COMPARE:
		return compare(request, err);
	case REQUEST_HISTORY:
		return history(request, err);
	case REQUEST_RUN:
		break;
	}
	return run(request);
}

int main(int argc, char **argv)
{
	struct request request = {
		.canary = {.ttl_s = 60, .streams = 1, .timeout_ms = 30000, .sysfs = "/sys"},
	};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct probe_floor *floor = NULL;
	int outcome = request_read(argc, argv, &request, &err);
	base_log_setup(
		request_command.program, request.verbosity > 0 ? BASE_LOG_INFO : BASE_LOG_WARNING);
	bool usable = outcome != BASE_OPTION_ERROR;
	if (outcome == BASE_OPTION_END) {
		usable = load(&request, &floor, &err);
	}
	int status = LANE_EXIT_HOLDS;
	if (usable && outcome == BASE_OPTION_END) {
		status = obey(&request, &err);
		usable = status != LANE_EXIT_USAGE;
	}
	if (!usable) {
		status = base_option_refuse(&request_command, &err);
	}
	probe_floor_destroy(floor);
	baseline_destroy(request.canary.baseline);
	compute_choice_finish(&request.canary.choice);
	return status;
}
