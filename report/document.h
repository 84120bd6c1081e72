/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_DOCUMENT_H
#define REPORT_DOCUMENT_H

/*
 * What the forms of a report share: how a document is read and put into words. Nothing here is
 * made safe for an output: report_plain_add or report_markdown_text does that at the end.
 */

#include "base/buffer.h"
#include "base/json.h"
#include "report/report.h"

#include <stddef.h>

#define REPORT_SCHEMA "gpu-lane-report/v1"

/** "held", "broken", "unknown", "skipped". */
const char *report_state_name(enum report_state state);
/** The "state" of a check or rung; what is none of them is unknown. */
enum report_state report_state_of(const cJSON *node);
/** "notice", "warning", "failure". */
const char *report_level_name(enum report_level level);
/** The "level" of a finding; what is none of them is a failure. */
enum report_level report_level_of(const cJSON *finding);
/** Number of findings of that level. */
unsigned report_level_count(const cJSON *document, enum report_level level);
/** The findings, failures first, otherwise in their order. Caller frees the array, not the nodes.
 */
const cJSON **report_findings_sorted(const cJSON *document, size_t *count);

/** Whether an earlier one of the list has the same code, so that its cause need not be told again.
 */
bool report_finding_repeats(const cJSON *const *findings, size_t index);

/**
 * Whether the finding tells of this check: its evidence names the check ("id") or the workload that
 * the check "workload.<name>" is of, or both are declared on the same line.
 */
bool report_finding_is_about(const cJSON *finding, const cJSON *check);

/** "floor honey: 2 of 12 checks broken, 1 unknown, 1 warning". */
void report_words_verdict(const cJSON *document, struct base_buffer *out);
/** "gpu-probe 0.1.0, 2026-04-22T18:03:11Z, 83 ms". */
void report_words_run(const cJSON *document, struct base_buffer *out);
/** "floors/honey.json:12"; nothing when `where` is null. */
void report_words_where(const cJSON *where, struct base_buffer *out);
/** "expected radv, observed llvmpipe" of a check; nothing when both are null. */
void report_words_expectation(const cJSON *check, struct base_buffer *out);
/** What is wrong with a workload that is not verified; nothing for one that is. */
void report_words_wrong(const cJSON *workload, struct base_buffer *out);
/** A scalar as it would be said: strings without quotes, numbers as figures. */
void report_words_value(const cJSON *value, struct base_buffer *out);
/** "key value, key value" of an object's members. */
void report_words_members(const cJSON *object, struct base_buffer *out);

/** One labelled line about the device, the lease or the host. */
struct report_fact {
	const char *label;
	struct base_buffer value;
};
enum { REPORT_FACTS_MAX = 8 };
/** Fills lines about the section ("device", "lease", "host" or "soak"); 0 when there is none. */
size_t report_facts(
	const cJSON *document, const char *section, struct report_fact facts[REPORT_FACTS_MAX]);
void report_facts_finish(struct report_fact *facts, size_t count);

/** Keys of a workload that are null unless it is verified; ends with NULL. */
extern const char *const report_figure_keys[];
/** Four significant digits without an exponent where that is readable. */
void report_figure_add(struct base_buffer *out, double value);

/** A column of the table of workloads. */
struct report_column {
	const char *title;
	bool right;
	/** Left out when this key (a path with dots) is null in all workloads; NULL: always there. */
	const char *key;
	/** Where there is no room, the highest is left out first; 0: never. */
	unsigned spare;
	void (*cell)(const cJSON *workload, struct base_buffer *out);
};
/** The columns that this document fills; `columns` has room for REPORT_COLUMNS_MAX. */
enum { REPORT_COLUMNS_MAX = 13 };
size_t report_workload_columns(
	const cJSON *workloads, const struct report_column *columns[REPORT_COLUMNS_MAX]);

/**
 * The Markdown form in at most `size_max` bytes: whole lines are left out at the end of long
 * sections, and counted, until it fits.
 */
void report_markdown_render(const cJSON *document, size_t size_max, struct base_buffer *out);
/** The terminal form. */
void report_text_render(
	const cJSON *document, const struct report_style *style, struct base_buffer *out);
/** One HTML page of all documents, one or more. */
void report_html_render(const cJSON *const *documents, size_t count, struct base_buffer *out);
/** JUnit XML, a test suite a document. */
void report_junit_render(const cJSON *const *documents, size_t count, struct base_buffer *out);
/** One OpenMetrics exposition of all documents. */
void report_openmetrics_render(
	const cJSON *const *documents, size_t count, struct base_buffer *out);

#endif
