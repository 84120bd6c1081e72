/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"
#include "report/fault.h"
#include "report/markup.h"
#include "report/plain.h"

#include "base/exit.h"
#include "base/memory.h"

#include <string.h>

/*
 * JUnit XML in the shape of Jenkins' schema, which the other readers take too. Continuous
 * integration trusts it alone, so a suite has a failure or an error exactly when its report does
 * not hold: unknown is an error, and what broke the verdict without a check is a test case of its
 * own. A skipped check is skipped, never passed.
 */

/* A test suite under construction; the counts go before the test cases. */
struct suite {
	const cJSON *document;
	struct base_buffer cases;
	unsigned tests, failures, errors, skipped;
};

enum outcome { PASSED, FAILED, ERRORED, SKIPPED };

static const char *tool_of(const cJSON *document)
{
	return base_json_string(document, "tool", "?");
}

static void open_case(struct suite *suite, const char *kind, const char *name)
{
	BASE_FREE char *class_name = base_format("%s.%s", tool_of(suite->document), kind);
	base_buffer_add_text(&suite->cases, "    <testcase");
	report_markup_attribute(&suite->cases, "classname", class_name);
	report_markup_attribute(&suite->cases, "name", name);
	/* Nobody measured how long one check took. */
	base_buffer_add_text(&suite->cases, " time=\"0\"");
	suite->tests++;
}

static void add_line(struct base_buffer *out, const char *label, const char *words)
{
	if (words && *words) {
		base_buffer_add_text(out, label);
		report_markup_text(out, words);
		base_buffer_add_text(out, "\n");
	}
}

static void add_finding_lines(struct base_buffer *out, const cJSON *finding)
{
	const struct report_fault *fault = report_fault_find(base_json_string(finding, "code", ""));
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	add_line(out, "", base_json_string(finding, "message", ""));
	add_line(out, "cause: ", fault ? fault->cause : NULL);
	add_line(out, "remedy: ", base_json_string(finding, "remedy", ""));
	add_line(out, "confirm: ", fault ? fault->confirm : NULL);
	report_words_where(base_json_get(finding, "where"), &words);
	add_line(out, "where: ", words.data);
}

/* Ends a case with its outcome: `type` is a code, `lines` markup or NULL. */
static void close_case(struct suite *suite, enum outcome outcome, const char *type,
	const char *message, const struct base_buffer *lines)
{
	static const char *const elements[] = {NULL, "failure", "error", "skipped"};
	suite->failures += outcome == FAILED;
	suite->errors += outcome == ERRORED;
	suite->skipped += outcome == SKIPPED;
	if (outcome == PASSED) {
		base_buffer_add_text(&suite->cases, "/>\n");
		return;
	}
	base_buffer_print(&suite->cases, ">\n      <%s", elements[outcome]);
	if (outcome == SKIPPED) {
		/* The schema gives it no attribute. */
		base_buffer_add_text(&suite->cases, ">");
		report_markup_text(&suite->cases, message);
	} else {
		report_markup_attribute(&suite->cases, "message", message);
		report_markup_attribute(&suite->cases, "type", type);
		base_buffer_add_text(&suite->cases, ">");
		base_buffer_add(&suite->cases, lines->data, lines->size);
	}
	base_buffer_print(&suite->cases, "</%s>\n    </testcase>\n", elements[outcome]);
}

/* What became of a check in words: the type is the code of its first finding. */
static void add_check(struct suite *suite, const cJSON *check)
{
	static const enum outcome outcomes[] = {PASSED, FAILED, ERRORED, SKIPPED};
	enum report_state state = report_state_of(check);
	BASE_BUFFER_AUTO lines = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_expectation(check, &words);
	BASE_FREE char *message = base_format("%s%s%s", base_json_string(check, "title", ""),
		words.size > 0 ? ": " : "", words.data ? words.data : "");
	add_line(&lines, "why: ", base_json_string(check, "why", NULL));
	const char *type = state == REPORT_BROKEN ? "EXPECTATION_BROKEN" : "EXPECTATION_UNKNOWN";
	bool typed = false;
	const cJSON *finding;
	cJSON_ArrayForEach(finding, base_json_get(suite->document, "findings"))
	{
		if (report_finding_is_about(finding, check)) {
			type = typed ? type : base_json_string(finding, "code", type);
			typed = true;
			add_finding_lines(&lines, finding);
		}
	}
	open_case(suite, "check", base_json_string(check, "id", "?"));
	close_case(suite, outcomes[state], type, message, &lines);
}

/* Whether a check that does not hold tells of this finding already. */
static bool is_told(const cJSON *document, const cJSON *finding)
{
	const cJSON *check;
	cJSON_ArrayForEach(check, base_json_get(document, "expectations"))
	{
		enum report_state state = report_state_of(check);
		if ((state == REPORT_BROKEN || state == REPORT_UNKNOWN) &&
			report_finding_is_about(finding, check)) {
			return true;
		}
	}
	return false;
}

static void add_findings(struct suite *suite)
{
	const cJSON *finding;
	cJSON_ArrayForEach(finding, base_json_get(suite->document, "findings"))
	{
		if (report_level_of(finding) != REPORT_FAILURE || is_told(suite->document, finding)) {
			continue;
		}
		const char *code = base_json_string(finding, "code", "?");
		BASE_BUFFER_AUTO lines = BASE_BUFFER_INIT;
		add_finding_lines(&lines, finding);
		open_case(suite, "finding", code);
		close_case(suite, FAILED, code, base_json_string(finding, "title", ""), &lines);
	}
}

/* A workload that no check stands for. */
static void add_workload(struct suite *suite, const cJSON *workload)
{
	const char *name = base_json_string(workload, "name", "?");
	BASE_FREE char *id = base_format("workload.%s", name);
	const cJSON *check;
	cJSON_ArrayForEach(check, base_json_get(suite->document, "expectations"))
	{
		if (strcmp(base_json_string(check, "id", ""), id) == 0) {
			return;
		}
	}
	bool verified = base_json_bool(workload, "verified", false);
	BASE_BUFFER_AUTO lines = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_wrong(workload, &words);
	add_line(&lines, "", words.data);
	open_case(suite, "workload", name);
	close_case(suite, verified ? PASSED : FAILED, "WRONG_RESULT",
		base_json_string(workload, "title", ""), &lines);
}

static void add_cases(struct suite *suite)
{
	const cJSON *node;
	cJSON_ArrayForEach(node, base_json_get(suite->document, "expectations"))
	{
		add_check(suite, node);
	}
	cJSON_ArrayForEach(node, base_json_get(suite->document, "workloads"))
	{
		add_workload(suite, node);
	}
	add_findings(suite);
	bool holds = report_exit_status(suite->document, false) == LANE_EXIT_HOLDS;
	if (!holds && suite->failures + suite->errors == 0) {
		BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
		const struct base_buffer none = BASE_BUFFER_INIT;
		report_words_verdict(suite->document, &words);
		open_case(suite, "check", "verdict");
		close_case(suite, ERRORED, "EXPECTATION_UNKNOWN", words.data, &none);
	}
}

static void add_property(struct base_buffer *out, const char *name, const char *value)
{
	if (value && *value) {
		base_buffer_add_text(out, "      <property");
		report_markup_attribute(out, "name", name);
		report_markup_attribute(out, "value", value);
		base_buffer_add_text(out, "/>\n");
	}
}

static void add_properties(struct base_buffer *out, const cJSON *document)
{
	base_buffer_add_text(out, "    <properties>\n");
	static const char *const keys[] = {"verdict", "remark", "version", "started", "replayed"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		add_property(out, keys[i], base_json_string(document, keys[i], NULL));
	}
	static const char *const sections[] = {"device", "lease"};
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		struct report_fact facts[REPORT_FACTS_MAX];
		size_t count = report_facts(document, sections[i], facts);
		for (size_t j = 0; j < count; j++) {
			BASE_FREE char *name = base_format("%s.%s", sections[i], facts[j].label);
			add_property(out, name, facts[j].value.data);
		}
		report_facts_finish(facts, count);
	}
	static const char *const claims[] = {"proves", "does_not_prove"};
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		const cJSON *claim;
		cJSON_ArrayForEach(claim, base_json_get(base_json_get(document, "claims"), claims[i]))
		{
			add_property(out, claims[i], cJSON_IsString(claim) ? claim->valuestring : NULL);
		}
	}
	base_buffer_add_text(out, "    </properties>\n");
}

/* The schemas want a time without a zone: ours is always UTC. */
static void add_timestamp(struct base_buffer *out, const cJSON *document)
{
	BASE_FREE char *started = base_strdup(base_json_string(document, "started", ""));
	started[strcspn(started, "Z.+")] = '\0';
	report_markup_attribute(out, "timestamp", started);
}

static void add_hostname(struct base_buffer *out, const cJSON *document)
{
	const cJSON *host = base_json_get(document, "host");
	report_markup_attribute(out, "hostname", base_json_string(host, "hostname", "localhost"));
}

static void add_suite(struct base_buffer *out, const cJSON *document, size_t index)
{
	struct suite suite = {.document = document};
	add_cases(&suite);
	const char *floor = base_json_string(base_json_get(document, "floor"), "name", NULL);
	BASE_FREE char *name =
		base_format("%s%s%s", tool_of(document), floor ? " floor " : "", floor ? floor : "");
	base_buffer_print(out, "  <testsuite id=\"%zu\"", index);
	report_markup_attribute(out, "package", tool_of(document));
	report_markup_attribute(out, "name", name);
	add_timestamp(out, document);
	add_hostname(out, document);
	base_buffer_print(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
		suite.tests, suite.failures, suite.errors, suite.skipped);
	base_buffer_print(
		out, " time=\"%.3f\">\n", base_json_number(document, "duration_ms", 0) / 1000);
	add_properties(out, document);
	base_buffer_add(out, suite.cases.data, suite.cases.size);
	base_buffer_finish(&suite.cases);
	const struct report_style style = {.unicode = true, .columns = 100};
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	report_text_render(document, &style, &text);
	base_buffer_add_text(out, "    <system-out>");
	for (const char *line = text.data; *line;) {
		size_t length = strcspn(line, "\n");
		BASE_FREE char *words = base_strndup(line, length);
		report_markup_text(out, words);
		base_buffer_add_text(out, "\n");
		line += length + 1;
	}
	base_buffer_add_text(out, "</system-out>\n  </testsuite>\n");
}

void report_junit_render(const cJSON *const *documents, size_t count, struct base_buffer *out)
{
	base_buffer_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t i = 0; i < count; i++) {
		add_suite(out, documents[i], i);
	}
	base_buffer_add_text(out, "</testsuites>\n");
}
