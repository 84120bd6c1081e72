/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/option.h"
#include "tests/unit/cmocka_names.h"

#include <string.h>

enum { OPTION_FILE = 1, OPTION_COUNT, OPTION_QUIET, OPTION_LOUD };
static const struct base_option options[] = {
	{.id = OPTION_FILE, .name = "file", .letter = 'f', .value = "FILE", .help = "a file"},
	{.id = OPTION_COUNT, .name = "count", .value = "N", .help = "how many"},
	{.id = OPTION_QUIET, .name = "quiet", .letter = 'q', .help = "say less"},
	{.id = OPTION_LOUD, .name = "loud", .letter = 'l', .help = "say more"},
};
static const struct base_command command = {
	.program = "test",
	.usage = "test [OPTION]...",
	.summary = "Tests.",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
};

/* What a scan of the words gives, as text: "1=x 3 op=y". */
static void scan(const char *const *words, struct base_buffer *seen)
{
	char *argv[16] = {(char *)"test"};
	int argc = 1;
	for (; words[argc - 1]; argc++) {
		argv[argc] = (char *)words[argc - 1];
	}
	struct base_option_scan at;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	base_option_start(&at, &command, argc, argv);
	int id;
	while ((id = base_option_next(&at, &err)) != BASE_OPTION_END) {
		if (id == BASE_OPTION_ERROR) {
			base_buffer_print(seen, "(%s)", err.message);
			return;
		}
		if (id == BASE_OPTION_OPERAND) {
			base_buffer_print(seen, "[%s]", at.value);
		} else {
			base_buffer_print(seen, "<%d%s%s>", id, at.value ? "=" : "", at.value ? at.value : "");
		}
	}
}

static void reads_every_spelling(void **state)
{
	(void)state;
	static const struct {
		const char *words[8];
		const char *seen;
	} cases[] = {
		{{"--file", "a", "b"}, "<1=a>[b]"},
		{{"--file=a=b"}, "<1=a=b>"},
		{{"--file="}, "<1=>"},
		{{"-fa", "-f", "b"}, "<1=a><1=b>"},
		{{"-qlfx", "-q"}, "<3><4><1=x><3>"},
		{{"-", "--", "-q", "--file"}, "[-][-q][--file]"},
		{{"--fil", "a"}, "(unknown option --fil)"},
		{{"--bogus=1"}, "(unknown option --bogus)"},
		{{"-x"}, "(unknown option -x)"},
		{{"-qx"}, "<3>(unknown option -x)"},
		{{"--file"}, "(option --file needs a value (FILE))"},
		{{"-f"}, "(option --file needs a value (FILE))"},
		{{"--quiet=1"}, "(option --quiet takes no value)"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BASE_BUFFER_AUTO seen = BASE_BUFFER_INIT;
		scan(cases[i].words, &seen);
		assert_string_equal(seen.data, cases[i].seen);
	}
}

static void numbers_are_digits_in_range(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool held;
	} cases[] = {
		{"1", true},
		{"100", true},
		{"0", false},
		{"101", false},
		{"", false},
		{"-1", false},
		{"+1", false},
		{" 1", false},
		{"1 ", false},
		{"0x10", false},
		{"1e1", false},
		{"99999999999999999999999", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct base_option_scan at = {.value = cases[i].text, .name = "count"};
		uint64_t value = 0;
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_int_equal(base_option_uint(&at, 1, 100, &value, &err), cases[i].held);
		assert_int_equal(err.message != NULL, !cases[i].held);
	}
}

static void words_are_named_when_none_is_meant(void **state)
{
	(void)state;
	struct base_option_scan at = {.value = "never", .name = "color"};
	enum base_color color = BASE_COLOR_AUTO;
	assert_true(base_option_color(&at, &color, NULL));
	assert_int_equal(color, BASE_COLOR_NEVER);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	at.value = "neve";
	assert_false(base_option_color(&at, &color, &err));
	assert_string_equal(err.message, "option --color wants auto, always or never, not \"neve\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("option@reads-every-spelling", reads_every_spelling),
		NAMED("option@numbers-are-digits-in-range", numbers_are_digits_in_range),
		NAMED("option@words-are-named-when-none-is-meant", words_are_named_when_none_is_meant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
