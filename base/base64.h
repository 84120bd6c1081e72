/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/** RFC 4648 section 4, with padding. */
void base_base64_encode(const void *bytes, size_t size, struct base_buffer *out);
/**
 * Strict: canonical padding, no white space, no bits set beyond the last byte. False leaves
 * `out` as it was.
 */
bool base_base64_decode(const char *text, size_t size, struct base_buffer *out);

#endif
