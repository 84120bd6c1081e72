/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_RACE_H
#define CANARY_RACE_H

#include "canary/result.h"

/**
 * Runs each variant of the workload for a moment and lays the plan out for the fastest one, so that
 * the measurement that follows is of that one. One that computes wrong wins at once, so that the
 * measurement shows it. A variant whose job does not end well does not win; when none does, the
 * plan stays as it is, and the measurement says what is wrong. A job after which nothing more is to
 * be run (canary_job_is_last) ends the race and stays as result->job, which is zeroed otherwise: it
 * takes the place of the measurement. Errors: those of canary_lane_run.
 */
bool race_run(struct canary_lane *lane, struct canary_result *result, unsigned timeout_ms,
	struct lane_error *err);

#endif
