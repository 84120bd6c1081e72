/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/baseline.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FILE_BYTES_MAX = 16 << 20,
	ENTRIES_MAX = 4096,
};

struct baseline {
	char *path;
	/** Sorted as they are written; the texts of each are its own. */
	struct baseline_entry *entries;
	size_t count;
};

enum { NUMBER_OR_NULL = BASE_JSON_NUMBER | BASE_JSON_NULL };

static const struct base_json_key root_keys[] = {
	{"schema", BASE_JSON_STRING, true, 0, 0},
	{"entries", BASE_JSON_ARRAY, true, 0, 0},
};
static const struct base_json_key entry_keys[] = {
	{"workload", BASE_JSON_STRING, true, 0, 0},
	{"spirv_sha256", BASE_JSON_STRING, true, 0, 0},
	{"params", BASE_JSON_OBJECT, true, 0, 0},
	{"device", BASE_JSON_OBJECT, true, 0, 0},
	{"unit", BASE_JSON_STRING, true, 0, 0},
	{"margin_pct", BASE_JSON_NUMBER, true, 0, 0},
	{"floor_pct", NUMBER_OR_NULL, true, 0, 0},
	{"clock_mhz", NUMBER_OR_NULL, true, 0, 0},
	{"recorded_at", BASE_JSON_STRING, true, 0, 0},
	{"runs", BASE_JSON_ARRAY, true, 0, 0},
};
static const struct base_json_key params_keys[] = {
	{"n", BASE_JSON_INTEGER, true, 0, UINT32_MAX},
};
static const struct base_json_key device_keys[] = {
	{"vendor_id", BASE_JSON_STRING, true, 0, 0},
	{"device_id", BASE_JSON_STRING, true, 0, 0},
	{"driver", BASE_JSON_STRING, true, 0, 0},
	{"driver_major", BASE_JSON_INTEGER, true, 0, UINT32_MAX},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void entry_finish(struct baseline_entry *entry)
{
	free((char *)entry->key.workload);
	free((char *)entry->key.spirv_sha256);
	free((char *)entry->key.driver);
	free((char *)entry->unit);
	free((char *)entry->recorded_at);
}

static struct baseline_entry *add_entry(
	struct baseline *baseline, const struct baseline_key *key, const char *unit)
{
	baseline->entries =
		base_realloc(baseline->entries, baseline->count + 1, sizeof(*baseline->entries));
	struct baseline_entry *entry = &baseline->entries[baseline->count++];
	memset(entry, 0, sizeof(*entry));
	entry->key = *key;
	entry->key.workload = base_strdup(key->workload);
	entry->key.spirv_sha256 = base_strdup(key->spirv_sha256);
	entry->key.driver = base_strdup(key->driver);
	entry->unit = base_strdup(unit);
	entry->floor = NAN;
	entry->clock_mhz = NAN;
	entry->margin = 0.03;
	return entry;
}

static bool same_key(const struct baseline_key *left, const struct baseline_key *right)
{
	return strcmp(left->workload, right->workload) == 0 &&
		strcmp(left->spirv_sha256, right->spirv_sha256) == 0 && left->n == right->n &&
		left->vendor_id == right->vendor_id && left->device_id == right->device_id &&
		strcmp(left->driver, right->driver) == 0 && left->driver_major == right->driver_major;
}

static struct baseline_entry *find(const struct baseline *baseline, const struct baseline_key *key)
{
	for (size_t i = 0; i < baseline->count; i++) {
		if (same_key(&baseline->entries[i].key, key)) {
			return &baseline->entries[i];
		}
	}
	return NULL;
}

/* "0x1002": lower-case hex digits without leading zeros beyond four, as it is written. */
static bool parse_id(const struct base_json *json, const cJSON *device, const char *key,
	uint32_t *id, struct lane_error *err)
{
	const cJSON *node = base_json_get(device, key);
	char *end = NULL;
	unsigned long value =
		strncmp(node->valuestring, "0x", 2) == 0 ? strtoul(node->valuestring, &end, 16) : 0;
	BASE_FREE char *canonical = base_format("0x%04lx", value);
	if (!end || value > UINT32_MAX || strcmp(canonical, node->valuestring) != 0) {
		return base_json_error(json, node, err, "%s must be an id like \"0x1002\"", key);
	}
	*id = (uint32_t)value;
	return true;
}

/* A share given in percent, in 0..max; NAN for null. */
static bool parse_percent(const struct base_json *json, const cJSON *object, const char *key,
	double max, double *share, struct lane_error *err)
{
	const cJSON *node = base_json_get(object, key);
	*share = cJSON_IsNumber(node) ? node->valuedouble / 100 : NAN;
	if (*share < 0 || *share > max) {
		return base_json_error(json, node, err, "%s must be in 0..%g", key, 100 * max);
	}
	return true;
}

static bool parse_runs(const struct base_json *json, const cJSON *array,
	struct baseline_entry *entry, struct lane_error *err)
{
	int count = cJSON_GetArraySize(array);
	if (count < BASELINE_RUNS_MIN || count > BASELINE_RUNS_MAX) {
		return base_json_error(json, array, err, "runs has %d elements, expected %d to %d", count,
			BASELINE_RUNS_MIN, BASELINE_RUNS_MAX);
	}
	const cJSON *run;
	cJSON_ArrayForEach(run, array)
	{
		if (!cJSON_IsNumber(run) || !(run->valuedouble > 0)) {
			return base_json_error(json, run, err, "runs must hold numbers above 0");
		}
		entry->runs[entry->run_count++] = run->valuedouble;
	}
	return true;
}

static bool parse_key(const struct base_json *json, const cJSON *node, const char *path,
	struct baseline_key *key, struct lane_error *err)
{
	const cJSON *params = base_json_get(node, "params"), *device = base_json_get(node, "device");
	BASE_FREE char *params_path = base_format("%s.params", path);
	BASE_FREE char *device_path = base_format("%s.device", path);
	if (!base_json_check(json, params, params_path, params_keys, COUNT_OF(params_keys), err) ||
		!base_json_check(json, device, device_path, device_keys, COUNT_OF(device_keys), err) ||
		!parse_id(json, device, "vendor_id", &key->vendor_id, err) ||
		!parse_id(json, device, "device_id", &key->device_id, err)) {
		return false;
	}
	key->workload = base_json_string(node, "workload", "");
	key->spirv_sha256 = base_json_string(node, "spirv_sha256", "");
	if (!base_sha256_valid(key->spirv_sha256)) {
		return base_json_error(json, base_json_get(node, "spirv_sha256"), err,
			"%s.spirv_sha256 must be \"sha256:\" and 64 hex digits", path);
	}
	key->n = (uint32_t)base_json_uint(params, "n", 0);
	key->driver = base_json_string(device, "driver", "");
	key->driver_major = (uint32_t)base_json_uint(device, "driver_major", 0);
	return true;
}

static bool parse_entry(const struct base_json *json, const cJSON *node, size_t index,
	struct baseline *baseline, struct lane_error *err)
{
	BASE_FREE char *path = base_format("$.entries[%zu]", index);
	struct baseline_key key = {0};
	if (!base_json_check(json, node, path, entry_keys, COUNT_OF(entry_keys), err) ||
		!parse_key(json, node, path, &key, err)) {
		return false;
	}
	const struct baseline_entry *twin = find(baseline, &key);
	if (twin) {
		return base_json_error(
			json, node, err, "%s has the key of the entry on line %u", path, twin->line);
	}
	struct baseline_entry *entry = add_entry(baseline, &key, base_json_string(node, "unit", ""));
	entry->line = base_json_line(json, node);
	entry->recorded_at = base_strdup(base_json_string(node, "recorded_at", ""));
	entry->clock_mhz = base_json_number(node, "clock_mhz", NAN);
	return parse_percent(json, node, "margin_pct", 1, &entry->margin, err) &&
		parse_percent(json, node, "floor_pct", 1.05, &entry->floor, err) &&
		parse_runs(json, base_json_get(node, "runs"), entry, err);
}

static bool parse(const struct base_json *json, struct baseline *baseline, struct lane_error *err)
{
	if (!base_json_check(json, json->root, "$", root_keys, COUNT_OF(root_keys), err)) {
		return false;
	}
	if (strcmp(base_json_string(json->root, "schema", ""), BASELINE_SCHEMA) != 0) {
		return base_json_error(json, base_json_get(json->root, "schema"), err,
			"$.schema must be \"" BASELINE_SCHEMA "\"");
	}
	const cJSON *entries = base_json_get(json->root, "entries"), *node;
	if (cJSON_GetArraySize(entries) > ENTRIES_MAX) {
		return base_json_error(
			json, entries, err, "$.entries has more than %d elements", ENTRIES_MAX);
	}
	size_t index = 0;
	cJSON_ArrayForEach(node, entries)
	{
		if (!parse_entry(json, node, index++, baseline, err)) {
			return false;
		}
	}
	return true;
}

struct baseline *baseline_load(const char *path, bool create, struct lane_error *err)
{
	struct baseline *baseline = base_alloc(1, sizeof(*baseline));
	baseline->path = base_strdup(path);
	if (create && access(path, F_OK) != 0) {
		return baseline;
	}
	BASE_JSON_AUTO json = {0};
	if (!base_json_load(path, FILE_BYTES_MAX, &json, err) || !parse(&json, baseline, err)) {
		baseline_destroy(baseline);
		return NULL;
	}
	return baseline;
}

void baseline_destroy(struct baseline *baseline)
{
	if (!baseline) {
		return;
	}
	for (size_t i = 0; i < baseline->count; i++) {
		entry_finish(&baseline->entries[i]);
	}
	free(baseline->entries);
	free(baseline->path);
	free(baseline);
}

const char *baseline_path(const struct baseline *baseline)
{
	return baseline->path;
}

const struct baseline_entry *baseline_find(
	const struct baseline *baseline, const struct baseline_key *key)
{
	return find(baseline, key);
}

void baseline_record(struct baseline *baseline, const struct baseline_key *key, const char *unit,
	const double *runs, size_t count, double clock_mhz)
{
	struct baseline_entry *entry = find(baseline, key);
	if (!entry) {
		entry = add_entry(baseline, key, unit);
	}
	for (size_t i = 0; i < count; i++) {
		if (entry->run_count == BASELINE_RUNS_MAX) {
			memmove(entry->runs, entry->runs + 1, --entry->run_count * sizeof(entry->runs[0]));
		}
		entry->runs[entry->run_count++] = runs[i];
	}
	if (isfinite(clock_mhz)) {
		entry->clock_mhz = clock_mhz;
	}
	char now[BASE_CLOCK_TEXT_SIZE];
	base_clock_format(base_clock_wall_ms(), now);
	free((char *)entry->recorded_at);
	entry->recorded_at = base_strdup(now);
}

static void add_number_or_null(cJSON *object, const char *key, double value)
{
	if (isfinite(value)) {
		base_json_add_number(object, key, value);
	} else {
		base_json_add_null(object, key);
	}
}

static void write_entry(const struct baseline_entry *entry, cJSON *entries)
{
	cJSON *node = base_json_add_object(entries, NULL);
	base_json_add_string(node, "workload", entry->key.workload);
	base_json_add_string(node, "spirv_sha256", entry->key.spirv_sha256);
	base_json_add_number(base_json_add_object(node, "params"), "n", entry->key.n);
	cJSON *device = base_json_add_object(node, "device");
	base_json_add_format(device, "vendor_id", "0x%04x", entry->key.vendor_id);
	base_json_add_format(device, "device_id", "0x%04x", entry->key.device_id);
	base_json_add_string(device, "driver", entry->key.driver);
	base_json_add_number(device, "driver_major", entry->key.driver_major);
	base_json_add_string(node, "unit", entry->unit);
	base_json_add_number(node, "margin_pct", 100 * entry->margin);
	add_number_or_null(node, "floor_pct", 100 * entry->floor);
	add_number_or_null(node, "clock_mhz", entry->clock_mhz);
	base_json_add_string(node, "recorded_at", entry->recorded_at);
	cJSON *runs = base_json_add_array(node, "runs");
	for (size_t i = 0; i < entry->run_count; i++) {
		base_json_add_number(runs, NULL, entry->runs[i]);
	}
}

bool baseline_save(const struct baseline *baseline, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *root = base_json_new_object();
	base_json_add_string(root, "schema", BASELINE_SCHEMA);
	cJSON *entries = base_json_add_array(root, "entries");
	for (size_t i = 0; i < baseline->count; i++) {
		if (baseline->entries[i].run_count >= BASELINE_RUNS_MIN) {
			write_entry(&baseline->entries[i], entries);
		}
	}
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(root, 2, &text);
	return base_file_write(baseline->path, text.data, text.size, err);
}

void baseline_key_device(struct baseline_key *key, const cJSON *device)
{
	const cJSON *driver = base_json_get(device, "driver");
	const char *words = base_json_string(driver, "info", "");
	key->vendor_id = (uint32_t)base_json_uint(device, "vendor_id", 0);
	key->device_id = (uint32_t)base_json_uint(device, "device_id", 0);
	key->driver = base_json_string(driver, "name", "");
	words += strcspn(words, "0123456789");
	unsigned long number = strtoul(words, NULL, 10);
	key->driver_major =
		isdigit((unsigned char)*words) && number <= UINT32_MAX ? (uint32_t)number : 0;
}
