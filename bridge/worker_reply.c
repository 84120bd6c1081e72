/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_wire.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A worker is a process in which a driver has run: what it answers is read like a stranger's. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { DEVICES_MAX = 64 };

static const double integer_top = 9007199254740991.0;
static const double uint32_top = 4294967295.0;

static bool protocol_error(struct lane_error *err)
{
	if (err) {
		snprintf(err->code, sizeof(err->code), "WORKER_PROTOCOL");
	}
	return false;
}

const char *bridge_worker_state(const char *text)
{
	static const char *const states[] = {
		"OK", "ERR INVALID", "ERR LIMIT", "ERR DEVICE-LOST", "ERR WORKER"};
	for (size_t i = 0; i < COUNT(states); i++) {
		if (strcmp(text, states[i]) == 0) {
			return states[i];
		}
	}
	return NULL;
}

/* An array of whole numbers of exactly this length. */
static bool integers_check(const struct base_json *json, const cJSON *object, const char *key,
	size_t length, struct lane_error *err)
{
	const cJSON *array = base_json_get(object, key);
	const cJSON *element;
	size_t count = 0;
	cJSON_ArrayForEach(element, array)
	{
		double value = cJSON_IsNumber(element) ? element->valuedouble : -1;
		if (value < 0 || value > integer_top || value != floor(value)) {
			return base_json_error(json, element, err, "%s[%zu] is no whole number", key, count);
		}
		count++;
	}
	return count == length ||
		base_json_error(json, array, err, "%s has %zu elements, not %zu", key, count, length);
}

static bool strings_check(
	const struct base_json *json, const cJSON *object, const char *key, struct lane_error *err)
{
	const cJSON *element;
	cJSON_ArrayForEach(element, base_json_get(object, key))
	{
		if (!cJSON_IsString(element)) {
			return base_json_error(json, element, err, "%s has an element that is no text", key);
		}
	}
	return true;
}

static bool one_of(const struct base_json *json, const cJSON *object, const char *key,
	const char *const *values, size_t count, struct lane_error *err)
{
	const char *value = base_json_string(object, key, "");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(value, values[i]) == 0) {
			return true;
		}
	}
	return base_json_error(json, object, err, "%s has an unknown value", key);
}

static bool timing_check(const struct base_json *json, const cJSON *timing,
	const struct bridge_job *job, struct lane_error *err)
{
	static const char *const timers[] = {"gpu", "host", "invalid"};
	static const char *const stop_rules[] = {"precision", "max-samples", "time", "differs"};
	static const struct base_json_key keys[] = {
		{"timer", BASE_JSON_STRING, true, 0, 0},
		{"timestamp_period_ns", BASE_JSON_NUMBER, true, 0, 0},
		{"valid_bits", BASE_JSON_INTEGER, true, 0, 64},
		{"samples_ns", BASE_JSON_ARRAY, true, 0, 0},
		{"wall_ns", BASE_JSON_ARRAY, true, 0, 0},
		{"at_ns", BASE_JSON_ARRAY, true, 0, 0},
		{"dispatches_per_sample", BASE_JSON_INTEGER, true, 1, BRIDGE_JOB_DISPATCHES_MAX},
		{"stop_rule", BASE_JSON_STRING, true, 0, 0},
		{"differs", BASE_JSON_OBJECT | BASE_JSON_NULL, true, 0, 0},
		{"setup_ns", BASE_JSON_INTEGER, true, 0, integer_top},
		{"compile_ns", BASE_JSON_INTEGER, true, 0, integer_top},
		{"upload_ns", BASE_JSON_INTEGER, true, 0, integer_top},
		{"readback_ns", BASE_JSON_INTEGER, true, 0, integer_top},
		{"total_ns", BASE_JSON_INTEGER, true, 0, integer_top},
		{"device", BASE_JSON_STRING, true, 0, 0},
	};
	static const struct base_json_key differs_keys[] = {
		{"sample", BASE_JSON_INTEGER, true, 0, BRIDGE_JOB_SAMPLES_MAX},
		{"buffer", BASE_JSON_INTEGER, true, 0, BRIDGE_JOB_BINDING_MAX},
		{"word", BASE_JSON_INTEGER, true, 0, integer_top},
	};
	if (!base_json_check(json, timing, "$.timing", keys, COUNT(keys), err)) {
		return false;
	}
	const cJSON *differs = base_json_get(timing, "differs");
	if (!cJSON_IsNull(differs) &&
		!base_json_check(
			json, differs, "$.timing.differs", differs_keys, COUNT(differs_keys), err)) {
		return false;
	}
	size_t samples = (size_t)cJSON_GetArraySize(base_json_get(timing, "samples_ns"));
	if (samples == 0 || samples > job->sampling.max_samples) {
		return base_json_error(json, timing, err, "%zu samples", samples);
	}
	return one_of(json, timing, "timer", timers, COUNT(timers), err) &&
		one_of(json, timing, "stop_rule", stop_rules, COUNT(stop_rules), err) &&
		integers_check(json, timing, "samples_ns", samples, err) &&
		integers_check(json, timing, "wall_ns", samples, err) &&
		integers_check(json, timing, "at_ns", samples, err);
}

static bool device_check(
	const struct base_json *json, const cJSON *device, const char *path, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"uuid", BASE_JSON_STRING, true, 0, 0},
		{"name", BASE_JSON_STRING, true, 0, 0},
		{"type", BASE_JSON_STRING, true, 0, 0},
		{"software", BASE_JSON_BOOL, true, 0, 0},
		{"compute", BASE_JSON_BOOL, true, 0, 0},
		{"api_version", BASE_JSON_STRING, true, 0, 0},
		{"vendor_id", BASE_JSON_INTEGER, true, 0, uint32_top},
		{"device_id", BASE_JSON_INTEGER, true, 0, uint32_top},
		{"driver", BASE_JSON_OBJECT, true, 0, 0},
		{"pci", BASE_JSON_STRING | BASE_JSON_NULL, true, 0, 0},
		{"drm", BASE_JSON_OBJECT, true, 0, 0},
		{"memory_bytes", BASE_JSON_INTEGER, true, 0, integer_top},
		{"compute_units", BASE_JSON_INTEGER, true, 0, uint32_top},
		{"features", BASE_JSON_ARRAY, true, 0, 0},
		{"unvalidated", BASE_JSON_ARRAY, true, 0, 0},
		{"subgroup", BASE_JSON_OBJECT, true, 0, 0},
		{"limits", BASE_JSON_OBJECT, true, 0, 0},
		{"timestamp_valid_bits", BASE_JSON_INTEGER, true, 0, 64},
		{"timestamp_period_ns", BASE_JSON_NUMBER, true, 0, 0},
		{"sandbox", BASE_JSON_OBJECT, true, 0, 0},
	};
	static const struct base_json_key sandbox_keys[] = {
		{"landlock_abi", BASE_JSON_INTEGER, true, 0, uint32_top},
		{"seccomp", BASE_JSON_BOOL, true, 0, 0},
		{"missing", BASE_JSON_ARRAY, true, 0, 0},
	};
	static const struct base_json_key driver_keys[] = {
		{"id", BASE_JSON_INTEGER, true, 0, uint32_top},
		{"name", BASE_JSON_STRING, true, 0, 0},
		{"info", BASE_JSON_STRING, true, 0, 0},
		{"version", BASE_JSON_INTEGER, true, 0, uint32_top},
	};
	static const struct base_json_key drm_keys[] = {
		{"primary", BASE_JSON_STRING | BASE_JSON_NULL, true, 0, 0},
		{"render", BASE_JSON_STRING | BASE_JSON_NULL, true, 0, 0},
	};
	static const struct base_json_key subgroup_keys[] = {
		{"size", BASE_JSON_INTEGER, true, 0, uint32_top},
		{"size_min", BASE_JSON_INTEGER, true, 0, uint32_top},
		{"size_max", BASE_JSON_INTEGER, true, 0, uint32_top},
	};
	static const struct base_json_key limit_keys[] = {
		{"storage_buffer_bytes", BASE_JSON_INTEGER, true, 0, integer_top},
		{"workgroup_invocations", BASE_JSON_INTEGER, true, 0, uint32_top},
		{"workgroup_size", BASE_JSON_ARRAY, true, 0, 0},
		{"workgroup_count", BASE_JSON_ARRAY, true, 0, 0},
		{"shared_memory_bytes", BASE_JSON_INTEGER, true, 0, uint32_top},
	};
	const cJSON *limits = base_json_get(device, "limits");
	const cJSON *sandbox = base_json_get(device, "sandbox");
	return base_json_check(json, device, path, keys, COUNT(keys), err) &&
		base_json_check(
			json, base_json_get(device, "driver"), path, driver_keys, COUNT(driver_keys), err) &&
		base_json_check(json, base_json_get(device, "drm"), path, drm_keys, COUNT(drm_keys), err) &&
		base_json_check(json, base_json_get(device, "subgroup"), path, subgroup_keys,
			COUNT(subgroup_keys), err) &&
		strings_check(json, device, "features", err) &&
		strings_check(json, device, "unvalidated", err) &&
		base_json_check(json, sandbox, path, sandbox_keys, COUNT(sandbox_keys), err) &&
		strings_check(json, sandbox, "missing", err) &&
		base_json_check(json, limits, path, limit_keys, COUNT(limit_keys), err) &&
		integers_check(json, limits, "workgroup_size", 3, err) &&
		integers_check(json, limits, "workgroup_count", 3, err);
}

bool bridge_worker_devices_check(const struct base_json *json, struct lane_error *err)
{
	if (!cJSON_IsArray(json->root) || cJSON_GetArraySize(json->root) > DEVICES_MAX) {
		base_json_error(json, json->root, err, "is no array of at most %d devices", DEVICES_MAX);
		return protocol_error(err);
	}
	const cJSON *device;
	cJSON_ArrayForEach(device, json->root)
	{
		if (!device_check(json, device, "$[]", err)) {
			return protocol_error(err);
		}
	}
	return true;
}

static bool done_check(
	const struct base_json *json, const struct bridge_job *job, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"kind", BASE_JSON_STRING, true, 0, 0},
		{"state", BASE_JSON_STRING, true, 0, 0},
		{"text", BASE_JSON_STRING, true, 0, 0},
		{"timing", BASE_JSON_OBJECT | BASE_JSON_NULL, true, 0, 0},
	};
	if (!base_json_check(json, json->root, "$", keys, COUNT(keys), err)) {
		return false;
	}
	const char *state = bridge_worker_state(base_json_string(json->root, "state", ""));
	const cJSON *timing = base_json_get(json->root, "timing");
	if (!state || (strcmp(state, "OK") == 0) != (bool)cJSON_IsObject(timing)) {
		return base_json_error(json, json->root, err, "no state, or one without its timing");
	}
	if (!job) {
		return base_json_error(json, json->root, err, "no job is in work");
	}
	return !cJSON_IsObject(timing) || timing_check(json, timing, job, err);
}

static bool reply_check(
	const struct base_json *json, const struct bridge_job *job, struct lane_error *err)
{
	static const struct base_json_key ready_keys[] = {
		{"kind", BASE_JSON_STRING, true, 0, 0},
		{"device", BASE_JSON_OBJECT, true, 0, 0},
	};
	static const struct base_json_key failed_keys[] = {
		{"kind", BASE_JSON_STRING, true, 0, 0},
		{"text", BASE_JSON_STRING, true, 0, 0},
	};
	const char *kind = base_json_string(json->root, "kind", "");
	if (strcmp(kind, "ready") == 0) {
		return base_json_check(json, json->root, "$", ready_keys, COUNT(ready_keys), err) &&
			device_check(json, base_json_get(json->root, "device"), "$.device", err);
	}
	if (strcmp(kind, "failed") == 0) {
		return base_json_check(json, json->root, "$", failed_keys, COUNT(failed_keys), err);
	}
	if (strcmp(kind, "done") == 0) {
		return done_check(json, job, err);
	}
	return base_json_error(json, json->root, err, "kind is none of ready, failed, done");
}

bool bridge_worker_reply_parse(const char *text, size_t size, const struct bridge_job *job,
	cJSON **document, struct lane_error *err)
{
	BASE_JSON_AUTO json = {.root = NULL};
	*document = NULL;
	if (!base_json_parse("worker", text, size, &json, err) || !reply_check(&json, job, err)) {
		return protocol_error(err);
	}
	*document = json.root;
	json.root = NULL;
	return true;
}
