/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page.h"
#include "report/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BAD "\xef\xbf\xbd"

static const struct {
	const char *text, *unicode, *ascii;
} cases[] = {
	{"", "", ""},
	{"AMD Radeon (RADV GFX1201)", "AMD Radeon (RADV GFX1201)", "AMD Radeon (RADV GFX1201)"},
	{"a\nb\tc\rd", "a b c d", "a b c d"},
	{"\033[31mred\033[0m", BAD "[31mred" BAD "[0m", "?[31mred?[0m"},
	/* OSC 52 would write the clipboard. */
	{"\033]52;c;QQ==\007", BAD "]52;c;QQ==" BAD, "?]52;c;QQ==?"},
	/* C1 CSI, as UTF-8 and as a bare byte. */
	{"\xc2\x9b"
	 "31m",
		BAD "31m", "?31m"},
	{"\x9b"
	 "31m",
		BAD "31m", "?31m"},
	{"\x7f", BAD, "?"},
	/* Right-to-left override, zero width space, byte order mark, line separator. */
	{"a\xe2\x80\xae"
	 "b",
		"a" BAD "b", "a?b"},
	{"a\xe2\x80\x8b"
	 "b",
		"a" BAD "b", "a?b"},
	{"\xef\xbb\xbf", BAD, "?"},
	{"a\xe2\x80\xa8"
	 "b",
		"a" BAD "b", "a?b"},
	{"na\xc3\xafve \xe2\x9c\x93", "na\xc3\xafve \xe2\x9c\x93", "na?ve ?"},
	/* Truncated, overlong, surrogate. */
	{"\xe2\x9c", BAD BAD, "??"},
	{"\xc0\xaf", BAD BAD, "??"},
	{"\xed\xa0\x80", BAD BAD BAD, "???"},
	/* The runner reads ##[command] anywhere in a line. */
	{"##[error]x", "## [error]x", "## [error]x"},
	{"###[error]x", "### [error]x", "### [error]x"},
	{"#[x]", "#[x]", "#[x]"},
};

static void test_plain(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BASE_BUFFER_AUTO unicode = BASE_BUFFER_INIT;
		BASE_BUFFER_AUTO ascii = BASE_BUFFER_INIT;
		base_buffer_add_text(&unicode, "");
		base_buffer_add_text(&ascii, "");
		report_plain_add(&unicode, cases[i].text, true);
		report_plain_add(&ascii, cases[i].text, false);
		assert_string_equal(unicode.data, cases[i].unicode);
		assert_string_equal(ascii.data, cases[i].ascii);
	}
}

static void test_every_byte_is_harmless(void **state)
{
	(void)state;
	for (int first = 1; first < 256; first++) {
		for (int second = 1; second < 256; second++) {
			const char text[] = {(char)first, (char)second, 'm', '\0'};
			BASE_BUFFER_AUTO ascii = BASE_BUFFER_INIT;
			report_plain_add(&ascii, text, false);
			for (size_t i = 0; i < ascii.size; i++) {
				assert_in_range((unsigned char)ascii.data[i], 0x20, 0x7e);
			}
		}
	}
}

static void test_cut(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_buffer_add_text(&text, "keep ");
	report_plain_add(&text, "0123456789", true);
	report_plain_cut(&text, 5, 10);
	assert_string_equal(text.data, "keep 0123456789");
	report_plain_cut(&text, 5, 9);
	assert_string_equal(text.data, "keep 012345...");
	base_buffer_clear(&text);
	/* Never half a character. */
	report_plain_add(&text, "\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93", true);
	report_plain_cut(&text, 0, 8);
	assert_string_equal(text.data, "\xe2\x9c\x93...");
}

static void wrap(const char *text, unsigned columns, unsigned indent, const char *expected)
{
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	const struct report_style style = {.columns = columns};
	struct report_page page = {.out = &out, .style = &style};
	report_page_wrap(&page, REPORT_INK_BAD, text, indent);
	assert_string_equal(out.data, expected);
}

static void test_wrap(void **state)
{
	(void)state;
	wrap("one two three", 80, 0, "one two three\n");
	wrap("one two three", 9, 2, "one two\n  three\n");
	wrap("  a   b  ", 80, 0, "a b\n");
	wrap("", 80, 4, "\n");
	/* A word that is too long stays whole: it may be a path to copy. */
	wrap("/a/very/long/path x", 8, 2, "/a/very/long/path\n  x\n");
	/* A workflow command must not come to the front of a line. */
	wrap("aaaa ::error::x", 6, 2, "aaaa\n  : ::error::x\n");
}

static void test_color_is_only_ours(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	const struct report_style style = {.columns = 80, .color = true};
	struct report_page page = {.out = &out, .style = &style};
	report_page_add(&page, REPORT_INK_GOOD, "x\033[5m");
	assert_string_equal(out.data, "\033[32mx?[5m\033[0m");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"plain@hostile-strings", test_plain, NULL, NULL, NULL},
		{"plain@every-byte-is-harmless", test_every_byte_is_harmless, NULL, NULL, NULL},
		{"plain@cut-at-characters", test_cut, NULL, NULL, NULL},
		{"page@wrap", test_wrap, NULL, NULL, NULL},
		{"page@color-is-only-ours", test_color_is_only_ours, NULL, NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
