/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/descriptor.h"

#include "base/base64.h"
#include "base/digest.h"
#include "base/json.h"

static void add_base64(cJSON *object, const char *key, const void *bytes, size_t size)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_base64_encode(bytes, size, &text);
	base_json_add_string(object, key, text.data ? text.data : "");
}

static void add_triple(cJSON *object, const char *key, const uint32_t values[3])
{
	cJSON *triple = base_json_add_array(object, key);
	for (size_t i = 0; i < 3; i++) {
		base_json_add_number(triple, NULL, values[i]);
	}
}

static void add_buffer(cJSON *buffers, const struct bridge_job_buffer *buffer)
{
	static const char *const fills[] = {
		[BRIDGE_FILL_ZERO] = "zero",
		[BRIDGE_FILL_RAMP] = "ramp",
		[BRIDGE_FILL_RANDOM] = "random",
		[BRIDGE_FILL_POISON] = "poison",
		[BRIDGE_FILL_BITS] = "bits",
	};
	cJSON *node = base_json_add_object(buffers, NULL);
	base_json_add_number(node, "binding", buffer->binding);
	base_json_add_number(node, "bytes", (double)buffer->bytes);
	cJSON *fill = base_json_add_object(node, "fill");
	base_json_add_string(fill, "kind", fills[buffer->fill]);
	base_json_add_number(fill, "seed", buffer->seed);
	if (buffer->fill == BRIDGE_FILL_BITS) {
		base_json_add_number(fill, "mask", buffer->mask);
		base_json_add_number(fill, "base", buffer->base);
	}
	base_json_add_bool(node, "input", buffer->input);
	base_json_add_bool(node, "output", buffer->output);
}

static void add_sampling(cJSON *root, const struct bridge_sampling *sampling)
{
	static const char *const measures[] = {
		[BRIDGE_MEASURE_DISPATCH] = "dispatch",
		[BRIDGE_MEASURE_UPLOAD] = "upload",
		[BRIDGE_MEASURE_DOWNLOAD] = "download",
	};
	cJSON *node = base_json_add_object(root, "sampling");
	base_json_add_number(node, "warmup_ms", sampling->warmup_ms);
	base_json_add_number(node, "min_samples", sampling->min_samples);
	base_json_add_number(node, "max_samples", sampling->max_samples);
	base_json_add_number(node, "dispatches_per_sample", sampling->dispatches_per_sample);
	base_json_add_number(node, "rel_ci", sampling->rel_ci);
	base_json_add_string(node, "measure", measures[sampling->measure]);
}

char *descriptor_build(const struct workload_plan *plan, const char *job,
	const struct bridge_sampling *sampling, unsigned timeout_ms)
{
	const struct workload *workload = plan->workload;
	char hash[BASE_SHA256_TEXT_SIZE];
	base_sha256_text(plan->spirv, plan->spirv_size, hash);

	BASE_JSON_FREE cJSON *root = base_json_new_object();
	base_json_add_string(root, "job", job);
	base_json_add_string(root, "kernel", workload->name);
	add_triple(root, "grid", plan->grid);
	add_triple(root, "block", workload->block);
	base_json_add_string(root, "bytes_hash", hash);
	base_json_add_array(root, "inputs");
	base_json_add_format(base_json_add_array(root, "outputs"), NULL, "/worker/%s/result", job);
	base_json_add_number(root, "timeout_ms", timeout_ms);
	add_base64(root, "payload_b64", plan->spirv, plan->spirv_size);
	cJSON *buffers = base_json_add_array(root, "buffers");
	for (size_t i = 0; i < plan->buffer_count; i++) {
		add_buffer(buffers, &plan->buffers[i].job);
	}
	add_base64(root, "push_constants_b64", plan->push_constants, plan->push_constant_count * 4);
	if (plan->variant) {
		base_json_add_number(
			base_json_add_object(root, "specialization"), "0", plan->variant->value);
		if (plan->variant->subgroup_size > 0) {
			base_json_add_number(root, "subgroup_size", plan->variant->subgroup_size);
		}
	}
	add_sampling(root, sampling);
	cJSON *capture = base_json_add_array(root, "capture");
	base_json_add_string(capture, NULL, "result");
	base_json_add_string(capture, NULL, "timing");

	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	base_json_write(root, 0, &line);
	return base_buffer_steal(&line);
}
