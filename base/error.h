/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

/** Longest fault code, with its terminator. */
#define LANE_ERROR_CODE_SIZE 48

/**
 * Why something failed: a stable fault code (UPPER_SNAKE_CASE, see report/fault.h for those that
 * are shown to people) and one line of text that names the thing that is wrong.
 *
 * Start from LANE_ERROR_INIT (all zero is the same), pass the address down, finish it once. A NULL
 * `struct lane_error *` is allowed everywhere and drops the text.
 */
struct lane_error {
	char code[LANE_ERROR_CODE_SIZE];
	char *message;
};

#define LANE_ERROR_INIT                                                                            \
	{                                                                                              \
		.code = "", .message = NULL                                                                \
	}

/** Frees the text at the end of the scope. */
#define LANE_ERROR_AUTO __attribute__((cleanup(lane_error_finish))) struct lane_error

/**
 * Fills the error, replacing what it held. Always returns false, so that a failing function can
 * end in `return lane_error_set(err, ...)`.
 */
bool lane_error_set(struct lane_error *err, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** As lane_error_set, with ": <strerror(errno_value)>" at the end of the text. */
bool lane_error_set_errno(struct lane_error *err, const char *code, int errno_value,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Puts "<context>: " before the text and keeps the code. Always returns false. */
bool lane_error_wrap(struct lane_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** The text, or "unknown error" when there is none. Borrowed. */
const char *lane_error_message(const struct lane_error *err);

/** Whether the code is this one. */
bool lane_error_is(const struct lane_error *err, const char *code);

/** Frees the text and zeroes the error. NULL and a zeroed value are fine. */
void lane_error_finish(struct lane_error *err);

#endif
