/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {"held", "broken", "unknown", "skipped"};
static const char *const level_names[] = {"notice", "warning", "failure"};

const char *report_state_name(enum report_state state)
{
	return state_names[state];
}

const char *report_level_name(enum report_level level)
{
	return level_names[level];
}

/* The index of the string under `key` among the names, or `otherwise`. */
static size_t index_of(
	const cJSON *node, const char *key, const char *const *names, size_t count, size_t otherwise)
{
	const char *text = base_json_string(node, key, "");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, names[i]) == 0) {
			return i;
		}
	}
	return otherwise;
}

enum report_state report_state_of(const cJSON *node)
{
	return (enum report_state)index_of(
		node, "state", state_names, sizeof(state_names) / sizeof(state_names[0]), REPORT_UNKNOWN);
}

enum report_level report_level_of(const cJSON *finding)
{
	return (enum report_level)index_of(finding, "level", level_names,
		sizeof(level_names) / sizeof(level_names[0]), REPORT_FAILURE);
}

unsigned report_level_count(const cJSON *document, enum report_level level)
{
	unsigned count = 0;
	const cJSON *finding;
	cJSON_ArrayForEach(finding, base_json_get(document, "findings"))
	{
		count += report_level_of(finding) == level;
	}
	return count;
}

const cJSON **report_findings_sorted(const cJSON *document, size_t *count)
{
	const cJSON *findings = base_json_get(document, "findings");
	size_t size = (size_t)cJSON_GetArraySize(findings);
	const cJSON **sorted = base_alloc(size, sizeof(*sorted));
	*count = 0;
	for (int level = REPORT_FAILURE; level >= REPORT_NOTICE; level--) {
		const cJSON *finding;
		cJSON_ArrayForEach(finding, findings)
		{
			if ((int)report_level_of(finding) == level) {
				sorted[(*count)++] = finding;
			}
		}
	}
	return sorted;
}

bool report_finding_repeats(const cJSON *const *findings, size_t index)
{
	const char *code = base_json_string(findings[index], "code", "");
	for (size_t i = 0; i < index; i++) {
		if (strcmp(base_json_string(findings[i], "code", ""), code) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_same_place(const cJSON *one, const cJSON *other)
{
	return cJSON_IsObject(one) && cJSON_IsObject(other) &&
		base_json_uint(one, "line", 0) == base_json_uint(other, "line", 0) &&
		strcmp(base_json_string(one, "path", ""), base_json_string(other, "path", "")) == 0;
}

bool report_finding_is_about(const cJSON *finding, const cJSON *check)
{
	static const char prefix[] = "workload.";
	const cJSON *evidence = base_json_get(finding, "evidence");
	const char *id = base_json_string(check, "id", "");
	const char *named = base_json_string(evidence, "id", NULL);
	const char *workload = base_json_string(evidence, "workload", NULL);
	return (named && strcmp(named, id) == 0) ||
		(workload && strncmp(id, prefix, sizeof(prefix) - 1) == 0 &&
			strcmp(id + sizeof(prefix) - 1, workload) == 0) ||
		is_same_place(base_json_get(finding, "where"), base_json_get(check, "where"));
}

static void add_count(struct base_buffer *out, unsigned long long count, const char *what)
{
	if (count > 0) {
		base_buffer_print(out, ", %llu %s", count, what);
	}
}

void report_words_verdict(const cJSON *document, struct base_buffer *out)
{
	const cJSON *floor = base_json_get(document, "floor");
	if (cJSON_IsObject(floor)) {
		base_buffer_print(out, "floor %s: ", base_json_string(floor, "name", "?"));
	}
	const cJSON *checks = base_json_get(document, "checks");
	unsigned long long held = base_json_uint(checks, "held", 0);
	unsigned long long broken = base_json_uint(checks, "broken", 0);
	unsigned long long unknown = base_json_uint(checks, "unknown", 0);
	unsigned long long skipped = base_json_uint(checks, "skipped", 0);
	unsigned long long all = held + broken + unknown + skipped;
	unsigned failures = report_level_count(document, REPORT_FAILURE);
	unsigned warnings = report_level_count(document, REPORT_WARNING);
	if (all == 0) {
		base_buffer_add_text(out, "nothing was checked");
	} else if (broken > 0) {
		base_buffer_print(out, "%llu of %llu checks broken", broken, all);
	} else {
		base_buffer_print(out, "%llu of %llu checks held", held, all);
	}
	add_count(out, unknown, "unknown");
	add_count(out, skipped, "skipped");
	/* A broken check has its finding already. */
	add_count(out, broken > 0 ? 0 : failures, failures == 1 ? "failure" : "failures");
	add_count(out, warnings, warnings == 1 ? "warning" : "warnings");
}

void report_words_run(const cJSON *document, struct base_buffer *out)
{
	base_buffer_print(out, "%s %s, %s, %llu ms", base_json_string(document, "tool", "?"),
		base_json_string(document, "version", "?"), base_json_string(document, "started", "?"),
		(unsigned long long)base_json_uint(document, "duration_ms", 0));
	const char *replayed = base_json_string(document, "replayed", NULL);
	if (replayed) {
		base_buffer_print(
			out, "; replayed from %s: says nothing of a machine as it is now", replayed);
	}
}

void report_words_where(const cJSON *where, struct base_buffer *out)
{
	if (cJSON_IsObject(where)) {
		base_buffer_print(out, "%s:%llu", base_json_string(where, "path", "?"),
			(unsigned long long)base_json_uint(where, "line", 1));
	}
}

void report_words_expectation(const cJSON *check, struct base_buffer *out)
{
	const char *expected = base_json_string(check, "expected", NULL);
	const char *observed = base_json_string(check, "observed", NULL);
	if (expected) {
		base_buffer_print(out, "expected %s", expected);
	}
	if (observed) {
		base_buffer_print(out, "%sobserved %s", expected ? ", " : "", observed);
	}
}

void report_words_value(const cJSON *value, struct base_buffer *out)
{
	if (cJSON_IsString(value)) {
		base_buffer_add_text(out, value->valuestring);
	} else if (cJSON_IsNumber(value)) {
		/* Exact for counts and byte sizes, and enough digits to tell two floats apart. */
		bool whole = floor(value->valuedouble) == value->valuedouble;
		base_buffer_print(out, "%.*g", whole ? 15 : 9, value->valuedouble);
	} else if (value) {
		base_json_write(value, 0, out);
	}
}

void report_words_members(const cJSON *object, struct base_buffer *out)
{
	const cJSON *member;
	cJSON_ArrayForEach(member, object)
	{
		base_buffer_print(out, "%s%s ", member == object->child ? "" : ", ",
			member->string ? member->string : "");
		report_words_value(member, out);
	}
}

void report_figure_add(struct base_buffer *out, double value)
{
	/* The exponent after rounding: 9.9999 has four significant digits as 10.00. */
	char rounded[32];
	snprintf(rounded, sizeof(rounded), "%.3e", value);
	const char *at = strchr(rounded, 'e');
	long exponent = at ? strtol(at + 1, NULL, 10) : 0;
	if (!at) {
		/* Not a number, or infinite. */
		base_buffer_add_text(out, "?");
	} else if (value != 0 && exponent < -4) {
		base_buffer_print(out, "%.3g", value);
	} else {
		base_buffer_print(out, "%.*f", exponent >= 3 ? 0 : (int)(3 - exponent), value);
	}
}
