/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"
#include "report/fault.h"
#include "report/page.h"

#include "base/exit.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Columns of the labels under a heading and under a finding. */
enum { LABEL_WIDTH = 10, LABEL_WIDTH_MAX = 24, INDENT = 2 };

/* How a state or a level is shown. */
struct mark {
	const char *unicode;
	const char *ascii;
	enum report_ink ink;
};

static const struct mark state_marks[] = {
	[REPORT_HELD] = {"✓", "ok", REPORT_INK_GOOD},
	[REPORT_BROKEN] = {"✗", "FAIL", REPORT_INK_BAD},
	[REPORT_UNKNOWN] = {"?", "?", REPORT_INK_DOUBT},
	[REPORT_SKIPPED] = {"–", "skip", REPORT_INK_DIM},
};

static const struct mark level_marks[] = {
	[REPORT_NOTICE] = {"·", "note", REPORT_INK_DIM},
	[REPORT_WARNING] = {"!", "warn", REPORT_INK_DOUBT},
	[REPORT_FAILURE] = {"✗", "FAIL", REPORT_INK_BAD},
};

static unsigned mark_width(const struct report_page *page)
{
	return page->style->unicode ? 2 : 5;
}

static void add_mark(struct report_page *page, const struct mark *mark)
{
	report_page_pad(
		page, mark->ink, page->style->unicode ? mark->unicode : mark->ascii, mark_width(page));
}

static void add_heading(struct report_page *page, const char *title)
{
	base_buffer_add_text(page->out, "\n");
	report_page_add(page, REPORT_INK_BOLD, title);
	base_buffer_add_text(page->out, "\n");
}

/* "  label     words that are wrapped". Nothing when there are no words. */
static void add_labelled(
	struct report_page *page, unsigned indent, unsigned width, const char *label, const char *words)
{
	if (!words || !*words) {
		return;
	}
	report_page_space(page, indent);
	report_page_pad(page, REPORT_INK_DIM, label, width);
	unsigned used = report_page_width(page, label) + 1;
	report_page_wrap(page, REPORT_INK_NONE, words, indent + (used > width ? used : width));
}

/* By exit status. */
static const struct {
	const char *shout;
	enum report_state state;
} verdicts[] = {
	[LANE_EXIT_HOLDS] = {"HOLDS", REPORT_HELD},
	[LANE_EXIT_BROKEN] = {"BROKEN", REPORT_BROKEN},
	[LANE_EXIT_UNKNOWN] = {"UNKNOWN", REPORT_UNKNOWN},
};

/* What a person reads when they read one line more: the worst finding of what does not hold. */
static void add_headline(struct report_page *page, const cJSON *document, unsigned column)
{
	size_t count;
	BASE_FREE const cJSON **findings = report_findings_sorted(document, &count);
	bool holds = report_exit_status(document, false) == LANE_EXIT_HOLDS;
	if (holds || count == 0 || report_level_of(findings[0]) == REPORT_NOTICE) {
		return;
	}
	BASE_FREE char *words = base_format("%s: %s", base_json_string(findings[0], "title", ""),
		base_json_string(findings[0], "message", ""));
	report_page_space(page, column);
	report_page_wrap(page, REPORT_INK_NONE, words, column);
}

static void add_verdict(struct report_page *page, const cJSON *document)
{
	enum { SHOUT_WIDTH = 9, MARK_WIDTH = 2 };
	size_t index = (size_t)report_exit_status(document, false);
	const struct mark *mark = &state_marks[verdicts[index].state];
	unsigned column = SHOUT_WIDTH;
	if (page->style->unicode) {
		report_page_pad(page, mark->ink, mark->unicode, MARK_WIDTH);
		column += MARK_WIDTH;
	}
	report_page_pad(page, mark->ink, verdicts[index].shout, SHOUT_WIDTH);
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_verdict(document, &words);
	report_page_wrap(page, REPORT_INK_BOLD, words.data, column);
	const char *remark = base_json_string(document, "remark", NULL);
	if (remark) {
		report_page_space(page, column);
		report_page_wrap(page, REPORT_INK_DOUBT, remark, column);
	}
	if (page->style->verbosity >= 0) {
		add_headline(page, document, column);
	}
	base_buffer_clear(&words);
	report_words_run(document, &words);
	report_page_space(page, column);
	report_page_wrap(page, REPORT_INK_DIM, words.data, column);
}

static void add_facts(
	struct report_page *page, const cJSON *document, const char *section, const char *title)
{
	struct report_fact facts[REPORT_FACTS_MAX];
	size_t count = report_facts(document, section, facts);
	if (count > 0) {
		add_heading(page, title);
	}
	unsigned width = LABEL_WIDTH;
	for (size_t i = 0; i < count; i++) {
		unsigned label = report_page_width(page, facts[i].label) + 2;
		width = label > width && label <= LABEL_WIDTH_MAX ? label : width;
	}
	for (size_t i = 0; i < count; i++) {
		add_labelled(page, INDENT, width, facts[i].label, facts[i].value.data);
	}
	report_facts_finish(facts, count);
}

/* The widest of the strings under `key`, so that what follows them is aligned. */
static unsigned widest(const struct report_page *page, const cJSON *array, const char *key)
{
	unsigned widest = 0;
	const cJSON *node;
	cJSON_ArrayForEach(node, array)
	{
		unsigned width = report_page_width(page, base_json_string(node, key, ""));
		widest = width > widest ? width : widest;
	}
	/* One very long name must not push everything else to the right. */
	return widest > 28 ? 28 : widest;
}

static void add_ladder(struct report_page *page, const cJSON *document)
{
	const cJSON *ladder = base_json_get(document, "ladder");
	if (cJSON_GetArraySize(ladder) == 0) {
		return;
	}
	add_heading(page, "Ladder");
	unsigned width = widest(page, ladder, "rung") + 2;
	const cJSON *rung;
	cJSON_ArrayForEach(rung, ladder)
	{
		report_page_space(page, INDENT);
		add_mark(page, &state_marks[report_state_of(rung)]);
		report_page_pad(page, REPORT_INK_NONE, base_json_string(rung, "rung", "?"), width);
		report_page_wrap(page, REPORT_INK_NONE, base_json_string(rung, "detail", ""),
			INDENT + mark_width(page) + width);
	}
}

/* Whether a finding says no more of a check than that it is broken or unknown. */
static bool is_finding_of(const cJSON *finding, const cJSON *check)
{
	const char *code = base_json_string(finding, "code", "");
	const char *id = base_json_string(base_json_get(finding, "evidence"), "id", NULL);
	return id && strncmp(code, "EXPECTATION_", strlen("EXPECTATION_")) == 0 &&
		strcmp(id, base_json_string(check, "id", "")) == 0 && report_state_of(check) != REPORT_HELD;
}

/* What to do about a check, which its finding knows. */
static const char *check_remedy(const cJSON *document, const cJSON *check)
{
	const cJSON *finding;
	cJSON_ArrayForEach(finding, base_json_get(document, "findings"))
	{
		if (is_finding_of(finding, check)) {
			return base_json_string(finding, "remedy", NULL);
		}
	}
	return NULL;
}

static void add_check(
	struct report_page *page, const cJSON *document, const cJSON *check, unsigned width)
{
	enum report_state state = report_state_of(check);
	unsigned indent = INDENT + mark_width(page);
	report_page_space(page, INDENT);
	add_mark(page, &state_marks[state]);
	report_page_pad(page, REPORT_INK_NONE, base_json_string(check, "id", "?"), width);
	report_page_wrap(page, REPORT_INK_NONE, base_json_string(check, "title", ""), indent + width);
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_expectation(check, &words);
	if (words.size > 0) {
		report_page_space(page, indent + width);
		report_page_wrap(page, REPORT_INK_DIM, words.data, indent + width);
	}
	if (state == REPORT_HELD || state == REPORT_SKIPPED) {
		return;
	}
	const char *why = base_json_string(check, "why", NULL);
	if (why) {
		report_page_space(page, indent + width);
		report_page_wrap(page, REPORT_INK_NONE, why, indent + width);
	}
	add_labelled(
		page, indent + width, strlen("remedy: "), "remedy:", check_remedy(document, check));
	base_buffer_clear(&words);
	report_words_where(base_json_get(check, "where"), &words);
	if (words.size > 0) {
		report_page_space(page, indent + width);
		report_page_wrap(page, REPORT_INK_DIM, words.data, indent + width);
	}
}

static void add_checks(struct report_page *page, const cJSON *document)
{
	const cJSON *checks = base_json_get(document, "expectations");
	bool all = page->style->verbosity > 0;
	unsigned held = 0;
	bool headed = false;
	unsigned width = widest(page, checks, "id") + 2;
	const cJSON *check;
	cJSON_ArrayForEach(check, checks)
	{
		bool is_held = report_state_of(check) == REPORT_HELD;
		held += is_held;
		if (is_held && !all) {
			continue;
		}
		if (!headed) {
			add_heading(page, "Checks");
			headed = true;
		}
		add_check(page, document, check, width);
	}
	if (headed && held > 0 && !all) {
		report_page_space(page, INDENT);
		add_mark(page, &state_marks[REPORT_HELD]);
		base_buffer_print(page->out, "%u held, not listed\n", held);
	}
}

static void add_workloads(struct report_page *page, const cJSON *document)
{
	const cJSON *workloads = base_json_get(document, "workloads");
	if (cJSON_GetArraySize(workloads) == 0) {
		return;
	}
	add_heading(page, "Workloads");
	report_table_add(page, workloads);
}

/* The cause is told by the first finding of its code. */
static void add_remedy(
	struct report_page *page, const cJSON *finding, bool repeats, unsigned indent)
{
	const struct report_fault *fault =
		repeats ? NULL : report_fault_find(base_json_string(finding, "code", ""));
	if (fault) {
		add_labelled(page, indent, LABEL_WIDTH, "cause", fault->cause);
	}
	add_labelled(page, indent, LABEL_WIDTH, "remedy", base_json_string(finding, "remedy", ""));
	if (fault) {
		BASE_FREE char *command = base_format("$ %s", fault->confirm);
		add_labelled(page, indent, LABEL_WIDTH, "confirm", command);
	}
}

static void add_finding(struct report_page *page, const cJSON *finding, bool repeats)
{
	enum report_level level = report_level_of(finding);
	bool full = level != REPORT_NOTICE || page->style->verbosity > 0;
	unsigned indent = INDENT + mark_width(page);
	report_page_space(page, INDENT);
	add_mark(page, &level_marks[level]);
	report_page_add(page, level == REPORT_NOTICE ? REPORT_INK_NONE : REPORT_INK_BOLD,
		base_json_string(finding, "title", ""));
	report_page_space(page, 2);
	report_page_add(page, REPORT_INK_DIM, base_json_string(finding, "code", ""));
	base_buffer_add_text(page->out, "\n");
	report_page_space(page, indent);
	report_page_wrap(page, REPORT_INK_NONE, base_json_string(finding, "message", ""), indent);
	if (full) {
		add_remedy(page, finding, repeats, indent);
	}
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_where(base_json_get(finding, "where"), &words);
	add_labelled(page, indent, LABEL_WIDTH, "where", words.data);
	if (page->style->verbosity > 0) {
		base_buffer_clear(&words);
		report_words_members(base_json_get(finding, "evidence"), &words);
		add_labelled(page, indent, LABEL_WIDTH, "evidence", words.data);
	}
}

/* Under "Checks" all is said of it already. */
static bool is_told(const cJSON *document, const cJSON *finding)
{
	const cJSON *check;
	cJSON_ArrayForEach(check, base_json_get(document, "expectations"))
	{
		if (is_finding_of(finding, check)) {
			return true;
		}
	}
	return false;
}

static void add_findings(struct report_page *page, const cJSON *document)
{
	size_t count;
	BASE_FREE const cJSON **findings = report_findings_sorted(document, &count);
	bool headed = false;
	for (size_t i = 0; i < count; i++) {
		enum report_level level = report_level_of(findings[i]);
		int verbosity = page->style->verbosity;
		if ((verbosity < 0 && level != REPORT_FAILURE) ||
			(verbosity == 0 && is_told(document, findings[i]))) {
			continue;
		}
		if (!headed) {
			add_heading(page, "Findings");
			headed = true;
		}
		add_finding(page, findings[i], report_finding_repeats(findings, i));
	}
}

static void add_claims(struct report_page *page, const cJSON *list, const char *title)
{
	if (cJSON_GetArraySize(list) == 0) {
		return;
	}
	add_heading(page, title);
	const cJSON *claim;
	cJSON_ArrayForEach(claim, list)
	{
		report_page_space(page, INDENT);
		base_buffer_add_text(page->out, "- ");
		report_page_wrap(
			page, REPORT_INK_NONE, cJSON_IsString(claim) ? claim->valuestring : "", INDENT + 2);
	}
}

void report_text_render(
	const cJSON *document, const struct report_style *style, struct base_buffer *out)
{
	struct report_page page = {.out = out, .style = style};
	add_verdict(&page, document);
	if (style->verbosity < 0) {
		add_findings(&page, document);
		return;
	}
	add_facts(&page, document, "device", "Device");
	add_facts(&page, document, "host", "Host");
	add_facts(&page, document, "lease", "Lease");
	add_facts(&page, document, "soak", "Soak");
	add_ladder(&page, document);
	add_checks(&page, document);
	add_workloads(&page, document);
	add_findings(&page, document);
	const cJSON *claims = base_json_get(document, "claims");
	bool holds = strcmp(base_json_string(document, "verdict", ""), "holds") == 0;
	add_claims(
		&page, base_json_get(claims, "proves"), holds ? "Proves" : "Would prove, if it held");
	add_claims(&page, base_json_get(claims, "does_not_prove"), "Does not prove");
}
