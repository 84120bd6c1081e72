/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page.h"

#include "base/terminal.h"
#include "report/plain.h"

#include <string.h>

/* SGR parameters; bright black is unreadable on some themes, so dim is the attribute. */
static const char *const ink_codes[] = {
	[REPORT_INK_NONE] = "",
	[REPORT_INK_BOLD] = "1",
	[REPORT_INK_DIM] = "2",
	[REPORT_INK_GOOD] = "32",
	[REPORT_INK_BAD] = "1;31",
	[REPORT_INK_DOUBT] = "33",
};

static void ink_on(struct report_page *page, enum report_ink ink)
{
	if (page->style->color && ink != REPORT_INK_NONE) {
		base_buffer_print(page->out, "\033[%sm", ink_codes[ink]);
	}
}

static void ink_off(struct report_page *page, enum report_ink ink)
{
	if (page->style->color && ink != REPORT_INK_NONE) {
		base_buffer_add_text(page->out, "\033[0m");
	}
}

void report_page_add(struct report_page *page, enum report_ink ink, const char *text)
{
	ink_on(page, ink);
	report_plain_add(page->out, text, page->style->unicode);
	ink_off(page, ink);
}

void report_page_space(struct report_page *page, unsigned columns)
{
	base_buffer_print(page->out, "%*s", (int)columns, "");
}

unsigned report_page_width(const struct report_page *page, const char *text)
{
	BASE_BUFFER_AUTO plain = BASE_BUFFER_INIT;
	report_plain_add(&plain, text, page->style->unicode);
	return plain.data ? base_terminal_width(plain.data) : 0;
}

void report_page_pad(
	struct report_page *page, enum report_ink ink, const char *text, unsigned width)
{
	unsigned used = report_page_width(page, text);
	report_page_add(page, ink, text);
	report_page_space(page, used < width ? width - used : 1);
}

/*
 * The runner takes a line that begins with "::", after any spaces, for a workflow command. Only a
 * break of ours can bring such a word to the front of a line.
 */
static const char *disarm(const char *word)
{
	return strncmp(word, "::", 2) == 0 ? ": " : "";
}

void report_page_wrap(
	struct report_page *page, enum report_ink ink, const char *text, unsigned indent)
{
	BASE_BUFFER_AUTO plain = BASE_BUFFER_INIT;
	report_plain_add(&plain, text, page->style->unicode);
	const char *at = plain.data ? plain.data : "";
	unsigned column = indent;
	ink_on(page, ink);
	for (at += strspn(at, " "); *at;) {
		BASE_BUFFER_AUTO word = BASE_BUFFER_INIT;
		base_buffer_add(&word, at, strcspn(at, " "));
		unsigned width = base_terminal_width(word.data);
		if (column > indent && column + 1 + width > page->style->columns) {
			base_buffer_print(page->out, "\n%*s%s", (int)indent, "", disarm(word.data));
			column = indent;
		} else if (column > indent) {
			base_buffer_add_text(page->out, " ");
			column++;
		}
		base_buffer_add(page->out, word.data, word.size);
		column += width;
		at += word.size;
		at += strspn(at, " ");
	}
	ink_off(page, ink);
	base_buffer_add_text(page->out, "\n");
}
