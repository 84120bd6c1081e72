/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "bridge/wire.h"

#include <stdlib.h>
#include <string.h>

enum { FRAME_MAX = 4096 };

/** A message with another value in every field, so that a field taken for another one shows. */
static struct wire_message sample(uint8_t type)
{
	struct wire_message message = {
		.type = type,
		.tag = 0x0102,
		.old_tag = 0x0304,
		.fid = 0x05060708,
		.new_fid = 0x090a0b0c,
		.auth_fid = 0x0d0e0f10,
		.error = 0x11121314,
		.msize = 0x15161718,
		.version = wire_text("9P2000.L"),
		.uname = wire_text("uname"),
		.aname = wire_text(""),
		.n_uname = 0x191a1b1c,
		.name = wire_text("a name"),
		.other_name = wire_text("another"),
		.name_count = 3,
		.names = {wire_text("gpu"), wire_text(""), wire_text("GPU-0")},
		.qid = {.type = 0x80, .version = 0x1d1e1f20, .path = 0x2122232425262728},
		.qid_count = 2,
		.qids = {{.type = 1, .version = 2, .path = 3}, {.type = 4, .version = 5, .path = 6}},
		.flags = 0x292a2b2c,
		.mode = 0x2d2e2f30,
		.gid = 0x31323334,
		.major = 0x35363738,
		.minor = 0x393a3b3c,
		.io_unit = 0x3d3e3f40,
		.data_sync = 1,
		.offset = 0x4142434445464748,
		.count = 0x494a4b4c,
		.data = {.bytes = (const uint8_t *)"\0data\xff", .size = 6},
		.mask = 0x4d4e4f5051525354,
		.set_mask = 0x55565758,
		.xattr_size = 0x595a5b5c5d5e5f60,
	};
	/* Every byte of the rest differs from its neighbours. */
	uint8_t *bytes = (uint8_t *)&message.attributes;
	for (size_t i = 0; i < sizeof(message.attributes); i++) {
		bytes[i] = (uint8_t)(i + 1);
	}
	bytes = (uint8_t *)&message.statfs;
	for (size_t i = 0; i < sizeof(message.statfs); i++) {
		bytes[i] = (uint8_t)(i + 3);
	}
	message.lock = (struct wire_lock){
		.type = 1, .flags = 2, .start = 3, .length = 4, .process = 5, .status = 6};
	message.lock.client = wire_text("client");
	return message;
}

static bool exists(unsigned type)
{
	return strcmp(wire_type_name((uint8_t)type), "unknown") != 0;
}

/** A frame in memory of exactly its size, so that a sanitizer sees one byte too many. */
static uint8_t *exact(const uint8_t *frame, size_t size)
{
	uint8_t *copy = malloc(size);
	assert_non_null(copy);
	memcpy(copy, frame, size);
	return copy;
}

static enum wire_outcome decode(const uint8_t *frame, size_t size)
{
	uint8_t *copy = exact(frame, size);
	struct wire_message message;
	enum wire_outcome outcome = wire_decode(copy, size, &message);
	free(copy);
	return outcome;
}

static void every_message_survives_the_wire(void **state)
{
	(void)state;
	size_t known = 0;
	for (unsigned type = 0; type < 256; type++) {
		if (!exists(type)) {
			continue;
		}
		struct wire_message sent = sample((uint8_t)type);
		uint8_t frame[FRAME_MAX];
		size_t size = wire_encode(&sent, frame, sizeof(frame));
		assert_true(size >= WIRE_HEADER_SIZE);
		assert_int_equal(wire_frame_size(frame), size);
		assert_int_equal(frame[4], type);

		struct wire_message got;
		assert_int_equal(wire_decode(frame, size, &got), WIRE_OK);
		uint8_t again[FRAME_MAX];
		assert_int_equal(wire_encode(&got, again, sizeof(again)), size);
		assert_memory_equal(again, frame, size);
		known++;
	}
	/* 28 pairs and Rlerror. */
	assert_int_equal(known, 57);
}

static void fields_arrive_where_they_belong(void **state)
{
	(void)state;
	struct wire_message sent = sample(WIRE_TWRITE);
	uint8_t frame[FRAME_MAX];
	struct wire_message got;
	size_t size = wire_encode(&sent, frame, sizeof(frame));
	assert_int_equal(wire_decode(frame, size, &got), WIRE_OK);
	assert_int_equal(got.tag, sent.tag);
	assert_int_equal(got.fid, sent.fid);
	assert_int_equal(got.offset, sent.offset);
	assert_int_equal(got.data.size, 6);
	assert_memory_equal(got.data.bytes, "\0data\xff", 6);

	sent = sample(WIRE_TWALK);
	size = wire_encode(&sent, frame, sizeof(frame));
	assert_int_equal(wire_decode(frame, size, &got), WIRE_OK);
	assert_int_equal(got.new_fid, sent.new_fid);
	assert_int_equal(got.name_count, 3);
	assert_true(wire_text_equals(&got.names[2], "GPU-0"));
	assert_true(wire_text_equals(&got.names[1], ""));
	assert_false(wire_text_equals(&got.names[2], "GPU-"));
}

/** Frames as the Linux kernel writes them (v9fs of a 6.1 kernel, with msize 8192). */
static void kernel_frames_are_understood(void **state)
{
	(void)state;
	static const uint8_t version[] = {0x15, 0, 0, 0, 100, 0xff, 0xff, 0, 0x20, 0, 0, 8, 0, '9', 'P',
		'2', '0', '0', '0', '.', 'L'};
	static const uint8_t getattr[] = {
		0x13, 0, 0, 0, 24, 1, 0, 7, 0, 0, 0, 0xff, 0x07, 0, 0, 0, 0, 0, 0};
	static const uint8_t fsync[] = {0x0f, 0, 0, 0, 50, 2, 0, 9, 0, 0, 0, 1, 0, 0, 0};
	struct wire_message got;
	assert_int_equal(wire_decode(version, sizeof(version), &got), WIRE_OK);
	assert_int_equal(got.tag, WIRE_NOTAG);
	assert_int_equal(got.msize, 8192);
	assert_true(wire_text_equals(&got.version, "9P2000.L"));
	assert_int_equal(wire_decode(getattr, sizeof(getattr), &got), WIRE_OK);
	assert_int_equal(got.fid, 7);
	assert_int_equal(got.mask, 0x7ff);
	assert_int_equal(wire_decode(fsync, sizeof(fsync), &got), WIRE_OK);
	assert_int_equal(got.fid, 9);
	assert_int_equal(got.data_sync, 1);
}

static void every_truncation_is_malformed(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct wire_message message = sample((uint8_t)type);
		uint8_t frame[FRAME_MAX];
		size_t size = exists(type) ? wire_encode(&message, frame, sizeof(frame) - 1) : 0;
		for (size_t cut = WIRE_HEADER_SIZE; cut < size; cut++) {
			assert_int_equal(decode(frame, cut), WIRE_MALFORMED);
		}
		if (size > 0) {
			frame[size] = 0;
			assert_int_equal(decode(frame, size + 1), WIRE_MALFORMED);
		}
	}
}

static void a_full_frame_is_not_overrun(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct wire_message message = sample((uint8_t)type);
		uint8_t frame[FRAME_MAX];
		size_t size = exists(type) ? wire_encode(&message, frame, sizeof(frame)) : 0;
		for (size_t room = 0; room < size; room++) {
			uint8_t *small = malloc(room + 1);
			assert_int_equal(wire_encode(&message, small, room), 0);
			free(small);
		}
	}
}

static void unknown_types_are_told_apart(void **state)
{
	(void)state;
	uint8_t frame[WIRE_HEADER_SIZE] = {WIRE_HEADER_SIZE, 0, 0, 0, 0, 0x34, 0x12};
	struct wire_message message = {.type = 0};
	for (unsigned type = 0; type < 256; type++) {
		frame[4] = (uint8_t)type;
		struct wire_message got;
		if (!exists(type)) {
			assert_int_equal(wire_decode(frame, sizeof(frame), &got), WIRE_UNKNOWN);
			assert_int_equal(got.type, type);
			assert_int_equal(got.tag, 0x1234);
			message.type = (uint8_t)type;
			assert_int_equal(wire_encode(&message, frame, sizeof(frame)), 0);
		}
	}
}

static void counts_that_lie_are_malformed(void **state)
{
	(void)state;
	struct wire_message walk = {.type = WIRE_TWALK, .name_count = WIRE_WALK_MAX};
	for (size_t i = 0; i < WIRE_WALK_MAX; i++) {
		walk.names[i] = wire_text("x");
	}
	uint8_t frame[FRAME_MAX] = {0};
	size_t size = wire_encode(&walk, frame, sizeof(frame));
	assert_int_equal(decode(frame, size), WIRE_OK);
	/* A seventeenth name, which is really there. */
	frame[15] = WIRE_WALK_MAX + 1;
	memcpy(frame + size, frame + size - 3, 3);
	assert_int_equal(decode(frame, size + 3), WIRE_MALFORMED);
	walk.name_count = WIRE_WALK_MAX + 1;
	assert_int_equal(wire_encode(&walk, frame, sizeof(frame)), 0);

	struct wire_message write = sample(WIRE_TWRITE);
	size = wire_encode(&write, frame, sizeof(frame));
	static const uint32_t lies[] = {0, 5, 7, 0x7fffffff, 0x80000000, 0xffffffe8, 0xffffffff};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		for (size_t b = 0; b < 4; b++) {
			frame[19 + b] = (uint8_t)(lies[i] >> (8 * b));
		}
		assert_int_equal(decode(frame, size), WIRE_MALFORMED);
	}
}

static void read_header_is_that_of_rread(void **state)
{
	(void)state;
	struct wire_message read = {.type = WIRE_RREAD, .tag = 7};
	read.data = (struct wire_data){.bytes = (const uint8_t *)"abc", .size = 3};
	uint8_t frame[32];
	uint8_t header[WIRE_READ_HEADER_SIZE];
	assert_int_equal(wire_encode(&read, frame, sizeof(frame)), WIRE_READ_HEADER_SIZE + 3);
	wire_encode_read_header(WIRE_RREAD, 7, 3, header);
	assert_memory_equal(header, frame, sizeof(header));
}

static void entries_are_never_split(void **state)
{
	(void)state;
	struct wire_entry entry = {
		.qid = {.type = 0x80, .version = 1, .path = 2},
		.cookie = 0x0102030405060708,
		.type = 4,
		.name = wire_text("GPU-0"),
	};
	uint8_t bytes[64];
	size_t size = wire_encode_entry(&entry, bytes, sizeof(bytes));
	assert_int_equal(size, WIRE_QID_SIZE + 8 + 1 + 2 + 5);
	for (size_t room = 0; room < size; room++) {
		uint8_t small[64];
		assert_int_equal(wire_encode_entry(&entry, small, room), 0);
		struct wire_entry got;
		assert_int_equal(wire_decode_entry(bytes, room, &got), 0);
	}
	struct wire_entry got;
	assert_int_equal(wire_decode_entry(bytes, sizeof(bytes), &got), size);
	assert_int_equal(got.qid.path, 2);
	assert_int_equal(got.cookie, entry.cookie);
	assert_true(wire_text_equals(&got.name, "GPU-0"));
}

static void texts_are_compared_byte_for_byte(void **state)
{
	(void)state;
	const struct wire_text text = {.bytes = "ctl\0", .size = 4};
	const struct wire_text word = wire_text("ctl");
	assert_true(wire_text_equals(&word, "ctl"));
	assert_false(wire_text_equals(&word, "ctm"));
	assert_false(wire_text_equals(&word, "ct"));
	assert_false(wire_text_equals(&text, "ctl"));
}

static void a_text_that_is_too_long_is_cut(void **state)
{
	(void)state;
	static char text[UINT16_MAX + 10];
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(wire_text(text).size, UINT16_MAX);
	text[UINT16_MAX] = '\0';
	assert_int_equal(wire_text(text).size, UINT16_MAX);
	text[UINT16_MAX - 1] = '\0';
	assert_int_equal(wire_text(text).size, UINT16_MAX - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED("wire@every-message-survives-the-wire", every_message_survives_the_wire),
		NAMED("wire@fields-arrive-where-they-belong", fields_arrive_where_they_belong),
		NAMED("wire@kernel-frames-are-understood", kernel_frames_are_understood),
		NAMED("wire@every-truncation-is-malformed", every_truncation_is_malformed),
		NAMED("wire@a-full-frame-is-not-overrun", a_full_frame_is_not_overrun),
		NAMED("wire@unknown-types-are-told-apart", unknown_types_are_told_apart),
		NAMED("wire@counts-that-lie-are-malformed", counts_that_lie_are_malformed),
		NAMED("wire@read-header-is-that-of-rread", read_header_is_that_of_rread),
		NAMED("wire@entries-are-never-split", entries_are_never_split),
		NAMED("wire@texts-are-compared-byte-for-byte", texts_are_compared_byte_for_byte),
		NAMED("wire@a-text-that-is-too-long-is-cut", a_text_that_is_too_long_is_cut),
	};
	return cmocka_run_group_tests_name("bridge_wire", tests, NULL, NULL);
}
