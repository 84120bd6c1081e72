/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_LINE_H
#define CANARY_LINE_H

#include "base/buffer.h"

/** Adds one line of formatted text; whatever a file had in it, nothing but plain text comes out. */
void line_add(struct base_buffer *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
