/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_LANE_H
#define CANARY_LANE_H

#include "bridge/client.h"
#include "canary/interrupt.h"
#include "canary/timing.h"
#include "compute/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The way a job takes to a device: through a bridge in a child process of ours, through a running
 * bridge, or (to measure what a bridge costs) straight to a worker. Open, lease, run, close; for a
 * program with one thread.
 */
struct canary_lane;

/** A wait is cut into such pieces, so that a signal is seen, a lease renewed and a sensor read. */
enum { CANARY_TICK_MS = 100 };

enum canary_mode { CANARY_EMBEDDED, CANARY_BRIDGE, CANARY_DIRECT };

struct canary_lane_options {
	enum canary_mode mode;
	/** Of the running bridge; for CANARY_BRIDGE alone. */
	const char *address;
	/** File with the ticket for it, or NULL. */
	const char *ticket;
	const struct compute_choice *choice;
	/** For opening, for one reply, and for one wait. */
	unsigned timeout_ms;
	/** Waits end early when it is raised. */
	const struct canary_interrupt *interrupt;
	/** Called now and then while a job runs, every CANARY_TICK_MS or so; may be NULL. */
	void (*tick)(void *context);
	void *context;
};

/** A job that came to an end. Zeroed: none. */
struct canary_job {
	/** "OK" or "ERR ...", and the words that came with it. Owned. */
	char *state, *detail;
	/** Zeroed unless OK. */
	struct timing timing;
	/** The outputs, one after the other, as many bytes as were asked for; NULL unless OK. Owned. */
	uint32_t *result;
	/** From handing it over to its terminal state. */
	uint64_t wall_ns;
	/** CLOCK_MONOTONIC when it was handed over, began to run, had ended, and its outputs were here.
	 */
	uint64_t submitted_ns, running_ns, ended_ns, read_ns;
};

/**
 * Opens the lane and chooses the device. Starting a child comes first: call it before anything
 * makes a thread. Errors: those of bridge_client_connect, of bridge_server_create (embedded), of
 * bridge_worker_describe (direct), of choice_apply, BRIDGE_DIED.
 */
struct canary_lane *canary_lane_open(
	const struct canary_lane_options *options, struct lane_error *err);
/** Releases the lease, ends the child or worker and frees. NULL is fine. */
void canary_lane_close(struct canary_lane *lane);

/** The chosen device, as bridge_worker_describe describes it. Borrowed. */
const cJSON *canary_lane_device(const struct canary_lane *lane);

/** Takes the lease (direct: starts the worker). Errors: those of bridge_client_acquire. */
bool canary_lane_lease(
	struct canary_lane *lane, const struct bridge_lease_request *request, struct lane_error *err);
/** The lease as the report has it; NULL without one (direct). Caller owns it. */
cJSON *canary_lane_lease_report(const struct canary_lane *lane);

/**
 * Runs one job. `result_bytes` is what its outputs must come to; a worker that returns something
 * else, or a timing document that is none, ends it with "ERR WORKER". False when its end could not
 * be known: errors of the wire, BRIDGE_PROTOCOL, WORKER_*, CANARY_INTERRUPTED. Finish the job in
 * every case.
 */
bool canary_lane_run(struct canary_lane *lane, const char *job, const char *descriptor,
	size_t result_bytes, struct canary_job *end, struct lane_error *err);
void canary_job_finish(struct canary_job *job);
/** Whether no other job is to follow it: the device was lost or may hang, or the lease is over. */
bool canary_job_is_last(const struct canary_job *job);
/** Sets state and detail. Copies. */
void canary_job_end(struct canary_job *job, const char *state, const char *detail);

/** How a way is made; private to lane*.c. */
void canary_lane_tick(const struct canary_lane *lane);
struct canary_lane_kind {
	bool (*lease)(struct canary_lane *lane, const struct bridge_lease_request *request,
		struct lane_error *err);
	/** Sets *timing (owned by the caller) to the document of a job that ended OK. */
	bool (*run)(struct canary_lane *lane, const char *job, const char *descriptor,
		size_t result_bytes, struct canary_job *end, cJSON **timing, struct lane_error *err);
	cJSON *(*lease_report)(const struct canary_lane *lane);
	void (*close)(struct canary_lane *lane);
};
struct canary_lane {
	const struct canary_lane_kind *kind;
	struct canary_lane_options options;
	cJSON *device;
};
struct canary_lane *canary_lane_open_bridge(
	const struct canary_lane_options *options, struct lane_error *err);
struct canary_lane *canary_lane_open_direct(
	const struct canary_lane_options *options, struct lane_error *err);

#endif
