/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_RECORD_H
#define BRIDGE_RECORD_H

#include "base/error.h"
#include "bridge/stream.h"
#include "lease/ledger.h"
#include "lease/table.h"

/**
 * What the bridge notes of leases, jobs and commands: in the journal when it has a folder, and as
 * lines of /log/queen.log. Noting is in memory; bridge_record_commit puts all of it on disk and
 * has to be called before anybody outside can see what was noted: the server does so once a turn of
 * its loop, before any reply of that turn is sent, so that whoever comes together shares a sync.
 * When that fails the process aborts: nothing may be acknowledged any more, and the next start
 * reads what is on disk.
 *
 * Every function takes NULL, and does nothing then.
 */
struct bridge_record;

/** `state` is the folder of the journal, or NULL for none. Errors: JOURNAL_FAILED,
 * JOURNAL_DAMAGED (unless `repair`), JSON_INVALID. */
struct bridge_record *bridge_record_create(const char *state, bool repair, struct lane_error *err);
/** Notes the end, when there is a journal. */
void bridge_record_destroy(struct bridge_record *record);

void bridge_record_lease(
	struct bridge_record *record, const char *gpu, const struct lease *lease, bool keep);
/** `state` is "QUEUED" or the last one. */
void bridge_record_job(struct bridge_record *record, const char *gpu, const char *job,
	const char *subject, const char *state);

/** A ticket or handle that was presented. */
struct bridge_presented {
	bool allowed;
	/** NULL when it was refused. */
	const char *role, *subject;
	const char *tid;
	/** Why it was refused, or NULL. */
	const char *reason;
};
void bridge_record_attach(struct bridge_record *record, const struct bridge_presented *presented);
/** A ticket is not good any more. */
void bridge_record_revoke(struct bridge_record *record, const char *ticket, const char *by);

/** A command on a ctl file. */
struct bridge_control {
	bool allowed;
	/** `tid` is "" without a ticket. */
	const char *role, *subject, *tid, *path, *verb;
};
void bridge_record_control(struct bridge_record *record, const struct bridge_control *control);
/** Puts all that was noted on disk. */
void bridge_record_commit(struct bridge_record *record);
/** When to commit (CLOCK_BOOTTIME) though no reply waits for it; UINT64_MAX: nothing is noted. */
uint64_t bridge_record_due_ns(const struct bridge_record *record);

enum { BRIDGE_OUTCOMES = 9, BRIDGE_COMMIT_BUCKETS = 10 };

/** What was noted since the process started. */
struct bridge_counts {
	/** Jobs by their last state. */
	struct {
		const char *state;
		uint64_t jobs;
	} outcomes[BRIDGE_OUTCOMES];
	uint64_t tickets_good, tickets_refused;
	/** How long it took to put notes on disk: `commits` of it in `commit_ns`, and how many of them
	 * in at most bridge_commit_bounds_ns of a place. */
	uint64_t commits, commit_ns, commit_buckets[BRIDGE_COMMIT_BUCKETS];
};
extern const uint64_t bridge_commit_bounds_ns[BRIDGE_COMMIT_BUCKETS];
/** Borrowed. */
const struct bridge_counts *bridge_record_counts(const struct bridge_record *record);

/** What all records add up to; NULL without a record. Borrowed. */
const struct lease_ledger *bridge_record_ledger(const struct bridge_record *record);
/** Whether it outlives the process. */
bool bridge_record_lasts(const struct bridge_record *record);
/** The lines of /log/queen.log. Borrowed. */
struct bridge_stream *bridge_record_log(struct bridge_record *record);

/** One record as a line of Cohesix's audit grammar with keys of ours behind; nothing is added for
 * one that has none (record_line.c). `before`: the ledger without it. */
void bridge_record_line(uint32_t type, const cJSON *payload, const struct lease_ledger *before,
	struct base_buffer *out);

/** `gpu-bridge-host audit verify DIR`: prints what was found; the exit status. */
int bridge_audit_verify(const char *state);

#endif
