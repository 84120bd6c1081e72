/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void workload_plan_size(const struct workload *workload, uint32_t n, struct workload_plan *plan)
{
	assert(n >= workload->step && n % workload->step == 0);
	memset(plan, 0, sizeof(*plan));
	plan->workload = workload;
	plan->n = n;
	workload_plan_vary(plan, workload->variants);
}

void workload_plan_vary(struct workload_plan *plan, const struct workload_variant *variant)
{
	*plan = (struct workload_plan){
		.workload = plan->workload,
		.n = plan->n,
		.variant = variant,
		.spirv = plan->workload->spirv,
		.spirv_size = plan->workload->spirv_size,
	};
	plan->workload->plan(plan);
}

/* Those of `wanted` that the device does not list at this key. */
static compute_features missing_of(compute_features wanted, const cJSON *device, const char *key)
{
	const cJSON *feature;
	cJSON_ArrayForEach(feature, base_json_get(device, key))
	{
		for (unsigned i = 0; i < COMPUTE_FEATURES; i++) {
			if (cJSON_IsString(feature) &&
				strcmp(feature->valuestring, compute_feature_name(i)) == 0) {
				wanted &= ~COMPUTE_FEATURE(i);
			}
		}
	}
	return wanted;
}

const char *workload_missing(const struct workload *workload, const cJSON *device)
{
	compute_features missing = missing_of(workload->needs, device, "features");
	if (!missing && workload->variant_count > 0 && !workload_variant_first(workload, device)) {
		missing = missing_of(workload->variants[0].needs, device, "features");
	}
	/* What the device has not is the better reason. */
	compute_features absent = missing_of(missing, device, "unvalidated");
	missing = absent ? absent : missing;
	return missing ? compute_feature_name((enum compute_feature)__builtin_ctz(missing)) : NULL;
}

bool workload_unvalidated(const char *feature, const cJSON *device)
{
	const cJSON *name;
	cJSON_ArrayForEach(name, base_json_get(device, "unvalidated"))
	{
		if (cJSON_IsString(name) && strcmp(name->valuestring, feature) == 0) {
			return true;
		}
	}
	return false;
}

bool workload_variant_fits(const struct workload_variant *variant, const cJSON *device)
{
	const cJSON *subgroup = base_json_get(device, "subgroup");
	uint64_t least = base_json_uint(subgroup, "size_min", 0);
	uint64_t most = base_json_uint(subgroup, "size_max", 0);
	uint32_t size = variant->subgroup_size;
	compute_features needs = variant->needs;
	if (size > 0) {
		needs |= COMPUTE_FEATURE(COMPUTE_SUBGROUP_SIZE_CONTROL) |
			COMPUTE_FEATURE(COMPUTE_FULL_SUBGROUPS);
	}
	return !missing_of(needs, device, "features") &&
		(size == 0 || (least < most && size >= least && size <= most));
}

const struct workload_variant *workload_variant_first(
	const struct workload *workload, const cJSON *device)
{
	for (size_t i = 0; i < workload->variant_count; i++) {
		if (workload_variant_fits(&workload->variants[i], device)) {
			return &workload->variants[i];
		}
	}
	return NULL;
}

static bool plan_fits(const struct workload_plan *plan, const struct workload_limits *limits)
{
	for (size_t i = 0; i < plan->buffer_count; i++) {
		if (plan->buffers[i].job.bytes > limits->buffer_bytes) {
			return false;
		}
	}
	return workload_plan_bytes(plan) <= limits->memory_bytes;
}

bool workload_plan_fit(const struct workload *workload, enum workload_suite suite,
	enum workload_class class, const struct workload_limits *limits, struct workload_plan *plan,
	struct lane_error *err)
{
	uint32_t n = workload->sizes[suite][class];
	if (n == 0) {
		n = workload->sizes[WORKLOAD_FULL][class];
	}
	workload_plan_size(workload, n, plan);
	while (!plan_fits(plan, limits)) {
		if (n == workload->step) {
			return lane_error_set(err, "CANARY_NO_ROOM",
				"%s: the smallest size needs %" PRIu64
				" bytes of device memory, allowed are %" PRIu64 " in all and %" PRIu64 " a buffer",
				workload->name, workload_plan_bytes(plan), limits->memory_bytes,
				limits->buffer_bytes);
		}
		uint32_t steps = n / workload->step / 2;
		n = (steps > 0 ? steps : 1) * workload->step;
		workload_plan_size(workload, n, plan);
	}
	return true;
}

uint64_t workload_plan_bytes(const struct workload_plan *plan)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < plan->buffer_count; i++) {
		bytes += plan->buffers[i].job.bytes;
	}
	return bytes;
}

uint64_t workload_plan_output_bytes(const struct workload_plan *plan)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < plan->buffer_count; i++) {
		bytes += plan->buffers[i].job.output ? plan->buffers[i].job.bytes : 0;
	}
	return bytes;
}

struct workload_buffer *workload_plan_buffer(struct workload_plan *plan, const char *name,
	enum workload_element element, uint64_t words, enum bridge_fill fill, uint32_t seed)
{
	assert(plan->buffer_count < WORKLOAD_BUFFERS_MAX);
	struct workload_buffer *buffer = &plan->buffers[plan->buffer_count];
	*buffer = (struct workload_buffer){
		.name = name,
		.element = element,
		.job = {.binding = (uint32_t)plan->buffer_count,
			.bytes = words * 4,
			.fill = fill,
			.seed = seed,
			.input = true},
	};
	plan->buffer_count++;
	return buffer;
}

struct workload_buffer *workload_plan_bits(struct workload_plan *plan, const char *name,
	enum workload_element element, uint64_t words, uint32_t seed, uint32_t mask, uint32_t base)
{
	struct workload_buffer *buffer =
		workload_plan_buffer(plan, name, element, words, BRIDGE_FILL_BITS, seed);
	buffer->job.mask = mask;
	buffer->job.base = base;
	return buffer;
}

void workload_plan_output(
	struct workload_plan *plan, const char *name, enum workload_element element, uint64_t words)
{
	struct workload_buffer *buffer =
		workload_plan_buffer(plan, name, element, words, BRIDGE_FILL_POISON, 0);
	buffer->job.input = false;
	buffer->job.output = true;
}

void workload_plan_push_uint(struct workload_plan *plan, uint32_t value)
{
	assert(plan->push_constant_count < WORKLOAD_PUSH_CONSTANTS_MAX);
	plan->push_constants[plan->push_constant_count++] = value;
}

void workload_plan_push_float(struct workload_plan *plan, float value)
{
	workload_plan_push_uint(plan, workload_word(value));
}
