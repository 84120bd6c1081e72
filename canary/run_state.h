/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_RUN_STATE_H
#define CANARY_RUN_STATE_H

#include "canary/result.h"
#include "canary/roofline.h"
#include "canary/run.h"
#include "canary/sensors.h"
#include "canary/trace.h"

/* A run under way, as the parts of it share it; private to run*.c and soak.c. */

enum {
	/** Enough for a new baseline, and two that went wrong. */
	RUN_ROUNDS_MAX = BASELINE_RUNS_MIN + 2,
};

/** What the rounds of one workload measured; a round is a lane of its own, so fresh processes. */
struct run_trial {
	/** In the report's "workloads", borrowed; NULL until it has run. */
	cJSON *entry;
	/** One for each round it took part in; the median is NAN when there is no figure. */
	struct run_figure {
		double median;
		/** Half width of the median's interval as a share of it; NAN when it has none. */
		double ci;
		/** Engine clock, NAN when unknown. */
		double clock_mhz;
	} figures[RUN_ROUNDS_MAX];
	size_t rounds;
};

struct run {
	const struct canary_options *options;
	struct report *report;
	struct canary_interrupt interrupt;
	struct canary_lane *lane;
	/** Of the device, once the lane is open. */
	enum workload_class class;
	struct roofline roofline;
	struct sensors sensors;
	struct trace *trace;
	/** Of the lease. */
	uint32_t mem_mb;
	/** One for each workload. */
	struct canary_result results[WORKLOADS_MAX];
	struct run_trial trials[WORKLOADS_MAX];
	size_t count, verified, skipped;
	/** The device was lost or hangs: nothing more is run on it. */
	bool over;
	/** Whether the report already has that a signal came. */
	bool interrupted;
	/** "workloads" of the report until it is handed over. Borrowed then. */
	cJSON *entries;
	/** Engine clocks while the job at hand runs. */
	struct run_clock {
		double mhz[64];
		size_t count;
	} clock;
	/** Called by every tick of a job, after the clock was read; NULL: nobody watches. */
	void (*watch)(void *context);
	void *watch_context;
};

/** What could not be done is no verdict on the device: unknown, and why. */
void run_cannot_tell(struct run *run, const struct lane_error *err);

/** Probes the machine and judges it. True when there is a device to go on with. */
bool run_examine(struct run *run);
/** Opens the lane, chooses the device and names it in the report. */
bool run_open(struct run *run);
/** Takes the lease; a refusal is a finding. */
bool run_lease(struct run *run);
/** A lane of its own for another round on the same device: closes the old one first. */
bool run_reopen(struct run *run);

/** Fills the reference's buffers and computes the expected outputs once, or as often as it takes
 * to know how long one CPU thread needs. */
void run_reference(struct canary_result *result, bool timed);
/** Runs the job of a workload whose reference is there. False when its end could not be known. */
bool run_job(struct run *run, struct canary_result *result, struct lane_error *err);
/** Median of the engine clocks of the last job; NAN when there is none. */
double run_clock_mhz(const struct run *run);
/**
 * Runs and judges one workload into the report, and adds its figure to its trial. False when
 * nothing more should be run: a device that was lost or hangs would only keep everybody waiting.
 */
bool run_workload(struct run *run, size_t index);

/**
 * Holds every figure against the baseline, has what is slow or doubtful confirmed in fresh
 * processes, and records what is good where that was asked for.
 */
void run_baseline(struct run *run);

/** Does the work of those that can be cut on all of the CPU too; call it when no lane is open. */
void run_compare_cpu(struct run *run);
/** Keeps the load on for as long as was asked, on what was verified before. */
void run_soak(struct run *run);

#endif
