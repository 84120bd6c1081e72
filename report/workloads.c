/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"

#include <math.h>
#include <string.h>

/* The table of workloads: each cell in words, from one workload of the document. */

const char *const report_figure_keys[] = {"median", "q1", "q3", "mad", "ci95", "min", "max",
	"drift_pct", "roofline_pct", "cpu_speedup", "baseline", "bridge_overhead", NULL};

static bool is_verified(const cJSON *workload)
{
	return base_json_bool(workload, "verified", false);
}

static void cell_name(const cJSON *workload, struct base_buffer *out)
{
	base_buffer_add_text(out, base_json_string(workload, "name", "?"));
}

/* The figure under `key`, or NaN: a wrong result has no figures, whatever a file says. */
static double figure(const cJSON *workload, const char *key)
{
	return is_verified(workload) ? base_json_number(workload, key, NAN) : NAN;
}

static void cell_median(const cJSON *workload, struct base_buffer *out)
{
	double median = figure(workload, "median");
	if (isnan(median)) {
		base_buffer_add_text(out, "-");
		return;
	}
	report_figure_add(out, median);
	base_buffer_print(out, " %s", base_json_string(workload, "unit", ""));
}

static void add_percent(struct base_buffer *out, double percent)
{
	if (isfinite(percent)) {
		base_buffer_print(out, "%.1f %%", percent);
	} else {
		base_buffer_add_text(out, "-");
	}
}

static void cell_spread(const cJSON *workload, struct base_buffer *out)
{
	add_percent(out, 100 * figure(workload, "mad") / figure(workload, "median"));
}

static void cell_quartiles(const cJSON *workload, struct base_buffer *out)
{
	double q1 = figure(workload, "q1");
	double q3 = figure(workload, "q3");
	if (isnan(q1) || isnan(q3)) {
		base_buffer_add_text(out, "-");
		return;
	}
	report_figure_add(out, q1);
	base_buffer_add_text(out, "..");
	report_figure_add(out, q3);
}

static void cell_count(const cJSON *workload, struct base_buffer *out)
{
	base_buffer_print(out, "%llu", (unsigned long long)base_json_uint(workload, "n", 0));
}

static void cell_speedup(const cJSON *workload, struct base_buffer *out)
{
	double speedup = figure(workload, "cpu_speedup");
	if (isnan(speedup)) {
		base_buffer_add_text(out, "-");
		return;
	}
	base_buffer_print(out, "%.*fx", speedup < 9.995 ? 2 : speedup < 99.95 ? 1 : 0, speedup);
}

/* Of --compare-cpu: what the CPU did, and on how many threads. */
static void cell_cpu(const cJSON *workload, struct base_buffer *out)
{
	double median = figure(workload, "cpu_median");
	const cJSON *params = base_json_get(workload, "params");
	if (isnan(median) || !base_json_string(params, "cpu_simd", NULL)) {
		base_buffer_add_text(out, "-");
		return;
	}
	report_figure_add(out, median);
	base_buffer_print(
		out, " on %llu", (unsigned long long)base_json_uint(params, "cpu_threads", 1));
}

/* Which of several ways to do the same was the best. */
static void cell_variant(const cJSON *workload, struct base_buffer *out)
{
	base_buffer_add_text(out, base_json_string(base_json_get(workload, "params"), "variant", "-"));
}

static void cell_roofline(const cJSON *workload, struct base_buffer *out)
{
	add_percent(out, figure(workload, "roofline_pct"));
}

static void cell_overhead(const cJSON *workload, struct base_buffer *out)
{
	add_percent(out, 100 * figure(workload, "bridge_overhead"));
}

static void cell_baseline(const cJSON *workload, struct base_buffer *out)
{
	const cJSON *baseline = is_verified(workload) ? base_json_get(workload, "baseline") : NULL;
	base_buffer_add_text(out, base_json_string(baseline, "state", "-"));
	double ratio = base_json_number(baseline, "ratio", NAN);
	if (!isnan(ratio)) {
		base_buffer_print(out, " %+.1f %%", 100 * (ratio - 1));
	}
}

/* Millions are compared by people, not single elements; the exact number is in the JSON form. */
static void cell_checked(const cJSON *workload, struct base_buffer *out)
{
	static const char *const suffixes[] = {"", " k", " M", " G", " T"};
	double count = base_json_number(workload, "checked_elements", 0);
	size_t power = 0;
	while (count >= 999.5 && power + 1 < sizeof(suffixes) / sizeof(suffixes[0])) {
		count /= 1000;
		power++;
	}
	base_buffer_print(out, "%.*f%s", power > 0 && count < 99.95 ? 1 : 0, count, suffixes[power]);
}

static const char *job_state(const cJSON *workload)
{
	return base_json_string(base_json_get(workload, "job"), "state", "OK");
}

static void cell_result(const cJSON *workload, struct base_buffer *out)
{
	const char *state = job_state(workload);
	if (is_verified(workload)) {
		base_buffer_add_text(out, "verified");
	} else if (strcmp(state, "OK") != 0) {
		base_buffer_add_text(out, state);
	} else {
		unsigned long long wrong = base_json_uint(workload, "mismatches", 0);
		base_buffer_print(out, "WRONG, %llu element%s", wrong, wrong == 1 ? "" : "s");
	}
}

void report_words_wrong(const cJSON *workload, struct base_buffer *out)
{
	if (is_verified(workload)) {
		return;
	}
	if (strcmp(job_state(workload), "OK") != 0) {
		const cJSON *job = base_json_get(workload, "job");
		base_buffer_add_text(out, base_json_string(job, "detail", ""));
	}
	const cJSON *first = base_json_get(workload, "first_mismatch");
	if (cJSON_IsObject(first)) {
		base_buffer_print(out, "%sfirst wrong: element %llu of sample %llu, expected ",
			out->size > 0 ? "; " : "", (unsigned long long)base_json_uint(first, "element", 0),
			(unsigned long long)base_json_uint(first, "sample", 0));
		report_words_value(base_json_get(first, "expected"), out);
		base_buffer_add_text(out, ", found ");
		report_words_value(base_json_get(first, "found"), out);
	}
}

static const struct report_column columns_all[] = {
	{"workload", false, NULL, 0, cell_name},
	{"median", true, NULL, 0, cell_median},
	{"MAD", true, NULL, 0, cell_spread},
	{"q1..q3", true, NULL, 4, cell_quartiles},
	{"n", true, NULL, 1, cell_count},
	{"fastest way", false, "params.variant", 6, cell_variant},
	{"CPU threads", true, "params.cpu_simd", 0, cell_cpu},
	{"vs CPU", true, "cpu_speedup", 0, cell_speedup},
	{"of roofline", true, "roofline_pct", 2, cell_roofline},
	{"baseline", false, "baseline", 0, cell_baseline},
	{"bridge cost", true, "bridge_overhead", 3, cell_overhead},
	{"checked", true, NULL, 5, cell_checked},
	{"result", false, NULL, 0, cell_result},
};

static bool is_filled(const cJSON *workloads, const char *key)
{
	const cJSON *workload;
	cJSON_ArrayForEach(workload, workloads)
	{
		const cJSON *value = base_json_path(workload, key);
		if (value && !cJSON_IsNull(value)) {
			return true;
		}
	}
	return false;
}

size_t report_workload_columns(
	const cJSON *workloads, const struct report_column *columns[REPORT_COLUMNS_MAX])
{
	_Static_assert(sizeof(columns_all) / sizeof(columns_all[0]) <= REPORT_COLUMNS_MAX, "columns");
	size_t count = 0;
	for (size_t i = 0; i < sizeof(columns_all) / sizeof(columns_all[0]); i++) {
		if (!columns_all[i].key || is_filled(workloads, columns_all[i].key)) {
			columns[count++] = &columns_all[i];
		}
	}
	return count;
}
