/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_RUN_H
#define CANARY_RUN_H

#include "canary/baseline.h"
#include "canary/lane.h"
#include "canary/workload.h"
#include "probe/probe.h"
#include "report/report.h"

struct canary_options {
	enum workload_suite suite;
	/** What to run, in order. */
	const struct workload *workloads[WORKLOADS_MAX];
	size_t workload_count;
	enum canary_mode mode;
	/** Of the running bridge. */
	const char *address;
	/** File with the ticket for it, or NULL. */
	const char *ticket;
	struct compute_choice choice;
	/** 0: as much as the workloads take. */
	uint32_t mem_mb;
	uint32_t ttl_s, streams, priority;
	/** NULL: general health. */
	const struct probe_floor *floor;
	/** What earlier runs measured; NULL: nothing is compared. It is changed by `update_baseline`.
	 */
	struct baseline *baseline;
	bool update_baseline;
	/** Time vector, matrix and inference work on all of the CPU too. */
	bool compare_cpu;
	/** Seconds of lasting load after the measurement; 0: none. */
	uint32_t soak_s;
	/** Where sysfs is: "/sys". */
	const char *sysfs;
	/** File for the trace; NULL: none. */
	const char *trace;
	/** Longest wait for a collector, for the lease, and for one job. */
	unsigned timeout_ms;
};

/**
 * The whole way: probe, bridge, lease, jobs, checks. Everything that is found goes into the report,
 * which is left open. Call it from a process with one thread.
 */
void canary_run(const struct canary_options *options, struct report *report);

#endif
