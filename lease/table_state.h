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
	/** When somebody's minimum run is over, so that a preemption may have become possible;
	 * UINT64_MAX: never. */
	uint64_t look_ns;
};

/** Marks the leases that have to go for the head of the queue, if that can be had at all
 * (preempt.c); brings `look_ns` forward. */
void lease_table_preempt(struct lease_table *table, uint64_t now_ns);

/** `now_ns` and so many seconds, never beyond UINT64_MAX. */
uint64_t lease_seconds_after(uint64_t now_ns, uint32_t seconds);

#endif
