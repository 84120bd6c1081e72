/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void error_fill(struct lane_error *err, const char *code, char *message)
{
	if (!err) {
		free(message);
		return;
	}
	free(err->message);
	err->message = message;
	snprintf(err->code, sizeof(err->code), "%s", code);
}

static __attribute__((format(printf, 1, 0))) char *error_vformat(const char *format, va_list args)
{
	char *text = NULL;
	if (vasprintf(&text, format, args) < 0) {
		base_memory_exhausted();
	}
	return text;
}

bool lane_error_set(struct lane_error *err, const char *code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	error_fill(err, code, error_vformat(format, args));
	va_end(args);
	return false;
}

bool lane_error_set_errno(
	struct lane_error *err, const char *code, int errno_value, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	BASE_FREE char *text = error_vformat(format, args);
	va_end(args);
	error_fill(err, code, base_format("%s: %s", text, strerror(errno_value)));
	return false;
}

bool lane_error_wrap(struct lane_error *err, const char *format, ...)
{
	if (!err) {
		return false;
	}
	va_list args;
	va_start(args, format);
	BASE_FREE char *context = error_vformat(format, args);
	va_end(args);
	char *message = base_format("%s: %s", context, lane_error_message(err));
	free(err->message);
	err->message = message;
	return false;
}

const char *lane_error_message(const struct lane_error *err)
{
	return err && err->message ? err->message : "unknown error";
}

bool lane_error_is(const struct lane_error *err, const char *code)
{
	return err && strcmp(err->code, code) == 0;
}

void lane_error_finish(struct lane_error *err)
{
	if (!err) {
		return;
	}
	free(err->message);
	*err = (struct lane_error)LANE_ERROR_INIT;
}
