/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/key.h"

#include "base/base64.h"

#include <string.h>

void lease_base64url_encode(const void *bytes, size_t size, struct base_buffer *out)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_base64_encode(bytes, size, &text);
	while (text.size > 0 && text.data[text.size - 1] == '=') {
		text.size--;
	}
	for (size_t i = 0; i < text.size; i++) {
		char *c = &text.data[i];
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	}
	base_buffer_add(out, text.data, text.size);
}

bool lease_base64url_decode(const char *text, size_t size, struct base_buffer *out)
{
	BASE_BUFFER_AUTO standard = BASE_BUFFER_INIT;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (c == '+' || c == '/' || c == '=') {
			return false;
		}
		c = c == '-' ? '+' : c == '_' ? '/' : c;
		base_buffer_add(&standard, &c, 1);
	}
	while (standard.size % 4 != 0) {
		base_buffer_add(&standard, "=", 1);
	}
	return size % 4 != 1 && base_base64_decode(standard.data, standard.size, out);
}
