/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_TABLE_H
#define LEASE_TABLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Who may use how much of one GPU for how long. Pure: no clock and no I/O. The caller gives the
 * time (CLOCK_BOOTTIME in nanoseconds, never going back) and is told of every change through the
 * observer, in order, before the call returns. Every call that takes the time first ends what has
 * expired by then, so no answer depends on how late a timer fires.
 *
 * Waiting is strict: only the head of the queue is ever granted, even when a smaller request behind
 * it would fit. Letting small ones pass would let a stream of them keep a large one waiting for
 * ever; a request that must not wait says so (`queue` false) and is refused instead.
 *
 * The head is whoever has waited longest, each level of priority counting as `age_s` of waiting: in
 * the end nobody is passed any more, whatever comes in later. When the head does not fit, leases
 * that have agreed to it and have a lower priority are told to go: they stay active for `grace_s`
 * and end like those that expire.
 */
struct lease_table;

enum {
	/** Longest subject in bytes. */
	LEASE_SUBJECT_MAX = 255,
	/** Requests that may wait for one GPU; the next one is refused with LEASE_BUSY. */
	LEASE_QUEUE_MAX = 1024,
};

/** What one GPU can give away. */
struct lease_capacity {
	/** Usable memory in MiB (reserve already taken off). */
	uint32_t mem_mb;
	uint8_t streams;
};

/** How it is shared out. */
struct lease_rules {
	/** Seconds of waiting that weigh as much as one level of priority, 1 or more. */
	uint32_t age_s;
	/** Seconds that a lease has at least before it can be preempted. */
	uint32_t min_run_s;
	/** Seconds from the notice to the end of a preempted lease, 1 or more. */
	uint32_t grace_s;
};
/** What holds until lease_table_rules says otherwise: 60, 60, 10. */
extern const struct lease_rules lease_rules_default;

/** What one subject may have of the GPU, waiting requests and ending leases counted; 0: no limit.
 */
struct lease_quota {
	uint32_t mem_mb, streams, leases;
};

struct lease_request {
	/** Who asks, for the record ("queen", "worker-gpu:worker-1"). Copied. */
	const char *subject;
	/** MiB, 1 or more. */
	uint32_t mem_mb;
	/** 1 or more. */
	uint8_t streams;
	/** Seconds, 1 or more. */
	uint32_t ttl_s;
	/** Higher first. */
	uint8_t priority;
	/** Wait when there is no room; otherwise refuse at once. */
	bool queue;
	/** Nobody else on this GPU. */
	bool exclusive;
	/** It may be taken away, with notice, for a request of higher priority. */
	bool preemptible;
	/** What the subject may have with this one. */
	struct lease_quota quota;
	/** The lease's `owner`, there from the first call of the observer on. */
	void *owner;
};

enum lease_state {
	/** Waiting for room. */
	LEASE_QUEUED,
	/** Granted. */
	LEASE_ACTIVE,
	/**
	 * Over (expired, released, revoked), but its workers are not reaped yet: its capacity stays
	 * taken until lease_table_reaped.
	 */
	LEASE_ENDING,
	/** Gone; capacity free. Observers see it last in this state. */
	LEASE_ENDED,
};

/** Why a lease is over. */
enum lease_end {
	LEASE_END_NONE,
	LEASE_END_RELEASED,
	LEASE_END_EXPIRED,
	LEASE_END_REVOKED,
	LEASE_END_PREEMPTED,
};

/** All fields but `owner` are the table's: read only. */
struct lease {
	/** Never reused; also the order of arrival. */
	uint64_t id;
	/** Fencing token: strictly increasing a GPU, set at the grant; 0 while queued. */
	uint64_t epoch;
	enum lease_state state;
	enum lease_end end;
	char *subject;
	uint32_t mem_mb;
	uint8_t streams;
	uint32_t ttl_s;
	uint8_t priority;
	bool exclusive, preemptible;
	/** It has been told to go and ends at `expires_ns`, which renewals do not move any more. */
	bool preempted;
	/** CLOCK_BOOTTIME: when it was asked for; 0 after a restart. */
	uint64_t queued_ns;
	/** CLOCK_BOOTTIME; 0 while queued. */
	uint64_t granted_ns;
	uint64_t expires_ns;
	/** The caller's own (a session, a lease's workers). Not touched. */
	void *owner;
};

/** Called after each change of a lease: state, expiry, priority, notice of preemption. Must not
 * call into the table. */
struct lease_observer {
	void (*changed)(void *context, const struct lease *lease);
	void *context;
};

/**
 * An empty table. `first_id` and `first_epoch` let a journal continue its counters (1 and 1 when
 * there is none). `observer` is copied; NULL for none.
 */
struct lease_table *lease_table_create(const struct lease_capacity *capacity, uint64_t first_id,
	uint64_t first_epoch, const struct lease_observer *observer);
/** Frees the table and its leases without telling the observer. */
void lease_table_destroy(struct lease_table *table);
/** From now on; who waits is put in the order that they come to. The next lease_table_advance,
 * which is due at once, acts on what that makes possible. */
void lease_table_rules(struct lease_table *table, const struct lease_rules *rules);

/**
 * Asks for a lease. On success *lease (borrowed, valid until it has ended) is ACTIVE or QUEUED.
 * Errors: LEASE_INVALID (a zero, more than the GPU ever has, a bad subject), LEASE_BUSY (no room or
 * others wait and `queue` is false; or too many wait), LEASE_QUOTA, LEASE_CORDONED.
 */
bool lease_table_request(struct lease_table *table, const struct lease_request *request,
	uint64_t now_ns, struct lease **lease, struct lane_error *err);

/** A lease from before a restart. */
struct lease_restored {
	uint64_t id, epoch;
	/** What it still has of its time, more than 0. */
	uint64_t left_ns;
	/** It had been told to go. */
	bool preempted;
};
/**
 * Puts an active lease back as it was; `request` says what it holds, its ttl_s is at least what is
 * left. Errors: LEASE_INVALID, LEASE_BUSY (the GPU has become smaller).
 */
bool lease_table_restore(struct lease_table *table, const struct lease_request *request,
	const struct lease_restored *restored, uint64_t now_ns, struct lease **lease,
	struct lane_error *err);

/**
 * Makes an active lease expire `ttl_s` from now, which may be sooner than before. Errors:
 * LEASE_INVALID, LEASE_NOT_ACTIVE (also in the very nanosecond of its expiry, and for one that is
 * preempted).
 */
bool lease_table_renew(struct lease_table *table, struct lease *lease, uint32_t ttl_s,
	uint64_t now_ns, struct lane_error *err);

/**
 * Gives a queued or active lease another priority. A queued one takes the place among its new
 * equals that it has by its arrival, so asking for what it has already costs it nothing. For one
 * that is ENDING nothing changes.
 */
void lease_table_prioritize(
	struct lease_table *table, struct lease *lease, uint8_t priority, uint64_t now_ns);

/**
 * Ends a lease. A queued one is ENDED at once and `lease` is invalid afterwards; an active one goes
 * to ENDING until lease_table_reaped; for one that is ENDING already nothing changes.
 */
void lease_table_end(
	struct lease_table *table, struct lease *lease, enum lease_end why, uint64_t now_ns);

/**
 * Its workers are gone: frees the capacity and grants to those who wait. `lease` is invalid
 * afterwards. Only an ENDING lease can be reaped; for any other nothing changes.
 */
void lease_table_reaped(struct lease_table *table, struct lease *lease, uint64_t now_ns);

/** Ends what has expired at `now_ns`, soonest first, and preempts what has become old enough. */
void lease_table_advance(struct lease_table *table, uint64_t now_ns);
/** When lease_table_advance has work next; UINT64_MAX for never. */
uint64_t lease_table_next_ns(const struct lease_table *table);

/** A cordoned table refuses new requests and grants nothing from its queue. */
void lease_table_cordon(struct lease_table *table, bool cordoned, uint64_t now_ns);

/** Place in the queue from 1; 0 when it does not wait. */
size_t lease_table_position(const struct lease_table *table, const struct lease *lease);
/** By id, in any state but ENDED; NULL if there is none. */
struct lease *lease_table_find(const struct lease_table *table, uint64_t id);
/** Calls `visit` for each lease that has not ended: active and ending by id, then the queue. */
void lease_table_each(const struct lease_table *table,
	void (*visit)(void *context, const struct lease *lease), void *context);

/** "QUEUED", "ACTIVE", "ENDING", "ENDED". */
const char *lease_state_name(enum lease_state state);
/** The same, but "PREEMPTING" for one that is active and has been told to go. */
const char *lease_state_text(const struct lease *lease);
/** "released", "expired", "revoked", "preempted"; "" for LEASE_END_NONE. */
const char *lease_end_name(enum lease_end end);

#endif
