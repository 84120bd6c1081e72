/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/job.h"

#include "base/base64.h"
#include "base/digest.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const double uint32_top = 4294967295.0;

/* What is wrong with the form of a document makes the job invalid. */
static bool job_invalid(struct lane_error *err)
{
	if (err) {
		snprintf(err->code, sizeof(err->code), "JOB_INVALID");
	}
	return false;
}

static bool name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(!first && strchr("._-", c) != NULL);
}

/* An id becomes a name in the namespace, so that it may hold nothing a path could misread. */
bool bridge_job_name_valid(const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < length; i++) {
		if (!name_char(name[i], i == 0)) {
			return false;
		}
	}
	return length > 0 && length <= BRIDGE_JOB_ID_MAX;
}

static bool module_check(const struct bridge_job *job, struct lane_error *err)
{
	char found[BASE_SHA256_TEXT_SIZE];
	base_sha256_text(job->module, job->module_size, found);
	if (strcmp(found, job->bytes_hash) != 0) {
		return lane_error_set(
			err, "JOB_HASH", "the module's hash is %s, bytes_hash says %s", found, job->bytes_hash);
	}
	if (job->module_size == 0 || job->module_size % 4 != 0) {
		return lane_error_set(
			err, "JOB_INVALID", "a module of %zu bytes: SPIR-V has whole words", job->module_size);
	}
	return true;
}

/* Nothing but the payload and its hash is looked at here. */
static bool job_payload(
	const struct base_json *json, struct bridge_job *job, struct lane_error *err)
{
	const cJSON *payload = base_json_get(json->root, "payload_b64");
	const char *hash = base_json_string(json->root, "bytes_hash", NULL);
	if (!hash || !base_sha256_valid(hash)) {
		return lane_error_set(
			err, "JOB_INVALID", "bytes_hash is not \"sha256:\" and 64 lower-case hex digits");
	}
	job->bytes_hash = base_strdup(hash);
	if (!payload) {
		return true;
	}
	BASE_BUFFER_AUTO module = BASE_BUFFER_INIT;
	if (!cJSON_IsString(payload) ||
		!base_base64_decode(payload->valuestring, strlen(payload->valuestring), &module)) {
		return lane_error_set(err, "JOB_INVALID", "payload_b64 is not base64 with padding");
	}
	job->module_size = module.size;
	job->module = (uint8_t *)base_buffer_steal(&module);
	return module_check(job, err);
}

/* Three whole numbers from 1 up. */
static bool job_triple(
	const struct base_json *json, const char *key, uint32_t triple[3], struct lane_error *err)
{
	const cJSON *array = base_json_get(json->root, key);
	if (cJSON_GetArraySize(array) != 3) {
		return lane_error_set(
			err, "JOB_INVALID", "%s has %d elements, not 3", key, cJSON_GetArraySize(array));
	}
	int i = 0;
	const cJSON *element;
	uint64_t product = 1;
	cJSON_ArrayForEach(element, array)
	{
		double value = cJSON_IsNumber(element) ? element->valuedouble : 0;
		if (value < 1 || value > uint32_top || value != (double)(uint32_t)value) {
			return lane_error_set(
				err, "JOB_INVALID", "%s[%d] is not a whole number from 1 to 2^32-1", key, i);
		}
		triple[i] = (uint32_t)value;
		if (__builtin_mul_overflow(product, triple[i], &product)) {
			return lane_error_set(err, "JOB_INVALID", "%s: the product overflows", key);
		}
		i++;
	}
	return true;
}

/* inputs: nothing or the module; outputs: what the job's own folder will have. */
static bool job_paths(const struct base_json *json, struct bridge_job *job, struct lane_error *err)
{
	static const char *const outputs[] = {"result", "timing", "log"};
	const cJSON *inputs = base_json_get(json->root, "inputs");
	const cJSON *first = cJSON_GetArrayItem(inputs, 0);
	if (cJSON_GetArraySize(inputs) > 1 ||
		(first && (!cJSON_IsString(first) || strncmp(first->valuestring, "/bundles/", 9) != 0))) {
		return lane_error_set(
			err, "JOB_INVALID", "inputs may hold one path, of the module: \"/bundles/...\"");
	}
	if (!job->module && !first) {
		return lane_error_set(err, "JOB_INVALID", "no module: neither payload_b64 nor inputs[0]");
	}
	if (!job->module) {
		job->module_path = base_strdup(first->valuestring);
	}
	const cJSON *path;
	cJSON_ArrayForEach(path, base_json_get(json->root, "outputs"))
	{
		bool known = false;
		for (size_t i = 0; i < COUNT(outputs) && cJSON_IsString(path); i++) {
			BASE_FREE char *expected = base_format("/worker/%s/%s", job->id, outputs[i]);
			known = known || strcmp(path->valuestring, expected) == 0;
		}
		if (!known) {
			return lane_error_set(
				err, "JOB_INVALID", "outputs may hold /worker/%s/result, timing and log", job->id);
		}
	}
	return true;
}

static bool buffer_fill(const struct base_json *json, const cJSON *object, const char *path,
	struct bridge_job_buffer *buffer, struct lane_error *err)
{
	static const char *const kinds[] = {
		[BRIDGE_FILL_ZERO] = "zero",
		[BRIDGE_FILL_RAMP] = "ramp",
		[BRIDGE_FILL_RANDOM] = "random",
		[BRIDGE_FILL_POISON] = "poison",
		[BRIDGE_FILL_BITS] = "bits",
	};
	static const struct base_json_key keys[] = {
		{"kind", BASE_JSON_STRING, true, 0, 0},
		{"seed", BASE_JSON_INTEGER, false, 0, uint32_top},
		{"mask", BASE_JSON_INTEGER, false, 0, uint32_top},
		{"base", BASE_JSON_INTEGER, false, 0, uint32_top},
	};
	if (!object) {
		buffer->fill = buffer->output && !buffer->input ? BRIDGE_FILL_POISON : BRIDGE_FILL_ZERO;
		return true;
	}
	if (!base_json_check(json, object, path, keys, COUNT(keys), err)) {
		return job_invalid(err);
	}
	const char *kind = base_json_string(object, "kind", "");
	buffer->seed = (uint32_t)base_json_uint(object, "seed", 0);
	buffer->mask = (uint32_t)base_json_uint(object, "mask", UINT32_MAX);
	buffer->base = (uint32_t)base_json_uint(object, "base", 0);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (strcmp(kind, kinds[i]) == 0) {
			buffer->fill = (enum bridge_fill)i;
			return true;
		}
	}
	return lane_error_set(
		err, "JOB_INVALID", "%s.kind is none of zero, ramp, random, poison, bits", path);
}

static bool job_buffer(const struct base_json *json, const cJSON *object, struct bridge_job *job,
	uint32_t *bindings, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"binding", BASE_JSON_INTEGER, true, 0, BRIDGE_JOB_BINDING_MAX},
		{"bytes", BASE_JSON_INTEGER, true, 4, 9007199254740991.0},
		{"fill", BASE_JSON_OBJECT, false, 0, 0},
		{"input", BASE_JSON_BOOL, false, 0, 0},
		{"output", BASE_JSON_BOOL, false, 0, 0},
	};
	struct bridge_job_buffer *buffer = &job->buffers[job->buffer_count];
	char path[48];
	char fill_path[64];
	snprintf(path, sizeof(path), "$.buffers[%zu]", job->buffer_count);
	snprintf(fill_path, sizeof(fill_path), "%s.fill", path);
	if (!base_json_check(json, object, path, keys, COUNT(keys), err)) {
		return job_invalid(err);
	}
	buffer->binding = (uint32_t)base_json_uint(object, "binding", 0);
	buffer->bytes = base_json_uint(object, "bytes", 0);
	buffer->input = base_json_bool(object, "input", false);
	buffer->output = base_json_bool(object, "output", false);
	if (*bindings & (1u << buffer->binding)) {
		return lane_error_set(err, "JOB_INVALID", "%s: binding %u is taken", path, buffer->binding);
	}
	*bindings |= 1u << buffer->binding;
	if (buffer->bytes % 4 != 0) {
		return lane_error_set(err, "JOB_INVALID", "%s.bytes is no multiple of 4", path);
	}
	/* At most 16 numbers below 2^53: these sums cannot overflow. */
	job->memory_bytes += buffer->bytes;
	job->result_bytes += buffer->output ? buffer->bytes : 0;
	job->buffer_count++;
	return buffer_fill(json, base_json_get(object, "fill"), fill_path, buffer, err);
}

static bool job_buffers(
	const struct base_json *json, struct bridge_job *job, struct lane_error *err)
{
	const cJSON *array = base_json_get(json->root, "buffers");
	if (cJSON_GetArraySize(array) > BRIDGE_JOB_BUFFERS_MAX) {
		return lane_error_set(err, "JOB_LIMIT", "%d buffers, at most %d", cJSON_GetArraySize(array),
			BRIDGE_JOB_BUFFERS_MAX);
	}
	uint32_t bindings = 0;
	const cJSON *object;
	cJSON_ArrayForEach(object, array)
	{
		if (!job_buffer(json, object, job, &bindings, err)) {
			return false;
		}
	}
	return true;
}

static bool job_push_constants(
	const struct base_json *json, struct bridge_job *job, struct lane_error *err)
{
	const char *text = base_json_string(json->root, "push_constants_b64", "");
	BASE_BUFFER_AUTO bytes = BASE_BUFFER_INIT;
	if (!base_base64_decode(text, strlen(text), &bytes) || bytes.size % 4 != 0) {
		return lane_error_set(
			err, "JOB_INVALID", "push_constants_b64 is not base64 of whole 32-bit words");
	}
	if (bytes.size > BRIDGE_JOB_PUSH_CONSTANTS_MAX) {
		return lane_error_set(err, "JOB_LIMIT", "%zu bytes of push constants, at most %d",
			bytes.size, BRIDGE_JOB_PUSH_CONSTANTS_MAX);
	}
	if (bytes.size > 0) {
		memcpy(job->push_constants, bytes.data, bytes.size);
	}
	job->push_constant_size = bytes.size;
	return true;
}

/* The whole key as a decimal number without leading zeros. */
static bool specialization_id(const char *key, uint32_t *id)
{
	uint64_t value = 0;
	size_t length = strlen(key);
	if (length == 0 || length > 10 || (key[0] == '0' && length > 1)) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (key[i] < '0' || key[i] > '9') {
			return false;
		}
		value = value * 10 + (uint64_t)(key[i] - '0');
	}
	*id = (uint32_t)value;
	return value <= UINT32_MAX;
}

static bool job_specialization(
	const struct base_json *json, struct bridge_job *job, struct lane_error *err)
{
	const cJSON *object = base_json_get(json->root, "specialization");
	if (cJSON_GetArraySize(object) > BRIDGE_JOB_SPECIALIZATIONS_MAX) {
		return lane_error_set(err, "JOB_LIMIT", "%d specialization constants, at most %d",
			cJSON_GetArraySize(object), BRIDGE_JOB_SPECIALIZATIONS_MAX);
	}
	const cJSON *entry;
	cJSON_ArrayForEach(entry, object)
	{
		uint32_t id = 0;
		double value = cJSON_IsNumber(entry) ? entry->valuedouble : -1;
		if (!specialization_id(entry->string, &id) || value < 0 || value > uint32_top ||
			value != (double)(uint32_t)value) {
			return lane_error_set(err, "JOB_INVALID",
				"specialization: ids and values are whole numbers from 0 to 2^32-1");
		}
		job->specializations[job->specialization_count].id = id;
		job->specializations[job->specialization_count].value = (uint32_t)value;
		job->specialization_count++;
	}
	return true;
}

static bool sampling_measure(
	const char *text, struct bridge_sampling *sampling, struct lane_error *err)
{
	static const char *const measures[] = {
		[BRIDGE_MEASURE_DISPATCH] = "dispatch",
		[BRIDGE_MEASURE_UPLOAD] = "upload",
		[BRIDGE_MEASURE_DOWNLOAD] = "download",
	};
	for (size_t i = 0; i < COUNT(measures); i++) {
		if (strcmp(text, measures[i]) == 0) {
			sampling->measure = (enum bridge_measure)i;
			return true;
		}
	}
	return lane_error_set(
		err, "JOB_INVALID", "sampling.measure is none of dispatch, upload, download");
}

static bool job_sampling(
	const struct base_json *json, struct bridge_job *job, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"warmup_ms", BASE_JSON_INTEGER, false, 0, BRIDGE_JOB_WARMUP_MS_MAX},
		{"min_samples", BASE_JSON_INTEGER, false, 1, BRIDGE_JOB_SAMPLES_MAX},
		{"max_samples", BASE_JSON_INTEGER, false, 1, BRIDGE_JOB_SAMPLES_MAX},
		{"dispatches_per_sample", BASE_JSON_INTEGER, false, 1, BRIDGE_JOB_DISPATCHES_MAX},
		{"rel_ci", BASE_JSON_NUMBER, false, 0, 0},
		{"measure", BASE_JSON_STRING, false, 0, 0},
	};
	struct bridge_sampling *sampling = &job->sampling;
	const cJSON *object = base_json_get(json->root, "sampling");
	if (object && !base_json_check(json, object, "$.sampling", keys, COUNT(keys), err)) {
		return job_invalid(err);
	}
	sampling->warmup_ms = (uint32_t)base_json_uint(object, "warmup_ms", 0);
	sampling->min_samples = (uint32_t)base_json_uint(object, "min_samples", 1);
	sampling->max_samples = (uint32_t)base_json_uint(object, "max_samples", sampling->min_samples);
	sampling->dispatches_per_sample = (uint32_t)base_json_uint(object, "dispatches_per_sample", 1);
	sampling->rel_ci = base_json_number(object, "rel_ci", 0);
	if (sampling->max_samples < sampling->min_samples) {
		return lane_error_set(err, "JOB_INVALID", "sampling: max_samples is less than min_samples");
	}
	if (!(sampling->rel_ci >= 0 && sampling->rel_ci <= 1)) {
		return lane_error_set(err, "JOB_INVALID", "sampling.rel_ci is not from 0 to 1");
	}
	return sampling_measure(base_json_string(object, "measure", "dispatch"), sampling, err);
}

static bool job_capture(
	const struct base_json *json, struct bridge_job *job, struct lane_error *err)
{
	const cJSON *array = base_json_get(json->root, "capture");
	job->capture_result = job->capture_timing = array == NULL;
	const cJSON *element;
	cJSON_ArrayForEach(element, array)
	{
		const char *what = cJSON_IsString(element) ? element->valuestring : "";
		if (strcmp(what, "result") == 0) {
			job->capture_result = true;
		} else if (strcmp(what, "timing") == 0) {
			job->capture_timing = true;
		} else {
			return lane_error_set(err, "JOB_INVALID", "capture may hold \"result\" and \"timing\"");
		}
	}
	return true;
}

static bool job_read(const struct base_json *json, struct bridge_job *job, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"job", BASE_JSON_STRING, true, 0, 0},
		{"kernel", BASE_JSON_STRING, true, 0, 0},
		{"grid", BASE_JSON_ARRAY, true, 0, 0},
		{"block", BASE_JSON_ARRAY, true, 0, 0},
		{"bytes_hash", BASE_JSON_STRING, true, 0, 0},
		{"inputs", BASE_JSON_ARRAY, false, 0, 0},
		{"outputs", BASE_JSON_ARRAY, false, 0, 0},
		{"subgroup_size", BASE_JSON_INTEGER, false, 1, BRIDGE_JOB_SUBGROUP_MAX},
		{"timeout_ms", BASE_JSON_INTEGER, true, 1, BRIDGE_JOB_TIMEOUT_MS_MAX},
		{"payload_b64", BASE_JSON_STRING, false, 0, 0},
		{"buffers", BASE_JSON_ARRAY, false, 0, 0},
		{"push_constants_b64", BASE_JSON_STRING, false, 0, 0},
		{"specialization", BASE_JSON_OBJECT, false, 0, 0},
		{"sampling", BASE_JSON_OBJECT, false, 0, 0},
		{"capture", BASE_JSON_ARRAY, false, 0, 0},
	};
	if (!base_json_check(json, json->root, "$", keys, COUNT(keys), err)) {
		return job_invalid(err);
	}
	if (!job->id) {
		return lane_error_set(err, "JOB_INVALID", "job is not a name of at most %d of A-Za-z0-9._-",
			BRIDGE_JOB_ID_MAX);
	}
	const char *kernel = base_json_string(json->root, "kernel", "");
	if (!bridge_job_name_valid(kernel)) {
		return lane_error_set(err, "JOB_INVALID",
			"kernel is not a name of at most %d of A-Za-z0-9._-", BRIDGE_JOB_ID_MAX);
	}
	job->kernel = base_strdup(kernel);
	job->timeout_ms = (uint32_t)base_json_uint(json->root, "timeout_ms", 0);
	job->subgroup_size = (uint32_t)base_json_uint(json->root, "subgroup_size", 0);
	return job_triple(json, "grid", job->grid, err) && job_triple(json, "block", job->block, err) &&
		job_paths(json, job, err) && job_buffers(json, job, err) &&
		job_push_constants(json, job, err) && job_specialization(json, job, err) &&
		job_sampling(json, job, err) && job_capture(json, job, err);
}

bool bridge_job_parse(const char *line, size_t size, struct bridge_job *job, struct lane_error *err)
{
	memset(job, 0, sizeof(*job));
	if (size > BRIDGE_JOB_LINE_MAX) {
		return lane_error_set(
			err, "JOB_LIMIT", "a descriptor of %zu bytes, at most %d", size, BRIDGE_JOB_LINE_MAX);
	}
	BASE_JSON_AUTO json = {.root = NULL};
	if (!base_json_parse("job", line, size, &json, err)) {
		return job_invalid(err);
	}
	const char *id = base_json_string(json.root, "job", "");
	if (bridge_job_name_valid(id)) {
		job->id = base_strdup(id);
	}
	return job_payload(&json, job, err) && job_read(&json, job, err);
}

bool bridge_job_module(
	struct bridge_job *job, const void *module, size_t size, struct lane_error *err)
{
	if (size > BRIDGE_JOB_MODULE_MAX) {
		return lane_error_set(
			err, "JOB_LIMIT", "a module of %zu bytes, at most %d", size, BRIDGE_JOB_MODULE_MAX);
	}
	free(job->module);
	job->module = base_alloc(size, 1);
	memcpy(job->module, module, size);
	job->module_size = size;
	return module_check(job, err);
}

void bridge_job_finish(struct bridge_job *job)
{
	if (job) {
		free(job->id);
		free(job->kernel);
		free(job->bytes_hash);
		free(job->module);
		free(job->module_path);
		memset(job, 0, sizeof(*job));
	}
}
