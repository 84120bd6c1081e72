/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/memory.h"
#include "report/document.h"

#include <string.h>

/* Reports of a long soak with all samples are some MiB. */
#define REPORT_BYTES_MAX ((size_t)64 << 20)

enum {
	STRING = BASE_JSON_STRING,
	MAYBE_STRING = BASE_JSON_STRING | BASE_JSON_NULL,
	COUNT = BASE_JSON_INTEGER,
	MAYBE_NUMBER = BASE_JSON_NUMBER | BASE_JSON_NULL,
	ARRAY = BASE_JSON_ARRAY,
	OBJECT = BASE_JSON_OBJECT,
	MAYBE_OBJECT = BASE_JSON_OBJECT | BASE_JSON_NULL,
};

/* Largest whole number that every JSON reader keeps exact. */
#define COUNT_MAX 9007199254740991.0

/* A value inside an object: an object of some shape, or an array of such or of plain values. */
struct part {
	const char *key;
	/** Of the object or of each element; NULL for plain elements. */
	const struct shape *shape;
	/** Of plain elements: bits of enum base_json_type. */
	unsigned types;
	/** When it is not 0: how many elements. */
	int length;
};

/* A string that is one of a few. */
struct choice {
	const char *key;
	const char *names[8];
};

struct shape {
	const struct base_json_key *keys;
	size_t key_count;
	const struct part *parts;
	size_t part_count;
	const struct choice *choices;
	size_t choice_count;
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define SHAPE(name)                                                                                \
	{                                                                                              \
		name##_keys, COUNT_OF(name##_keys), name##_parts, COUNT_OF(name##_parts), name##_choices,  \
			COUNT_OF(name##_choices)                                                               \
	}
#define SHAPE_PLAIN(name)                                                                          \
	{                                                                                              \
		name##_keys, COUNT_OF(name##_keys), NULL, 0, NULL, 0                                       \
	}

static const struct base_json_key floor_keys[] = {
	{"name", STRING, true, 0, 0},
	{"title", STRING, true, 0, 0},
	{"path", STRING, true, 0, 0},
};
static const struct shape floor_shape = SHAPE_PLAIN(floor);

static const struct base_json_key device_keys[] = {
	{"name", STRING, true, 0, 0},
	{"type", STRING, true, 0, 0},
	{"driver", MAYBE_STRING, true, 0, 0},
	{"driver_info", MAYBE_STRING, true, 0, 0},
	{"vendor_id", MAYBE_STRING, true, 0, 0},
	{"device_id", MAYBE_STRING, true, 0, 0},
	{"uuid", MAYBE_STRING, true, 0, 0},
	{"pci", MAYBE_STRING, true, 0, 0},
	{"drm", MAYBE_STRING, true, 0, 0},
	{"software", BASE_JSON_BOOL, true, 0, 0},
	{"memory_bytes", COUNT | BASE_JSON_NULL, true, 0, COUNT_MAX},
	{"api_version", MAYBE_STRING, true, 0, 0},
};
static const struct shape device_shape = SHAPE_PLAIN(device);

static const struct base_json_key lease_keys[] = {
	{"id", COUNT, true, 0, COUNT_MAX},
	{"epoch", COUNT, true, 0, COUNT_MAX},
	{"gpu", STRING, true, 0, 0},
	{"mem_mb", COUNT, true, 0, COUNT_MAX},
	{"streams", COUNT, true, 0, COUNT_MAX},
	{"ttl_s", COUNT, true, 0, COUNT_MAX},
	{"priority", COUNT, true, 0, COUNT_MAX},
	{"wait_ms", COUNT, true, 0, COUNT_MAX},
	{"bridge", STRING, true, 0, 0},
};
static const struct shape lease_shape = SHAPE_PLAIN(lease);

static const struct base_json_key checks_keys[] = {
	{"held", COUNT, true, 0, COUNT_MAX},
	{"broken", COUNT, true, 0, COUNT_MAX},
	{"unknown", COUNT, true, 0, COUNT_MAX},
	{"skipped", COUNT, true, 0, COUNT_MAX},
};
static const struct shape checks_shape = SHAPE_PLAIN(checks);

static const struct base_json_key where_keys[] = {
	{"path", STRING, true, 0, 0},
	{"line", COUNT, true, 1, COUNT_MAX},
};
static const struct shape where_shape = SHAPE_PLAIN(where);

static const struct base_json_key rung_keys[] = {
	{"rung", STRING, true, 0, 0},
	{"state", STRING, true, 0, 0},
	{"detail", STRING, true, 0, 0},
};
static const struct choice rung_choices[] = {{"state", {"held", "broken", "unknown", "skipped"}}};
static const struct shape rung_shape = {
	rung_keys, COUNT_OF(rung_keys), NULL, 0, rung_choices, COUNT_OF(rung_choices)};

static const struct base_json_key claims_keys[] = {
	{"proves", ARRAY, true, 0, 0},
	{"does_not_prove", ARRAY, true, 0, 0},
};
static const struct part claims_parts[] = {
	{"proves", NULL, STRING, 0},
	{"does_not_prove", NULL, STRING, 0},
};
static const struct shape claims_shape = {
	claims_keys, COUNT_OF(claims_keys), claims_parts, COUNT_OF(claims_parts), NULL, 0};

static const struct base_json_key mismatch_keys[] = {
	{"element", COUNT, true, 0, COUNT_MAX},
	{"sample", COUNT, true, 0, COUNT_MAX},
	{"expected", BASE_JSON_NUMBER | BASE_JSON_STRING, true, 0, 0},
	{"found", BASE_JSON_NUMBER | BASE_JSON_STRING, true, 0, 0},
};
static const struct shape mismatch_shape = SHAPE_PLAIN(mismatch);

static const struct base_json_key baseline_keys[] = {
	{"state", STRING, true, 0, 0},
	{"ratio", MAYBE_NUMBER, true, 0, 0},
	{"robust_z", MAYBE_NUMBER, true, 0, 0},
};
static const struct choice baseline_choices[] = {
	{"state", {"SAME", "SLOW", "FAST", "AMBIGUOUS", "INVALID", "NO-BASELINE"}}};
static const struct shape baseline_shape = {
	baseline_keys, COUNT_OF(baseline_keys), NULL, 0, baseline_choices, COUNT_OF(baseline_choices)};

static const struct base_json_key job_keys[] = {
	{"id", STRING, true, 0, 0},
	{"state", STRING, true, 0, 0},
	{"detail", MAYBE_STRING, true, 0, 0},
};
static const struct shape job_shape = SHAPE_PLAIN(job);

static const struct base_json_key finding_keys[] = {
	{"code", STRING, true, 0, 0},
	{"level", STRING, true, 0, 0},
	{"title", STRING, true, 0, 0},
	{"message", STRING, true, 0, 0},
	{"evidence", OBJECT, true, 0, 0},
	{"remedy", STRING, true, 0, 0},
	{"where", MAYBE_OBJECT, true, 0, 0},
};
static const struct part finding_parts[] = {{"where", &where_shape, 0, 0}};
static const struct choice finding_choices[] = {{"level", {"failure", "warning", "notice"}}};
static const struct shape finding_shape = SHAPE(finding);

static const struct base_json_key expectation_keys[] = {
	{"id", STRING, true, 0, 0},
	{"state", STRING, true, 0, 0},
	{"title", STRING, true, 0, 0},
	{"expected", MAYBE_STRING, true, 0, 0},
	{"observed", MAYBE_STRING, true, 0, 0},
	{"why", MAYBE_STRING, true, 0, 0},
	{"where", MAYBE_OBJECT, true, 0, 0},
};
static const struct part expectation_parts[] = {{"where", &where_shape, 0, 0}};
static const struct choice expectation_choices[] = {
	{"state", {"held", "broken", "unknown", "skipped"}}};
static const struct shape expectation_shape = SHAPE(expectation);

static const struct base_json_key workload_keys[] = {
	{"name", STRING, true, 0, 0},
	{"title", STRING, true, 0, 0},
	{"spirv_sha256", STRING, true, 0, 0},
	{"params", OBJECT, true, 0, 0},
	{"verified", BASE_JSON_BOOL, true, 0, 0},
	{"mismatches", COUNT, true, 0, COUNT_MAX},
	{"checked_elements", COUNT, true, 0, COUNT_MAX},
	{"first_mismatch", MAYBE_OBJECT, true, 0, 0},
	{"unit", STRING, true, 0, 0},
	{"median", MAYBE_NUMBER, true, 0, 0},
	{"q1", MAYBE_NUMBER, true, 0, 0},
	{"q3", MAYBE_NUMBER, true, 0, 0},
	{"mad", MAYBE_NUMBER, true, 0, 0},
	{"ci95", ARRAY | BASE_JSON_NULL, true, 0, 0},
	{"min", MAYBE_NUMBER, true, 0, 0},
	{"max", MAYBE_NUMBER, true, 0, 0},
	{"n", COUNT, true, 0, COUNT_MAX},
	{"stop_rule", MAYBE_STRING, true, 0, 0},
	{"timer", MAYBE_STRING, true, 0, 0},
	{"drift_pct", MAYBE_NUMBER, true, 0, 0},
	{"roofline_pct", MAYBE_NUMBER, true, 0, 0},
	{"cpu_speedup", MAYBE_NUMBER, true, 0, 0},
	{"cpu_median", MAYBE_NUMBER, true, 0, 0},
	{"baseline", MAYBE_OBJECT, true, 0, 0},
	{"job", MAYBE_OBJECT, true, 0, 0},
	{"bridge_overhead", MAYBE_NUMBER, true, 0, 0},
	{"samples", ARRAY, true, 0, 0},
};
static const struct part workload_parts[] = {
	{"first_mismatch", &mismatch_shape, 0, 0},
	{"ci95", NULL, BASE_JSON_NUMBER, 2},
	{"baseline", &baseline_shape, 0, 0},
	{"job", &job_shape, 0, 0},
	{"samples", NULL, BASE_JSON_NUMBER, 0},
};
static const struct shape workload_shape = {
	workload_keys, COUNT_OF(workload_keys), workload_parts, COUNT_OF(workload_parts), NULL, 0};

static const struct base_json_key series_keys[] = {
	{"name", STRING, true, 0, 0},
	{"unit", STRING, true, 0, 0},
	{"n", COUNT, true, 0, COUNT_MAX},
	{"min", MAYBE_NUMBER, true, 0, 0},
	{"median", MAYBE_NUMBER, true, 0, 0},
	{"max", MAYBE_NUMBER, true, 0, 0},
	{"last", MAYBE_NUMBER, true, 0, 0},
	{"drift_pct", MAYBE_NUMBER, true, 0, 0},
	{"points", ARRAY, true, 0, 0},
};
static const struct part series_parts[] = {{"points", NULL, BASE_JSON_NUMBER, 0}};
static const struct shape series_shape = {
	series_keys, COUNT_OF(series_keys), series_parts, COUNT_OF(series_parts), NULL, 0};

static const struct base_json_key wrong_keys[] = {
	{"at_s", BASE_JSON_NUMBER, true, 0, 0},
	{"job", COUNT, true, 0, COUNT_MAX},
	{"workload", STRING, true, 0, 0},
	{"mismatch", MAYBE_OBJECT, true, 0, 0},
};
static const struct part wrong_parts[] = {{"mismatch", &mismatch_shape, 0, 0}};
static const struct shape wrong_shape = {
	wrong_keys, COUNT_OF(wrong_keys), wrong_parts, COUNT_OF(wrong_parts), NULL, 0};

static const struct base_json_key soak_keys[] = {
	{"requested_s", COUNT, true, 0, COUNT_MAX},
	{"ran_s", BASE_JSON_NUMBER, true, 0, 0},
	{"device_busy_pct", BASE_JSON_NUMBER, false, 0, 0},
	{"complete", BASE_JSON_BOOL, true, 0, 0},
	{"jobs", COUNT, true, 0, COUNT_MAX},
	{"checked_elements", COUNT, true, 0, COUNT_MAX},
	{"first_wrong", MAYBE_OBJECT, true, 0, 0},
	{"workloads", ARRAY, true, 0, 0},
	{"sensors", ARRAY, true, 0, 0},
};
static const struct part soak_parts[] = {
	{"first_wrong", &wrong_shape, 0, 0},
	{"workloads", &series_shape, 0, 0},
	{"sensors", &series_shape, 0, 0},
};
static const struct shape soak_shape = {
	soak_keys, COUNT_OF(soak_keys), soak_parts, COUNT_OF(soak_parts), NULL, 0};

static const struct base_json_key root_keys[] = {
	{"schema", STRING, true, 0, 0},
	{"tool", STRING, true, 0, 0},
	{"version", STRING, true, 0, 0},
	{"started", STRING, true, 0, 0},
	{"duration_ms", COUNT, true, 0, COUNT_MAX},
	{"verdict", STRING, true, 0, 0},
	{"remark", MAYBE_STRING, true, 0, 0},
	{"replayed", MAYBE_STRING, true, 0, 0},
	{"floor", MAYBE_OBJECT, true, 0, 0},
	{"host", MAYBE_OBJECT, false, 0, 0},
	{"device", MAYBE_OBJECT, true, 0, 0},
	{"lease", MAYBE_OBJECT, false, 0, 0},
	{"checks", OBJECT, true, 0, 0},
	{"findings", ARRAY, true, 0, 0},
	{"ladder", ARRAY, true, 0, 0},
	{"expectations", ARRAY, true, 0, 0},
	{"workloads", ARRAY, false, 0, 0},
	{"soak", MAYBE_OBJECT, false, 0, 0},
	{"claims", OBJECT, true, 0, 0},
};
static const struct part root_parts[] = {
	{"floor", &floor_shape, 0, 0},
	{"device", &device_shape, 0, 0},
	{"lease", &lease_shape, 0, 0},
	{"checks", &checks_shape, 0, 0},
	{"findings", &finding_shape, 0, 0},
	{"ladder", &rung_shape, 0, 0},
	{"expectations", &expectation_shape, 0, 0},
	{"workloads", &workload_shape, 0, 0},
	{"soak", &soak_shape, 0, 0},
	{"claims", &claims_shape, 0, 0},
};
static const struct choice root_choices[] = {
	{"schema", {REPORT_SCHEMA}},
	{"verdict", {"holds", "broken", "unknown"}},
};
static const struct shape root_shape = SHAPE(root);

static bool verify_object(const struct base_json *json, const cJSON *object, const char *path,
	const struct shape *shape, struct lane_error *err);

static bool verify_choice(const struct base_json *json, const cJSON *object, const char *path,
	const struct choice *choice, struct lane_error *err)
{
	const cJSON *value = base_json_get(object, choice->key);
	for (size_t i = 0; i < COUNT_OF(choice->names) && choice->names[i]; i++) {
		if (strcmp(value->valuestring, choice->names[i]) == 0) {
			return true;
		}
	}
	return base_json_error(json, value, err, "%s.%s: \"%s\" is not one of its values", path,
		choice->key, value->valuestring);
}

static bool verify_element(const struct base_json *json, const cJSON *element, const char *path,
	const struct part *part, struct lane_error *err)
{
	if (part->shape) {
		return verify_object(json, element, path, part->shape, err);
	}
	bool right =
		part->types == BASE_JSON_NUMBER ? cJSON_IsNumber(element) : cJSON_IsString(element);
	return right ||
		base_json_error(json, element, err, "%s must be a %s", path,
			part->types == BASE_JSON_NUMBER ? "number" : "string");
}

static bool verify_part(const struct base_json *json, const cJSON *object, const char *path,
	const struct part *part, struct lane_error *err)
{
	const cJSON *value = base_json_get(object, part->key);
	if (!value || cJSON_IsNull(value)) {
		return true;
	}
	BASE_FREE char *here = base_format("%s.%s", path, part->key);
	if (!cJSON_IsArray(value)) {
		return verify_element(json, value, here, part, err);
	}
	if (part->length > 0 && cJSON_GetArraySize(value) != part->length) {
		return base_json_error(json, value, err, "%s must have %d elements", here, part->length);
	}
	size_t index = 0;
	const cJSON *element;
	cJSON_ArrayForEach(element, value)
	{
		BASE_FREE char *there = base_format("%s[%zu]", here, index++);
		if (!verify_element(json, element, there, part, err)) {
			return false;
		}
	}
	return true;
}

static bool verify_object(const struct base_json *json, const cJSON *object, const char *path,
	const struct shape *shape, struct lane_error *err)
{
	if (!base_json_check(json, object, path, shape->keys, shape->key_count, err)) {
		return false;
	}
	for (size_t i = 0; i < shape->choice_count; i++) {
		if (!verify_choice(json, object, path, &shape->choices[i], err)) {
			return false;
		}
	}
	for (size_t i = 0; i < shape->part_count; i++) {
		if (!verify_part(json, object, path, &shape->parts[i], err)) {
			return false;
		}
	}
	return true;
}

/* The schema's if/then: figures of a wrong result are not accepted from anybody. */
static bool verify_withheld(
	const struct base_json *json, const cJSON *workload, size_t index, struct lane_error *err)
{
	if (base_json_bool(workload, "verified", false)) {
		return true;
	}
	for (const char *const *key = report_figure_keys; *key; key++) {
		const cJSON *value = base_json_get(workload, *key);
		if (!cJSON_IsNull(value)) {
			return base_json_error(json, value, err,
				"$.workloads[%zu].%s must be null where verified is false", index, *key);
		}
	}
	const cJSON *samples = base_json_get(workload, "samples");
	return cJSON_GetArraySize(samples) == 0 ||
		base_json_error(json, samples, err,
			"$.workloads[%zu].samples must be empty where verified is false", index);
}

bool report_verify(const struct base_json *json, struct lane_error *err)
{
	if (!verify_object(json, json->root, "$", &root_shape, err)) {
		return false;
	}
	size_t index = 0;
	const cJSON *workload;
	cJSON_ArrayForEach(workload, base_json_get(json->root, "workloads"))
	{
		if (!verify_withheld(json, workload, index++, err)) {
			return false;
		}
	}
	return true;
}

bool report_load(const char *path, struct base_json *json, struct lane_error *err)
{
	if (!base_json_load(path, REPORT_BYTES_MAX, json, err)) {
		return false;
	}
	if (!report_verify(json, err)) {
		base_json_finish(json);
		return false;
	}
	return true;
}
