/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/memory.h"
#include "report/document.h"
#include "report/fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct report {
	cJSON *root;
	uint64_t start_ns;
};

/* Keys of the document in the order in which they are written. */
static const char *const key_order[] = {"schema", "tool", "version", "started", "duration_ms",
	"verdict", "remark", "replayed", "floor", "host", "device", "lease", "checks", "findings",
	"ladder", "expectations", "workloads", "soak", "claims"};

struct report *report_create(const char *tool)
{
	struct report *report = base_alloc(1, sizeof(*report));
	char started[BASE_CLOCK_TEXT_SIZE];
	base_clock_format(base_clock_wall_ms(), started);
	cJSON *root = base_json_new_object();
	base_json_add_string(root, "schema", REPORT_SCHEMA);
	base_json_add_string(root, "tool", tool);
	base_json_add_string(root, "version", LANE_VERSION);
	base_json_add_string(root, "started", started);
	base_json_add_null(root, "remark");
	base_json_add_null(root, "replayed");
	base_json_add_null(root, "floor");
	base_json_add_null(root, "device");
	base_json_add_array(root, "findings");
	base_json_add_array(root, "ladder");
	base_json_add_array(root, "expectations");
	cJSON *claims = base_json_add_object(root, "claims");
	base_json_add_array(claims, "proves");
	base_json_add_array(claims, "does_not_prove");
	*report = (struct report){.root = root, .start_ns = base_clock_monotonic_ns()};
	return report;
}

void report_destroy(struct report *report)
{
	if (report) {
		cJSON_Delete(report->root);
		free(report);
	}
}

cJSON *report_root(struct report *report)
{
	return report->root;
}

/* The tree is ours while it is built, so its nodes may be written. */
static cJSON *own(cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void replace(cJSON *object, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	base_json_add_node(object, key, value);
}

static void replace_string(cJSON *object, const char *key, const char *text)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	base_json_add_string(object, key, text);
}

static void add_optional(cJSON *object, const char *key, const char *text)
{
	if (text) {
		base_json_add_string(object, key, text);
	} else {
		base_json_add_null(object, key);
	}
}

static cJSON *add_finding(
	struct report *report, enum report_level level, const char *code, const char *message)
{
	const struct report_fault *fault = report_fault_find(code);
	assert(fault && "a finding's code must be in one of report/fault_*.c");
	cJSON *finding = base_json_add_object(own(report->root, "findings"), NULL);
	base_json_add_string(finding, "code", code);
	base_json_add_string(finding, "level", report_level_name(level));
	base_json_add_string(finding, "title", fault ? fault->title : code);
	base_json_add_string(finding, "message", message);
	base_json_add_object(finding, "evidence");
	base_json_add_string(finding, "remedy", fault ? fault->remedy : "");
	base_json_add_null(finding, "where");
	return finding;
}

cJSON *report_finding(
	struct report *report, enum report_level level, const char *code, const char *format, ...)
{
	BASE_BUFFER_AUTO message = BASE_BUFFER_INIT;
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&message, format, args);
	va_end(args);
	return add_finding(report, level, code, message.data ? message.data : "");
}

cJSON *report_finding_error(
	struct report *report, enum report_level level, const struct lane_error *err)
{
	const char *code = err->code[0] ? err->code : "INTERNAL_ERROR";
	return add_finding(report, level, code, lane_error_message(err));
}

cJSON *report_finding_evidence(cJSON *finding)
{
	return own(finding, "evidence");
}

void report_finding_where(cJSON *finding, const char *path, unsigned line)
{
	cJSON *where = base_json_new_object();
	base_json_add_string(where, "path", path);
	base_json_add_number(where, "line", line > 0 ? line : 1);
	replace(finding, "where", where);
}

void report_finding_remedy(cJSON *finding, const char *text)
{
	/* Keeps its place before "where". */
	cJSON *where = cJSON_DetachItemFromObjectCaseSensitive(finding, "where");
	replace_string(finding, "remedy", text);
	base_json_add_node(finding, "where", where);
}

cJSON *report_check(struct report *report, const char *id, enum report_state state,
	const char *title, const char *expected, const char *observed, const char *why)
{
	cJSON *check = base_json_add_object(own(report->root, "expectations"), NULL);
	base_json_add_string(check, "id", id);
	base_json_add_string(check, "state", report_state_name(state));
	base_json_add_string(check, "title", title);
	add_optional(check, "expected", expected);
	add_optional(check, "observed", observed);
	add_optional(check, "why", why);
	base_json_add_null(check, "where");
	return check;
}

void report_rung(
	struct report *report, const char *rung, enum report_state state, const char *format, ...)
{
	BASE_BUFFER_AUTO detail = BASE_BUFFER_INIT;
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&detail, format, args);
	va_end(args);
	cJSON *node = base_json_add_object(own(report->root, "ladder"), NULL);
	base_json_add_string(node, "rung", rung);
	base_json_add_string(node, "state", report_state_name(state));
	base_json_add_string(node, "detail", detail.data ? detail.data : "");
}

void report_claim(struct report *report, bool proved, const char *text)
{
	cJSON *claims = own(report->root, "claims");
	base_json_add_string(own(claims, proved ? "proves" : "does_not_prove"), NULL, text);
}

void report_floor(struct report *report, const char *name, const char *title, const char *path)
{
	cJSON *node = base_json_new_object();
	base_json_add_string(node, "name", name);
	base_json_add_string(node, "title", title);
	base_json_add_string(node, "path", path);
	replace(report->root, "floor", node);
}

void report_replayed(struct report *report, const char *path)
{
	replace_string(report->root, "replayed", path);
}

void report_section(struct report *report, const char *key, cJSON *value)
{
	replace(report->root, key, value);
}

void report_remark(struct report *report, const char *text)
{
	replace_string(report->root, "remark", text);
}

/* A figure of a wrong result is worse than none: somebody would quote it. */
static void withhold_figures(cJSON *workloads)
{
	for (cJSON *workload = workloads ? workloads->child : NULL; workload;
		 workload = workload->next) {
		if (base_json_bool(workload, "verified", false)) {
			continue;
		}
		for (const char *const *key = report_figure_keys; *key; key++) {
			if (own(workload, *key)) {
				cJSON_ReplaceItemInObjectCaseSensitive(workload, *key, cJSON_CreateNull());
			}
		}
		if (own(workload, "samples")) {
			cJSON_ReplaceItemInObjectCaseSensitive(workload, "samples", base_json_new_array());
		}
	}
}

static const char *judge(const cJSON *root, const unsigned counts[])
{
	bool failed = counts[REPORT_BROKEN] > 0 || report_level_count(root, REPORT_FAILURE) > 0;
	if (failed) {
		return "broken";
	}
	return counts[REPORT_UNKNOWN] > 0 || counts[REPORT_HELD] == 0 ? "unknown" : "holds";
}

static void put_in_order(struct report *report)
{
	cJSON *ordered = base_json_new_object();
	for (size_t i = 0; i < sizeof(key_order) / sizeof(key_order[0]); i++) {
		cJSON *node = cJSON_DetachItemFromObjectCaseSensitive(report->root, key_order[i]);
		if (node) {
			base_json_add_node(ordered, key_order[i], node);
		}
	}
	assert(report->root->child == NULL && "a section must be in key_order");
	cJSON_Delete(report->root);
	report->root = ordered;
}

void report_close(struct report *report)
{
	unsigned counts[4] = {0};
	const cJSON *check;
	cJSON_ArrayForEach(check, own(report->root, "expectations"))
	{
		counts[report_state_of(check)]++;
	}
	uint64_t duration_ms = (base_clock_monotonic_ns() - report->start_ns) / 1000000;
	base_json_add_number(report->root, "duration_ms", (double)duration_ms);
	base_json_add_string(report->root, "verdict", judge(report->root, counts));
	cJSON *checks = base_json_add_object(report->root, "checks");
	for (size_t i = 0; i < 4; i++) {
		base_json_add_number(checks, report_state_name((enum report_state)i), counts[i]);
	}
	withhold_figures(own(report->root, "workloads"));
	put_in_order(report);
}

int report_exit_status(const cJSON *document, bool strict)
{
	const char *verdict = base_json_string(document, "verdict", "unknown");
	if (strcmp(verdict, "holds") == 0) {
		bool warned = strict && report_level_count(document, REPORT_WARNING) > 0;
		return warned ? LANE_EXIT_BROKEN : LANE_EXIT_HOLDS;
	}
	return strcmp(verdict, "broken") == 0 ? LANE_EXIT_BROKEN : LANE_EXIT_UNKNOWN;
}
