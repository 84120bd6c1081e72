/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_LEDGER_H
#define LEASE_LEDGER_H

#include "base/json.h"
#include "lease/record.h"
#include "lease/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What the journal's records add up to: the counters of each GPU, the leases and jobs that have not
 * ended, and the tickets that were revoked. The same function applies a record when it is written
 * and when it is read back, so that a restart finds what was there.
 */

enum {
	LEASE_BOOT_ID_SIZE = 37,
	/** Tickets that can be revoked: every snapshot has them all. */
	LEASE_REVOKED_MAX = 16384,
};

struct lease_ledger_lease {
	/** Borrowed of its GPU. */
	const char *gpu;
	char *subject;
	uint64_t id, epoch;
	/** "QUEUED", "ACTIVE" or "ENDING". Static. */
	const char *state;
	uint32_t mem_mb, ttl_s;
	uint8_t streams, priority;
	bool exclusive, keep, preemptible, preempted;
	/** When it expires, on both clocks; the second counts from `boot_id` on. */
	uint64_t expires_wall_ms, expires_boot_ms;
	char boot_id[LEASE_BOOT_ID_SIZE];
};

struct lease_ledger_gpu {
	char *id;
	/** Larger than all given out. */
	uint64_t next_lease, next_epoch;
	struct lease_ledger_lease *leases;
	size_t lease_count;
};

struct lease_ledger_job {
	char *gpu, *job, *subject;
};

struct lease_ledger_revoked {
	/** `jti` of the ticket. */
	char *ticket;
};

struct lease_ledger {
	struct lease_ledger_gpu *gpus;
	size_t gpu_count;
	struct lease_ledger_job *jobs;
	size_t job_count;
	struct lease_ledger_revoked *revoked;
	size_t revoked_count;
	/** Of the kernel that the bridge runs on. */
	char boot_id[LEASE_BOOT_ID_SIZE];
};

/** Applies one record's payload; false with JSON_INVALID when it makes no sense, the ledger is
 * unchanged then. */
bool lease_ledger_apply(struct lease_ledger *ledger, uint32_t type, const struct base_json *payload,
	struct lane_error *err);
/** The payload of a SNAPSHOT. Caller deletes. */
cJSON *lease_ledger_snapshot(const struct lease_ledger *ledger);
void lease_ledger_finish(struct lease_ledger *ledger);

/** Now, on both clocks. */
struct lease_moment {
	/** CLOCK_BOOTTIME. */
	uint64_t boottime_ns;
	uint64_t wall_ms;
};
/** The payload of a LEASE record: this lease of `gpu` as it is now. Caller deletes. */
cJSON *lease_ledger_record(const struct lease_ledger *ledger, const char *gpu,
	const struct lease *lease, bool keep, const struct lease_moment *now);
/** One lease as it stands in a record or a snapshot; `end` is "" but in the record of its end.
 * Caller deletes. */
cJSON *lease_ledger_lease_json(const struct lease_ledger_lease *lease, const char *end);
/**
 * Puts an active lease back into a table with what it has left. Errors: LEASE_NOT_ACTIVE (it is
 * over), those of lease_table_restore.
 */
bool lease_ledger_restore(const struct lease_ledger *ledger, const struct lease_ledger_lease *lease,
	struct lease_table *table, void *owner, const struct lease_moment *now, struct lease **restored,
	struct lane_error *err);

/** NULL when there is none. Borrowed until the next record. */
const struct lease_ledger_gpu *lease_ledger_gpu(const struct lease_ledger *ledger, const char *id);
const struct lease_ledger_lease *lease_ledger_lease(
	const struct lease_ledger *ledger, const char *gpu, uint64_t id);
bool lease_ledger_is_revoked(const struct lease_ledger *ledger, const char *ticket);

/**
 * Nanoseconds that a lease has left: never more than its ttl, than the wall clock says, and on the
 * same boot than CLOCK_BOOTTIME says. 0: it is over.
 */
uint64_t lease_ledger_remaining_ns(const struct lease_ledger *ledger,
	const struct lease_ledger_lease *lease, uint64_t boottime_ns, uint64_t wall_ms);

#endif
