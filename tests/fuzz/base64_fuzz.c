/* SPDX-License-Identifier: Apache-2.0 */
/* Strict base64: bytes have one text, and a text that is accepted is the one its bytes have. */
#include "base/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct base_buffer *buffer, const uint8_t *data, size_t size)
{
	return buffer->size == size && (size == 0 || memcmp(buffer->data, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO bytes = BASE_BUFFER_INIT;
	base_base64_encode(data, size, &text);
	if (!base_base64_decode(text.data, text.size, &bytes) || !same(&bytes, data, size)) {
		abort();
	}
	base_buffer_clear(&bytes);
	base_buffer_clear(&text);
	if (base_base64_decode((const char *)data, size, &bytes)) {
		base_base64_encode(bytes.data, bytes.size, &text);
		if (!same(&text, data, size)) {
			abort();
		}
	} else if (bytes.size != 0) {
		abort();
	}
	return 0;
}
