/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/record.h"

#include <string.h>

static const char magic[4] = {'G', 'L', 'J', '1'};

/** Places of the header's fields. */
enum {
	AT_LENGTH = 4,
	AT_TYPE = 8,
	AT_PLACE = 10,
	AT_SEQ = 12,
	AT_BOOTTIME = 20,
	AT_WALL = 28,
	AT_PREVIOUS = 36
};

static void put(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		at[i] = (uint8_t)(value >> (8 * i));
	}
}

static uint64_t get(const uint8_t *at, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++) {
		value |= (uint64_t)at[i] << (8 * i);
	}
	return value;
}

void lease_record_encode(struct lease_record *record, struct base_buffer *out)
{
	uint8_t header[LEASE_RECORD_HEADER_SIZE];
	memcpy(header, magic, sizeof(magic));
	put(header + AT_LENGTH, record->payload_size, 4);
	put(header + AT_TYPE, record->type, 2);
	put(header + AT_PLACE, record->place, 2);
	put(header + AT_SEQ, record->seq, 8);
	put(header + AT_BOOTTIME, record->boottime_ns, 8);
	put(header + AT_WALL, record->wall_ms, 8);
	memcpy(header + AT_PREVIOUS, record->previous, sizeof(record->previous));
	size_t start = out->size;
	base_buffer_add(out, header, sizeof(header));
	base_buffer_add(out, record->payload, record->payload_size);
	base_sha256(out->data + start, out->size - start, record->hash);
	base_buffer_add(out, record->hash, sizeof(record->hash));
}

size_t lease_record_decode(const uint8_t *bytes, size_t size, struct lease_record *record)
{
	if (size < LEASE_RECORD_FRAME_SIZE || memcmp(bytes, magic, sizeof(magic)) != 0) {
		return 0;
	}
	size_t length = (size_t)get(bytes + AT_LENGTH, 4);
	if (length > LEASE_RECORD_PAYLOAD_MAX || length > size - LEASE_RECORD_FRAME_SIZE) {
		return 0;
	}
	size_t hashed = LEASE_RECORD_HEADER_SIZE + length;
	base_sha256(bytes, hashed, record->hash);
	if (memcmp(record->hash, bytes + hashed, sizeof(record->hash)) != 0) {
		return 0;
	}
	record->type = (uint32_t)get(bytes + AT_TYPE, 2);
	record->place = (uint16_t)get(bytes + AT_PLACE, 2);
	record->seq = get(bytes + AT_SEQ, 8);
	record->boottime_ns = get(bytes + AT_BOOTTIME, 8);
	record->wall_ms = get(bytes + AT_WALL, 8);
	memcpy(record->previous, bytes + AT_PREVIOUS, sizeof(record->previous));
	record->payload = (const char *)bytes + LEASE_RECORD_HEADER_SIZE;
	record->payload_size = length;
	return LEASE_RECORD_FRAME_SIZE + length;
}
