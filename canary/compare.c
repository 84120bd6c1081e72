/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/compare.h"

#include "base/exit.h"
#include "base/memory.h"
#include "canary/line.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define CHANGED 0.03
#define SAME 0.01

static void describe(cJSON *document, const char *key, const char *path, const cJSON *report)
{
	const cJSON *device = base_json_get(report, "device");
	cJSON *side = base_json_add_object(document, key);
	base_json_add_string(side, "path", path);
	base_json_add_string(side, "started", base_json_string(report, "started", ""));
	base_json_add_string(side, "version", base_json_string(report, "version", ""));
	base_json_add_string(side, "device", base_json_string(device, "name", ""));
	base_json_add_string(side, "driver_info", base_json_string(device, "driver_info", ""));
}

static const cJSON *find(const cJSON *report, const char *name)
{
	const cJSON *workload;
	cJSON_ArrayForEach(workload, base_json_get(report, "workloads"))
	{
		if (strcmp(base_json_string(workload, "name", ""), name) == 0) {
			return workload;
		}
	}
	return NULL;
}

static bool differs(const cJSON *a, const cJSON *b, const char *key)
{
	return strcmp(base_json_string(a, key, ""), base_json_string(b, key, "")) != 0;
}

static bool has_figure(const cJSON *workload)
{
	return base_json_bool(workload, "verified", false) &&
		base_json_number(workload, "median", 0) > 0;
}

/* Why the two say nothing of each other; NULL when they do. Static. */
static const char *obstacle(const cJSON *a, const cJSON *b)
{
	if (!a || !b) {
		return a ? "only in a" : "only in b";
	}
	if (!has_figure(a) || !has_figure(b)) {
		return has_figure(a) ? "no figure in b" : "no figure in a";
	}
	if (differs(a, b, "unit")) {
		return "another unit";
	}
	if (base_json_uint(base_json_get(a, "params"), "n", 0) !=
		base_json_uint(base_json_get(b, "params"), "n", 0)) {
		return "another size";
	}
	return differs(a, b, "spirv_sha256") ? "another kernel" : NULL;
}

/* One end of the interval; the median where there is none. */
static double bound(const cJSON *workload, int end)
{
	const cJSON *interval = base_json_get(workload, "ci95");
	return cJSON_IsArray(interval) ? cJSON_GetArrayItem(interval, end)->valuedouble
								   : base_json_number(workload, "median", NAN);
}

static const char *state_of(const cJSON *a, const cJSON *b, double ratio)
{
	bool apart = bound(a, 1) < bound(b, 0) || bound(b, 1) < bound(a, 0);
	double r = log(ratio);
	if (fabs(r) >= -log1p(-CHANGED) && apart) {
		return r < 0 ? "SLOW" : "FAST";
	}
	bool same = fabs(r) <= SAME || (fabs(r) < CHANGED && !apart);
	return same ? "SAME" : "AMBIGUOUS";
}

static void add_figure(cJSON *row, const char *key, const cJSON *workload)
{
	if (has_figure(workload)) {
		base_json_add_number(row, key, base_json_number(workload, "median", 0));
	} else {
		base_json_add_null(row, key);
	}
}

static void add_row(cJSON *rows, const cJSON *a, const cJSON *b)
{
	const char *reason = obstacle(a, b);
	cJSON *row = base_json_add_object(rows, NULL);
	base_json_add_string(row, "name", base_json_string(a ? a : b, "name", ""));
	base_json_add_string(row, "unit", base_json_string(a ? a : b, "unit", ""));
	add_figure(row, "a", a);
	add_figure(row, "b", b);
	if (reason) {
		base_json_add_null(row, "ratio");
		base_json_add_string(row, "state", "INCOMPARABLE");
		base_json_add_string(row, "reason", reason);
		return;
	}
	double ratio = base_json_number(b, "median", NAN) / base_json_number(a, "median", NAN);
	base_json_add_number(row, "ratio", ratio);
	base_json_add_string(row, "state", state_of(a, b, ratio));
	base_json_add_null(row, "reason");
}

cJSON *compare_reports(const char *a_path, const cJSON *a, const char *b_path, const cJSON *b)
{
	cJSON *document = base_json_new_object();
	base_json_add_string(document, "schema", COMPARE_SCHEMA);
	describe(document, "a", a_path, a);
	describe(document, "b", b_path, b);
	cJSON *rows = base_json_add_array(document, "workloads");
	const cJSON *workload;
	cJSON_ArrayForEach(workload, base_json_get(a, "workloads"))
	{
		add_row(rows, workload, find(b, base_json_string(workload, "name", "")));
	}
	cJSON_ArrayForEach(workload, base_json_get(b, "workloads"))
	{
		if (!find(a, base_json_string(workload, "name", ""))) {
			add_row(rows, NULL, workload);
		}
	}
	return document;
}

int compare_exit_status(const cJSON *comparison)
{
	int status = LANE_EXIT_UNKNOWN;
	const cJSON *row;
	cJSON_ArrayForEach(row, base_json_get(comparison, "workloads"))
	{
		const char *state = base_json_string(row, "state", "");
		if (strcmp(state, "SLOW") == 0) {
			return LANE_EXIT_BROKEN;
		}
		if (strcmp(state, "INCOMPARABLE") != 0) {
			status = LANE_EXIT_HOLDS;
		}
	}
	return status;
}

static void print_side(const cJSON *comparison, const char *key, struct base_buffer *out)
{
	const cJSON *side = base_json_get(comparison, key);
	line_add(out, "%s  %s: %s, %s, %s", key, base_json_string(side, "path", ""),
		base_json_string(side, "device", ""), base_json_string(side, "driver_info", ""),
		base_json_string(side, "started", ""));
}

/* Caller frees. */
static char *figure_text(const cJSON *row, const char *key)
{
	double figure = base_json_number(row, key, NAN);
	return isnan(figure) ? base_strdup("-") : base_format("%.4g", figure);
}

void compare_print(const cJSON *comparison, struct base_buffer *out)
{
	print_side(comparison, "a", out);
	print_side(comparison, "b", out);
	line_add(out, "%-12s %12s %12s %-12s %8s  %s", "workload", "a", "b", "unit", "b / a", "state");
	const cJSON *row;
	cJSON_ArrayForEach(row, base_json_get(comparison, "workloads"))
	{
		BASE_FREE char *a = figure_text(row, "a");
		BASE_FREE char *b = figure_text(row, "b");
		double percent = 100 * (base_json_number(row, "ratio", NAN) - 1);
		BASE_FREE char *change =
			isnan(percent) ? base_strdup("-") : base_format("%+.1f %%", percent);
		const char *reason = base_json_string(row, "reason", NULL);
		line_add(out, "%-12s %12s %12s %-12s %8s  %s%s%s", base_json_string(row, "name", ""), a, b,
			base_json_string(row, "unit", ""), change, base_json_string(row, "state", ""),
			reason ? ": " : "", reason ? reason : "");
	}
}
