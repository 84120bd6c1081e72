/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_H
#define BRIDGE_WORKER_H

#include "base/child.h"
#include "base/error.h"
#include "base/json.h"
#include "bridge/job.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * The parent's side of a worker process (libexec/gpu-lane/gpu-lane-worker). The worker opens one Vulkan device, stays warm and
 * runs jobs one at a time; it is untrusted: a driver lives in it. A lease has up to `streams` of them. Nothing here blocks
 * but where it says so; the bridge puts both descriptors into its epoll set.
 */
struct bridge_worker;

enum bridge_worker_event_kind {
	/** No whole message there yet. */
	BRIDGE_WORKER_NOTHING,
	/** The device is open; `detail` is its JSON description. */
	BRIDGE_WORKER_READY,
	/** The job ended: `state` and `text` are set, `detail` is the timing document. */
	BRIDGE_WORKER_DONE,
	/** The socket is closed or the worker broke the protocol: kill and reap it. `text` says which. */
	BRIDGE_WORKER_GONE,
};

struct bridge_worker_event {
	enum bridge_worker_event_kind kind;
	/** "OK", "ERR INVALID", "ERR LIMIT", "ERR DEVICE-LOST", "ERR WORKER". Static. */
	const char *state;
	/** For people. Owned. */
	char *text;
	/** Owned, may be NULL. */
	cJSON *detail;
};

/**
 * Starts a worker for the device with this UUID text ("8-4-4-4-12"). Returns at once; READY follows. stderr of
 * the worker goes to our stderr. Errors: WORKER_START.
 */
struct bridge_worker *bridge_worker_start(const char *device_uuid, struct lane_error *err);
/** Readable when bridge_worker_read has work. Owned by the worker. */
int bridge_worker_socket(const struct bridge_worker *worker);
/** Readable when the process has ended and bridge_worker_reap will not block. */
int bridge_worker_pidfd(const struct bridge_worker *worker);
pid_t bridge_worker_pid(const struct bridge_worker *worker);

/**
 * Hands over a job with its module. The worker may allocate exactly job->memory_bytes of device buffers (plus staging of the
 * same size where the device needs it). Outputs go into a memfd of job->result_bytes that we made and sealed
 * against shrinking: bridge_worker_take_result gives it away after DONE. Errors: WORKER_BUSY, WORKER_SEND.
 */
bool bridge_worker_submit(struct bridge_worker *worker, const struct bridge_job *job,
	struct lane_error *err);
/** Reads one event. Call again until NOTHING or GONE. */
void bridge_worker_read(struct bridge_worker *worker, struct bridge_worker_event *event);
void bridge_worker_event_finish(struct bridge_worker_event *event);
/** The memfd with the outputs of the last job that ended OK, or -1; the caller closes it. */
int bridge_worker_take_result(struct bridge_worker *worker);

/** SIGKILL to its process group. */
void bridge_worker_kill(struct bridge_worker *worker);
/** Reaps without blocking: true once it is gone; `text` (owned by the caller) says how it ended. */
bool bridge_worker_reap(struct bridge_worker *worker, char **text);
/** Frees it. It must have been reaped; a live one is killed and waited for (blocks at most 2 s). */
void bridge_worker_destroy(struct bridge_worker *worker);

/**
 * Describes all Vulkan devices: runs the worker with --describe in its own process (blocks up to `timeout_ms`) and returns an array
 * `[{uuid, name, type, software, driver{}, pci, drm{}, memory_bytes, limits{}, timestamp_valid_bits, timestamp_period_ns}]`. The
 * caller owns it. Errors: those of compute_instance_open, WORKER_CRASHED, WORKER_TIMEOUT.
 */
bool bridge_worker_describe(unsigned timeout_ms, cJSON **devices, struct lane_error *err);

#endif
