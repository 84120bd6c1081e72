/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_RESULT_H
#define CANARY_RESULT_H

#include "canary/check.h"
#include "canary/lane.h"
#include "canary/roofline.h"
#include "canary/statistics.h"
#include "canary/timing.h"
#include "canary/verdict.h"
#include "report/report.h"

/** One workload of a run, from its plan to what came back. */
struct canary_result {
	struct workload_plan plan;
	struct bridge_sampling sampling;
	/** The feature that the device lacks for it; NULL: it can be run. Static. */
	const char *missing;
	/** Which time it is run, from 0; what is right the first time needs no word the second. */
	unsigned round;
	/** Owned. */
	char *job_id;
	/** The reference's buffers, computed. */
	struct reference reference;
	/** Time of one run of the reference on one CPU thread; median of a few. */
	double cpu_ns;
	struct canary_job job;
	/** What the device could do at best; NULL: nothing is known. Borrowed. */
	const struct roofline *roofline;
	/** Engine clock while the job ran; NAN when unknown. */
	double clock_mhz;
	/** Set by judging: throughput moved so much within the job that its median says little. */
	bool drifts;
	/** Whether the device is a software renderer: noise is expected then. */
	bool software;
	/** Whether the plan's variant is the fastest of several. */
	bool raced;
	/** Whether a bridge was in the way. */
	bool bridged;
};

/**
 * Judges it: compares every word, reads the timing, adds one check, findings for what is wrong and
 * the entry of "workloads" to `workloads`. True when verified.
 */
bool canary_result_judge(struct canary_result *result, struct report *report, cJSON *workloads);
/** Replaces "baseline" of an entry of "workloads". */
void canary_result_baseline(cJSON *entry, const struct verdict *verdict);
void canary_result_finish(struct canary_result *result);

#endif
