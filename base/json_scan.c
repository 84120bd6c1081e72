/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cJSON is lenient where a contract must be strict (control characters in strings, white space of
 * any kind, numbers as strtod reads them, a byte order mark) and does not tell where a value stood.
 * This pass accepts exactly RFC 8259 and notes the lines; cJSON then builds the tree.
 */
#include "base/json_scan.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

struct scan {
	const char *name;
	const char *at;
	const char *end;
	unsigned line;
	unsigned depth;
	struct base_json_lines *lines;
	struct lane_error *err;
};

static bool scan_value(struct scan *scan);

static bool scan_fail(struct scan *scan, const char *what)
{
	return lane_error_set(scan->err, "JSON_INVALID", "%s:%u: %s", scan->name, scan->line, what);
}

static int scan_peek(const struct scan *scan)
{
	return scan->at < scan->end ? (unsigned char)*scan->at : -1;
}

static void scan_space(struct scan *scan)
{
	for (; scan->at < scan->end && memchr(" \t\r\n", *scan->at, 4); scan->at++) {
		scan->line += *scan->at == '\n';
	}
}

static bool scan_hex4(struct scan *scan, unsigned *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++, scan->at++) {
		int c = scan_peek(scan);
		unsigned digit;
		if (c >= '0' && c <= '9') {
			digit = (unsigned)(c - '0');
		} else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
			digit = (unsigned)((c | 32) - 'a' + 10);
		} else {
			return scan_fail(scan, "\\u wants four hexadecimal digits");
		}
		*unit = *unit << 4 | digit;
	}
	return true;
}

static bool scan_escape(struct scan *scan)
{
	int c = scan_peek(scan);
	if (c < 0 || !memchr("\"\\/bfnrtu", c, 9)) {
		return scan_fail(scan, "unknown escape in a string");
	}
	scan->at++;
	if (c != 'u') {
		return true;
	}
	unsigned unit;
	unsigned low = 0;
	if (!scan_hex4(scan, &unit)) {
		return false;
	}
	if (unit == 0) {
		return scan_fail(scan, "\\u0000 in a string");
	}
	if (unit >= 0xdc00 && unit <= 0xdfff) {
		return scan_fail(scan, "lone surrogate in a string");
	}
	if (unit < 0xd800 || unit > 0xdbff) {
		return true;
	}
	if (scan->end - scan->at < 2 || scan->at[0] != '\\' || scan->at[1] != 'u') {
		return scan_fail(scan, "lone surrogate in a string");
	}
	scan->at += 2;
	if (!scan_hex4(scan, &low)) {
		return false;
	}
	return (low >= 0xdc00 && low <= 0xdfff) || scan_fail(scan, "lone surrogate in a string");
}

static bool scan_string(struct scan *scan)
{
	scan->at++;
	for (;;) {
		int c = scan_peek(scan);
		if (c < 0) {
			return scan_fail(scan, "string does not end");
		}
		if (c == '"') {
			scan->at++;
			return true;
		}
		if (c < 0x20) {
			return scan_fail(scan, "control character in a string");
		}
		if (c == '\\') {
			scan->at++;
			if (!scan_escape(scan)) {
				return false;
			}
			continue;
		}
		uint32_t code_point;
		size_t length = base_utf8_decode(scan->at, (size_t)(scan->end - scan->at), &code_point);
		if (!length) {
			return scan_fail(scan, "string is not UTF-8");
		}
		scan->at += length;
	}
}

static size_t scan_digits(struct scan *scan)
{
	const char *start = scan->at;
	while (scan_peek(scan) >= '0' && scan_peek(scan) <= '9') {
		scan->at++;
	}
	return (size_t)(scan->at - start);
}

static bool scan_number(struct scan *scan)
{
	if (scan_peek(scan) == '-') {
		scan->at++;
	}
	bool zero = scan_peek(scan) == '0';
	size_t digits = scan_digits(scan);
	if (digits == 0 || (zero && digits > 1)) {
		return scan_fail(scan, "malformed number");
	}
	if (scan_peek(scan) == '.') {
		scan->at++;
		if (scan_digits(scan) == 0) {
			return scan_fail(scan, "malformed number");
		}
	}
	if ((scan_peek(scan) | 32) == 'e') {
		scan->at++;
		if (scan_peek(scan) == '+' || scan_peek(scan) == '-') {
			scan->at++;
		}
		if (scan_digits(scan) == 0) {
			return scan_fail(scan, "malformed number");
		}
	}
	return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);
	if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0) {
		return scan_fail(scan, "unknown word");
	}
	scan->at += length;
	return true;
}

static bool scan_member(struct scan *scan)
{
	if (scan_peek(scan) != '"') {
		return scan_fail(scan, "a key in quotes expected");
	}
	if (!scan_string(scan)) {
		return false;
	}
	scan_space(scan);
	if (scan_peek(scan) != ':') {
		return scan_fail(scan, "':' expected after a key");
	}
	scan->at++;
	return scan_value(scan);
}

/* An object or an array, from its opening bracket on. */
static bool scan_container(struct scan *scan, char close)
{
	if (++scan->depth > BASE_JSON_DEPTH_MAX) {
		return scan_fail(scan, "nested deeper than 32 levels");
	}
	scan->at++;
	scan_space(scan);
	if (scan_peek(scan) == close) {
		scan->at++;
		scan->depth--;
		return true;
	}
	for (;;) {
		scan_space(scan);
		if (!(close == '}' ? scan_member(scan) : scan_value(scan))) {
			return false;
		}
		scan_space(scan);
		int c = scan_peek(scan);
		if (c == close) {
			scan->at++;
			scan->depth--;
			return true;
		}
		if (c != ',') {
			return scan_fail(scan, close == '}' ? "',' or '}' expected" : "',' or ']' expected");
		}
		scan->at++;
	}
}

static bool scan_value(struct scan *scan)
{
	scan_space(scan);
	struct base_json_lines *lines = scan->lines;
	if (lines->count == lines->capacity) {
		lines->capacity = lines->capacity ? lines->capacity * 2 : 64;
		lines->lines = base_realloc(lines->lines, lines->capacity, sizeof(*lines->lines));
	}
	lines->lines[lines->count++] = scan->line;
	switch (scan_peek(scan)) {
	case '{':
		return scan_container(scan, '}');
	case '[':
		return scan_container(scan, ']');
	case '"':
		return scan_string(scan);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	case -1:
		return scan_fail(scan, "a value expected, found the end");
	default:
		return scan_number(scan);
	}
}

bool base_json_scan(const char *name, const char *text, size_t size, struct base_json_lines *lines,
	struct lane_error *err)
{
	struct scan scan = {
		.name = name,
		.at = text,
		.end = text + size,
		.line = 1,
		.lines = lines,
		.err = err,
	};
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		return scan_fail(&scan, "begins with a byte order mark");
	}
	if (!scan_value(&scan)) {
		return false;
	}
	scan_space(&scan);
	return scan.at == scan.end || scan_fail(&scan, "text after the end of the document");
}
