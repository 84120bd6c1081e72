/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * Decodes one code point from at most `size` bytes (RFC 3629: no overlong forms, no surrogates, at
 * most U+10FFFF). Returns its length in bytes, 0 when the bytes are not UTF-8.
 */
size_t base_utf8_decode(const char *text, size_t size, uint32_t *code_point);

#endif
