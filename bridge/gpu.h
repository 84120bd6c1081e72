/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_GPU_H
#define BRIDGE_GPU_H

#include "bridge/card.h"
#include "bridge/loop.h"
#include "bridge/run.h"
#include "bridge/worker.h"

/**
 * One GPU: its leases, the jobs of each, and the workers that run them. Events (a ctl line, a job,
 * a worker's message, the clock) only note what happened; bridge_gpu_pump then brings everything
 * forward in one place.
 */

struct bridge_gpu;
struct bridge_tenant;

enum bridge_slot_state {
	/** The worker opens its device. */
	BRIDGE_SLOT_STARTING,
	BRIDGE_SLOT_IDLE,
	BRIDGE_SLOT_BUSY,
	/** Killed, not reaped yet. */
	BRIDGE_SLOT_KILLED,
	/** Killed, and still there after the grace time. */
	BRIDGE_SLOT_STUCK,
};

/** One worker process of a lease. */
struct bridge_slot {
	struct bridge_slot *next;
	struct bridge_tenant *tenant;
	struct bridge_worker *worker;
	enum bridge_slot_state state;
	/** It has opened its device once. */
	bool opened;
	/** Of the GPU's health when it was started. */
	unsigned generation;
	/** Device memory taken for its job; a stuck worker keeps it. */
	uint64_t memory_bytes;
	/** What it runs, or NULL. */
	struct bridge_run *run;
	/** When its present state has lasted too long; UINT64_MAX: never. */
	uint64_t deadline_ns;
	/** When to try again to reap it, though its process has ended; UINT64_MAX: it has not, or can
	 * be. */
	uint64_t reap_ns;
	/** Why it was killed: the last state of `run` once it is reaped (static), and its detail
	 * (owned). */
	const char *verdict;
	char *reason;
	struct bridge_source socket, process;
};

/** A lease with what hangs on it. A session has at most one a GPU. */
struct bridge_tenant {
	struct bridge_tenant *next;
	struct bridge_gpu *gpu;
	/** NULL once it has ended. */
	struct lease *lease;
	/** NULL once the session is gone. */
	struct bridge_attach *attach;
	/** The lease stays, until its time is over, when the session goes. */
	bool keep;
	/** It was queued: the grant is news. */
	bool waited;
	/** Its holder has been told that it is preempted. */
	bool warned;
	/** Its end has been acted on; its workers may still be dying. */
	bool settled;
	/** A first worker has been started ahead of the first job. */
	bool warmed;
	/** Jobs that wait, in order of arrival. */
	struct bridge_run *first, *last;
	size_t queued;
	struct bridge_slot *slots;
	unsigned slot_count;
	/** Device memory of what runs. */
	uint64_t running_bytes;
};

/** Whether jobs can be trusted to the device (gpu_health.c). A zeroed value: they can. */
struct bridge_health {
	/** Why it is quarantined; NULL while it serves. Owned. */
	char *reason;
	/** Devices lost since the bridge started. */
	unsigned losses;
	/** What went wrong in a row: the next check waits the longer. */
	unsigned strikes;
	/** Grows with each quarantine. */
	unsigned generation;
	/** A worker's submit was right: it serves again once that worker is reaped. */
	bool passed;
	/** When the next check may start, and when it last began to serve again. */
	uint64_t check_ns, served_ns;
};

struct bridge_gpu {
	struct bridge_card card;
	struct bridge_loop *loop;
	struct bridge_archive *archive;
	struct lease_table *leases;
	/** Oldest first. */
	struct bridge_tenant *tenants;
	/** Content of `status` and `events`, and of `lease`. */
	struct bridge_stream status, leased;
	/** The operator's CORDON, apart from a quarantine. */
	bool cordoned;
	struct bridge_health health;
	/** No lease's: its one worker checks a quarantined GPU. */
	struct bridge_tenant checker;
	/** Where workers get control groups, or NULL. Borrowed. */
	struct worker_cgroups *cgroups;
	/** No new leases and jobs: the bridge is about to stop. */
	bool draining;
	/** Something from outside has come to it since the last bridge_gpu_pump: who lets it in says
	 * so.
	 */
	bool stirred;
	/** When it has work next, as long as nothing comes. */
	uint64_t due_ns;
	/** Since the bridge started; those that failed ended without being told to. */
	uint64_t workers_started, workers_failed;
};

enum {
	/** Jobs that may wait on one lease, and their modules together: EAGAIN beyond. */
	BRIDGE_QUEUE_MAX = 256,
	BRIDGE_QUEUE_MIB_MAX = 64,
};

/** Takes over the card and publishes /gpu/<id> below `directory`. */
struct bridge_gpu *bridge_gpu_create(struct bridge_card *card, struct bridge_loop *loop,
	struct bridge_archive *archive, struct bridge_node *directory);
/** Kills and reaps all workers (blocks at most 2 s each); all sessions must be gone. */
void bridge_gpu_destroy(struct bridge_gpu *gpu);

/** Brings leases, queues and workers forward to `now_ns`; returns when there is work next. One that
 * nothing has come to, and whose time has not, costs next to nothing. */
uint64_t bridge_gpu_pump(struct bridge_gpu *gpu, uint64_t now_ns);

/** How it is shared out from now on. */
void bridge_gpu_share(struct bridge_gpu *gpu, const struct lease_rules *rules);
/** Takes away every lease that was given for this ticket. */
void bridge_gpu_revoke_ticket(struct bridge_gpu *gpu, const char *ticket);
/** Releases what this attach holds, but for a lease that is kept. */
void bridge_gpu_leave(struct bridge_gpu *gpu, struct bridge_attach *attach);
/** Stops giving leases and taking jobs; queued jobs end. */
void bridge_gpu_drain(struct bridge_gpu *gpu);
/** Whether a job runs. */
bool bridge_gpu_runs(const struct bridge_gpu *gpu);
/** Whether a worker process is there that can be waited for: not one that cannot be killed. */
bool bridge_gpu_has_workers(const struct bridge_gpu *gpu);

/** The tenant of this attach that is not over, or NULL. */
struct bridge_tenant *bridge_gpu_tenant(
	const struct bridge_gpu *gpu, const struct bridge_attach *attach);
/**
 * The tenant of the lease with this id if this attach may act on it: its own, or one of its
 * subject that no session holds any more. NULL otherwise.
 */
struct bridge_tenant *bridge_gpu_tenant_by_id(
	const struct bridge_gpu *gpu, const struct bridge_attach *attach, uint64_t id);
/** Adds a tenant for a request that is about to be made; NULL lease until it is granted or queued.
 */
struct bridge_tenant *bridge_gpu_admit(struct bridge_gpu *gpu, struct bridge_attach *attach);
/** Cancels every job, waiting or running, and kills every worker; leases stay. The number of jobs.
 */
size_t bridge_gpu_reset(struct bridge_gpu *gpu);

/**
 * One line of /gpu/<id>/lease without its newline: the eight keys of Cohesix's gpu-lease/v1 in its
 * order, then what this bridge adds (lease_id, epoch, granted_ms, expires_ms), which Cohesix's
 * reader passes over. Without the added keys an ACTIVE line of its transcript has 133 bytes with
 * the newline, and a RELEASED one 135.
 */
void bridge_lease_line(
	struct base_buffer *out, const struct lease *lease, const char *gpu_id, const char *state);

/** The file kinds of /gpu/<id>/job and /gpu/<id>/ctl; their context is the GPU. */
extern const struct bridge_file_kind bridge_job_file;
extern const struct bridge_file_kind bridge_ctl_file;

/**
 * Puts back what the record of an earlier bridge holds of this GPU (gpu_restore.c): active leases
 * with the time they have left, without a session; jobs that had not ended end as ERR WORKER.
 */
void bridge_gpu_restore(struct bridge_gpu *gpu, const struct lease_ledger *ledger);
/** Every active lease stays when its session goes: the bridge that comes next has it again. */
void bridge_gpu_keep_all(struct bridge_gpu *gpu);

/* Health (gpu_health.c). */

/** The operator's word; a quarantine lasts whatever it is. */
void bridge_gpu_cordon(struct bridge_gpu *gpu, bool cordoned);
/** A worker of this generation has lost its device: quarantines the GPU. Of a worker from before
 * the last quarantine it is no news. */
void bridge_health_lost(struct bridge_gpu *gpu, unsigned generation, const char *reason);
/** A worker cannot be killed: quarantines the GPU at least until it is gone. */
void bridge_health_stuck(struct bridge_gpu *gpu, const char *reason);
/** Quarantines it until a check that comes at once; nothing for a synthetic GPU. */
void bridge_health_reopen(struct bridge_gpu *gpu, const char *reason);
/** The worker that was to check it is reaped; `text` says how it ended. */
void bridge_health_checked(struct bridge_gpu *gpu, const char *text);
/** Brings a quarantine forward to now. */
void bridge_health_advance(struct bridge_gpu *gpu, uint64_t now_ns);
/** When that has work next. */
uint64_t bridge_health_next_ns(const struct bridge_gpu *gpu);
/** "serving", "quarantined" or "cordoned". */
const char *bridge_health_state(const struct bridge_gpu *gpu);

/* Queue (gpu_queue.c). */

/** Starts what can be started. */
void bridge_tenant_dispatch(struct bridge_tenant *tenant);
/** Takes the first waiting job, or NULL. */
struct bridge_run *bridge_tenant_take(struct bridge_tenant *tenant);
/** Ends all waiting jobs with this state; the number of them. */
size_t bridge_tenant_cancel(struct bridge_tenant *tenant, const char *state, const char *detail);
/** Ends a job that has left the queue without outputs. */
void bridge_tenant_fail(
	struct bridge_tenant *tenant, struct bridge_run *run, const char *state, const char *detail);

/* Workers (gpu_slot.c). */

/** Starts a worker; for the GPU's checker one that checks a submit before it is ready. Errors:
 * those of bridge_worker_start. */
bool bridge_slot_start(struct bridge_tenant *tenant, struct lane_error *err);
/** Gives it a job: RUNNING, and timeout_ms counts from here. */
void bridge_slot_run(struct bridge_slot *slot, struct bridge_run *run);
/** Kills it; its job, if it has one, ends as `verdict` when it is reaped. */
void bridge_slot_kill(struct bridge_slot *slot, const char *verdict, const char *reason);
/** Acts on what has come due. */
void bridge_slot_advance(struct bridge_slot *slot, uint64_t now_ns);
/** When something is due next; UINT64_MAX for never. */
uint64_t bridge_slot_next_ns(const struct bridge_slot *slot);
/** Frees a slot; kills and waits if its worker is still there. */
void bridge_slot_destroy(struct bridge_slot *slot);

#endif
