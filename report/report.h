/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/error.h"
#include "base/json.h"
#include "base/terminal.h"

#include <stdbool.h>

/**
 * A report under construction: one JSON tree (schema gpu-lane-report/v1, described by
 * report/schemas/gpu-lane-report-v1.schema.json), from which every form is printed, so that text
 * and JSON cannot disagree.
 */
struct report;

enum report_level { REPORT_NOTICE, REPORT_WARNING, REPORT_FAILURE };

/** Skipped is never held. */
enum report_state { REPORT_HELD, REPORT_BROKEN, REPORT_UNKNOWN, REPORT_SKIPPED };

/** Starts the clock. `tool` is the command's name. */
struct report *report_create(const char *tool);
void report_destroy(struct report *report);

/** The tree; borrowed. Sections that a tool owns are put into it with report_section. */
cJSON *report_root(struct report *report);

/**
 * Adds a finding. Title and remedy come from the fault table (an unknown code is a bug and aborts
 * in a debug build). Returns the finding's node (borrowed) so that evidence can be added to its
 * "evidence" object: report_finding_evidence(node).
 */
cJSON *report_finding(struct report *report, enum report_level level, const char *code,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/** The same with the text and code of an error. */
cJSON *report_finding_error(
	struct report *report, enum report_level level, const struct lane_error *err);
/** The finding's "evidence" object, to add to. Borrowed. */
cJSON *report_finding_evidence(cJSON *finding);
/** Where the broken expectation is declared (a finding's or a check's): an annotation lands there.
 */
void report_finding_where(cJSON *finding, const char *path, unsigned line);
/** Replaces the remedy of the table by a more exact one. */
void report_finding_remedy(cJSON *finding, const char *text);

/**
 * One check with its outcome: counted in "checks" and listed in "expectations"
 * `{id, state, title, expected, observed, why, where}`. `expected`, `observed` and `why` may be
 * NULL.
 */
cJSON *report_check(struct report *report, const char *id, enum report_state state,
	const char *title, const char *expected, const char *observed, const char *why);

/** One rung of the GPU stack ladder, from the hardware up: "ladder" `{rung, state, detail}`. */
void report_rung(struct report *report, const char *rung, enum report_state state,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/** What this run showed and what it did not: "claims" `{proves[], does_not_prove[]}`. */
void report_claim(struct report *report, bool proved, const char *text);

/** "floor": name, title, path; `replayed` marks a report made from recorded facts. */
void report_floor(struct report *report, const char *name, const char *title, const char *path);
void report_replayed(struct report *report, const char *path);
/**
 * Replaces the section "device", "lease", "host", "workloads" or "soak" (takes over `value`). Their
 * fields are in the schema. report_close takes every figure out of a workload that is not verified.
 */
void report_section(struct report *report, const char *key, cJSON *value);
/**
 * The closing words of the verdict, e.g. "software device: proves the toolchain, not a GPU".
 */
void report_remark(struct report *report, const char *text);

/**
 * Sets duration, counts and verdict: broken if any check is broken or any finding is a failure;
 * else unknown if any check is unknown or none is held; else holds. Call once, last.
 */
void report_close(struct report *report);
/** 0 holds, 1 broken, 2 unknown; with `strict` a warning makes 1 out of 0. */
int report_exit_status(const cJSON *document, bool strict);

enum report_format {
	REPORT_TEXT,
	REPORT_JSON,
	REPORT_MARKDOWN,
	REPORT_HTML,
	REPORT_JUNIT,
	REPORT_OPENMETRICS,
};
/** The names, for usage lines and help; the order is that of the enum. */
#define REPORT_FORMATS "text|json|markdown|html|junit|openmetrics"
/** One of REPORT_FORMATS. Errors: USAGE. */
bool report_format_parse(const char *name, enum report_format *format, struct lane_error *err);

/** How text is printed; the other forms do not depend on it. */
struct report_style {
	bool color;
	/** Marks and punctuation beyond ASCII; false: nothing but ASCII comes out. */
	bool unicode;
	unsigned columns;
	/** -1 quiet: verdict and failures; 0 normal; 1 all held checks and evidence too. */
	int verbosity;
};

/**
 * The style for stdout (`path` NULL or "-") or a file: colour as base_terminal_color says, Unicode
 * when the environment's locale is UTF-8.
 */
struct report_style report_style_for(const char *path, enum base_color color, int verbosity);

/** Renders a closed report or one read back from a file. */
void report_render(const cJSON *document, enum report_format format,
	const struct report_style *style, struct base_buffer *out);
/** The same for several reports: texts follow each other, the other forms become one. */
void report_render_all(const cJSON *const *documents, size_t count, enum report_format format,
	const struct report_style *style, struct base_buffer *out);
/** Whether several reports can be rendered to one file of this format. */
bool report_format_joins(enum report_format format);
/** Renders to a file, or to stdout for NULL and "-". Errors: FILE_WRITE. */
bool report_write(const cJSON *document, enum report_format format, int verbosity, const char *path,
	struct lane_error *err);

/** Reads a report strictly (schema gpu-lane-report/v1). Errors: FILE_READ, JSON_INVALID. */
bool report_load(const char *path, struct base_json *json, struct lane_error *err);
/** Checks a parsed report as report_load does. Errors: JSON_INVALID. */
bool report_verify(const struct base_json *json, struct lane_error *err);

/**
 * Posts to GitHub, by handing the report to `gpu-report github` beside this program: so only that
 * one pays for an HTTP library with its dozens of others, which every start would wait for.
 * Failures are warnings on stderr: posting never changes an exit status. Workflow commands are left
 * out when `commands` is false (stdout carries a document then).
 */
void report_github_post(const cJSON *document, bool commands);

#endif
