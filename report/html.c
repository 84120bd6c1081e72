/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html.h"

#include "report/fault.h"
#include "report/markup.h"

#include "base/base64.h"
#include "base/digest.h"
#include "base/exit.h"
#include "base/memory.h"

#include <stdint.h>
#include <string.h>

/*
 * One page that stands on its own: no script, nothing loaded from anywhere. Its policy lets a
 * browser apply the one style sheet, known by its hash, and nothing else, whatever a hostile name
 * might get into the page.
 */

static void add_element(
	struct base_buffer *out, const char *tag, const char *class, const char *text)
{
	if (!text || !*text) {
		return;
	}
	base_buffer_print(out, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
	report_markup_text(out, text);
	base_buffer_print(out, "</%s>\n", tag);
}

static void add_mark(struct base_buffer *out, const char *name, const char *mark)
{
	base_buffer_print(
		out, "<span class=\"mark %s\" role=\"img\" aria-label=\"%s\">%s</span>", name, name, mark);
}

static void add_state_mark(struct base_buffer *out, enum report_state state)
{
	static const char *const marks[] = {"✓", "✗", "?", "–"};
	add_mark(out, report_state_name(state), marks[state]);
}

static void add_level_mark(struct base_buffer *out, enum report_level level)
{
	static const char *const marks[] = {"i", "!", "✗"};
	add_mark(out, report_level_name(level), marks[level]);
}

static void add_policy(struct base_buffer *out)
{
	uint8_t digest[BASE_SHA256_SIZE];
	base_sha256(report_html_style, strlen(report_html_style), digest);
	base_buffer_add_text(out,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"base-uri 'none'; form-action 'none'; style-src 'sha256-");
	base_base64_encode(digest, sizeof(digest), out);
	base_buffer_add_text(out, "'\">\n");
}

static void add_head(struct base_buffer *out, const cJSON *document)
{
	base_buffer_add_text(
		out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	add_policy(out);
	base_buffer_add_text(out,
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n");
	BASE_FREE char *title = base_format("%s: %s", base_json_string(document, "tool", "?"),
		base_json_string(document, "verdict", "unknown"));
	add_element(out, "title", NULL, title);
	base_buffer_print(out, "<style>%s</style>\n</head>\n<body>\n<main>\n", report_html_style);
}

static void add_verdict(struct base_buffer *out, const cJSON *document)
{
	const char *verdict = base_json_string(document, "verdict", "unknown");
	int status = report_exit_status(document, false);
	base_buffer_print(out, "<header class=\"verdict %s\">\n",
		status == LANE_EXIT_HOLDS        ? "holds"
			: status == LANE_EXIT_BROKEN ? "broken"
										 : "unknown");
	BASE_FREE char *title = base_format("%s: %s", base_json_string(document, "tool", "?"), verdict);
	add_element(out, "h1", NULL, title);
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_verdict(document, &words);
	add_element(out, "p", "words", words.data);
	add_element(out, "p", "remark", base_json_string(document, "remark", NULL));
	size_t count;
	BASE_FREE const cJSON **findings = report_findings_sorted(document, &count);
	if (status != LANE_EXIT_HOLDS && count > 0 && report_level_of(findings[0]) != REPORT_NOTICE) {
		BASE_FREE char *worst = base_format("%s: %s", base_json_string(findings[0], "title", ""),
			base_json_string(findings[0], "message", ""));
		add_element(out, "p", NULL, worst);
	}
	base_buffer_clear(&words);
	report_words_run(document, &words);
	add_element(out, "p", "soft", words.data);
	base_buffer_add_text(out, "</header>\n");
}

static void add_ladder(struct base_buffer *out, const cJSON *document)
{
	const cJSON *ladder = base_json_get(document, "ladder");
	if (cJSON_GetArraySize(ladder) == 0) {
		return;
	}
	base_buffer_add_text(out,
		"<h2>GPU stack, from the hardware up</h2>\n"
		"<div class=\"card scroll\"><table class=\"ladder\">\n");
	const cJSON *rung;
	cJSON_ArrayForEach(rung, ladder)
	{
		base_buffer_add_text(out, "<tr><td>");
		add_state_mark(out, report_state_of(rung));
		base_buffer_add_text(out, "</td><td>");
		report_markup_text(out, base_json_string(rung, "rung", "?"));
		base_buffer_add_text(out, "</td><td>");
		report_markup_text(out, base_json_string(rung, "detail", ""));
		base_buffer_add_text(out, "</td></tr>\n");
	}
	base_buffer_add_text(out, "</table></div>\n");
}

static void add_pair(struct base_buffer *out, const char *label, const char *words, bool code)
{
	if (words && *words) {
		add_element(out, "dt", NULL, label);
		base_buffer_add_text(out, code ? "<dd><code>" : "<dd>");
		report_markup_text(out, words);
		base_buffer_add_text(out, code ? "</code></dd>\n" : "</dd>\n");
	}
}

/* The cause is told by the first finding of its code. */
static void add_finding(struct base_buffer *out, const cJSON *finding, bool repeats)
{
	const char *code = base_json_string(finding, "code", "");
	const struct report_fault *fault = repeats ? NULL : report_fault_find(code);
	enum report_level level = report_level_of(finding);
	base_buffer_print(out, "<section class=\"card finding %s\">\n<h3>", report_level_name(level));
	add_level_mark(out, level);
	report_markup_text(out, base_json_string(finding, "title", ""));
	add_element(out, "code", NULL, code);
	base_buffer_add_text(out, "</h3>\n");
	add_element(out, "p", NULL, base_json_string(finding, "message", ""));
	base_buffer_add_text(out, "<dl>\n");
	add_pair(out, "cause", fault ? fault->cause : NULL, false);
	add_pair(out, "remedy", base_json_string(finding, "remedy", ""), false);
	add_pair(out, "confirm", fault ? fault->confirm : NULL, true);
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_where(base_json_get(finding, "where"), &words);
	add_pair(out, "where", words.data, true);
	base_buffer_clear(&words);
	report_words_members(base_json_get(finding, "evidence"), &words);
	add_pair(out, "evidence", words.data, false);
	base_buffer_add_text(out, "</dl>\n</section>\n");
}

static void add_findings(struct base_buffer *out, const cJSON *document)
{
	size_t count;
	BASE_FREE const cJSON **findings = report_findings_sorted(document, &count);
	size_t loud = count - report_level_count(document, REPORT_NOTICE);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 && loud > 0) {
			base_buffer_add_text(out, "<h2>Findings</h2>\n");
		}
		if (i == loud) {
			base_buffer_print(out, "<details><summary>%zu %s</summary>\n", count - loud,
				count - loud == 1 ? "notice" : "notices");
		}
		add_finding(out, findings[i], report_finding_repeats(findings, i));
	}
	base_buffer_add_text(out, count > loud ? "</details>\n" : "");
}

static void add_check(struct base_buffer *out, const cJSON *check)
{
	enum report_state state = report_state_of(check);
	base_buffer_add_text(out, "<tr><td>");
	add_state_mark(out, state);
	base_buffer_add_text(out, "</td><td>");
	add_element(out, "code", NULL, base_json_string(check, "id", "?"));
	base_buffer_add_text(out, "</td><td>");
	report_markup_text(out, base_json_string(check, "title", ""));
	if (state == REPORT_BROKEN || state == REPORT_UNKNOWN) {
		add_element(out, "div", "soft", base_json_string(check, "why", NULL));
	}
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_expectation(check, &words);
	base_buffer_add_text(out, "</td><td>");
	report_markup_text(out, words.data ? words.data : "");
	base_buffer_clear(&words);
	report_words_where(base_json_get(check, "where"), &words);
	add_element(out, "div", "soft", words.data);
	base_buffer_add_text(out, "</td></tr>\n");
}

/* The checks that are held, or those that are not. */
static void add_checks(struct base_buffer *out, const cJSON *document, bool held)
{
	BASE_BUFFER_AUTO rows = BASE_BUFFER_INIT;
	unsigned count = 0;
	const cJSON *check;
	cJSON_ArrayForEach(check, base_json_get(document, "expectations"))
	{
		if ((report_state_of(check) == REPORT_HELD) == held) {
			add_check(&rows, check);
			count++;
		}
	}
	if (count == 0) {
		return;
	}
	if (held) {
		base_buffer_print(out, "<details><summary>%u %s held</summary>\n", count,
			count == 1 ? "check" : "checks");
	} else {
		base_buffer_add_text(out, "<h2>Checks that do not hold</h2>\n");
	}
	base_buffer_add_text(out, "<div class=\"card scroll\"><table>\n");
	base_buffer_add(out, rows.data, rows.size);
	base_buffer_print(out, "</table></div>\n%s", held ? "</details>\n" : "");
}

static void add_row(struct base_buffer *out, const cJSON *workload,
	const struct report_column *const *columns, size_t count)
{
	bool verified = base_json_bool(workload, "verified", false);
	base_buffer_add_text(out, "<tr>");
	for (size_t i = 0; i < count; i++) {
		BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
		columns[i]->cell(workload, &words);
		base_buffer_add_text(out, columns[i]->right ? "<td class=\"right\">" : "<td>");
		if (i + 1 == count) {
			add_state_mark(out, verified ? REPORT_HELD : REPORT_BROKEN);
		}
		report_markup_text(out, words.data ? words.data : "");
		base_buffer_add_text(out, "</td>");
	}
	base_buffer_add_text(out, "</tr>\n");
}

static void add_table(struct base_buffer *out, const cJSON *workloads)
{
	const struct report_column *columns[REPORT_COLUMNS_MAX];
	size_t count = report_workload_columns(workloads, columns);
	base_buffer_add_text(out, "<div class=\"card scroll\"><table class=\"figures\">\n<tr>");
	for (size_t i = 0; i < count; i++) {
		base_buffer_print(out, "<th scope=\"col\"%s>%s</th>",
			columns[i]->right ? " class=\"right\"" : "", columns[i]->title);
	}
	base_buffer_add_text(out, "</tr>\n");
	const cJSON *workload;
	cJSON_ArrayForEach(workload, workloads)
	{
		add_row(out, workload, columns, count);
	}
	base_buffer_add_text(out, "</table></div>\n");
}

/* One workload: what it is, what is wrong with it, its samples and what they depend on. */
static void add_workload(struct base_buffer *out, const cJSON *workload)
{
	bool verified = base_json_bool(workload, "verified", false);
	base_buffer_add_text(out, "<section class=\"card\">\n<h3>");
	add_state_mark(out, verified ? REPORT_HELD : REPORT_BROKEN);
	report_markup_text(out, base_json_string(workload, "name", "?"));
	add_element(out, "span", "soft", base_json_string(workload, "title", ""));
	base_buffer_add_text(out, "</h3>\n");
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_wrong(workload, &words);
	add_element(out, "p", NULL, words.data);
	report_html_samples(workload, out);
	base_buffer_clear(&words);
	report_words_members(base_json_get(workload, "params"), &words);
	base_buffer_print(&words, "%sstopped by: %s; clock: %s", words.size > 0 ? "; " : "",
		base_json_string(workload, "stop_rule", "?"), base_json_string(workload, "timer", "?"));
	add_element(out, "p", "soft", words.data);
	base_buffer_add_text(out, "</section>\n");
}

static void add_chart(struct base_buffer *out, const cJSON *workloads, const char *title,
	void (*draw)(const cJSON *workloads, struct base_buffer *out))
{
	BASE_BUFFER_AUTO drawing = BASE_BUFFER_INIT;
	draw(workloads, &drawing);
	if (drawing.size > 0) {
		base_buffer_add_text(out, "<section class=\"card\">\n");
		add_element(out, "h3", NULL, title);
		base_buffer_add(out, drawing.data, drawing.size);
		base_buffer_add_text(out, "</section>\n");
	}
}

static void add_workloads(struct base_buffer *out, const cJSON *document)
{
	const cJSON *workloads = base_json_get(document, "workloads");
	if (cJSON_GetArraySize(workloads) == 0) {
		return;
	}
	base_buffer_add_text(out, "<h2>Workloads</h2>\n");
	add_table(out, workloads);
	add_chart(out, workloads, "Spread around the median", report_html_overview);
	add_chart(out, workloads, "Against the CPU", report_html_speedups);
	base_buffer_add_text(out, "<h2>Samples</h2>\n");
	const cJSON *workload;
	cJSON_ArrayForEach(workload, workloads)
	{
		add_workload(out, workload);
	}
}

static void add_facts(
	struct base_buffer *out, const cJSON *document, const char *section, const char *title)
{
	struct report_fact facts[REPORT_FACTS_MAX];
	size_t count = report_facts(document, section, facts);
	if (count > 0) {
		base_buffer_add_text(out, "<section class=\"card\">\n");
		add_element(out, "h3", NULL, title);
		base_buffer_add_text(out, "<dl>\n");
		for (size_t i = 0; i < count; i++) {
			add_pair(out, facts[i].label, facts[i].value.data, false);
		}
		base_buffer_add_text(out, "</dl>\n</section>\n");
	}
	report_facts_finish(facts, count);
}

static void add_claims(struct base_buffer *out, const cJSON *list, const char *title)
{
	if (cJSON_GetArraySize(list) == 0) {
		return;
	}
	base_buffer_add_text(out, "<section class=\"card\">\n");
	add_element(out, "h3", NULL, title);
	base_buffer_add_text(out, "<ul class=\"claims\">\n");
	const cJSON *claim;
	cJSON_ArrayForEach(claim, list)
	{
		add_element(out, "li", NULL, cJSON_IsString(claim) ? claim->valuestring : "");
	}
	base_buffer_add_text(out, "</ul>\n</section>\n");
}

static void add_article(struct base_buffer *out, const cJSON *document)
{
	base_buffer_add_text(out, "<article>\n");
	add_verdict(out, document);
	add_ladder(out, document);
	add_findings(out, document);
	add_checks(out, document, false);
	add_workloads(out, document);
	base_buffer_add_text(out, "<h2>Measured on</h2>\n<div class=\"grid\">\n");
	add_facts(out, document, "device", "Device");
	add_facts(out, document, "lease", "Lease");
	add_facts(out, document, "soak", "Soak");
	add_facts(out, document, "host", "Host");
	base_buffer_add_text(out, "</div>\n<h2>What this says</h2>\n<div class=\"grid\">\n");
	const cJSON *claims = base_json_get(document, "claims");
	bool holds = report_exit_status(document, false) == LANE_EXIT_HOLDS;
	add_claims(out, base_json_get(claims, "proves"), holds ? "Proves" : "Would prove, if it held");
	add_claims(out, base_json_get(claims, "does_not_prove"), "Does not prove");
	base_buffer_add_text(out, "</div>\n");
	add_checks(out, document, true);
	base_buffer_add_text(out, "</article>\n");
}

void report_html_render(const cJSON *const *documents, size_t count, struct base_buffer *out)
{
	add_head(out, documents[0]);
	for (size_t i = 0; i < count; i++) {
		add_article(out, documents[i]);
	}
	base_buffer_add_text(out, "</main>\n</body>\n</html>\n");
}
