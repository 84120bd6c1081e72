/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/floor.h"

#include "base/file.h"
#include "base/memory.h"
#include "probe/facts.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLOOR_SIZE_MAX = 1 << 20, FLOOR_EXPECTATIONS_MAX = 256 };

#define KEY(key, type, need)                                                                       \
	{                                                                                              \
		.name = key, .types = type, .required = need                                               \
	}

static const struct base_json_key floor_keys[] = {
	KEY("$schema", BASE_JSON_STRING, false),
	KEY("schema", BASE_JSON_STRING, true),
	KEY("name", BASE_JSON_STRING, true),
	KEY("title", BASE_JSON_STRING, true),
	KEY("lane", BASE_JSON_OBJECT, false),
	KEY("expect", BASE_JSON_ARRAY, true),
	KEY("proves", BASE_JSON_ARRAY, true),
	KEY("does_not_prove", BASE_JSON_ARRAY, true),
};

/* What a lane promises beside the facts, for people and reports. */
static const struct base_json_key lane_keys[] = {
	KEY("label", BASE_JSON_STRING, false),
	KEY("owner", BASE_JSON_STRING, false),
	KEY("execution", BASE_JSON_STRING, false),
	KEY("device", BASE_JSON_STRING, false),
	KEY("security", BASE_JSON_STRING, false),
	KEY("workflow", BASE_JSON_STRING, false),
	KEY("job", BASE_JSON_STRING, false),
};

static const struct base_json_key expectation_keys[] = {
	KEY("id", BASE_JSON_STRING, true),
	KEY("fact", BASE_JSON_STRING, true),
	KEY("severity", BASE_JSON_STRING, true),
	KEY("why", BASE_JSON_STRING, true),
	KEY("remedy", BASE_JSON_STRING, true),
};

#define EXPECTATION_KEYS (sizeof(expectation_keys) / sizeof(expectation_keys[0]))

static const struct {
	const char *name;
	enum report_level level;
} severities[] = {
	{"failure", REPORT_FAILURE},
	{"warning", REPORT_WARNING},
	{"notice", REPORT_NOTICE},
};

static bool parse_severity(const struct base_json *document, const cJSON *node,
	enum report_level *level, struct lane_error *err)
{
	const char *name = base_json_string(node, "severity", "");
	for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
		if (strcmp(severities[i].name, name) == 0) {
			*level = severities[i].level;
			return true;
		}
	}
	return base_json_error(document, base_json_get(node, "severity"), err,
		"severity \"%s\" is none of failure, warning, notice", name);
}

/* The keys of an expectation and, after them, the operators. */
static bool check_keys(
	const struct base_json *document, const cJSON *node, size_t index, struct lane_error *err)
{
	struct base_json_key keys[EXPECTATION_KEYS + 16];
	size_t count = EXPECTATION_KEYS;
	memcpy(keys, expectation_keys, sizeof(expectation_keys));
	for (size_t i = 0; probe_operator_name(i); i++) {
		keys[count++] =
			(struct base_json_key){.name = probe_operator_name(i), .types = BASE_JSON_ANY};
	}
	BASE_FREE char *path = base_format("$.expect[%zu]", index);
	return base_json_check(document, node, path, keys, count, err);
}

static bool parse_expectation(struct probe_floor *floor, const cJSON *node, struct lane_error *err)
{
	const struct base_json *document = &floor->document;
	if (!check_keys(document, node, floor->count, err)) {
		return false;
	}
	struct probe_expectation *expectation = &floor->expectations[floor->count];
	*expectation = (struct probe_expectation){.id = base_json_string(node, "id", ""),
		.fact = base_json_string(node, "fact", ""),
		.why = base_json_string(node, "why", ""),
		.remedy = base_json_string(node, "remedy", ""),
		.line = base_json_line(document, node)};
	for (size_t i = 0; i < floor->count; i++) {
		if (strcmp(floor->expectations[i].id, expectation->id) == 0) {
			return base_json_error(
				document, node, err, "two expectations have the id \"%s\"", expectation->id);
		}
	}
	const struct probe_shape *shape = probe_facts_shape(expectation->fact);
	if (!shape) {
		return base_json_error(
			document, base_json_get(node, "fact"), err, "\"%s\" is no fact", expectation->fact);
	}
	if (!parse_severity(document, node, &expectation->severity, err) ||
		!probe_test_parse(document, node, shape, &expectation->test, err)) {
		return false;
	}
	floor->count++;
	return true;
}

static bool check_strings(
	const struct base_json *document, const cJSON *array, struct lane_error *err)
{
	const cJSON *text;
	cJSON_ArrayForEach(text, array)
	{
		if (!cJSON_IsString(text)) {
			return base_json_error(
				document, text, err, "$.%s must hold nothing but strings", array->string);
		}
	}
	return true;
}

static bool parse_floor(struct probe_floor *floor, struct lane_error *err)
{
	const struct base_json *document = &floor->document;
	const cJSON *root = document->root;
	if (!base_json_check(
			document, root, "$", floor_keys, sizeof(floor_keys) / sizeof(floor_keys[0]), err)) {
		return false;
	}
	if (strcmp(base_json_string(root, "schema", ""), PROBE_FLOOR_SCHEMA) != 0) {
		return base_json_error(document, base_json_get(root, "schema"), err,
			"$.schema must be \"%s\"", PROBE_FLOOR_SCHEMA);
	}
	const cJSON *lane = base_json_get(root, "lane");
	if (lane &&
		!base_json_check(
			document, lane, "$.lane", lane_keys, sizeof(lane_keys) / sizeof(lane_keys[0]), err)) {
		return false;
	}
	floor->name = base_json_string(root, "name", "");
	floor->title = base_json_string(root, "title", "");
	floor->proves = base_json_get(root, "proves");
	floor->does_not_prove = base_json_get(root, "does_not_prove");
	if (!check_strings(document, floor->proves, err) ||
		!check_strings(document, floor->does_not_prove, err)) {
		return false;
	}
	const cJSON *expect = base_json_get(root, "expect");
	size_t count = (size_t)cJSON_GetArraySize(expect);
	if (count == 0 || count > FLOOR_EXPECTATIONS_MAX) {
		return base_json_error(
			document, expect, err, "$.expect must have 1 to %d elements", FLOOR_EXPECTATIONS_MAX);
	}
	floor->expectations = base_alloc(count, sizeof(*floor->expectations));
	const cJSON *node;
	cJSON_ArrayForEach(node, expect)
	{
		if (!parse_expectation(floor, node, err)) {
			return false;
		}
	}
	return true;
}

struct probe_floor *probe_floor_parse(struct base_json *document, struct lane_error *err)
{
	struct probe_floor *floor = base_alloc(1, sizeof(*floor));
	*floor = (struct probe_floor){.document = *document};
	*document = (struct base_json){.name = NULL};
	if (!parse_floor(floor, err)) {
		probe_floor_destroy(floor);
		return NULL;
	}
	return floor;
}

void probe_floor_destroy(struct probe_floor *floor)
{
	if (!floor) {
		return;
	}
	for (size_t i = 0; i < floor->count; i++) {
		probe_test_finish(&floor->expectations[i].test);
	}
	free(floor->expectations);
	base_json_finish(&floor->document);
	free(floor);
}

bool probe_floor_wants_hardware(const struct probe_floor *floor)
{
	for (size_t i = 0; i < floor->count; i++) {
		if (strcmp(floor->expectations[i].fact, "gpu.software") == 0 &&
			probe_test_equals_bool(&floor->expectations[i].test, false)) {
			return true;
		}
	}
	return false;
}

/* Folders in which a bare name is looked for, in order, with "" at the end. */
static char *floor_folder(size_t index)
{
	const char *folders = getenv("GPU_LANE_FLOORS");
	for (folders = folders ? folders : ""; *folders;) {
		size_t size = strcspn(folders, ":");
		if (size > 0 && index-- == 0) {
			return base_strndup(folders, size);
		}
		folders += size + (folders[size] == ':');
	}
	return index == 0 ? base_file_data("floors", "") : NULL;
}

static bool is_there(const char *path, bool folder_too)
{
	struct stat status;
	return stat(path, &status) == 0 && (folder_too || !S_ISDIR(status.st_mode));
}

/* Path of the floor, or NULL. Caller frees. */
static char *find_floor(const char *name)
{
	bool bare = !strchr(name, '/');
	/* A folder that happens to have the name of a floor does not hide it. */
	if (!bare || is_there(name, false)) {
		return base_strdup(name);
	}
	for (size_t i = 0;; i++) {
		BASE_FREE char *folder = floor_folder(i);
		if (!folder) {
			break;
		}
		BASE_FREE char *path = base_format("%s/%s.json", folder, name);
		if (is_there(path, true)) {
			return base_strdup(path);
		}
	}
	return is_there(name, true) ? base_strdup(name) : NULL;
}

struct probe_floor *probe_floor_load(const char *name, struct lane_error *err)
{
	BASE_FREE char *path = name[0] ? find_floor(name) : NULL;
	if (!path) {
		lane_error_set(err, "FLOOR_NOT_FOUND", "no floor \"%s\" (see --list-floors)", name);
		return NULL;
	}
	BASE_JSON_AUTO document = {.name = NULL};
	if (!base_json_load(path, FLOOR_SIZE_MAX, &document, err)) {
		return NULL;
	}
	return probe_floor_parse(&document, err);
}

static int is_floor(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && dot != entry->d_name && strcmp(dot, ".json") == 0;
}

void probe_floor_print_all(struct base_buffer *out)
{
	for (size_t i = 0;; i++) {
		BASE_FREE char *folder = floor_folder(i);
		if (!folder) {
			return;
		}
		struct dirent **entries = NULL;
		int count = scandir(folder, &entries, is_floor, alphasort);
		for (int k = 0; k < count; k++) {
			LANE_ERROR_AUTO err = LANE_ERROR_INIT;
			BASE_FREE char *path = base_format("%s/%s", folder, entries[k]->d_name);
			struct probe_floor *floor = probe_floor_load(path, &err);
			base_buffer_print(out, "%-10s %s\n", floor ? floor->name : entries[k]->d_name,
				floor ? floor->title : lane_error_message(&err));
			probe_floor_destroy(floor);
			free(entries[k]);
		}
		free(entries);
	}
}
