/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE_SHA256_SIZE 32
/** "sha256:" and 64 lower-case hex digits, with the terminator. */
#define BASE_SHA256_TEXT_SIZE (7 + 64 + 1)

/** FIPS 180-4 SHA-256 of `size` bytes. */
void base_sha256(const void *bytes, size_t size, uint8_t digest[BASE_SHA256_SIZE]);
/** The same as "sha256:<hex>". */
void base_sha256_text(const void *bytes, size_t size, char text[BASE_SHA256_TEXT_SIZE]);
/** Whether text is exactly "sha256:" and 64 lower-case hex digits. */
bool base_sha256_valid(const char *text);

/** SHA-256 of bytes that come piece by piece. */
struct base_sha256_stream;

struct base_sha256_stream *base_sha256_stream_create(void);
void base_sha256_stream_add(struct base_sha256_stream *stream, const void *bytes, size_t size);
/** "sha256:<hex>" of what has been added so far; more may follow. */
void base_sha256_stream_text(
	const struct base_sha256_stream *stream, char text[BASE_SHA256_TEXT_SIZE]);
void base_sha256_stream_destroy(struct base_sha256_stream *stream);

#endif
