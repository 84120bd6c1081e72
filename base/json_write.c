/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <stdarg.h>
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
	for (size_t at = 0; at < size;) {
		uint32_t code_point;
		size_t length = base_utf8_decode(text + at, size - at, &code_point);
		if (length) {
			base_buffer_add(&clean, text + at, length);
			at += length;
		} else {
			base_buffer_add_text(&clean, replacement);
			at++;
		}
	}
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

void base_json_write(const cJSON *node, unsigned indent, struct base_buffer *out)
{
	char *text = indent ? cJSON_Print(node) : cJSON_PrintUnformatted(node);
	if (!text) {
		base_memory_exhausted();
	}
	/* cJSON indents with tabs and puts one after a colon; inside strings a tab is always escaped,
	 * so each raw one is layout. */
	for (const char *at = text; *at;) {
		size_t size = strcspn(at, "\t");
		base_buffer_add(out, at, size);
		at += size;
		if (*at && at > text && at[-1] == ':') {
			base_buffer_add(out, " ", 1);
		} else if (*at) {
			base_buffer_print(out, "%*s", (int)indent, "");
		}
		at += *at != '\0';
	}
	if (indent) {
		base_buffer_add(out, "\n", 1);
	}
	cJSON_free(text);
}

void base_json_delete(cJSON **node)
{
	cJSON_Delete(*node);
	*node = NULL;
}
