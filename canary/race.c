/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/race.h"

#include "base/clock.h"
#include "base/memory.h"
#include "canary/descriptor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nothing is reported of these samples: they only choose. */
static const struct bridge_sampling heat = {
	.warmup_ms = 20,
	.min_samples = 5,
	.max_samples = 5,
	.dispatches_per_sample = 1,
};

/* `reference` is kept from one variant to the next where all have the same outputs. */
static bool computes_wrong(
	const struct workload_plan *plan, const struct canary_job *job, struct reference *reference)
{
	struct check check;
	if (plan->reference_is_short) {
		reference_finish(reference);
	}
	if (reference->count == 0) {
		reference_fill(plan, reference);
		plan->workload->reference(plan, reference->buffers);
	}
	check_result(plan, reference->buffers, job->result, &check);
	return check.mismatches > 0 || job->timing.differs;
}

/* The fastest of a few samples, since noise only ever adds; infinity when the job did not end well,
 * 0 when its results are wrong. A job after which nothing more can be run stays in the result. */
static bool run_heat(struct canary_lane *lane, struct canary_result *result,
	const struct workload_plan *plan, unsigned timeout_ms, struct reference *reference,
	double *best_ns, struct lane_error *err)
{
	struct canary_job *job = &result->job;
	free(result->job_id);
	result->job_id = base_format("canary-%s-%zu-%d-%llx", plan->workload->name,
		(size_t)(plan->variant - plan->workload->variants), (int)getpid(),
		(unsigned long long)base_clock_wall_ms());
	BASE_FREE char *descriptor = descriptor_build(plan, result->job_id, &heat, timeout_ms);
	*best_ns = INFINITY;
	bool ended = canary_lane_run(
		lane, result->job_id, descriptor, (size_t)workload_plan_output_bytes(plan), job, err);
	LANE_ERROR_AUTO doubt = LANE_ERROR_INIT;
	if (ended && strcmp(job->state, "OK") == 0 && timing_believable(&job->timing, &doubt)) {
		for (size_t i = 0; i < job->timing.n; i++) {
			*best_ns = fmin(*best_ns, job->timing.samples_ns[i]);
		}
		*best_ns = computes_wrong(plan, job, reference) ? 0 : *best_ns;
	}
	if (!ended || !canary_job_is_last(job)) {
		canary_job_finish(job);
	}
	return ended;
}

static bool race_variants(struct canary_lane *lane, struct canary_result *result,
	unsigned timeout_ms, struct reference *reference, struct lane_error *err)
{
	const struct workload *workload = result->plan.workload;
	struct workload_plan plan = result->plan;
	double best_rate = 0;
	for (size_t i = 0; i < workload->variant_count; i++) {
		double ns;
		if (!workload_variant_fits(&workload->variants[i], canary_lane_device(lane))) {
			continue;
		}
		workload_plan_vary(&plan, &workload->variants[i]);
		if (!run_heat(lane, result, &plan, timeout_ms, reference, &ns, err)) {
			return false;
		}
		if (result->job.state) {
			result->raced = false;
			result->plan = plan;
			result->clock_mhz = NAN;
			return true;
		}
		double rate = plan.work / ns;
		if (rate > best_rate) {
			best_rate = rate;
			result->raced = true;
			result->plan = plan;
		}
	}
	return true;
}

/* One alone has nobody to race. */
static bool has_a_choice(const struct workload *workload, const cJSON *device)
{
	size_t fits = 0;
	for (size_t i = 0; i < workload->variant_count; i++) {
		fits += workload_variant_fits(&workload->variants[i], device);
	}
	return fits > 1;
}

bool race_run(struct canary_lane *lane, struct canary_result *result, unsigned timeout_ms,
	struct lane_error *err)
{
	struct reference reference = {.count = 0};
	bool ended = !has_a_choice(result->plan.workload, canary_lane_device(lane)) ||
		race_variants(lane, result, timeout_ms, &reference, err);
	reference_finish(&reference);
	return ended;
}
