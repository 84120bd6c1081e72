/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/error.h"

#include <stddef.h>

/** Lines on which the values of a text begin, in the order of the text. */
struct base_json_lines {
	unsigned *lines;
	size_t count;
	size_t capacity;
};

/**
 * Checks the grammar of RFC 8259 with the bounds that base/json.h states and records the line of
 * each value. Caller frees `lines->lines` in every case. The error is JSON_INVALID with
 * "<name>:<line>: ...".
 */
bool base_json_scan(const char *name, const char *text, size_t size, struct base_json_lines *lines,
	struct lane_error *err);

#endif
