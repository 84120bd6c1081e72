/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "tests/unit/cmocka_names.h"

#include <string.h>

/* RFC 4648 section 10. */
static void base64_matches_the_rfc(void **state)
{
	(void)state;
	static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
	static const char *const coded[] = {
		"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	for (size_t i = 0; i < 7; i++) {
		BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
		base_base64_encode(plain[i], strlen(plain[i]), &out);
		assert_string_equal(out.data ? out.data : "", coded[i]);
		BASE_BUFFER_AUTO back = BASE_BUFFER_INIT;
		assert_true(base_base64_decode(coded[i], strlen(coded[i]), &back));
		assert_string_equal(back.data, plain[i]);
	}
}

static void base64_carries_every_byte(void **state)
{
	(void)state;
	unsigned char bytes[256 * 3];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)(i * 7 + i / 256);
	}
	for (size_t size = sizeof(bytes) - 3; size <= sizeof(bytes); size++) {
		BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
		BASE_BUFFER_AUTO back = BASE_BUFFER_INIT;
		base_base64_encode(bytes, size, &out);
		assert_true(base_base64_decode(out.data, out.size, &back));
		assert_int_equal(back.size, size);
		assert_memory_equal(back.data, bytes, size);
	}
}

static void base64_refuses_other_spellings(void **state)
{
	(void)state;
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg==\n",
		"Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9", "Zm9-", "=m9v", "Z=9v"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
		base_buffer_add_text(&out, "kept");
		assert_false(base_base64_decode(bad[i], strlen(bad[i]), &out));
		assert_string_equal(out.data, "kept");
	}
}

/* FIPS 180-4 example. */
static void sha256_matches_the_standard(void **state)
{
	(void)state;
	char text[BASE_SHA256_TEXT_SIZE];
	base_sha256_text("abc", 3, text);
	assert_string_equal(
		text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(base_sha256_valid(text));
	text[10] = 'A';
	assert_false(base_sha256_valid(text));
	assert_false(base_sha256_valid("sha256:"));
	assert_false(base_sha256_valid(""));
}

static void buffer_grows_consumes_and_gives_away(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO buffer = BASE_BUFFER_INIT;
	for (int i = 0; i < 1000; i++) {
		base_buffer_print(&buffer, "%d,", i % 10);
	}
	assert_int_equal(buffer.size, 2000);
	base_buffer_consume(&buffer, 1996);
	assert_string_equal(buffer.data, "8,9,");
	base_buffer_consume(&buffer, 100);
	assert_int_equal(buffer.size, 0);
	char *text = base_buffer_steal(&buffer);
	assert_string_equal(text, "");
	base_cleanup_free(&text);
	assert_null(buffer.data);
}

static void width_counts_columns(void **state)
{
	(void)state;
	assert_int_equal(base_terminal_width("abc"), 3);
	assert_int_equal(base_terminal_width("\xe2\x9c\x93 ok"), 4);
	assert_int_equal(base_terminal_width("e\xcc\x81"), 1);
	assert_int_equal(base_terminal_width("\xe6\xbc\xa2"), 2);
	assert_int_equal(base_terminal_width("\x1b\xff"), 1);
}

static void wall_time_is_rfc3339(void **state)
{
	(void)state;
	char text[BASE_CLOCK_TEXT_SIZE];
	base_clock_format(1776880991000u, text);
	assert_string_equal(text, "2026-04-22T18:03:11Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("base64@matches-the-rfc", base64_matches_the_rfc),
		NAMED("base64@carries-every-byte", base64_carries_every_byte),
		NAMED("base64@refuses-other-spellings", base64_refuses_other_spellings),
		NAMED("sha256@matches-the-standard", sha256_matches_the_standard),
		NAMED("buffer@grows-consumes-and-gives-away", buffer_grows_consumes_and_gives_away),
		NAMED("terminal@width-counts-columns", width_counts_columns),
		NAMED("clock@wall-time-is-rfc3339", wall_time_is_rfc3339),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
