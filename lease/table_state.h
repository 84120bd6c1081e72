/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_TABLE_STATE_H
#define LEASE_TABLE_STATE_H

#include "lease/table.h"

/** Private to the table: what it is made of, for the files that share the work on it. */

struct lease_list {
	struct lease **leases;
	size_t count;
};

struct lease_table {
	struct lease_capacity capacity;
	struct lease_rules rules;
	struct lease_observer observer;
	uint64_t next_id, next_epoch;
	bool cordoned;
	/** Active and ending, by id. Each has a stream of its own, so capacity.streams bounds it. */
	struct lease_list held;
	/** Waiting, in the order of granting. */
	struct lease_list queue;
	/** When somebody's minimum run is over, or at once after new rules, so that a preemption may
	 * have become possible; UINT64_MAX: never. */
	uint64_t look_ns;
};

/** Marks the leases that have to go for the head of the queue, if that can be had at all
 * (preempt.c); brings `look_ns` forward. */
void lease_table_preempt(struct lease_table *table, uint64_t now_ns);

/** What is not held (admit.c). */
struct lease_capacity lease_table_free(const struct lease_table *table);
/** Whether the request makes sense on this GPU. Errors: LEASE_INVALID. */
bool lease_table_check(
	const struct lease_table *table, const struct lease_request *request, struct lane_error *err);
/** Whether the subject's quota has room for the request. Errors: LEASE_QUOTA. */
bool lease_table_check_quota(
	const struct lease_table *table, const struct lease_request *request, struct lane_error *err);
/** Says why there is no room for the request now, or no place to wait: LEASE_BUSY. */
bool lease_table_refuse(
	const struct lease_table *table, const struct lease_request *request, struct lane_error *err);

/** `now_ns` and so many seconds, never beyond UINT64_MAX. */
uint64_t lease_seconds_after(uint64_t now_ns, uint32_t seconds);

#endif
