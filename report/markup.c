/* SPDX-License-Identifier: Apache-2.0 */
#include "report/markup.h"

#include "report/plain.h"

#include <string.h>

void report_markup_text(struct base_buffer *out, const char *text)
{
	static const char special[] = "&<>\"'";
	static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
	BASE_BUFFER_AUTO plain = BASE_BUFFER_INIT;
	report_plain_add(&plain, text, true);
	for (const char *at = plain.data ? plain.data : ""; *at;) {
		size_t length = strcspn(at, special);
		base_buffer_add(out, at, length);
		at += length;
		if (*at) {
			base_buffer_add_text(out, references[strchr(special, *at) - special]);
			at++;
		}
	}
}

void report_markup_attribute(struct base_buffer *out, const char *name, const char *text)
{
	base_buffer_print(out, " %s=\"", name);
	report_markup_text(out, text);
	base_buffer_add_text(out, "\"");
}
