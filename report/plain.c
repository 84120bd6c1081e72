/* SPDX-License-Identifier: Apache-2.0 */
#include "report/plain.h"

#include "base/utf8.h"

#include <string.h>

/*
 * Characters that change how others are shown: C0 and C1 controls, soft hyphen, Arabic letter mark,
 * zero width and bidirectional controls (CVE-2021-42574), separators, byte order mark, interlinear
 * marks, tags, noncharacters that terminals treat oddly.
 */
static const struct {
	uint32_t first, last;
} refused[] = {
	{0x0000, 0x001f},
	{0x007f, 0x009f},
	{0x00ad, 0x00ad},
	{0x061c, 0x061c},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb},
	{0xfffe, 0xffff},
	{0xe0000, 0xe0fff},
};

static bool is_refused(uint32_t code_point)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (code_point >= refused[i].first && code_point <= refused[i].last) {
			return true;
		}
	}
	return false;
}

void report_plain_add(struct base_buffer *out, const char *text, bool unicode)
{
	const char *replacement = unicode ? "\xef\xbf\xbd" : "?";
	size_t size = strlen(text);
	for (size_t at = 0; at < size;) {
		uint32_t code_point = 0;
		size_t length = base_utf8_decode(text + at, size - at, &code_point);
		if (length == 0) {
			base_buffer_add_text(out, replacement);
			at++;
			continue;
		}
		if (code_point == '\n' || code_point == '\t' || code_point == '\r') {
			base_buffer_add(out, " ", 1);
		} else if (is_refused(code_point) || (code_point > 0x7e && !unicode)) {
			base_buffer_add_text(out, replacement);
		} else if (code_point == '[' && at >= 2 && text[at - 1] == '#' && text[at - 2] == '#') {
			base_buffer_add_text(out, " [");
		} else {
			base_buffer_add(out, text + at, length);
		}
		at += length;
	}
}

void report_plain_cut(struct base_buffer *out, size_t start, size_t max)
{
	if (out->size - start <= max) {
		return;
	}
	size_t end = start + max - 3;
	while (end > start && ((unsigned char)out->data[end] & 0xc0) == 0x80) {
		end--;
	}
	out->size = end;
	base_buffer_add_text(out, "...");
}
