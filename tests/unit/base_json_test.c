/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/memory.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct refusal {
	const char *text;
	size_t size;
	const char *message;
};
#define TEXT(literal) literal, sizeof(literal) - 1

static const struct refusal refusals[] = {
	{TEXT(""), "t.json:1: a value expected, found the end"},
	{TEXT("{"), "t.json:1: a key in quotes expected"},
	{TEXT("{\"a\":1,}"), "t.json:1: a key in quotes expected"},
	{TEXT("[1,]"), "t.json:1: malformed number"},
	{TEXT("[1 2]"), "t.json:1: ',' or ']' expected"},
	{TEXT("{\"a\" 1}"), "t.json:1: ':' expected after a key"},
	{TEXT("\n\n{} x"), "t.json:3: text after the end of the document"},
	{TEXT("{}\n{}"), "t.json:2: text after the end of the document"},
	{TEXT("{}\0"), "t.json:1: text after the end of the document"},
	{TEXT("nul"), "t.json:1: unknown word"},
	{TEXT("NaN"), "t.json:1: malformed number"},
	{TEXT("01"), "t.json:1: malformed number"},
	{TEXT("1."), "t.json:1: malformed number"},
	{TEXT("1e"), "t.json:1: malformed number"},
	{TEXT("+1"), "t.json:1: malformed number"},
	{TEXT(".5"), "t.json:1: malformed number"},
	{TEXT("-"), "t.json:1: malformed number"},
	{TEXT("[\n1e400]"), "t.json:2: number too large"},
	{TEXT("\"\\u0000\""), "t.json:1: \\u0000 in a string"},
	{TEXT("\"\\ud800\""), "t.json:1: lone surrogate in a string"},
	{TEXT("\"\\ud800\\u0041\""), "t.json:1: lone surrogate in a string"},
	{TEXT("\"\\udc00\""), "t.json:1: lone surrogate in a string"},
	{TEXT("\"\\u12g4\""), "t.json:1: \\u wants four hexadecimal digits"},
	{TEXT("\"\\x\""), "t.json:1: unknown escape in a string"},
	{TEXT("\"a\nb\""), "t.json:1: control character in a string"},
	{TEXT("\"a\0b\""), "t.json:1: control character in a string"},
	{TEXT("\"abc"), "t.json:1: string does not end"},
	{TEXT("\"\xff\""), "t.json:1: string is not UTF-8"},
	{TEXT("\"\xc0\x80\""), "t.json:1: string is not UTF-8"},
	{TEXT("\"\xed\xa0\x80\""), "t.json:1: string is not UTF-8"},
	{TEXT("\"\xf4\x90\x80\x80\""), "t.json:1: string is not UTF-8"},
	{TEXT("\xef\xbb\xbf{}"), "t.json:1: begins with a byte order mark"},
	{TEXT("{\"a\":1,\n\"b\":2,\n\"a\":3}"), "t.json:3: duplicate key $.a"},
	{TEXT("{\"x\":[0,{\"k\":1,\n\"\\u006b\":2}]}"), "t.json:2: duplicate key $.x[1].k"},
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		BASE_JSON_AUTO json;
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		/* An exact copy, so that a read past the end is seen by a sanitizer. */
		char *exact = malloc(refusals[i].size ? refusals[i].size : 1);
		memcpy(exact, refusals[i].text, refusals[i].size);
		assert_false(base_json_parse("t.json", exact, refusals[i].size, &json, &err));
		assert_string_equal(err.code, "JSON_INVALID");
		assert_string_equal(err.message, refusals[i].message);
		free(exact);
	}
}

static void nested(char *text, size_t depth)
{
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
}

static void bounds_depth(void **state)
{
	(void)state;
	char text[2 * 100000];
	BASE_JSON_AUTO json;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	nested(text, BASE_JSON_DEPTH_MAX);
	assert_true(base_json_parse("t", text, 2 * BASE_JSON_DEPTH_MAX, &json, &err));
	base_json_finish(&json);
	nested(text, BASE_JSON_DEPTH_MAX + 1);
	assert_false(base_json_parse("t", text, 2 * (BASE_JSON_DEPTH_MAX + 1), &json, &err));
	nested(text, 100000);
	assert_false(base_json_parse("t", text, sizeof(text), &json, &err));
	assert_string_equal(err.message, "t:1: nested deeper than 32 levels");
}

static void remembers_lines(void **state)
{
	(void)state;
	static const char text[] = "{\n\"a\": 1,\n\"b\": [\n  2,\n  {\"c\":\n null}]}\n";
	BASE_JSON_AUTO json;
	assert_true(base_json_parse("t", TEXT(text), &json, NULL));
	assert_int_equal(base_json_line(&json, json.root), 1);
	assert_int_equal(base_json_line(&json, base_json_get(json.root, "a")), 2);
	const cJSON *b = base_json_get(json.root, "b");
	assert_int_equal(base_json_line(&json, b), 3);
	assert_int_equal(base_json_line(&json, cJSON_GetArrayItem(b, 0)), 4);
	assert_int_equal(base_json_line(&json, base_json_get(cJSON_GetArrayItem(b, 1), "c")), 6);
	assert_int_equal(base_json_line(&json, NULL), 0);
}

static void checks_keys(void **state)
{
	(void)state;
	static const struct base_json_key keys[] = {
		{.name = "n", .types = BASE_JSON_INTEGER, .required = true, .min = 1, .max = 9},
		{.name = "s", .types = BASE_JSON_STRING | BASE_JSON_NULL},
	};
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"{\"n\":1}", NULL},
		{"{\"n\":9,\"s\":null}", NULL},
		{"[]", "t:1: $ must be an object"},
		{"{\"s\":\"x\"}", "t:1: $.n is missing"},
		{"{\"n\":10}", "t:1: $.n must be in 1..9"},
		{"{\"n\":0}", "t:1: $.n must be in 1..9"},
		{"{\"n\":1.5}", "t:1: $.n must be a whole number"},
		{"{\"n\":9007199254740993}", "t:1: $.n must be a whole number"},
		{"{\"n\":\"1\"}", "t:1: $.n must be a whole number"},
		{"{\"n\":1,\n\"s\":2}", "t:2: $.s must be null or a string"},
		{"{\"n\":1,\n\"N\":2}", "t:2: unknown key $.N"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BASE_JSON_AUTO json;
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_true(base_json_parse("t", cases[i].text, strlen(cases[i].text), &json, &err));
		bool held = base_json_check(&json, json.root, "$", keys, 2, &err);
		assert_int_equal(held, cases[i].message == NULL);
		if (cases[i].message) {
			assert_string_equal(err.message, cases[i].message);
		}
	}
}

static void looks_up_calmly(void **state)
{
	(void)state;
	BASE_JSON_AUTO json;
	static const char text[] = "{\"a\":{\"b\":{\"c\":7}},\"s\":\"x\",\"neg\":-1,\"t\":true}";
	assert_true(base_json_parse("t", TEXT(text), &json, NULL));
	assert_int_equal(base_json_path(json.root, "a.b.c")->valueint, 7);
	assert_null(base_json_path(json.root, "a.x.c"));
	assert_null(base_json_path(json.root, "s.b"));
	assert_null(base_json_get(NULL, "a"));
	assert_string_equal(base_json_string(json.root, "s", "?"), "x");
	assert_string_equal(base_json_string(json.root, "a", "?"), "?");
	assert_int_equal(base_json_uint(json.root, "neg", 5), 5);
	assert_true(base_json_bool(json.root, "t", false));
	assert_true(base_json_number(json.root, "missing", 2.5) == 2.5);
}

static void writes_indented_and_compact(void **state)
{
	(void)state;
	BASE_JSON_FREE cJSON *root = base_json_new_object();
	base_json_add_string(root, "tab:\t", "a\tb:\t\x1b\xff");
	cJSON *list = base_json_add_array(root, "list");
	base_json_add_number(list, NULL, 1);
	base_json_add_number(list, NULL, 0.1);
	base_json_add_bool(base_json_add_object(root, "o"), "x", false);
	BASE_BUFFER_AUTO pretty = BASE_BUFFER_INIT;
	base_json_write(root, 2, &pretty);
	assert_string_equal(pretty.data,
		"{\n  \"tab:\\t\": \"a\\tb:\\t\\u001b\xef\xbf\xbd\",\n"
		"  \"list\": [1, 0.1],\n  \"o\": {\n    \"x\": false\n  }\n}\n");
	BASE_BUFFER_AUTO compact = BASE_BUFFER_INIT;
	base_json_write(root, 0, &compact);
	assert_string_equal(compact.data,
		"{\"tab:\\t\":\"a\\tb:\\t\\u001b\xef\xbf\xbd\",\"list\":[1,0.1],\"o\":{\"x\":false}}");
}

static void writes_numbers_and_escapes(void **state)
{
	(void)state;
	static const struct {
		double value;
		const char *text;
	} numbers[] = {
		{0, "0"},
		{-7, "-7"},
		{999999999999999, "999999999999999"},
		{-999999999999999, "-999999999999999"},
		{1e15, "1000000000000000"},
		{9007199254740992, "9007199254740992"},
		{9007199254740994, "9007199254740994"},
		{0.1 + 0.2, "0.3"},
		{1.0 / 3, "0.33333333333333331"},
		{123456789012345.6, "123456789012345.59"},
		{-1e-300, "-1e-300"},
		{NAN, "null"},
		{-INFINITY, "null"},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		BASE_JSON_FREE cJSON *list = base_json_new_array();
		base_json_add_number(list, NULL, numbers[i].value);
		BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
		base_json_write(list, 0, &text);
		BASE_FREE char *expected = base_format("[%s]", numbers[i].text);
		assert_string_equal(text.data, expected);
	}
	BASE_JSON_FREE cJSON *root = base_json_new_object();
	base_json_add_string(root, "\"\\\b\f\n\r\t\x01", "/\x7f\xc3\xa4");
	base_json_add_object(root, "");
	base_json_add_array(root, "a");
	base_json_add_null(root, "n");
	BASE_BUFFER_AUTO pretty = BASE_BUFFER_INIT;
	base_json_write(root, 4, &pretty);
	assert_string_equal(pretty.data,
		"{\n    \"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\": \"/\x7f\xc3\xa4\",\n"
		"    \"\": {\n    },\n    \"a\": [],\n    \"n\": null\n}\n");
}

static void many_keys_in_reasonable_time(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	for (int i = 0; i < 100000; i++) {
		base_buffer_print(&text, "%s\"k%d\":0", i ? "," : "{", i);
	}
	base_buffer_add_text(&text, ",\n\"k7\":1}");
	BASE_JSON_AUTO json;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_false(base_json_parse("t", text.data, text.size, &json, &err));
	assert_string_equal(err.message, "t:2: duplicate key $.k7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("json@refuses-what-is-not-strict", refuses),
		NAMED("json@bounds-depth", bounds_depth),
		NAMED("json@remembers-lines", remembers_lines),
		NAMED("json@checks-keys-and-types", checks_keys),
		NAMED("json@looks-up-calmly", looks_up_calmly),
		NAMED("json@writes-indented-and-compact", writes_indented_and_compact),
		NAMED("json@writes-numbers-and-escapes", writes_numbers_and_escapes),
		NAMED("json@finds-a-duplicate-among-many-keys", many_keys_in_reasonable_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
