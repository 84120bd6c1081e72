/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "canary/descriptor.h"
#include "tests/unit/cmocka_names.h"

#include <string.h>

/* What the bridge's own parser reads back is what was planned. */
static void check_round_trip(const struct workload_plan *plan)
{
	const struct bridge_sampling sampling = {50, 11, 31, 1, 0.02, BRIDGE_MEASURE_UPLOAD};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *line = descriptor_build(plan, "canary-1", &sampling, 5000);
	struct bridge_job job;
	if (!bridge_job_parse(line, strlen(line), &job, &err)) {
		fail_msg("%s: %s", plan->workload->name, lane_error_message(&err));
	}
	assert_null(strchr(line, '\n'));
	assert_string_equal(job.id, "canary-1");
	assert_string_equal(job.kernel, plan->workload->name);
	assert_int_equal(job.module_size, plan->spirv_size);
	assert_memory_equal(job.module, plan->spirv, job.module_size);
	assert_memory_equal(job.grid, plan->grid, sizeof(plan->grid));
	assert_memory_equal(job.block, plan->workload->block, sizeof(job.block));
	assert_int_equal(job.timeout_ms, 5000);
	assert_int_equal(job.memory_bytes, workload_plan_bytes(plan));
	assert_int_equal(job.result_bytes, workload_plan_output_bytes(plan));
	assert_int_equal(job.push_constant_size, plan->push_constant_count * 4);
	assert_memory_equal(job.push_constants, plan->push_constants, job.push_constant_size);
	assert_int_equal(job.buffer_count, plan->buffer_count);
	for (size_t b = 0; b < plan->buffer_count; b++) {
		assert_int_equal(job.buffers[b].binding, plan->buffers[b].job.binding);
		assert_int_equal(job.buffers[b].bytes, plan->buffers[b].job.bytes);
		assert_int_equal(job.buffers[b].fill, plan->buffers[b].job.fill);
		assert_int_equal(job.buffers[b].seed, plan->buffers[b].job.seed);
		if (job.buffers[b].fill == BRIDGE_FILL_BITS) {
			assert_int_equal(job.buffers[b].mask, plan->buffers[b].job.mask);
			assert_int_equal(job.buffers[b].base, plan->buffers[b].job.base);
		}
		assert_int_equal(job.buffers[b].input, plan->buffers[b].job.input);
		assert_int_equal(job.buffers[b].output, plan->buffers[b].job.output);
	}
	assert_int_equal(job.sampling.warmup_ms, sampling.warmup_ms);
	assert_int_equal(job.sampling.min_samples, sampling.min_samples);
	assert_int_equal(job.sampling.max_samples, sampling.max_samples);
	assert_int_equal(job.sampling.dispatches_per_sample, sampling.dispatches_per_sample);
	assert_true(job.sampling.rel_ci == sampling.rel_ci);
	assert_int_equal(job.sampling.measure, sampling.measure);
	assert_int_equal(job.specialization_count, plan->variant ? 1 : 0);
	if (plan->variant) {
		assert_int_equal(job.specializations[0].id, 0);
		assert_int_equal(job.specializations[0].value, plan->variant->value);
		assert_int_equal(job.subgroup_size, plan->variant->subgroup_size);
	}
	assert_true(job.capture_result && job.capture_timing);
	bridge_job_finish(&job);
}

static void round_trip(void **state)
{
	(void)state;
	size_t count;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		struct workload_plan plan;
		workload_plan_size(table[i], 2 * table[i]->step, &plan);
		check_round_trip(&plan);
		for (size_t v = 1; v < table[i]->variant_count; v++) {
			workload_plan_vary(&plan, &table[i]->variants[v]);
			check_round_trip(&plan);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("descriptor@the-bridge-reads-back-what-was-planned", round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
