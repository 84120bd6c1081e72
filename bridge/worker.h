/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_H
#define BRIDGE_WORKER_H

#include "base/child.h"
#include "base/error.h"
#include "base/json.h"
#include "bridge/job.h"
#include "bridge/worker_cgroup.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * The parent's side of a worker process (libexec/gpu-lane/gpu-lane-worker). The worker opens one
 * Vulkan device, stays warm and runs jobs one at a time; it is untrusted: a driver lives in it. A
 * lease has up to `streams` of them. Nothing here blocks but where it says so; the bridge puts both
 * descriptors into its epoll set.
 *
 * How a job runs. Buffers are filled once as declared. Before every sample each output is filled
 * again, outside the timed interval (unless sampling.measure is one of the transfers); then
 * `dispatches_per_sample` dispatches run between two timestamps (split into submits of at most
 * about 100 ms); then every output is read back and compared word by word with the first ones,
 * which are those of the warm-up's last pass. So who checks all words of the result has checked all
 * words of all samples. Sampling ends at the first difference.
 *
 * The result holds the outputs of the last sample, one after the other in the order of `buffers`;
 * when a sample differed, those of that one.
 *
 * The timing document, `detail` of BRIDGE_WORKER_DONE with the state "OK":
 * - timer: "gpu" (timestamps), "host" (the queue has none: wall time), "invalid" (the device wrote
 *   no timestamps, or longer ones than the wall time around them: no figure of it may be used)
 * - timestamp_period_ns, valid_bits: of the device
 * - samples_ns: integers, one a sample, over all of its dispatches or the transfer, by `timer`
 * - wall_ns: integers, one a sample, the host's time over the same
 * - at_ns: integers, one a sample, when its dispatches were done, since the job began
 * - dispatches_per_sample
 * - stop_rule: "precision" (rel_ci reached), "max-samples", "time" (60 % of timeout_ms are over),
 *   "differs"
 * - differs: null, or {"sample": i, "buffer": binding, "word": k}, the first word of the first
 *   sample that is not that of the warm-up's last pass, which is looked at too (or of sample 0,
 *   where there is no warm-up)
 * - setup_ns: buffers and pipeline; compile_ns: the pipeline alone, 0 for one that is kept;
 *   upload_ns: first fill; readback_ns: the outputs of all samples read and compared;
 *   total_ns: the whole job, with warm-up and refills
 * - device: its name
 */
struct bridge_worker;

enum bridge_worker_event_kind {
	/** No whole message there yet. */
	BRIDGE_WORKER_NOTHING,
	/** The device is open; `detail` is its JSON description (see bridge_worker_describe). */
	BRIDGE_WORKER_READY,
	/** The job ended: `state` and `text` are set, `detail` is the timing document when it is OK. */
	BRIDGE_WORKER_DONE,
	/**
	 * The socket is closed or the worker broke the protocol: kill and reap it. `text` says which.
	 * It follows DONE when the device was lost or hangs, since that process is of no more use.
	 */
	BRIDGE_WORKER_GONE,
};

struct bridge_worker_event {
	enum bridge_worker_event_kind kind;
	/** "OK", "ERR INVALID", "ERR LIMIT", "ERR DEVICE-LOST", "ERR WORKER". Static. */
	const char *state;
	/** For people, one line; "" when there is nothing to say. Owned. */
	char *text;
	/** Owned, may be NULL. */
	cJSON *detail;
};

/** What a worker is started for. */
struct bridge_worker_plan {
	/** UUID text ("8-4-4-4-12") of its device. */
	const char *device_uuid;
	/** It is READY only when a submit of its own has given the right result. */
	bool check;
	/** Device memory of its jobs, which bounds what it can have of the host's in a control group.
	 */
	uint64_t memory_bytes;
	/** Where it gets a control group of its own, or NULL: it has none. Borrowed. */
	struct worker_cgroups *cgroups;
};

/**
 * Starts a worker. Returns at once; READY follows. stderr of the worker goes to our stderr. Errors:
 * WORKER_START.
 */
struct bridge_worker *bridge_worker_start(
	const struct bridge_worker_plan *plan, struct lane_error *err);
/** Readable when bridge_worker_read has work. Owned by the worker. */
int bridge_worker_socket(const struct bridge_worker *worker);
/** Readable when the process has ended and bridge_worker_reap will not block. */
int bridge_worker_pidfd(const struct bridge_worker *worker);
pid_t bridge_worker_pid(const struct bridge_worker *worker);

/**
 * Hands over a job with its module; allowed after READY and after each DONE. The worker may
 * allocate exactly job->memory_bytes of device buffers (plus staging of the same size where the
 * device needs it). Outputs go into a memfd of job->result_bytes that we made and sealed against
 * shrinking: bridge_worker_take_result gives it away after DONE. Errors: WORKER_BUSY, WORKER_SEND.
 */
bool bridge_worker_submit(
	struct bridge_worker *worker, const struct bridge_job *job, struct lane_error *err);
/** Reads one event. Call again until NOTHING or GONE. */
void bridge_worker_read(struct bridge_worker *worker, struct bridge_worker_event *event);
void bridge_worker_event_finish(struct bridge_worker_event *event);
/**
 * The memfd with the outputs of the last job that ended OK, or -1; the caller closes it. It is
 * sealed against any further change.
 */
int bridge_worker_take_result(struct bridge_worker *worker);

/** SIGKILL to its process group. */
void bridge_worker_kill(struct bridge_worker *worker);
/** Reaps without blocking: true once it is gone; `text` (owned by the caller) says how it ended. */
bool bridge_worker_reap(struct bridge_worker *worker, char **text);
/** Frees it. It must have been reaped; a live one is killed and waited for (blocks at most 2 s). */
void bridge_worker_destroy(struct bridge_worker *worker);

/**
 * Describes all Vulkan devices: runs the worker with --describe in its own process (blocks up to
 * `timeout_ms`) and returns an array, in the loader's order, of objects:
 * - uuid, name, type ("DISCRETE_GPU" and so on), software, compute (has a compute queue)
 * - api_version ("1.3.230"), vendor_id, device_id, driver{id, name, info, version}
 * - pci ("0000:03:00.0" or null), drm{primary, render} (each "226:128" or null)
 * - memory_bytes, compute_units (0: unknown)
 * - features[] (names of compute/feature.h that it has, all of them enabled in a worker),
 *   unvalidated[] (those that it has too, but of which this build's validator knows nothing),
 *   subgroup{size, size_min, size_max} (0: unknown)
 * - limits{storage_buffer_bytes, workgroup_invocations, workgroup_size[3], workgroup_count[3],
 *   shared_memory_bytes}
 * - timestamp_valid_bits, timestamp_period_ns
 * - sandbox{landlock_abi, seccomp, missing[]}: what a worker is shut into here, and for people what
 *   the kernel lacks for more
 *
 * Types are checked; texts are what the driver says. The caller owns it. Errors: those of
 * compute_instance_open and compute_identity_list, WORKER_CRASHED, WORKER_TIMEOUT, WORKER_START.
 */
bool bridge_worker_describe(unsigned timeout_ms, cJSON **devices, struct lane_error *err);

#endif
