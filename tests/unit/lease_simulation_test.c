/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of the lease table under a virtual clock. Beside the table runs a shadow that
 * knows only what the observer was told; after every step the two are compared and the rules of
 * lease/table.h are checked. LEASE_SEED=N replays one history, LEASE_HISTORIES=N runs so many from
 * there on, LEASE_STEPS=N sets the length of each.
 */
#include "lease/table.h"
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

enum {
#ifdef __SANITIZE_ADDRESS__
	HISTORIES = 4000,
#else
	HISTORIES = 100000,
#endif
	STEPS = 60,
	/** A few histories are long, so that queues grow and leases live through much. */
	LONG_HISTORIES = 6,
	LONG_STEPS = 10000,
	LIVE_MAX = 160,
};

/** A lease as the observer saw it last. */
struct shadow {
	uint64_t id, epoch, expires_ns;
	enum lease_state state;
	uint32_t mem_mb;
	uint8_t streams, priority;
	bool exclusive, preemptible, preempted;
	uint64_t queued_ns, granted_ns;
	const char *subject;
};

struct world {
	uint64_t seed, random;
	size_t step;
	uint64_t now_ns;
	struct lease_capacity capacity;
	struct lease_rules rules;
	struct lease_table *table;
	bool cordoned;
	struct shadow live[LIVE_MAX];
	size_t live_count;
	uint64_t last_id, last_epoch;
	/** Set while lease_table_request runs: the one change that may bring a new id. */
	bool requesting;
	/** Who was told to go since something else changed. */
	uint64_t told[UINT8_MAX];
	size_t told_count;
	/** How often each thing happened, so that a history that does nothing is seen. */
	size_t grants, expiries, waits, refusals, quotas, notices, preemptions, passes;
};

static const char *const subjects[] = {"worker-gpu:a", "worker-gpu:b", "worker-gpu:c"};

static uint64_t draw(struct world *world)
{
	return random_next(&world->random);
}

static uint64_t below(struct world *world, uint64_t bound)
{
	return draw(world) % bound;
}

static void check(const struct world *world, bool holds, const char *rule)
{
	if (!holds) {
		fail_msg("%s: step %zu, replay with LEASE_SEED=%llu", rule, world->step,
			(unsigned long long)world->seed);
	}
}

static struct shadow *shadow_find(struct world *world, uint64_t id)
{
	for (size_t i = 0; i < world->live_count; i++) {
		if (world->live[i].id == id) {
			return &world->live[i];
		}
	}
	return NULL;
}

/** Whether `a` is granted before `b`: who would be first if each had come so many times `age_s`
 * later as its priority is below the other's. */
static bool goes_first(const struct world *world, const struct shadow *a, const struct shadow *b)
{
	int64_t earlier_ns = (int64_t)(b->queued_ns - a->queued_ns);
	int64_t higher_ns = ((int64_t)a->priority - b->priority) * world->rules.age_s * S;
	return earlier_ns + higher_ns != 0 ? earlier_ns + higher_ns > 0 : a->id < b->id;
}

static const struct shadow *queue_head(const struct world *world)
{
	const struct shadow *head = NULL;
	for (size_t i = 0; i < world->live_count; i++) {
		const struct shadow *one = &world->live[i];
		if (one->state == LEASE_QUEUED && (head == NULL || goes_first(world, one, head))) {
			head = one;
		}
	}
	return head;
}

static bool is_held(const struct shadow *shadow)
{
	return shadow->state == LEASE_ACTIVE || shadow->state == LEASE_ENDING;
}

/** Whether it fits beside what is held; with `going`, without what is on its way out. */
static bool fits(const struct world *world, const struct shadow *wanted, bool going)
{
	uint64_t mem_mb = wanted->mem_mb;
	unsigned streams = wanted->streams;
	for (size_t i = 0; i < world->live_count; i++) {
		const struct shadow *one = &world->live[i];
		if (is_held(one) && !(going && (one->state == LEASE_ENDING || one->preempted))) {
			if (one->exclusive || wanted->exclusive) {
				return false;
			}
			mem_mb += one->mem_mb;
			streams += one->streams;
		}
	}
	return mem_mb <= world->capacity.mem_mb && streams <= world->capacity.streams;
}

static bool shadow_fits(const struct world *world, const struct shadow *wanted)
{
	return fits(world, wanted, false);
}

/** Whether `one` could be told to go for the head. */
static bool can_go(const struct world *world, const struct shadow *head, const struct shadow *one)
{
	return one->state == LEASE_ACTIVE && one->preemptible && !one->preempted &&
		one->priority < head->priority &&
		one->granted_ns + world->rules.min_run_s * S <= world->now_ns;
}

/** Whether the head would fit if all went that can be told to. */
static bool preemption_would_do(struct world *world, const struct shadow *head)
{
	struct shadow saved[LIVE_MAX];
	memcpy(saved, world->live, sizeof(saved));
	struct shadow wanted = *head;
	for (size_t i = 0; i < world->live_count; i++) {
		if (can_go(world, &wanted, &world->live[i])) {
			world->live[i].preempted = true;
		}
	}
	bool would = fits(world, &wanted, true);
	memcpy(world->live, saved, sizeof(saved));
	return would;
}

static void check_grant(struct world *world, const struct lease *lease, const struct shadow *shadow)
{
	const struct shadow *head = queue_head(world);
	check(world, lease->epoch > world->last_epoch, "an epoch is larger than all before it");
	check(world, !world->cordoned, "a cordoned table grants nothing");
	check(world, lease->granted_ns == world->now_ns, "a grant has the time of the call");
	check(world, lease->expires_ns > world->now_ns, "a grant lasts");
	check(world, shadow_fits(world, shadow), "a grant fits beside all that is not reaped");
	check(world, head == NULL || head == shadow || goes_first(world, shadow, head),
		"only the head of the queue is granted");
	world->last_epoch = lease->epoch;
	world->grants++;
}

/** A lease is told to go: only for the head, and only if the head needs it. */
static void check_notice(struct world *world, const struct lease *lease, struct shadow *shadow)
{
	const struct shadow *head = queue_head(world);
	check(world, !world->cordoned && head != NULL,
		"a notice is given for a head that may be granted");
	check(world, can_go(world, head, shadow),
		"only who agreed, has a lower priority and has had its run is told to go");
	check(world, !fits(world, head, true), "a notice is given only when the head needs it");
	uint64_t last_ns = world->now_ns + world->rules.grace_s * S;
	check(world, lease->expires_ns == (shadow->expires_ns < last_ns ? shadow->expires_ns : last_ns),
		"a notice leaves the grace, and never makes a lease longer");
	world->told[world->told_count++] = lease->id;
	world->notices++;
}

/** Without any one of those who were just told to go, the head would not fit. */
static void check_told(struct world *world)
{
	const struct shadow *head = queue_head(world);
	for (size_t i = 0; i < world->told_count; i++) {
		struct shadow *told = shadow_find(world, world->told[i]);
		told->preempted = false;
		check(world, !fits(world, head, true), "nobody is told to go in vain");
		told->preempted = true;
	}
	world->told_count = 0;
}

static struct shadow *shadow_new(struct world *world, const struct lease *lease)
{
	check(world, world->requesting, "a lease begins with a request");
	check(world, lease->id > world->last_id, "an id is larger than all before it");
	check(world, world->live_count < LIVE_MAX, "the history keeps within its bounds");
	world->last_id = lease->id;
	world->waits += lease->state == LEASE_QUEUED;
	struct shadow *shadow = &world->live[world->live_count++];
	*shadow = (struct shadow){
		.id = lease->id,
		.state = LEASE_QUEUED,
		.mem_mb = lease->mem_mb,
		.streams = lease->streams,
		.priority = lease->priority,
		.exclusive = lease->exclusive,
		.preemptible = lease->preemptible,
		.queued_ns = world->now_ns,
		.subject = lease->subject,
	};
	return shadow;
}

static void changed(void *context, const struct lease *lease)
{
	struct world *world = context;
	struct shadow *shadow = shadow_find(world, lease->id);
	bool notice = shadow != NULL && lease->preempted && !shadow->preempted;
	if (!notice) {
		check_told(world);
	}
	if (shadow == NULL) {
		shadow = shadow_new(world, lease);
	}
	/* Rows: from, columns: to. A renewal is ACTIVE to ACTIVE. */
	static const bool allowed[4][4] = {
		[LEASE_QUEUED] = {[LEASE_QUEUED] = true, [LEASE_ACTIVE] = true, [LEASE_ENDED] = true},
		[LEASE_ACTIVE] = {[LEASE_ACTIVE] = true, [LEASE_ENDING] = true},
		[LEASE_ENDING] = {[LEASE_ENDED] = true},
	};
	check(world, allowed[shadow->state][lease->state], "states follow one another as drawn");
	if (shadow->state == LEASE_QUEUED && lease->state == LEASE_ACTIVE) {
		check_grant(world, lease, shadow);
	}
	if (notice) {
		check_notice(world, lease, shadow);
	} else if (lease->preempted) {
		check(world, lease->expires_ns == shadow->expires_ns, "after a notice its end is fixed");
	}
	if (shadow->state == LEASE_ACTIVE && lease->state == LEASE_ENDING &&
		(lease->end == LEASE_END_EXPIRED || lease->end == LEASE_END_PREEMPTED)) {
		check(world, shadow->expires_ns <= world->now_ns, "nothing expires early");
		check(world, (lease->end == LEASE_END_PREEMPTED) == shadow->preempted,
			"who was told to go is preempted");
		world->expiries++;
		world->preemptions += lease->end == LEASE_END_PREEMPTED;
	}
	shadow->state = lease->state;
	shadow->preempted = lease->preempted;
	shadow->granted_ns = lease->granted_ns;
	shadow->priority = lease->priority;
	shadow->epoch = lease->epoch;
	shadow->expires_ns = lease->expires_ns;
	if (lease->state == LEASE_ENDED) {
		*shadow = world->live[--world->live_count];
	}
}

/** What lease_table_each shows, gathered for check_world. */
struct listing {
	struct world *world;
	size_t count, queued;
	uint64_t mem_mb;
	unsigned streams, held;
	bool exclusive;
	uint64_t next_ns;
	struct shadow last;
};

static void check_listed(void *context, const struct lease *lease)
{
	struct listing *listing = context;
	struct world *world = listing->world;
	const struct shadow *shadow = shadow_find(world, lease->id);
	check(world,
		shadow != NULL && shadow->state == lease->state && shadow->epoch == lease->epoch &&
			shadow->expires_ns == lease->expires_ns && shadow->priority == lease->priority,
		"the observer is told of every change");
	check(world, lease_table_find(world->table, lease->id) == lease, "a live lease is found");
	if (is_held(shadow)) {
		check(world, listing->queued == 0 && (listing->held == 0 || listing->last.id < lease->id),
			"the held ones are listed first, by id");
		check(world, lease_table_position(world->table, lease) == 0, "what is held does not wait");
		listing->held++;
		listing->mem_mb += lease->mem_mb;
		listing->streams += lease->streams;
		listing->exclusive |= lease->exclusive;
	} else {
		check(world, listing->queued == 0 || goes_first(world, &listing->last, shadow),
			"the queue is by priority, then arrival");
		listing->queued++;
		check(world, lease_table_position(world->table, lease) == listing->queued,
			"a position is a place in the queue");
	}
	if (lease->state == LEASE_ACTIVE) {
		check(world, lease->expires_ns > world->now_ns, "nothing is active beyond its time");
		if (lease->expires_ns < listing->next_ns) {
			listing->next_ns = lease->expires_ns;
		}
	}
	listing->count++;
	listing->last = *shadow;
}

static void check_world(struct world *world)
{
	check_told(world);
	struct listing listing = {.world = world, .next_ns = UINT64_MAX};
	lease_table_each(world->table, check_listed, &listing);
	check(world, listing.count == world->live_count, "every live lease is listed once");
	check(world, listing.mem_mb <= world->capacity.mem_mb, "memory held is within capacity");
	check(world, listing.streams <= world->capacity.streams, "streams held are within capacity");
	check(world, !listing.exclusive || listing.held == 1, "an exclusive lease is alone");
	check(world, lease_table_next_ns(world->table) <= listing.next_ns,
		"next_ns is not behind the soonest expiry");
	const struct shadow *head = queue_head(world);
	if (head == NULL || world->cordoned) {
		return;
	}
	check(world, !shadow_fits(world, head), "nothing waits that could be granted");
	check(world, fits(world, head, true) || !preemption_would_do(world, head),
		"the head waits only for what cannot be taken");
}

static struct lease *any_live(struct world *world)
{
	if (world->live_count == 0) {
		return NULL;
	}
	uint64_t id = world->live[below(world, world->live_count)].id;
	return lease_table_find(world->table, id);
}

/** Sometimes zero, sometimes too much, mostly between. */
static uint32_t amount(struct world *world, uint32_t capacity)
{
	return (uint32_t)below(world, below(world, 8) == 0 ? capacity + 2 : capacity / 2 + 1);
}

/** What the shadow says that a subject has. */
static bool within_quota(const struct world *world, const struct lease_request *request)
{
	uint64_t mem_mb = request->mem_mb, streams = request->streams, leases = 1;
	for (size_t i = 0; i < world->live_count; i++) {
		if (strcmp(world->live[i].subject, request->subject) == 0) {
			mem_mb += world->live[i].mem_mb;
			streams += world->live[i].streams;
			leases++;
		}
	}
	const struct lease_quota *quota = &request->quota;
	return (quota->mem_mb == 0 || mem_mb <= quota->mem_mb) &&
		(quota->streams == 0 || streams <= quota->streams) &&
		(quota->leases == 0 || leases <= quota->leases);
}

static struct lease_request any_request(struct world *world)
{
	struct lease_request request = {
		.subject = subjects[below(world, sizeof(subjects) / sizeof(subjects[0]))],
		.mem_mb = amount(world, world->capacity.mem_mb),
		.streams = (uint8_t)amount(world, world->capacity.streams),
		.ttl_s = (uint32_t)below(world, 50),
		.priority = (uint8_t)below(world, 4),
		.queue = below(world, 3) != 0 && world->live_count < LIVE_MAX / 2,
		.exclusive = below(world, 16) == 0,
		.preemptible = below(world, 2) == 0,
	};
	if (below(world, 4) == 0) {
		request.quota.mem_mb = world->capacity.mem_mb / 2;
		request.quota.streams = world->capacity.streams / 2;
		request.quota.leases = (uint32_t)below(world, 4);
	}
	return request;
}

static void step_request(struct world *world)
{
	struct lease_request request = any_request(world);
	struct shadow wanted = {
		.id = UINT64_MAX,
		.mem_mb = request.mem_mb,
		.streams = request.streams,
		.priority = request.priority,
		.exclusive = request.exclusive,
		.queued_ns = world->now_ns,
	};
	lease_table_advance(world->table, world->now_ns);
	bool valid = request.mem_mb > 0 && request.mem_mb <= world->capacity.mem_mb &&
		request.streams > 0 && request.streams <= world->capacity.streams && request.ttl_s > 0;
	bool allowed = within_quota(world, &request);
	const struct shadow *head = queue_head(world);
	bool at_once =
		shadow_fits(world, &wanted) && (head == NULL || goes_first(world, &wanted, head));
	world->passes += at_once && head != NULL;
	struct lease *lease = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	world->requesting = true;
	bool given = lease_table_request(world->table, &request, world->now_ns, &lease, &err);
	world->requesting = false;
	world->refusals += !given;
	world->quotas += lane_error_is(&err, "LEASE_QUOTA");
	check(world, given == (valid && !world->cordoned && allowed && (at_once || request.queue)),
		"a request is refused exactly when it is invalid, cordoned out, over its quota or will not wait");
	check(world, lane_error_is(&err, "LEASE_QUOTA") == (valid && !world->cordoned && !allowed),
		"what is over the quota is told so");
	check(world, !given || (lease->state != LEASE_QUEUED) == at_once,
		"a request that fits and has nobody before it is granted at once");
}

static void step_renew(struct world *world)
{
	struct lease *lease = any_live(world);
	if (lease == NULL) {
		return;
	}
	uint32_t ttl_s = (uint32_t)below(world, 50);
	lease_table_advance(world->table, world->now_ns);
	bool possible = ttl_s > 0 && lease->state == LEASE_ACTIVE && !lease->preempted &&
		lease->expires_ns > world->now_ns;
	uint64_t epoch = lease->epoch;
	check(world, lease_table_renew(world->table, lease, ttl_s, world->now_ns, NULL) == possible,
		"exactly an active lease is renewed");
	check(world, lease->epoch == epoch, "a renewal keeps the epoch");
}

static void step_prioritize(struct world *world)
{
	struct lease *lease = any_live(world);
	if (lease != NULL) {
		lease_table_prioritize(world->table, lease, (uint8_t)below(world, 4), world->now_ns);
	}
}

static void step_end(struct world *world)
{
	struct lease *lease = any_live(world);
	if (lease != NULL) {
		enum lease_end why = below(world, 2) == 0 ? LEASE_END_RELEASED : LEASE_END_REVOKED;
		lease_table_end(world->table, lease, why, world->now_ns);
	}
}

/** Mostly a lease that is ending, as a bridge would; sometimes one that must not be freed. */
static void step_reap(struct world *world)
{
	uint64_t id = 0;
	for (size_t i = 0; i < world->live_count; i++) {
		if (world->live[i].state == LEASE_ENDING) {
			id = world->live[i].id;
		}
	}
	struct lease *lease =
		id != 0 && below(world, 8) != 0 ? lease_table_find(world->table, id) : any_live(world);
	if (lease != NULL) {
		lease_table_reaped(world->table, lease, world->now_ns);
	}
}

static void step_time(struct world *world)
{
	lease_table_advance(world->table, world->now_ns);
	uint64_t next_ns = lease_table_next_ns(world->table);
	if (next_ns == UINT64_MAX || below(world, 2) == 0) {
		world->now_ns += below(world, UINT64_C(3000000000));
		lease_table_advance(world->table, world->now_ns);
		return;
	}
	/* One nanosecond before the deadline nothing happens. On it something does, but for a look at
	 * who may be preempted, which may find nobody. */
	size_t before = world->expiries + world->notices;
	if (next_ns - 1 > world->now_ns) {
		world->now_ns = next_ns - 1;
		lease_table_advance(world->table, world->now_ns);
		check(world, world->expiries + world->notices == before, "nothing happens before next_ns");
	}
	world->now_ns = next_ns;
	lease_table_advance(world->table, world->now_ns);
	check(world, lease_table_next_ns(world->table) > next_ns, "next_ns goes on");
}

static void step_cordon(struct world *world)
{
	lease_table_advance(world->table, world->now_ns);
	world->cordoned = !world->cordoned && below(world, 4) == 0;
	lease_table_cordon(world->table, world->cordoned, world->now_ns);
}

/** Repeated by weight. */
static void (*const steps[])(struct world *world) = {
	step_request,
	step_request,
	step_request,
	step_request,
	step_request,
	step_renew,
	step_prioritize,
	step_end,
	step_reap,
	step_reap,
	step_reap,
	step_reap,
	step_time,
	step_time,
	step_cordon,
};

static struct world run_history(uint64_t seed, size_t length)
{
	struct world world = {.seed = seed, .random = seed};
	world.capacity.mem_mb = 1 + (uint32_t)below(&world, 24576);
	world.capacity.streams = (uint8_t)(2 + below(&world, 30));
	world.rules.age_s = (uint32_t)(1 + below(&world, 4));
	world.rules.min_run_s = (uint32_t)below(&world, 3);
	world.rules.grace_s = (uint32_t)(1 + below(&world, 3));
	world.now_ns = draw(&world) >> 8;
	world.table = lease_table_create(
		&world.capacity, 1, 1, &(struct lease_observer){.changed = changed, .context = &world});
	lease_table_rules(world.table, &world.rules);
	for (world.step = 0; world.step < length; world.step++) {
		/* Timers fire late: whichever call comes next must see to what has expired. */
		world.now_ns += below(&world, UINT64_C(200000000));
		steps[below(&world, sizeof(steps) / sizeof(steps[0]))](&world);
		check_world(&world);
	}
	lease_table_destroy(world.table);
	return world;
}

/** A history in which something did not happen shows nothing about it. */
static void check_busy(const struct world *world, size_t length)
{
	check(world,
		world->grants > length / 100 && world->expiries > length / 1000 &&
			world->waits > length / 100 && world->refusals > length / 100 &&
			world->quotas > length / 1000 && world->notices > length / 1000 &&
			world->preemptions > length / 1000 && world->passes > 0,
		"a long history has grants, expiries, waits, refusals, quotas and preemptions");
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void random_histories_keep_the_rules(void **state)
{
	(void)state;
	uint64_t first = from_environment("LEASE_SEED", 0);
	uint64_t count = from_environment("LEASE_HISTORIES", first != 0 ? 1 : HISTORIES);
	size_t length = (size_t)from_environment("LEASE_STEPS", STEPS);
	size_t grants = 0, expiries = 0, preemptions = 0;
	for (uint64_t i = 0; i < count; i++) {
		struct world world = run_history((first != 0 ? first : 1) + i, length);
		grants += world.grants;
		expiries += world.expiries;
		preemptions += world.preemptions;
	}
	print_message("%llu histories: %zu grants, %zu ended by the clock, %zu of them preempted\n",
		(unsigned long long)count, grants, expiries, preemptions);
	for (uint64_t seed = 1; first == 0 && seed <= LONG_HISTORIES; seed++) {
		struct world world = run_history(seed, LONG_STEPS);
		check_busy(&world, LONG_STEPS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"lease@random-histories-keep-the-rules", random_histories_keep_the_rules, NULL, NULL,
			NULL},
	};
	return cmocka_run_group_tests_name("lease simulation", tests, NULL, NULL);
}
