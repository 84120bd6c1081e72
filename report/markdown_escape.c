/* SPDX-License-Identifier: Apache-2.0 */
#include "report/markdown.h"

#include "report/plain.h"

#include <string.h>

/* No single value is worth more of a summary than this. */
enum { VALUE_BYTES_MAX = 4096 };

/* What a character is written as where it would mean something; others stand for themselves. */
static const char *escape(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '@':
		/* GitHub looks for mentions after it has rendered, so a backslash does not help. */
		return "@<!-- -->";
	case '#':
		return "\\#<!-- -->";
	default:
		return NULL;
	}
}

/* Whether the character would begin a list or a heading: "- x", "1. x", "===". */
static bool is_marker(const char *plain, const char *at)
{
	size_t digits = strspn(plain, "0123456789");
	if (at == plain) {
		return strchr("-+=", *at) != NULL;
	}
	bool ends = at[1] == ' ' || at[1] == '\0';
	return digits > 0 && plain + digits == at && (*at == '.' || *at == ')') && ends;
}

static void add_escaped(struct base_buffer *out, const char *plain)
{
	for (const char *at = plain; *at; at++) {
		const char *escaped = escape(*at);
		if (escaped) {
			base_buffer_add_text(out, escaped);
		} else if (strchr("\\`*_[]|~$", *at) || is_marker(plain, at)) {
			base_buffer_print(out, "\\%c", *at);
		} else {
			base_buffer_add(out, at, 1);
		}
	}
}

void report_markdown_text(struct base_buffer *out, const char *text)
{
	BASE_BUFFER_AUTO plain = BASE_BUFFER_INIT;
	report_plain_add(&plain, text, true);
	report_plain_cut(&plain, 0, VALUE_BYTES_MAX);
	if (plain.size > 0) {
		add_escaped(out, plain.data);
	}
}

/* Longest run of backticks: the fence of a code span must be longer. */
static size_t longest_fence(const char *text)
{
	size_t longest = 0;
	for (const char *at = text; *at; at++) {
		size_t run = strspn(at, "`");
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void add_fence(struct base_buffer *out, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		base_buffer_add(out, "`", 1);
	}
}

void report_markdown_code(struct base_buffer *out, const char *text, bool in_table)
{
	BASE_BUFFER_AUTO plain = BASE_BUFFER_INIT;
	report_plain_add(&plain, text, true);
	report_plain_cut(&plain, 0, VALUE_BYTES_MAX);
	if (plain.size == 0) {
		return;
	}
	size_t fence = longest_fence(plain.data) + 1;
	/* A space keeps a backtick at the edge apart from the fence and is not shown. */
	bool pad = plain.data[0] == '`' || plain.data[plain.size - 1] == '`';
	add_fence(out, fence);
	base_buffer_add_text(out, pad ? " " : "");
	for (const char *at = plain.data; *at; at++) {
		/* A bar ends a table's cell even inside a code span; nothing else is escaped in one. */
		base_buffer_add_text(out, *at == '|' && in_table ? "\\" : "");
		base_buffer_add(out, at, 1);
	}
	base_buffer_add_text(out, pad ? " " : "");
	add_fence(out, fence);
}
