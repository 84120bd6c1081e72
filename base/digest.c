/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include "base/memory.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "sha256:";

void base_sha256(const void *bytes, size_t size, uint8_t digest[BASE_SHA256_SIZE])
{
	/* Fails only without memory: the algorithm is in every provider that OpenSSL starts with. */
	if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) != 1) {
		base_memory_exhausted();
	}
}

void base_sha256_text(const void *bytes, size_t size, char text[BASE_SHA256_TEXT_SIZE])
{
	uint8_t digest[BASE_SHA256_SIZE];
	base_sha256(bytes, size, digest);
	size_t at = sizeof(prefix) - 1;
	memcpy(text, prefix, at);
	for (size_t i = 0; i < BASE_SHA256_SIZE; i++, at += 2) {
		snprintf(text + at, BASE_SHA256_TEXT_SIZE - at, "%02x", digest[i]);
	}
}

bool base_sha256_valid(const char *text)
{
	size_t start = sizeof(prefix) - 1;
	return strncmp(text, prefix, start) == 0 &&
		strspn(text + start, "0123456789abcdef") == 2 * BASE_SHA256_SIZE &&
		text[start + 2 * BASE_SHA256_SIZE] == '\0';
}
