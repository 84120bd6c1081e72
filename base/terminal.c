/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terminal.h"

#include "base/buffer.h"
#include "base/child.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool base_terminal_color(int fd, enum base_color choice)
{
	if (choice != BASE_COLOR_AUTO) {
		return choice == BASE_COLOR_ALWAYS;
	}
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	return isatty(fd) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

unsigned base_terminal_columns(int fd)
{
	struct winsize size = {0};
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		return size.ws_col;
	}
	return 100;
}

/* Wide and empty ranges that our own output can hold (Unicode 15, EastAsianWidth.txt W and F, and
 * combining marks); wcwidth(3) would need a locale that containers often lack. */
static const struct {
	uint32_t first, last;
	unsigned width;
} width_ranges[] = {
	{0x0000, 0x001f, 0},
	{0x007f, 0x009f, 0},
	{0x0300, 0x036f, 0},
	{0x1100, 0x115f, 2},
	{0x200b, 0x200f, 0},
	{0x20d0, 0x20ff, 0},
	{0x2e80, 0xa4cf, 2},
	{0xac00, 0xd7a3, 2},
	{0xf900, 0xfaff, 2},
	{0xfe00, 0xfe0f, 0},
	{0xfe30, 0xfe6f, 2},
	{0xff00, 0xff60, 2},
	{0x1f300, 0x1faff, 2},
	{0x20000, 0x3fffd, 2},
};

unsigned base_terminal_width(const char *text)
{
	unsigned width = 0;
	size_t size = strlen(text);
	for (size_t at = 0; at < size;) {
		uint32_t code_point = 0;
		size_t length = base_utf8_decode(text + at, size - at, &code_point);
		unsigned columns = 1;
		for (size_t i = 0; length && i < sizeof(width_ranges) / sizeof(width_ranges[0]); i++) {
			if (code_point >= width_ranges[i].first && code_point <= width_ranges[i].last) {
				columns = width_ranges[i].width;
			}
		}
		width += columns;
		at += length ? length : 1;
	}
	return width;
}

void base_terminal_progress(const char *format, ...)
{
	if (!isatty(STDERR_FILENO)) {
		return;
	}
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&line, format, args);
	va_end(args);
	/* A line that wraps cannot be rewritten in place. */
	unsigned columns = base_terminal_columns(STDERR_FILENO);
	while (line.size && base_terminal_width(line.data) >= columns) {
		line.data[--line.size] = '\0';
	}
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	base_buffer_print(&out, "\r\033[K%s", line.data ? line.data : "");
	base_write_all(STDERR_FILENO, out.data, out.size);
}
