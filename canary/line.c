/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/line.h"

#include "report/plain.h"

void line_add(struct base_buffer *out, const char *format, ...)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&text, format, args);
	va_end(args);
	report_plain_add(out, text.size > 0 ? text.data : "", true);
	base_buffer_add_text(out, "\n");
}
