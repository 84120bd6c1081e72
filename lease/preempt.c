/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/table_state.h"

/**
 * Who has to go so that the head of the queue gets room. Nobody is asked to go in vain: either all
 * that is needed can be had, or nobody is marked; and nobody is marked whom the head does not need.
 */

/** Which of the held leases will be gone, by index. */
struct leavers {
	bool leaves[UINT8_MAX];
};

static bool fits_without(
	const struct lease_table *table, const struct lease *wanted, const struct leavers *leavers)
{
	uint64_t mem_mb = wanted->mem_mb;
	unsigned streams = wanted->streams;
	for (size_t i = 0; i < table->held.count; i++) {
		const struct lease *holder = table->held.leases[i];
		if (leavers->leaves[i]) {
			continue;
		}
		if (holder->exclusive || wanted->exclusive) {
			return false;
		}
		mem_mb += holder->mem_mb;
		streams += holder->streams;
	}
	return mem_mb <= table->capacity.mem_mb && streams <= table->capacity.streams;
}

/** By its own priorities, not by how long the other has waited: one that ages must not take from
 * those that it would then have to give back to. */
static bool may_take(const struct lease *wanted, const struct lease *holder)
{
	return holder->state == LEASE_ACTIVE && holder->preemptible && !holder->preempted &&
		holder->priority < wanted->priority;
}

/** Lowest priority first, then the youngest. */
static bool goes_sooner(const struct lease *a, const struct lease *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->epoch > b->epoch;
}

/** Index of the next one to go; held.count when there is none. */
static size_t next_victim(const struct lease_table *table, const struct lease *wanted,
	const struct leavers *leavers, uint64_t now_ns)
{
	size_t next = table->held.count;
	for (size_t i = 0; i < table->held.count; i++) {
		const struct lease *holder = table->held.leases[i];
		if (!leavers->leaves[i] && may_take(wanted, holder) &&
			lease_seconds_after(holder->granted_ns, table->rules.min_run_s) <= now_ns &&
			(next == table->held.count || goes_sooner(holder, table->held.leases[next]))) {
			next = i;
		}
	}
	return next;
}

/** When the next one has had its minimum run. */
static uint64_t next_look_ns(
	const struct lease_table *table, const struct lease *wanted, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;
	for (size_t i = 0; i < table->held.count; i++) {
		const struct lease *holder = table->held.leases[i];
		uint64_t ripe_ns = lease_seconds_after(holder->granted_ns, table->rules.min_run_s);
		if (may_take(wanted, holder) && ripe_ns > now_ns && ripe_ns < next_ns) {
			next_ns = ripe_ns;
		}
	}
	return next_ns;
}

static void mark(struct lease_table *table, struct lease *lease, uint64_t now_ns)
{
	uint64_t ends_ns = lease_seconds_after(now_ns, table->rules.grace_s);
	lease->preempted = true;
	lease->expires_ns = ends_ns < lease->expires_ns ? ends_ns : lease->expires_ns;
	if (table->observer.changed != NULL) {
		table->observer.changed(table->observer.context, lease);
	}
}

void lease_table_preempt(struct lease_table *table, uint64_t now_ns)
{
	table->look_ns = UINT64_MAX;
	if (table->cordoned || table->queue.count == 0) {
		return;
	}
	const struct lease *wanted = table->queue.leases[0];
	struct leavers leavers = {.leaves = {false}};
	for (size_t i = 0; i < table->held.count; i++) {
		const struct lease *holder = table->held.leases[i];
		leavers.leaves[i] = holder->state == LEASE_ENDING || holder->preempted;
	}
	size_t chosen[UINT8_MAX];
	size_t count = 0;
	for (; !fits_without(table, wanted, &leavers); count++) {
		chosen[count] = next_victim(table, wanted, &leavers, now_ns);
		if (chosen[count] == table->held.count) {
			table->look_ns = next_look_ns(table, wanted, now_ns);
			return;
		}
		leavers.leaves[chosen[count]] = true;
	}
	/* One chosen early may not be needed beside a larger one chosen late. */
	for (size_t c = count; c > 0; c--) {
		bool *leaves = &leavers.leaves[chosen[c - 1]];
		*leaves = false;
		*leaves = !fits_without(table, wanted, &leavers);
	}
	for (size_t c = 0; c < count; c++) {
		if (leavers.leaves[chosen[c]]) {
			mark(table, table->held.leases[chosen[c]], now_ns);
		}
	}
}
