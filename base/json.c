/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/file.h"
#include "base/json_scan.h"
#include "base/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* First whole number that a double shares with its neighbour: 2^53. */
#define JSON_INTEGER_END 9007199254740992.0

static int json_compare_places(const void *left, const void *right)
{
	const struct base_json_place *a = left;
	const struct base_json_place *b = right;
	return a->node < b->node ? -1 : a->node > b->node;
}

struct json_member {
	const char *name;
	unsigned line;
};

static int json_compare_members(const void *left, const void *right)
{
	const struct json_member *a = left;
	const struct json_member *b = right;
	int names = strcmp(a->name, b->name);
	return names ? names : a->line < b->line ? -1 : a->line > b->line;
}

/* Where a node is, as a chain up to the root; printed as "$.expect[2].id". */
struct json_step {
	const struct json_step *up;
	const char *key;
	size_t index;
};

static void json_step_print(const struct json_step *step, struct base_buffer *out)
{
	if (!step) {
		base_buffer_add_text(out, "$");
		return;
	}
	json_step_print(step->up, out);
	if (step->key) {
		base_buffer_print(out, ".%s", step->key);
	} else {
		base_buffer_print(out, "[%zu]", step->index);
	}
}

/* The walk that gives each node its line and makes the checks that need the tree. */
struct json_walk {
	struct base_json *json;
	const struct base_json_lines *lines;
	struct lane_error *err;
};

static bool json_unique(const struct json_walk *walk, struct json_member *members, size_t count,
	const struct json_step *at)
{
	qsort(members, count, sizeof(*members), json_compare_members);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(members[i - 1].name, members[i].name) != 0) {
			continue;
		}
		BASE_BUFFER_AUTO path = BASE_BUFFER_INIT;
		json_step_print(at, &path);
		return lane_error_set(walk->err, "JSON_INVALID", "%s:%u: duplicate key %s.%s",
			walk->json->name, members[i].line, path.data, members[i].name);
	}
	return true;
}

static bool json_walk(struct json_walk *walk, const cJSON *node, const struct json_step *at)
{
	struct base_json *json = walk->json;
	unsigned line = walk->lines->lines[json->place_count];
	json->places[json->place_count++] = (struct base_json_place){.node = node, .line = line};
	if (cJSON_IsNumber(node) && !isfinite(node->valuedouble)) {
		return lane_error_set(
			walk->err, "JSON_INVALID", "%s:%u: number too large", json->name, line);
	}
	size_t count = (size_t)cJSON_GetArraySize(node);
	BASE_FREE struct json_member *members = base_alloc(count, sizeof(*members));
	size_t index = 0;
	for (const cJSON *child = node->child; child; child = child->next, index++) {
		struct json_step step = {.up = at, .key = child->string, .index = index};
		members[index].name = child->string;
		members[index].line = walk->lines->lines[json->place_count];
		if (!json_walk(walk, child, &step)) {
			return false;
		}
	}
	return !cJSON_IsObject(node) || json_unique(walk, members, count, at);
}

bool base_json_parse(
	const char *name, const char *text, size_t size, struct base_json *json, struct lane_error *err)
{
	*json = (struct base_json){.name = base_strdup(name)};
	struct base_json_lines lines = {0};
	bool held = base_json_scan(name, text, size, &lines, err);
	if (held) {
		json->root = cJSON_ParseWithLength(text, size);
		json->places = base_alloc(lines.count, sizeof(*json->places));
		struct json_walk walk = {.json = json, .lines = &lines, .err = err};
		held = json->root ? json_walk(&walk, json->root, NULL)
						  : lane_error_set(err, "JSON_INVALID", "%s: cannot be parsed", name);
	}
	free(lines.lines);
	if (!held) {
		base_json_finish(json);
		return false;
	}
	qsort(json->places, json->place_count, sizeof(*json->places), json_compare_places);
	return true;
}

bool base_json_load(
	const char *path, size_t size_max, struct base_json *json, struct lane_error *err)
{
	*json = (struct base_json){0};
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (!base_file_read(path, size_max, &text, err)) {
		return false;
	}
	return base_json_parse(path, text.data ? text.data : "", text.size, json, err);
}

void base_json_finish(struct base_json *json)
{
	if (!json) {
		return;
	}
	free(json->name);
	cJSON_Delete(json->root);
	free(json->places);
	*json = (struct base_json){0};
}

unsigned base_json_line(const struct base_json *json, const cJSON *node)
{
	struct base_json_place key = {.node = node};
	const struct base_json_place *found = json->places
		? bsearch(&key, json->places, json->place_count, sizeof(key), json_compare_places)
		: NULL;
	return found ? found->line : 0;
}

bool base_json_error(const struct base_json *json, const cJSON *node, struct lane_error *err,
	const char *format, ...)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&text, format, args);
	va_end(args);
	return lane_error_set(err, "JSON_INVALID", "%s:%u: %s", json->name, base_json_line(json, node),
		text.data ? text.data : "");
}

static const struct {
	unsigned type;
	const char *name;
} json_types[] = {
	{BASE_JSON_NULL, "null"},
	{BASE_JSON_BOOL, "true or false"},
	{BASE_JSON_INTEGER, "a whole number"},
	{BASE_JSON_NUMBER, "a number"},
	{BASE_JSON_STRING, "a string"},
	{BASE_JSON_ARRAY, "an array"},
	{BASE_JSON_OBJECT, "an object"},
};

static bool json_integral(const cJSON *node)
{
	return fabs(node->valuedouble) < JSON_INTEGER_END &&
		floor(node->valuedouble) == node->valuedouble;
}

/* All type bits that a node satisfies. */
static unsigned json_types_of(const cJSON *node)
{
	switch (node->type & 0xff) {
	case cJSON_NULL:
		return BASE_JSON_NULL;
	case cJSON_True:
	case cJSON_False:
		return BASE_JSON_BOOL;
	case cJSON_Number:
		return BASE_JSON_NUMBER | (json_integral(node) ? BASE_JSON_INTEGER : 0u);
	case cJSON_String:
		return BASE_JSON_STRING;
	case cJSON_Array:
		return BASE_JSON_ARRAY;
	default:
		return BASE_JSON_OBJECT;
	}
}

static bool json_check_value(const struct base_json *json, const cJSON *value, const char *path,
	const struct base_json_key *key, struct lane_error *err)
{
	if (!(json_types_of(value) & key->types)) {
		BASE_BUFFER_AUTO wanted = BASE_BUFFER_INIT;
		for (size_t i = 0; i < sizeof(json_types) / sizeof(json_types[0]); i++) {
			if (key->types & json_types[i].type) {
				base_buffer_print(&wanted, "%s%s", wanted.size ? " or " : "", json_types[i].name);
			}
		}
		return base_json_error(json, value, err, "%s.%s must be %s", path, key->name,
			wanted.data ? wanted.data : "absent");
	}
	if (cJSON_IsNumber(value) && key->max > key->min &&
		(value->valuedouble < key->min || value->valuedouble > key->max)) {
		return base_json_error(
			json, value, err, "%s.%s must be in %.15g..%.15g", path, key->name, key->min, key->max);
	}
	return true;
}

bool base_json_check(const struct base_json *json, const cJSON *object, const char *path,
	const struct base_json_key *keys, size_t key_count, struct lane_error *err)
{
	if (!cJSON_IsObject(object)) {
		return base_json_error(json, object, err, "%s must be an object", path);
	}
	for (const cJSON *member = object->child; member; member = member->next) {
		size_t i = 0;
		while (i < key_count && strcmp(keys[i].name, member->string) != 0) {
			i++;
		}
		if (i == key_count) {
			return base_json_error(json, member, err, "unknown key %s.%s", path, member->string);
		}
		if (!json_check_value(json, member, path, &keys[i], err)) {
			return false;
		}
	}
	for (size_t i = 0; i < key_count; i++) {
		if (keys[i].required && !base_json_get(object, keys[i].name)) {
			return base_json_error(json, object, err, "%s.%s is missing", path, keys[i].name);
		}
	}
	return true;
}

const cJSON *base_json_get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

const cJSON *base_json_path(const cJSON *object, const char *path)
{
	while (object && *path) {
		size_t length = strcspn(path, ".");
		BASE_FREE char *key = base_strndup(path, length);
		object = base_json_get(object, key);
		path += length + (path[length] == '.');
	}
	return object;
}

const char *base_json_string(const cJSON *object, const char *key, const char *otherwise)
{
	const cJSON *value = base_json_get(object, key);
	return cJSON_IsString(value) ? value->valuestring : otherwise;
}

double base_json_number(const cJSON *object, const char *key, double otherwise)
{
	const cJSON *value = base_json_get(object, key);
	return cJSON_IsNumber(value) ? value->valuedouble : otherwise;
}

bool base_json_bool(const cJSON *object, const char *key, bool otherwise)
{
	const cJSON *value = base_json_get(object, key);
	return cJSON_IsBool(value) ? cJSON_IsTrue(value) : otherwise;
}

uint64_t base_json_uint(const cJSON *object, const char *key, uint64_t otherwise)
{
	const cJSON *value = base_json_get(object, key);
	return cJSON_IsNumber(value) && value->valuedouble >= 0 && json_integral(value)
		? (uint64_t)value->valuedouble
		: otherwise;
}
