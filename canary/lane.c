/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/lane.h"

#include "base/clock.h"
#include "base/memory.h"
#include "bridge/job.h"

#include <stdlib.h>
#include <string.h>

struct canary_lane *canary_lane_open(
	const struct canary_lane_options *options, struct lane_error *err)
{
	if (options->mode == CANARY_DIRECT) {
		return canary_lane_open_direct(options, err);
	}
	return canary_lane_open_bridge(options, err);
}

void canary_lane_close(struct canary_lane *lane)
{
	if (!lane) {
		return;
	}
	lane->kind->close(lane);
	cJSON_Delete(lane->device);
	free(lane);
}

const cJSON *canary_lane_device(const struct canary_lane *lane)
{
	return lane->device;
}

bool canary_lane_lease(
	struct canary_lane *lane, const struct bridge_lease_request *request, struct lane_error *err)
{
	return lane->kind->lease(lane, request, err);
}

cJSON *canary_lane_lease_report(const struct canary_lane *lane)
{
	return lane->kind->lease_report(lane);
}

bool canary_lane_run(struct canary_lane *lane, const char *job, const char *descriptor,
	size_t result_bytes, struct canary_job *end, struct lane_error *err)
{
	memset(end, 0, sizeof(*end));
	BASE_JSON_FREE cJSON *timing = NULL;
	if (!lane->kind->run(lane, job, descriptor, result_bytes, end, &timing, err)) {
		return false;
	}
	end->read_ns = base_clock_monotonic_ns();
	LANE_ERROR_AUTO defect = LANE_ERROR_INIT;
	if (strcmp(end->state, "OK") == 0 &&
		!timing_parse(timing, BRIDGE_JOB_SAMPLES_MAX, &end->timing, &defect)) {
		canary_job_end(end, "ERR WORKER", lane_error_message(&defect));
	}
	return true;
}

void canary_lane_tick(const struct canary_lane *lane)
{
	if (lane->options.tick) {
		lane->options.tick(lane->options.context);
	}
}

void canary_job_end(struct canary_job *job, const char *state, const char *detail)
{
	free(job->state);
	free(job->detail);
	job->state = base_strdup(state);
	job->detail = base_strdup(detail);
}

void canary_job_finish(struct canary_job *job)
{
	free(job->state);
	free(job->detail);
	timing_finish(&job->timing);
	free(job->result);
	memset(job, 0, sizeof(*job));
}

bool canary_job_is_last(const struct canary_job *job)
{
	return strcmp(job->state, "ERR DEVICE-LOST") == 0 || strcmp(job->state, "ERR TIMEOUT") == 0 ||
		strcmp(job->state, "ERR LEASE-EXPIRED") == 0;
}
