/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/emit.h"

#include "base/child.h"
#include "base/memory.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

static void emit_line(int fd, cJSON *line)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(line, 0, &text);
	base_buffer_add_text(&text, "\n");
	/* A parent that no longer listens is about to kill us. */
	base_write_all(fd, text.data, text.size);
	cJSON_Delete(line);
}

static void emit_value(int fd, const char *verb, const char *path, cJSON *value)
{
	cJSON *line = base_json_new_object();
	base_json_add_string(line, verb, path);
	base_json_add_node(line, "value", value);
	emit_line(fd, line);
}

void probe_emit_put(int fd, const char *path, cJSON *value)
{
	emit_value(fd, "put", path, value);
}

void probe_emit_add(int fd, const char *path, cJSON *value)
{
	emit_value(fd, "add", path, value);
}

void probe_emit_step(int fd, const char *format, ...)
{
	BASE_BUFFER_AUTO step = BASE_BUFFER_INIT;
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&step, format, args);
	va_end(args);
	cJSON *line = base_json_new_object();
	base_json_add_string(line, "step", step.data);
	emit_line(fd, line);
}

void probe_emit_done(int fd)
{
	cJSON *line = base_json_new_object();
	base_json_add_bool(line, "done", true);
	emit_line(fd, line);
}

static void put_members(cJSON *into, cJSON *value)
{
	while (value->child) {
		cJSON *member = cJSON_DetachItemViaPointer(value, value->child);
		cJSON_DeleteItemFromObjectCaseSensitive(into, member->string);
		char *key = base_strdup(member->string);
		base_json_add_node(into, key, member);
		free(key);
	}
}

static void merge_value(cJSON *facts, cJSON *line)
{
	const char *put = base_json_string(line, "put", NULL);
	const char *path = put ? put : base_json_string(line, "add", NULL);
	cJSON *target = path ? probe_path_find_own(facts, path) : NULL;
	cJSON *value = cJSON_DetachItemFromObjectCaseSensitive(line, "value");
	if (value && put && cJSON_IsObject(target) && cJSON_IsObject(value)) {
		put_members(target, value);
	} else if (value && !put && cJSON_IsArray(target)) {
		base_json_add_node(target, NULL, value);
		return;
	}
	cJSON_Delete(value);
}

bool probe_emit_merge(cJSON *facts, const struct base_buffer *lines, char **step)
{
	const char *at = lines->data;
	const char *end = at ? at + lines->size : at;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		BASE_JSON_AUTO line = {0};
		if (!newline || !base_json_parse("collector", at, (size_t)(newline - at), &line, NULL)) {
			break;
		}
		const char *next_step = base_json_string(line.root, "step", NULL);
		if (base_json_bool(line.root, "done", false)) {
			return true;
		}
		if (next_step) {
			free(*step);
			*step = base_strdup(next_step);
		} else {
			merge_value(facts, line.root);
		}
		at = newline + 1;
	}
	return false;
}
