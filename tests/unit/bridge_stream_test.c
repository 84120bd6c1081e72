/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/memory.h"
#include "bridge/stream.h"

#include <stdlib.h>
#include <string.h>

static void add(struct bridge_stream *stream, const char *line)
{
	bridge_stream_add(stream, line, strlen(line));
}

static void reads_lines_from_any_offset(void **state)
{
	(void)state;
	struct bridge_stream stream = {.size_max = 100};
	add(&stream, "one");
	add(&stream, "two");
	char bytes[16];
	uint64_t skew = 0;
	assert_int_equal(bridge_stream_end(&stream), 8);
	assert_int_equal(bridge_stream_read(&stream, 0, &skew, bytes, sizeof(bytes)), 8);
	assert_memory_equal(bytes, "one\ntwo\n", 8);
	assert_int_equal(bridge_stream_read(&stream, 5, &skew, bytes, 2), 2);
	assert_memory_equal(bytes, "wo", 2);
	assert_int_equal(bridge_stream_read(&stream, 8, &skew, bytes, sizeof(bytes)), 0);
	assert_int_equal(bridge_stream_read(&stream, UINT64_MAX, &skew, bytes, sizeof(bytes)), 0);
	skew = UINT64_MAX;
	assert_int_equal(bridge_stream_read(&stream, 1, &skew, bytes, sizeof(bytes)), 0);
	bridge_stream_finish(&stream);
}

static void keeps_whole_newest_lines(void **state)
{
	(void)state;
	struct bridge_stream stream = {.size_max = 64};
	for (int i = 0; i < 1000; i++) {
		BASE_FREE char *line = base_format("line %03d", i);
		add(&stream, line);
		assert_true(stream.kept.size <= 64);
		assert_memory_equal(stream.kept.data, "line ", 5);
		assert_memory_equal(stream.kept.data + stream.kept.size - 4, line + 5, 3);
	}
	assert_int_equal(bridge_stream_end(&stream), 9000);
	bridge_stream_finish(&stream);
}

static void a_line_larger_than_the_stream_leaves_it_empty(void **state)
{
	(void)state;
	struct bridge_stream stream = {.size_max = 8};
	add(&stream, "short");
	add(&stream, "a line of more than eight bytes");
	char bytes[64];
	uint64_t skew = 0;
	assert_int_equal(bridge_stream_read(&stream, 0, &skew, bytes, sizeof(bytes)), 0);
	assert_int_equal(bridge_stream_end(&stream), 6 + 32);
	bridge_stream_finish(&stream);
}

/** Who has fallen behind goes on at the oldest line, with offsets of its own that stay contiguous.
 */
static void a_slow_reader_skips_to_the_oldest_line(void **state)
{
	(void)state;
	struct bridge_stream stream = {.size_max = 64};
	for (int i = 0; i < 100; i++) {
		BASE_FREE char *line = base_format("line %03d", i);
		add(&stream, line);
	}
	char bytes[9];
	char last[9] = "";
	uint64_t skew = 0;
	uint64_t offset = 0;
	size_t lines = 0;
	for (size_t got; (got = bridge_stream_read(&stream, offset, &skew, bytes, 9)) > 0; lines++) {
		assert_int_equal(got, 9);
		assert_memory_equal(bytes, "line ", 5);
		assert_true(lines == 0 || memcmp(bytes, last, 9) > 0);
		memcpy(last, bytes, 9);
		offset += got;
	}
	assert_memory_equal(last, "line 099\n", 9);
	assert_int_equal(lines * 9, stream.kept.size);
	add(&stream, "line 100");
	assert_int_equal(bridge_stream_read(&stream, offset, &skew, bytes, 9), 9);
	assert_memory_equal(bytes, "line 100\n", 9);
	bridge_stream_finish(&stream);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED("stream@reads-lines-from-any-offset", reads_lines_from_any_offset),
		NAMED("stream@keeps-whole-newest-lines", keeps_whole_newest_lines),
		NAMED("stream@a-line-larger-than-the-stream-leaves-it-empty",
			a_line_larger_than_the_stream_leaves_it_empty),
		NAMED("stream@a-slow-reader-skips-to-the-oldest-line",
			a_slow_reader_skips_to_the_oldest_line),
	};
	return cmocka_run_group_tests_name("bridge_stream", tests, NULL, NULL);
}
