/* SPDX-License-Identifier: Apache-2.0 */

/*
 * run_kernels: runs every kernel of the canary in every variant once on the first Vulkan device,
 * compares every word with the reference, and prints a line for each:
 *
 *   copy 4 words at a time: right
 *   matmul_coop_bf16: no shaderBFloat16Type
 *
 * Without worker and bridge, and so without the validator of SPIR-V, which may be older than the
 * driver and know less. For devices whose memory the host sees. Exit status 1: something is wrong.
 */
#include "base/memory.h"
#include "canary/check.h"
#include "canary/workload.h"
#include "compute/dispatch.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 60000 };

/* Missing features by name, NULL when there are none. */
static const char *missing_name(compute_features needs, compute_features has)
{
	compute_features missing = needs & ~has;
	return missing ? compute_feature_name((enum compute_feature)__builtin_ctz(missing)) : NULL;
}

static bool create_kernel(struct compute_device *device, const struct workload_plan *plan,
	struct compute_kernel *kernel, struct lane_error *err)
{
	const struct workload *workload = plan->workload;
	const struct compute_specialization constant = {
		.value = plan->variant ? plan->variant->value : 0};
	struct compute_kernel_source source = {
		.words = plan->spirv,
		.word_count = plan->spirv_size / 4,
		.version = plan->spirv[1],
		.entry = "main",
		.local_size = {workload->block[0], workload->block[1], workload->block[2]},
		.subgroup_size = plan->variant ? plan->variant->subgroup_size : 0,
		.specializations = &constant,
		.specialization_count = plan->variant ? 1 : 0,
	};
	for (size_t i = 0; i < plan->buffer_count; i++) {
		source.bindings |= 1u << i;
	}
	return compute_kernel_create(device, &source, kernel, err);
}

static bool create_buffers(struct compute_device *device, const struct workload_plan *plan,
	const struct compute_kernel *kernel, struct compute_buffer *buffers, struct lane_error *err)
{
	for (uint32_t i = 0; i < plan->buffer_count; i++) {
		const struct bridge_job_buffer *job = &plan->buffers[i].job;
		if (!compute_buffer_create(device, COMPUTE_BUFFER_DEVICE, job->bytes, &buffers[i], err)) {
			return false;
		}
		if (!buffers[i].mapped) {
			return lane_error_set(err, "DEVICE_LIMIT", "the host does not see the device's memory");
		}
		bridge_fill_words(job, buffers[i].mapped, (size_t)(job->bytes / 4));
		if (!compute_buffer_flush(device, &buffers[i], err)) {
			return false;
		}
		compute_kernel_bind(device, kernel, i, &buffers[i]);
	}
	return true;
}

/* Runs it once and copies the outputs, one after the other. */
static bool run_once(struct compute_device *device, const struct workload_plan *plan,
	const struct compute_kernel *kernel, struct compute_buffer *buffers, uint32_t *result,
	struct lane_error *err)
{
	struct compute_timing timing;
	struct compute_dispatch dispatch = {
		.kernel = kernel,
		.grid = {plan->grid[0], plan->grid[1], plan->grid[2]},
		.count = plan->dispatches > 0 ? plan->dispatches : 1,
	};
	memcpy(dispatch.push_constants, plan->push_constants, plan->push_constant_count * 4);
	if (!compute_dispatch_run(device, &dispatch, TIMEOUT_MS, &timing, err)) {
		return false;
	}
	for (size_t i = 0; i < plan->buffer_count; i++) {
		if (!compute_buffer_invalidate(device, &buffers[i], err)) {
			return false;
		}
		if (plan->buffers[i].job.output) {
			memcpy(result, buffers[i].mapped, (size_t)plan->buffers[i].job.bytes);
			result += plan->buffers[i].job.bytes / 4;
		}
	}
	return true;
}

static bool is_right(const struct workload_plan *plan, const uint32_t *result)
{
	struct reference reference;
	struct check check;
	reference_fill(plan, &reference);
	plan->workload->reference(plan, reference.buffers);
	check_result(plan, reference.buffers, result, &check);
	reference_finish(&reference);
	if (check.mismatches > 0) {
		printf("%llu of %llu words are wrong, the first is %s[%llu]: 0x%08x, expected 0x%08x\n",
			(unsigned long long)check.mismatches, (unsigned long long)check.checked,
			check.buffer->name, (unsigned long long)check.element, check.found, check.expected);
	} else {
		puts("right");
	}
	return check.mismatches == 0;
}

static bool run_variant(struct compute_device *device, const struct workload *workload,
	const struct workload_variant *variant)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct workload_plan plan;
	struct compute_kernel kernel = {.pipeline = VK_NULL_HANDLE};
	struct compute_buffer buffers[WORKLOAD_BUFFERS_MAX] = {{.bytes = 0}};
	/* Odd: a workgroup that does two steps has only one at the end. */
	workload_plan_size(workload, 3 * workload->step, &plan);
	workload_plan_vary(&plan, variant);
	BASE_FREE uint32_t *result = base_alloc((size_t)workload_plan_output_bytes(&plan), 1);
	printf("%s %s: ", workload->name, variant ? variant->name : "-");
	bool good = create_kernel(device, &plan, &kernel, &err) &&
		create_buffers(device, &plan, &kernel, buffers, &err) &&
		run_once(device, &plan, &kernel, buffers, result, &err);
	if (good) {
		good = is_right(&plan, result);
	} else {
		puts(lane_error_message(&err));
	}
	for (size_t i = 0; i < plan.buffer_count; i++) {
		compute_buffer_finish(device, &buffers[i]);
	}
	compute_kernel_finish(device, &kernel);
	return good;
}

static bool run_workload(struct compute_device *device, const struct workload *workload)
{
	const struct compute_identity *identity = &device->identity;
	const char *missing = missing_name(workload->needs, identity->features);
	if (missing) {
		printf("%s: no %s\n", workload->name, missing);
		return true;
	}
	if (workload->variant_count == 0) {
		return run_variant(device, workload, NULL);
	}
	bool good = true;
	for (size_t i = 0; i < workload->variant_count; i++) {
		const struct workload_variant *variant = &workload->variants[i];
		bool sized = variant->subgroup_size == 0 ||
			(variant->subgroup_size >= identity->subgroup_size_min &&
				variant->subgroup_size <= identity->subgroup_size_max);
		missing = missing_name(variant->needs, identity->features);
		if (missing || !sized) {
			printf("%s %s: no %s\n", workload->name, variant->name,
				missing ? missing : "such subgroups");
		} else {
			good = run_variant(device, workload, variant) && good;
		}
	}
	return good;
}

int main(void)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct compute_instance instance;
	BASE_FREE struct compute_identity *identities = NULL;
	struct compute_device device;
	size_t count = 0;
	if (!compute_instance_open(&instance, false, &err) ||
		!compute_identity_list(&instance, &identities, &count, &err) || count == 0 ||
		!compute_device_open(&instance, &identities[0], 0, &device, &err)) {
		fprintf(stderr, "run_kernels: %s\n", lane_error_message(&err));
		return 2;
	}
	printf("# %s, %s\n", identities[0].properties.deviceName, identities[0].driver.driverInfo);
	bool good = true;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		good = run_workload(&device, table[i]) && good;
	}
	compute_device_finish(&device);
	compute_instance_finish(&instance);
	return good ? 0 : 1;
}
