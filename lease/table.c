/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/table_state.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

const struct lease_rules lease_rules_default = {.age_s = 60, .min_run_s = 60, .grace_s = 10};

static void list_insert(struct lease_list *list, size_t place, struct lease *lease)
{
	memmove(&list->leases[place + 1], &list->leases[place],
		(list->count - place) * sizeof(list->leases[0]));
	list->leases[place] = lease;
	list->count++;
}

/** Index of the lease; `count` when it is not in the list. */
static size_t list_index(const struct lease_list *list, const struct lease *lease)
{
	size_t i = 0;
	while (i < list->count && list->leases[i] != lease) {
		i++;
	}
	return i;
}

static void list_remove(struct lease_list *list, const struct lease *lease)
{
	size_t place = list_index(list, lease);
	list->count--;
	memmove(&list->leases[place], &list->leases[place + 1],
		(list->count - place) * sizeof(list->leases[0]));
}

static void lease_destroy(struct lease *lease)
{
	free(lease->subject);
	free(lease);
}

static void list_finish(struct lease_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		lease_destroy(list->leases[i]);
	}
	free(list->leases);
}

struct lease_table *lease_table_create(const struct lease_capacity *capacity, uint64_t first_id,
	uint64_t first_epoch, const struct lease_observer *observer)
{
	struct lease_table *table = base_alloc(1, sizeof(*table));
	*table = (struct lease_table){
		.capacity = *capacity,
		.rules = lease_rules_default,
		.look_ns = UINT64_MAX,
		.next_id = first_id,
		.next_epoch = first_epoch,
		.held.leases = base_alloc((size_t)capacity->streams + 1, sizeof(struct lease *)),
		.queue.leases = base_alloc(LEASE_QUEUE_MAX, sizeof(struct lease *)),
	};
	if (observer != NULL) {
		table->observer = *observer;
	}
	return table;
}

void lease_table_destroy(struct lease_table *table)
{
	if (table == NULL) {
		return;
	}
	list_finish(&table->held);
	list_finish(&table->queue);
	free(table);
}

static void enter_state(struct lease_table *table, struct lease *lease, enum lease_state state)
{
	lease->state = state;
	if (table->observer.changed != NULL) {
		table->observer.changed(table->observer.context, lease);
	}
}

uint64_t lease_seconds_after(uint64_t now_ns, uint32_t seconds)
{
	uint64_t then_ns = 0;
	if (__builtin_add_overflow(now_ns, seconds * NS_PER_S, &then_ns)) {
		return UINT64_MAX;
	}
	return then_ns;
}

static bool fits(const struct lease_table *table, const struct lease *lease)
{
	const struct lease_list *held = &table->held;
	if (held->count > 0 && (lease->exclusive || held->leases[0]->exclusive)) {
		return false;
	}
	struct lease_capacity left = lease_table_free(table);
	return lease->mem_mb <= left.mem_mb && lease->streams <= left.streams;
}

/** Takes it among the held ones, in its place by id. */
static void hold(struct lease_table *table, struct lease *lease)
{
	size_t place = table->held.count;
	while (place > 0 && table->held.leases[place - 1]->id > lease->id) {
		place--;
	}
	list_insert(&table->held, place, lease);
}

static void grant(struct lease_table *table, struct lease *lease, uint64_t now_ns)
{
	hold(table, lease);
	lease->epoch = table->next_epoch++;
	lease->granted_ns = now_ns;
	lease->expires_ns = lease_seconds_after(now_ns, lease->ttl_s);
	enter_state(table, lease, LEASE_ACTIVE);
}

/** Grants as long as the head fits, and then sees to room for the one that does not. */
static void grant_waiting(struct lease_table *table, uint64_t now_ns)
{
	while (!table->cordoned && table->queue.count > 0 && fits(table, table->queue.leases[0])) {
		struct lease *lease = table->queue.leases[0];
		list_remove(&table->queue, lease);
		grant(table, lease, now_ns);
	}
	lease_table_preempt(table, now_ns);
}

/** Whether `lease` is granted before `other`. A level of priority weighs as much as `age_s` of
 * waiting, and both wait at the same pace: their order never changes. */
static bool goes_before(
	const struct lease_table *table, const struct lease *lease, const struct lease *other)
{
	uint64_t turns[2];
	const struct lease *const both[] = {lease, other};
	for (size_t i = 0; i < 2; i++) {
		uint64_t below = UINT8_MAX - both[i]->priority;
		if (__builtin_add_overflow(
				both[i]->queued_ns, below * table->rules.age_s * NS_PER_S, &turns[i])) {
			turns[i] = UINT64_MAX;
		}
	}
	return turns[0] != turns[1] ? turns[0] < turns[1] : lease->id < other->id;
}

/** Where this lease, which is not in the queue, would wait: an index. */
static size_t queue_place(const struct lease_table *table, const struct lease *lease)
{
	size_t place = table->queue.count;
	while (place > 0 && goes_before(table, lease, table->queue.leases[place - 1])) {
		place--;
	}
	return place;
}

void lease_table_rules(struct lease_table *table, const struct lease_rules *rules)
{
	table->rules = *rules;
	size_t count = table->queue.count;
	table->queue.count = 0;
	for (size_t i = 0; i < count; i++) {
		struct lease *lease = table->queue.leases[i];
		list_insert(&table->queue, queue_place(table, lease), lease);
	}
	table->look_ns = 0;
}

bool lease_table_request(struct lease_table *table, const struct lease_request *request,
	uint64_t now_ns, struct lease **lease, struct lane_error *err)
{
	lease_table_advance(table, now_ns);
	if (!lease_table_check(table, request, err)) {
		return false;
	}
	if (table->cordoned) {
		return lane_error_set(err, "LEASE_CORDONED", "the GPU is cordoned");
	}
	if (!lease_table_check_quota(table, request, err)) {
		return false;
	}
	struct lease wanted = {
		.id = table->next_id,
		.queued_ns = now_ns,
		.mem_mb = request->mem_mb,
		.streams = request->streams,
		.ttl_s = request->ttl_s,
		.priority = request->priority,
		.exclusive = request->exclusive,
		.preemptible = request->preemptible,
		.owner = request->owner,
	};
	size_t place = queue_place(table, &wanted);
	bool now = place == 0 && fits(table, &wanted);
	if (!now && (!request->queue || table->queue.count == LEASE_QUEUE_MAX)) {
		return lease_table_refuse(table, request, err);
	}
	table->next_id++;
	wanted.subject = base_strdup(request->subject);
	*lease = base_alloc(1, sizeof(**lease));
	**lease = wanted;
	if (now) {
		grant(table, *lease, now_ns);
	} else {
		list_insert(&table->queue, place, *lease);
		enter_state(table, *lease, LEASE_QUEUED);
	}
	lease_table_preempt(table, now_ns);
	return true;
}

bool lease_table_restore(struct lease_table *table, const struct lease_request *request,
	const struct lease_restored *restored, uint64_t now_ns, struct lease **lease,
	struct lane_error *err)
{
	if (!lease_table_check(table, request, err)) {
		return false;
	}
	struct lease wanted = {
		.id = restored->id,
		.epoch = restored->epoch,
		.preempted = restored->preempted,
		.mem_mb = request->mem_mb,
		.streams = request->streams,
		.ttl_s = request->ttl_s,
		.priority = request->priority,
		.exclusive = request->exclusive,
		.preemptible = request->preemptible,
		.owner = request->owner,
	};
	if (!fits(table, &wanted)) {
		return lease_table_refuse(table, request, err);
	}
	wanted.subject = base_strdup(request->subject);
	*lease = base_alloc(1, sizeof(**lease));
	**lease = wanted;
	hold(table, *lease);
	(*lease)->granted_ns = now_ns;
	(*lease)->expires_ns = now_ns + restored->left_ns;
	if (restored->id >= table->next_id) {
		table->next_id = restored->id + 1;
	}
	if (restored->epoch >= table->next_epoch) {
		table->next_epoch = restored->epoch + 1;
	}
	enter_state(table, *lease, LEASE_ACTIVE);
	return true;
}

bool lease_table_renew(struct lease_table *table, struct lease *lease, uint32_t ttl_s,
	uint64_t now_ns, struct lane_error *err)
{
	lease_table_advance(table, now_ns);
	if (ttl_s == 0) {
		return lane_error_set(err, "LEASE_INVALID", "ttl_s must be 1 or more");
	}
	if (lease->state != LEASE_ACTIVE || lease->preempted) {
		return lane_error_set(err, "LEASE_NOT_ACTIVE", "lease %llu is %s",
			(unsigned long long)lease->id, lease_state_text(lease));
	}
	lease->ttl_s = ttl_s;
	lease->expires_ns = lease_seconds_after(now_ns, ttl_s);
	enter_state(table, lease, LEASE_ACTIVE);
	return true;
}

void lease_table_prioritize(
	struct lease_table *table, struct lease *lease, uint8_t priority, uint64_t now_ns)
{
	lease_table_advance(table, now_ns);
	if (lease->state == LEASE_ENDING) {
		return;
	}
	lease->priority = priority;
	if (lease->state == LEASE_QUEUED) {
		list_remove(&table->queue, lease);
		list_insert(&table->queue, queue_place(table, lease), lease);
	}
	enter_state(table, lease, lease->state);
	/* Another lease may be at the head now. */
	grant_waiting(table, now_ns);
}

/** Tells the observer that it has ended and frees it. It is in neither list any more. */
static void bury(struct lease_table *table, struct lease *lease)
{
	enter_state(table, lease, LEASE_ENDED);
	lease_destroy(lease);
}

void lease_table_end(
	struct lease_table *table, struct lease *lease, enum lease_end why, uint64_t now_ns)
{
	lease_table_advance(table, now_ns);
	switch (lease->state) {
	case LEASE_QUEUED:
		list_remove(&table->queue, lease);
		lease->end = why;
		bury(table, lease);
		/* It may have been the head that blocked those behind it. */
		grant_waiting(table, now_ns);
		break;
	case LEASE_ACTIVE:
		lease->end = why;
		enter_state(table, lease, LEASE_ENDING);
		lease_table_preempt(table, now_ns);
		break;
	case LEASE_ENDING:
	case LEASE_ENDED:
		break;
	}
}

void lease_table_reaped(struct lease_table *table, struct lease *lease, uint64_t now_ns)
{
	lease_table_advance(table, now_ns);
	if (lease->state != LEASE_ENDING) {
		return;
	}
	list_remove(&table->held, lease);
	bury(table, lease);
	grant_waiting(table, now_ns);
}

/** The active lease that expires first, of those the one with the lowest id; NULL without any. */
static struct lease *next_to_expire(const struct lease_table *table)
{
	struct lease *next = NULL;
	for (size_t i = 0; i < table->held.count; i++) {
		struct lease *lease = table->held.leases[i];
		if (lease->state == LEASE_ACTIVE &&
			(next == NULL || lease->expires_ns < next->expires_ns)) {
			next = lease;
		}
	}
	return next;
}

void lease_table_advance(struct lease_table *table, uint64_t now_ns)
{
	bool look = table->look_ns <= now_ns;
	struct lease *lease = next_to_expire(table);
	for (; lease != NULL && lease->expires_ns <= now_ns; look = true) {
		lease->end = lease->preempted ? LEASE_END_PREEMPTED : LEASE_END_EXPIRED;
		enter_state(table, lease, LEASE_ENDING);
		lease = next_to_expire(table);
	}
	if (look) {
		grant_waiting(table, now_ns);
	}
}

uint64_t lease_table_next_ns(const struct lease_table *table)
{
	const struct lease *lease = next_to_expire(table);
	uint64_t next_ns = lease != NULL ? lease->expires_ns : UINT64_MAX;
	return table->look_ns < next_ns ? table->look_ns : next_ns;
}

void lease_table_cordon(struct lease_table *table, bool cordoned, uint64_t now_ns)
{
	lease_table_advance(table, now_ns);
	table->cordoned = cordoned;
	grant_waiting(table, now_ns);
}

size_t lease_table_position(const struct lease_table *table, const struct lease *lease)
{
	size_t place = list_index(&table->queue, lease);
	return place < table->queue.count ? place + 1 : 0;
}

struct lease *lease_table_find(const struct lease_table *table, uint64_t id)
{
	const struct lease_list *lists[] = {&table->held, &table->queue};
	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			if (lists[l]->leases[i]->id == id) {
				return lists[l]->leases[i];
			}
		}
	}
	return NULL;
}

void lease_table_each(const struct lease_table *table,
	void (*visit)(void *context, const struct lease *lease), void *context)
{
	const struct lease_list *lists[] = {&table->held, &table->queue};
	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			visit(context, lists[l]->leases[i]);
		}
	}
}

const char *lease_state_name(enum lease_state state)
{
	static const char *const names[] = {
		[LEASE_QUEUED] = "QUEUED",
		[LEASE_ACTIVE] = "ACTIVE",
		[LEASE_ENDING] = "ENDING",
		[LEASE_ENDED] = "ENDED",
	};
	return names[state];
}

const char *lease_state_text(const struct lease *lease)
{
	bool leaving = lease->state == LEASE_ACTIVE && lease->preempted;
	return leaving ? "PREEMPTING" : lease_state_name(lease->state);
}

const char *lease_end_name(enum lease_end end)
{
	static const char *const names[] = {
		[LEASE_END_NONE] = "",
		[LEASE_END_RELEASED] = "released",
		[LEASE_END_EXPIRED] = "expired",
		[LEASE_END_REVOKED] = "revoked",
		[LEASE_END_PREEMPTED] = "preempted",
	};
	return names[end];
}
