/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/facts_text.h"

#include "base/memory.h"
#include "probe/operator.h"
#include "report/plain.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_WIDTH = 18, INDENT = 2 };

/* The member that an element of an array is called by, as fact paths select it; NULL for none. */
static const cJSON *naming_member(const cJSON *element)
{
	static const char *const keys[] = {"key", "path", "address", "name", "what", "severity"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const cJSON *member = base_json_get(element, keys[i]);
		if (cJSON_IsString(member)) {
			return member;
		}
	}
	return NULL;
}

static bool is_nested(const cJSON *node)
{
	return cJSON_IsObject(node) || (cJSON_IsArray(node) && cJSON_IsObject(node->child));
}

static void print_line(
	unsigned indent, const char *label, const cJSON *value, bool unicode, struct base_buffer *out)
{
	BASE_BUFFER_AUTO plain = BASE_BUFFER_INIT;
	report_plain_add(&plain, label, unicode);
	base_buffer_print(out, "%*s%-*s", (int)indent, "", value ? LABEL_WIDTH : 0, plain.data);
	if (value) {
		BASE_FREE char *text = probe_value_text(value);
		base_buffer_add_text(out, " ");
		report_plain_add(out, text[0] ? text : "none", unicode);
	}
	base_buffer_add_text(out, "\n");
}

/* `titled`: the line above is the object's own name, which need not be said again. */
static void print_members(
	const cJSON *object, unsigned indent, bool titled, bool unicode, struct base_buffer *out)
{
	const cJSON *named_by = titled ? naming_member(object) : NULL;
	const cJSON *member;
	cJSON_ArrayForEach(member, object)
	{
		const cJSON *name = cJSON_IsArray(object) ? naming_member(member) : NULL;
		const char *label = name ? name->valuestring : cJSON_IsArray(object) ? "-" : member->string;
		/* {"name": "a", "value": "b"} and its like take one line. */
		bool pair = name && cJSON_GetArraySize(member) == 2;
		if (pair) {
			const cJSON *value = name->next ? name->next : name->prev;
			print_line(indent, label, value, unicode, out);
		} else if (is_nested(member)) {
			print_line(indent, label, NULL, unicode, out);
			print_members(member, indent + INDENT, name != NULL, unicode, out);
		} else if (member != named_by) {
			print_line(indent, label, member, unicode, out);
		}
	}
}

void probe_facts_print(const cJSON *facts, bool unicode, struct base_buffer *out)
{
	print_members(facts, 0, false, unicode, out);
}
