/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_MARKDOWN_H
#define REPORT_MARKDOWN_H

#include "base/buffer.h"

#include <stdbool.h>

/**
 * Adds text from anywhere to GitHub Flavored Markdown so that it is shown as it is: made plain
 * (report_plain_add), every character with a meaning escaped (also in a table's cell), no mention,
 * no issue link, no HTML. Cut to 4 KiB.
 */
void report_markdown_text(struct base_buffer *out, const char *text);
/** The same as a code span; `in_table`: in a table's cell. */
void report_markdown_code(struct base_buffer *out, const char *text, bool in_table);

#endif
