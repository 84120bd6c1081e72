/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_PLAIN_H
#define REPORT_PLAIN_H

#include "base/buffer.h"

#include <stdbool.h>

/**
 * Adds text from anywhere (a driver's device name, a path, a message) as one line that is safe to
 * print: no control or escape sequence, no character that reorders or hides others, no "##[" (the
 * runner's old command syntax, found anywhere in a line), valid UTF-8. Line breaks and tabs become
 * spaces, everything else that is refused U+FFFD. Without `unicode` only ASCII comes out, '?' for
 * the rest.
 */
void report_plain_add(struct base_buffer *out, const char *text, bool unicode);

/**
 * Shortens what was added since `start` to at most `max` bytes (max 3 or more), at a character's
 * boundary and ending in "...". Does nothing when it fits.
 */
void report_plain_cut(struct base_buffer *out, size_t start, size_t max);

#endif
