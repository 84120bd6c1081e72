/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/facts_text.h"

#include "base/memory.h"
#include "probe/operator.h"
#include "report/plain.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_WIDTH = 18, INDENT = 2 };

/* What an element of an array is called: the same keys by which a fact path selects it. */
static const char *element_name(const cJSON *element)
{
	static const char *const keys[] = {"key", "path", "address", "name", "what", "text"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *name = base_json_string(element, keys[i], NULL);
		if (name) {
			return name;
		}
	}
	return "-";
}

static bool is_list_of_objects(const cJSON *node)
{
	return cJSON_IsArray(node) && cJSON_IsObject(node->child);
}

static void print_members(
	const cJSON *object, unsigned indent, bool unicode, struct base_buffer *out)
{
	const cJSON *member;
	cJSON_ArrayForEach(member, object)
	{
		bool nested = cJSON_IsObject(member) || is_list_of_objects(member);
		base_buffer_print(out, "%*s", (int)indent, "");
		if (nested) {
			report_plain_add(
				out, cJSON_IsArray(object) ? element_name(member) : member->string, unicode);
			base_buffer_add_text(out, "\n");
			print_members(member, indent + INDENT, unicode, out);
		} else {
			BASE_FREE char *value = probe_value_text(member);
			base_buffer_print(out, "%-*s ", LABEL_WIDTH, member->string);
			report_plain_add(out, value[0] ? value : "none", unicode);
			base_buffer_add_text(out, "\n");
		}
	}
}

void probe_facts_print(const cJSON *facts, bool unicode, struct base_buffer *out)
{
	print_members(facts, 0, unicode, out);
}
