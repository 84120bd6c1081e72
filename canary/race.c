/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/race.h"

#include "base/clock.h"
#include "base/memory.h"
#include "canary/descriptor.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* Nothing is reported of these samples: they only choose. */
static const struct bridge_sampling heat = {
	.warmup_ms = 20,
	.min_samples = 5,
	.max_samples = 5,
	.dispatches_per_sample = 1,
};

static bool computes_wrong(const struct workload_plan *plan, const struct canary_job *job)
{
	struct reference reference;
	struct check check;
	reference_fill(plan, &reference);
	plan->workload->reference(plan, reference.buffers);
	check_result(plan, reference.buffers, job->result, &check);
	reference_finish(&reference);
	return check.mismatches > 0 || job->timing.differs;
}

/* The fastest of a few samples, since noise only ever adds; infinity when the job did not end well,
 * 0 when its results are wrong. */
static bool run_heat(struct canary_lane *lane, const struct workload_plan *plan,
	unsigned timeout_ms, double *best_ns, struct lane_error *err)
{
	BASE_FREE char *id = base_format("canary-%s-%zu-%d-%llx", plan->workload->name,
		(size_t)(plan->variant - plan->workload->variants), (int)getpid(),
		(unsigned long long)base_clock_wall_ms());
	BASE_FREE char *descriptor = descriptor_build(plan, id, &heat, timeout_ms);
	struct canary_job job;
	*best_ns = INFINITY;
	bool ended =
		canary_lane_run(lane, id, descriptor, (size_t)workload_plan_output_bytes(plan), &job, err);
	LANE_ERROR_AUTO doubt = LANE_ERROR_INIT;
	if (ended && strcmp(job.state, "OK") == 0 && timing_believable(&job.timing, &doubt)) {
		for (size_t i = 0; i < job.timing.n; i++) {
			*best_ns = fmin(*best_ns, job.timing.samples_ns[i]);
		}
		*best_ns = computes_wrong(plan, &job) ? 0 : *best_ns;
	}
	canary_job_finish(&job);
	return ended;
}

bool race_run(struct canary_lane *lane, struct canary_result *result, unsigned timeout_ms,
	struct lane_error *err)
{
	const struct workload *workload = result->plan.workload;
	struct workload_plan plan = result->plan;
	double best_rate = 0;
	for (size_t i = 0; workload->variant_count > 1 && i < workload->variant_count; i++) {
		double ns;
		if (!workload_variant_fits(&workload->variants[i], canary_lane_device(lane))) {
			continue;
		}
		workload_plan_vary(&plan, &workload->variants[i]);
		if (!run_heat(lane, &plan, timeout_ms, &ns, err)) {
			return false;
		}
		double rate = plan.work / ns;
		if (rate > best_rate) {
			best_rate = rate;
			result->plan = plan;
		}
	}
	return true;
}
