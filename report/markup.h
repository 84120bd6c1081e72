/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_MARKUP_H
#define REPORT_MARKUP_H

#include "base/buffer.h"

/**
 * Adds text from anywhere as character data or inside a quoted attribute of XML and HTML: made safe
 * by report_plain_add first, so that every character is one that XML 1.0 allows.
 */
void report_markup_text(struct base_buffer *out, const char *text);
/** Adds ` name="text"`; `name` is ours. */
void report_markup_attribute(struct base_buffer *out, const char *name, const char *text);

#endif
