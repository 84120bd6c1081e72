/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a frame: what decodes must encode to the same bytes, and listings must decode in
 * bounds. */
#include "bridge/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_entries(const uint8_t *data, size_t size)
{
	struct wire_entry entry;
	for (size_t at = 0, used; (used = wire_decode_entry(data + at, size - at, &entry)) > 0;) {
		uint8_t again[65536 + 32];
		if (wire_encode_entry(&entry, again, sizeof(again)) != used ||
			memcmp(again, data + at, used) != 0) {
			abort();
		}
		at += used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode_entries(data, size);
	struct wire_message message;
	if (size < WIRE_HEADER_SIZE || wire_decode(data, size, &message) != WIRE_OK) {
		return 0;
	}
	uint8_t *again = malloc(size);
	/* The size field is the frame's owner to check, so it alone may differ. */
	if (again == NULL || wire_encode(&message, again, size) != size ||
		memcmp(again + 4, data + 4, size - 4) != 0) {
		abort();
	}
	free(again);
	return 0;
}
