/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *json_need(cJSON *node)
{
	if (!node) {
		base_memory_exhausted();
	}
	return node;
}

cJSON *base_json_new_object(void)
{
	return json_need(cJSON_CreateObject());
}

cJSON *base_json_new_array(void)
{
	return json_need(cJSON_CreateArray());
}

void base_json_add_node(cJSON *object, const char *key, cJSON *value)
{
	cJSON_bool added =
		key ? cJSON_AddItemToObject(object, key, value) : cJSON_AddItemToArray(object, value);
	if (!added) {
		base_memory_exhausted();
	}
}

cJSON *base_json_add_object(cJSON *object, const char *key)
{
	cJSON *child = base_json_new_object();
	base_json_add_node(object, key, child);
	return child;
}

cJSON *base_json_add_array(cJSON *object, const char *key)
{
	cJSON *child = base_json_new_array();
	base_json_add_node(object, key, child);
	return child;
}

/* Names come from drivers, files and sockets, and a document that is not UTF-8 has no reader. */
static char *json_utf8(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	BASE_BUFFER_AUTO clean = BASE_BUFFER_INIT;
	size_t size = strlen(text);
	size_t copied = 0;
	for (size_t at = 0; at < size;) {
		uint32_t code_point;
		size_t length = base_utf8_decode(text + at, size - at, &code_point);
		if (length) {
			at += length;
		} else {
			base_buffer_add(&clean, text + copied, at - copied);
			base_buffer_add_text(&clean, replacement);
			copied = ++at;
		}
	}
	base_buffer_add(&clean, text + copied, size - copied);
	return base_buffer_steal(&clean);
}

void base_json_add_string(cJSON *object, const char *key, const char *value)
{
	BASE_FREE char *clean = json_utf8(value);
	base_json_add_node(object, key, json_need(cJSON_CreateString(clean)));
}

void base_json_add_format(cJSON *object, const char *key, const char *format, ...)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&text, format, args);
	va_end(args);
	base_json_add_string(object, key, text.data ? text.data : "");
}

void base_json_add_number(cJSON *object, const char *key, double value)
{
	base_json_add_node(object, key, json_need(cJSON_CreateNumber(value)));
}

void base_json_add_bool(cJSON *object, const char *key, bool value)
{
	base_json_add_node(object, key, json_need(cJSON_CreateBool(value)));
}

void base_json_add_null(cJSON *object, const char *key)
{
	base_json_add_node(object, key, json_need(cJSON_CreateNull()));
}

/* What RFC 8259 has escaped: by the letter that follows in `named`, or by number. */
static void write_string(const char *text, struct base_buffer *out)
{
	static const char named[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	base_buffer_add(out, "\"", 1);
	for (const char *at = text; *at;) {
		const char *end = at;
		while ((unsigned char)*end >= 0x20 && *end != '"' && *end != '\\') {
			end++;
		}
		base_buffer_add(out, at, (size_t)(end - at));
		if (*end) {
			const char *name = strchr(named, *end);
			if (name) {
				base_buffer_print(out, "\\%c", name[1]);
			} else {
				base_buffer_print(out, "\\u%04x", (unsigned)*end);
			}
			end++;
		}
		at = end;
	}
	base_buffer_add(out, "\"", 1);
}

/* Most numbers have no fraction, and printf takes 3,000 instructions for one. */
static void write_integer(int64_t value, struct base_buffer *out)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t left = value < 0 ? (uint64_t)-value : (uint64_t)value;
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (value < 0) {
		digits[--at] = '-';
	}
	base_buffer_add(out, digits + at, sizeof(digits) - at);
}

static void write_number(double value, struct base_buffer *out)
{
	if (!isfinite(value)) {
		base_buffer_add_text(out, "null");
	} else if (fabs(value) <= 0x1p53 && (double)(int64_t)value == value) {
		write_integer((int64_t)value, out);
	} else {
		/* Fifteen digits, or as many as it takes to be read as the same number, but for its last
		 * bit: 0.1 + 0.2 is 0.3. */
		char text[32];
		snprintf(text, sizeof(text), "%.15g", value);
		if (fabs(strtod(text, NULL) - value) > fabs(value) * DBL_EPSILON) {
			snprintf(text, sizeof(text), "%.17g", value);
		}
		base_buffer_add_text(out, text);
	}
}

static void write_line(unsigned columns, struct base_buffer *out)
{
	base_buffer_print(out, "\n%*s", (int)columns, "");
}

/* Members of an object are a line each, elements of an array go on in one. The reader of a document
 * bounds its depth, or what builds it does. */
static void write_node(const cJSON *node, unsigned indent, unsigned depth, struct base_buffer *out)
{
	bool object = cJSON_IsObject(node);
	if (cJSON_IsString(node)) {
		write_string(node->valuestring, out);
	} else if (cJSON_IsNumber(node)) {
		write_number(node->valuedouble, out);
	} else if (!object && !cJSON_IsArray(node)) {
		base_buffer_add_text(out,
			cJSON_IsTrue(node)        ? "true"
				: cJSON_IsFalse(node) ? "false"
									  : "null");
	} else {
		base_buffer_add(out, object ? "{" : "[", 1);
		for (const cJSON *child = node->child; child; child = child->next) {
			if (object && indent) {
				write_line((depth + 1) * indent, out);
			}
			if (object) {
				write_string(child->string, out);
				base_buffer_add(out, ": ", indent ? 2 : 1);
			}
			write_node(child, indent, depth + 1, out);
			if (child->next) {
				base_buffer_add(out, ", ", !object && indent ? 2 : 1);
			}
		}
		if (object && indent) {
			write_line(depth * indent, out);
		}
		base_buffer_add(out, object ? "}" : "]", 1);
	}
}

void base_json_write(const cJSON *node, unsigned indent, struct base_buffer *out)
{
	write_node(node, indent, 0, out);
	if (indent) {
		base_buffer_add(out, "\n", 1);
	}
}

void base_json_delete(cJSON **node)
{
	cJSON_Delete(*node);
	*node = NULL;
}
