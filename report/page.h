/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "report/report.h"

#include <stddef.h>

/** Text for a terminal being laid out. Everything that is put on it is made safe
 * (report_plain_add). */
struct report_page {
	struct base_buffer *out;
	const struct report_style *style;
};

enum report_ink {
	REPORT_INK_NONE,
	REPORT_INK_BOLD,
	REPORT_INK_DIM,
	REPORT_INK_GOOD,
	REPORT_INK_BAD,
	REPORT_INK_DOUBT,
};

/** Adds text in a colour, if the style has colours. */
void report_page_add(struct report_page *page, enum report_ink ink, const char *text);
/** Adds spaces. */
void report_page_space(struct report_page *page, unsigned columns);
/** Adds text and spaces up to `width` columns; at least one space. */
void report_page_pad(
	struct report_page *page, enum report_ink ink, const char *text, unsigned width);
/**
 * Adds words from column `indent` on, breaking lines before the style's columns and indenting them
 * to the same column, and ends the line. The cursor is at `indent` already.
 */
void report_page_wrap(
	struct report_page *page, enum report_ink ink, const char *text, unsigned indent);

/** Columns that the text takes on this page. */
unsigned report_page_width(const struct report_page *page, const char *text);

/** The table of workloads. */
void report_table_add(struct report_page *page, const cJSON *workloads);

#endif
