/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base_base64_encode(const void *bytes, size_t size, struct base_buffer *out)
{
	const uint8_t *in = bytes;
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t group = (uint32_t)in[i] << 16;
		group |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		group |= left > 2 ? in[i + 2] : 0;
		char quad[4] = {
			alphabet[group >> 18],
			alphabet[group >> 12 & 63],
			left > 1 ? alphabet[group >> 6 & 63] : '=',
			left > 2 ? alphabet[group & 63] : '=',
		};
		base_buffer_add(out, quad, sizeof(quad));
	}
}

/* Value of a character, or -1. OpenSSL's decoder skips white space and ignores stray bits, so two
 * texts could stand for one module: this one accepts exactly one text for each byte string. */
static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base_base64_decode(const char *text, size_t size, struct base_buffer *out)
{
	if (size % 4 != 0) {
		return false;
	}
	size_t padding = 0;
	while (padding < 2 && padding < size && text[size - 1 - padding] == '=') {
		padding++;
	}
	size_t digits = size - padding;
	for (size_t i = 0; i < digits; i++) {
		if (base64_value(text[i]) < 0) {
			return false;
		}
	}
	if (padding) {
		unsigned stray = padding == 2 ? 15u : 3u;
		if ((unsigned)base64_value(text[digits - 1]) & stray) {
			return false;
		}
	}
	char *bytes = base_buffer_reserve(out, size / 4 * 3);
	size_t written = 0;
	uint32_t group = 0;
	for (size_t i = 0; i < digits; i++) {
		group = group << 6 | (uint32_t)base64_value(text[i]);
		if (i % 4 != 0) {
			/* The second digit completes the first byte, and so on. */
			bytes[written++] = (char)(group >> (6 - 2 * (i % 4)) & 255);
		}
	}
	out->size += written;
	out->data[out->size] = '\0';
	return true;
}
