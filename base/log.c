/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/buffer.h"
#include "base/child.h"

#include <stdarg.h>
#include <unistd.h>

static const char *log_program = "gpu-lane";
static enum base_log_level log_level = BASE_LOG_WARNING;

void base_log_setup(const char *program, enum base_log_level level)
{
	log_program = program;
	log_level = level;
}

void base_log(enum base_log_level level, const char *format, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	if (level > log_level) {
		return;
	}
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	base_buffer_print(&line, "%s: %s: ", log_program, names[level]);
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&line, format, args);
	va_end(args);
	/* The text may come from a driver or a socket: it must not move the cursor or fake a line. */
	for (size_t i = 0; i < line.size; i++) {
		unsigned char c = (unsigned char)line.data[i];
		if (c < 0x20 || c == 0x7f) {
			line.data[i] = '?';
		}
	}
	base_buffer_add(&line, "\n", 1);
	base_write_all(STDERR_FILENO, line.data, line.size);
}
