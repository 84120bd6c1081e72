/* SPDX-License-Identifier: Apache-2.0 */
#include "report/markdown.h"

#include "report/document.h"
#include "report/fault.h"
#include "report/sparkline.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Kept free for what must follow: the end of a details block and the line that says what is
 * missing. */
enum { RESERVE = 256 };

/*
 * The page under construction. Once a line does not fit, nothing more is added: what matters most
 * comes first, and half a table is better than a table without its head.
 */
struct page {
	struct base_buffer *out;
	size_t end;
	bool full;
	bool in_details;
	unsigned long left_out;
};

static void add_line(struct page *page, struct base_buffer *line)
{
	size_t size = line->size + 1;
	page->full = page->full || page->out->size + size > page->end;
	if (page->full) {
		page->left_out += line->size > 0;
	} else {
		base_buffer_add(page->out, line->data, line->size);
		base_buffer_add(page->out, "\n", 1);
	}
	base_buffer_clear(line);
}

static void add_text(struct page *page, const char *text)
{
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	base_buffer_add_text(&line, text);
	add_line(page, &line);
}

static void begin_details(struct page *page, const char *summary, unsigned long count)
{
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	base_buffer_print(&line, "\n<details><summary>%lu %s</summary>\n", count, summary);
	add_line(page, &line);
	page->in_details = !page->full;
}

static void end_details(struct page *page)
{
	if (page->in_details) {
		base_buffer_add_text(page->out, "\n</details>\n");
		page->in_details = false;
	}
}

static const char *state_mark(const cJSON *node)
{
	static const char *const marks[] = {"✅", "❌", "❔", "➖"};
	return marks[report_state_of(node)];
}

static const char *level_mark(const cJSON *finding)
{
	static const char *const marks[] = {"ℹ️", "⚠️", "❌"};
	return marks[report_level_of(finding)];
}

static void add_verdict(struct page *page, const cJSON *document)
{
	static const char *const marks[] = {"✅", "❌", "❔"};
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	base_buffer_print(&line, "### %s ", marks[report_exit_status(document, false)]);
	report_markdown_text(&line, base_json_string(document, "tool", "?"));
	base_buffer_print(&line, ": %s", base_json_string(document, "verdict", "unknown"));
	add_line(page, &line);
	add_text(page, "");
	report_words_verdict(document, &words);
	base_buffer_add_text(&line, "**");
	report_markdown_text(&line, words.data);
	base_buffer_add_text(&line, "**");
	const char *remark = base_json_string(document, "remark", NULL);
	if (remark) {
		base_buffer_add_text(&line, "<br>");
		report_markdown_text(&line, remark);
	}
	base_buffer_add_text(&line, "<br><sub>");
	base_buffer_clear(&words);
	report_words_run(document, &words);
	report_markdown_text(&line, words.data);
	base_buffer_add_text(&line, "</sub>");
	add_line(page, &line);
}

static void add_bullet(struct page *page, const char *label, const char *words, bool code)
{
	if (!words || !*words) {
		return;
	}
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	base_buffer_print(&line, "- **%s:** ", label);
	if (code) {
		report_markdown_code(&line, words, false);
	} else {
		report_markdown_text(&line, words);
	}
	add_line(page, &line);
}

/* The cause is told by the first finding of its code. */
static void add_finding(struct page *page, const cJSON *finding, bool repeats)
{
	const char *code = base_json_string(finding, "code", "");
	const struct report_fault *fault = repeats ? NULL : report_fault_find(code);
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	base_buffer_print(&line, "\n#### %s ", level_mark(finding));
	report_markdown_text(&line, base_json_string(finding, "title", ""));
	base_buffer_add_text(&line, " ");
	report_markdown_code(&line, code, false);
	base_buffer_add_text(&line, "\n");
	add_line(page, &line);
	report_markdown_text(&line, base_json_string(finding, "message", ""));
	base_buffer_add_text(&line, "\n");
	add_line(page, &line);
	add_bullet(page, "Cause", fault ? fault->cause : NULL, false);
	add_bullet(page, "Remedy", base_json_string(finding, "remedy", ""), false);
	add_bullet(page, "Confirm", fault ? fault->confirm : NULL, true);
	report_words_where(base_json_get(finding, "where"), &words);
	add_bullet(page, "Where", words.data, true);
	base_buffer_clear(&words);
	report_words_members(base_json_get(finding, "evidence"), &words);
	add_bullet(page, "Evidence", words.data, true);
}

static void add_findings(struct page *page, const cJSON *document)
{
	size_t count;
	BASE_FREE const cJSON **findings = report_findings_sorted(document, &count);
	size_t notices = report_level_count(document, REPORT_NOTICE);
	for (size_t i = 0; i < count - notices; i++) {
		add_finding(page, findings[i], report_finding_repeats(findings, i));
	}
	if (notices == 0) {
		return;
	}
	begin_details(page, notices == 1 ? "notice" : "notices", notices);
	for (size_t i = count - notices; i < count; i++) {
		add_finding(page, findings[i], report_finding_repeats(findings, i));
	}
	end_details(page);
}

static void add_facts(
	struct page *page, const cJSON *document, const char *section, const char *title)
{
	struct report_fact facts[REPORT_FACTS_MAX];
	size_t count = report_facts(document, section, facts);
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	if (count > 0) {
		base_buffer_print(&line, "\n| %s | |\n|---|---|", title);
		add_line(page, &line);
	}
	for (size_t i = 0; i < count; i++) {
		base_buffer_add_text(&line, "| ");
		report_markdown_text(&line, facts[i].label);
		base_buffer_add_text(&line, " | ");
		report_markdown_text(&line, facts[i].value.data ? facts[i].value.data : "");
		base_buffer_add_text(&line, " |");
		add_line(page, &line);
	}
	report_facts_finish(facts, count);
}

/* The samples in their order, a few of them to a bar. */
static void add_samples(struct base_buffer *out, const cJSON *workload)
{
	enum { BARS = 16 };
	double sums[BARS] = {0};
	size_t counts[BARS] = {0}, bars = 0, index = 0;
	const cJSON *samples = base_json_get(workload, "samples"), *sample;
	size_t count = (size_t)cJSON_GetArraySize(samples);
	cJSON_ArrayForEach(sample, samples)
	{
		size_t bar = count < BARS ? index : index * BARS / count;
		sums[bar] += sample->valuedouble;
		counts[bar]++;
		bars = bar + 1;
		index++;
	}
	for (size_t i = 0; i < bars; i++) {
		sums[i] /= (double)counts[i];
	}
	report_sparkline(sums, bars, out);
}

static void add_workloads(struct page *page, const cJSON *document)
{
	const cJSON *workloads = base_json_get(document, "workloads");
	if (cJSON_GetArraySize(workloads) == 0) {
		return;
	}
	const struct report_column *columns[REPORT_COLUMNS_MAX];
	size_t count = report_workload_columns(workloads, columns);
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	base_buffer_add_text(&line, "\n|");
	for (size_t i = 0; i < count; i++) {
		base_buffer_print(&line, " %s |", columns[i]->title);
	}
	base_buffer_add_text(&line, " samples |\n|");
	for (size_t i = 0; i < count; i++) {
		base_buffer_add_text(&line, columns[i]->right ? "---:|" : "---|");
	}
	base_buffer_add_text(&line, "---|");
	add_line(page, &line);
	const cJSON *workload;
	cJSON_ArrayForEach(workload, workloads)
	{
		base_buffer_add_text(&line, "|");
		for (size_t i = 0; i < count; i++) {
			BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
			columns[i]->cell(workload, &words);
			base_buffer_add_text(&line, " ");
			report_markdown_text(&line, words.data ? words.data : "");
			base_buffer_add_text(&line, i + 1 == count ? "" : " |");
		}
		bool verified = base_json_bool(workload, "verified", false);
		base_buffer_add_text(&line, verified ? " ✅" : " ❌ ");
		BASE_BUFFER_AUTO wrong = BASE_BUFFER_INIT;
		report_words_wrong(workload, &wrong);
		report_markdown_text(&line, wrong.data ? wrong.data : "");
		base_buffer_add_text(&line, " | ");
		if (verified) {
			add_samples(&line, workload);
		}
		base_buffer_add_text(&line, " |");
		add_line(page, &line);
	}
}

static void add_ladder(struct page *page, const cJSON *document)
{
	const cJSON *ladder = base_json_get(document, "ladder");
	if (cJSON_GetArraySize(ladder) == 0) {
		return;
	}
	add_text(page, "\n| | Ladder | |\n|---|---|---|");
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	const cJSON *rung;
	cJSON_ArrayForEach(rung, ladder)
	{
		base_buffer_print(&line, "| %s | ", state_mark(rung));
		report_markdown_text(&line, base_json_string(rung, "rung", ""));
		base_buffer_add_text(&line, " | ");
		report_markdown_text(&line, base_json_string(rung, "detail", ""));
		base_buffer_add_text(&line, " |");
		add_line(page, &line);
	}
}

static void add_check(struct page *page, const cJSON *check)
{
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	base_buffer_print(&line, "| %s | ", state_mark(check));
	report_markdown_code(&line, base_json_string(check, "id", ""), true);
	base_buffer_add_text(&line, " | ");
	report_markdown_text(&line, base_json_string(check, "title", ""));
	base_buffer_add_text(&line, " | ");
	report_words_expectation(check, &words);
	report_markdown_text(&line, words.data ? words.data : "");
	base_buffer_add_text(&line, " |");
	add_line(page, &line);
}

static bool is_held(const cJSON *check)
{
	return report_state_of(check) == REPORT_HELD;
}

/* The checks that are held, or those that are not. */
static void add_checks(struct page *page, const cJSON *document, bool held)
{
	const cJSON *checks = base_json_get(document, "expectations");
	unsigned long count = 0;
	const cJSON *check;
	cJSON_ArrayForEach(check, checks)
	{
		count += is_held(check) == held;
	}
	if (count == 0) {
		return;
	}
	if (held) {
		begin_details(page, count == 1 ? "check held" : "checks held", count);
	}
	add_text(page, "\n| | Check | | |\n|---|---|---|---|");
	cJSON_ArrayForEach(check, checks)
	{
		if (is_held(check) == held) {
			add_check(page, check);
		}
	}
	end_details(page);
}

static void add_claims(struct page *page, const cJSON *list, const char *title)
{
	if (cJSON_GetArraySize(list) == 0) {
		return;
	}
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	base_buffer_print(&line, "\n**%s**\n", title);
	add_line(page, &line);
	const cJSON *claim;
	cJSON_ArrayForEach(claim, list)
	{
		base_buffer_add_text(&line, "- ");
		report_markdown_text(&line, cJSON_IsString(claim) ? claim->valuestring : "");
		add_line(page, &line);
	}
}

void report_markdown_render(const cJSON *document, size_t size_max, struct base_buffer *out)
{
	struct page page = {.out = out, .end = out->size + size_max - RESERVE};
	add_verdict(&page, document);
	add_findings(&page, document);
	add_checks(&page, document, false);
	add_workloads(&page, document);
	add_facts(&page, document, "device", "Device");
	add_facts(&page, document, "lease", "Lease");
	add_facts(&page, document, "soak", "Soak");
	add_facts(&page, document, "host", "Host");
	add_ladder(&page, document);
	const cJSON *claims = base_json_get(document, "claims");
	bool holds = report_exit_status(document, false) == 0;
	add_claims(
		&page, base_json_get(claims, "proves"), holds ? "Proves" : "Would prove, if it held");
	add_claims(&page, base_json_get(claims, "does_not_prove"), "Does not prove");
	add_checks(&page, document, true);
	if (page.left_out > 0) {
		base_buffer_print(out, "\n*%lu more lines left out to keep this under %zu bytes.*\n",
			page.left_out, size_max);
	}
}
