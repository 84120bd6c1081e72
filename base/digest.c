/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include "base/memory.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "sha256:";

void base_sha256(const void *bytes, size_t size, uint8_t digest[BASE_SHA256_SIZE])
{
	/* Fails only without memory: the algorithm is in every provider that OpenSSL starts with. */
	if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) != 1) {
		base_memory_exhausted();
	}
}

static void write_text(const uint8_t digest[BASE_SHA256_SIZE], char text[BASE_SHA256_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = sizeof(prefix) - 1;
	memcpy(text, prefix, at);
	for (size_t i = 0; i < BASE_SHA256_SIZE; i++) {
		text[at++] = digits[digest[i] >> 4];
		text[at++] = digits[digest[i] & 15];
	}
	text[at] = '\0';
}

void base_sha256_text(const void *bytes, size_t size, char text[BASE_SHA256_TEXT_SIZE])
{
	uint8_t digest[BASE_SHA256_SIZE];
	base_sha256(bytes, size, digest);
	write_text(digest, text);
}

struct base_sha256_stream {
	/** What has been added, and what it is copied to for a digest. */
	EVP_MD_CTX *state, *copy;
};

struct base_sha256_stream *base_sha256_stream_create(void)
{
	struct base_sha256_stream *stream = base_alloc(1, sizeof(*stream));
	stream->state = EVP_MD_CTX_new();
	stream->copy = EVP_MD_CTX_new();
	if (stream->state == NULL || stream->copy == NULL ||
		EVP_DigestInit_ex(stream->state, EVP_sha256(), NULL) != 1) {
		base_memory_exhausted();
	}
	return stream;
}

void base_sha256_stream_add(struct base_sha256_stream *stream, const void *bytes, size_t size)
{
	if (EVP_DigestUpdate(stream->state, bytes, size) != 1) {
		base_memory_exhausted();
	}
}

void base_sha256_stream_text(
	const struct base_sha256_stream *stream, char text[BASE_SHA256_TEXT_SIZE])
{
	uint8_t digest[BASE_SHA256_SIZE];
	if (EVP_MD_CTX_copy_ex(stream->copy, stream->state) != 1 ||
		EVP_DigestFinal_ex(stream->copy, digest, NULL) != 1) {
		base_memory_exhausted();
	}
	write_text(digest, text);
}

void base_sha256_stream_destroy(struct base_sha256_stream *stream)
{
	if (stream != NULL) {
		EVP_MD_CTX_free(stream->state);
		EVP_MD_CTX_free(stream->copy);
		free(stream);
	}
}

bool base_sha256_valid(const char *text)
{
	size_t start = sizeof(prefix) - 1;
	return strncmp(text, prefix, start) == 0 &&
		strspn(text + start, "0123456789abcdef") == 2 * BASE_SHA256_SIZE &&
		text[start + 2 * BASE_SHA256_SIZE] == '\0';
}
