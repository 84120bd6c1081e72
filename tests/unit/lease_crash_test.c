/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of a bridge's leases over a disk that crashes: the table, the ledger and the
 * journal as the bridge puts them together, under clocks of our own. The power, the process or a
 * call of the disk goes at any boundary of the journal; bytes and names that were not synced are
 * lost, torn or out of order; the wall clock steps, time passes unseen. What a client was told is
 * held against what is there after each restart. LEASE_SEED=N replays one history,
 * LEASE_HISTORIES=N runs so many from there on.
 */
#include "cmocka_names.h"
#include "lease_disk.h"
#include "random.h"

#include "base/memory.h"
#include "lease/ledger.h"
#include "lease/table.h"

#include <stdlib.h>
#include <string.h>

#define S UINT64_C(1000000000)
#define MS UINT64_C(1000000)

enum {
#ifdef __SANITIZE_ADDRESS__
	HISTORIES = 2000,
#else
	HISTORIES = 100000,
#endif
	CRASHES = 2,
	STEPS_MAX = 8,
	KNOWN_MAX = 64,
	STREAMS = 4,
	MEM_MB = 8,
	FILE_BYTES = 1500,
	FILES_KEPT = 3,
};

static const char gpu_id[] = "GPU-0";

/** A lease as a client was told of it, and as it may be since. */
struct known {
	uint64_t id, epoch;
	/** That it was granted was told. */
	bool told;
	/** Its end was told; it must not be there any more. */
	bool over;
	/** It has changed since what was told: a crash keeps the change or not. */
	bool changed;
	/** The latest that it may end by what was told or has changed since, on both clocks; the
	 * first counts in `boot`; 0: in none. */
	uint64_t expires_ns, expires_wall_ms;
	unsigned boot;
};

struct world {
	uint64_t seed, random;
	/** Both clocks, and how often the machine was started. */
	uint64_t boottime_ns, wall_ms;
	unsigned boot;
	struct disk *disk;
	struct lease_journal_io io;
	/** Of the bridge that runs. */
	struct lease_journal *journal;
	struct lease_ledger ledger;
	struct lease_table *table;
	/** It puts back what was there: nothing of that makes a lease longer. */
	bool restoring;
	struct known known[KNOWN_MAX];
	size_t known_count;
	uint64_t last_epoch;
	/** How often each thing happened. */
	size_t grants, kept, repaired, crashes, over_in_time, rotations;
};

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
		fail_msg("%s: replay with LEASE_SEED=%llu", rule, (unsigned long long)world->seed);
	}
}

static struct known *known_of(struct world *world, uint64_t id)
{
	for (size_t i = 0; i < world->known_count; i++) {
		if (world->known[i].id == id) {
			return &world->known[i];
		}
	}
	check(world, world->known_count < KNOWN_MAX, "the history keeps within its bounds");
	struct known *known = &world->known[world->known_count++];
	*known = (struct known){.id = id};
	return known;
}

static struct lease_moment moment(const struct world *world)
{
	return (struct lease_moment){world->boottime_ns, world->wall_ms};
}

/** As the bridge notes a record: applied at once, on disk with the next commit. */
static void note(struct world *world, uint32_t type, cJSON *payload)
{
	BASE_JSON_FREE cJSON *root = payload;
	struct base_json json = {.root = root};
	check(world, lease_ledger_apply(&world->ledger, type, &json, NULL), "a record makes sense");
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(root, 0, &text);
	struct lease_record record = {.type = type, .payload = text.data, .payload_size = text.size};
	lease_journal_append(world->journal, &record);
}

static void changed(void *context, const struct lease *lease)
{
	struct world *world = context;
	const struct lease_moment now = moment(world);
	note(world, LEASE_RECORD_LEASE, lease_ledger_record(&world->ledger, gpu_id, lease, true, &now));
	if (lease->state == LEASE_QUEUED) {
		return;
	}
	struct known *known = known_of(world, lease->id);
	if (known->epoch == 0) {
		check(world, lease->epoch > world->last_epoch, "epochs only grow");
		world->last_epoch = lease->epoch;
		world->grants++;
	}
	check(world, !known->over || lease->state != LEASE_ACTIVE, "what is over does not come back");
	check(world, known->epoch == 0 || known->epoch == lease->epoch, "a lease keeps its epoch");
	known->epoch = lease->epoch;
	known->changed = true;
	if (world->restoring) {
		return;
	}
	if (known->told && known->boot != world->boot) {
		/* The change may be lost, and what was told counts in another boot. */
		known->boot = 0;
	} else {
		known->boot = world->boot;
	}
	uint64_t left_ms =
		lease->expires_ns > now.boottime_ns ? (lease->expires_ns - now.boottime_ns) / MS : 0;
	uint64_t wall_ms = now.wall_ms + left_ms;
	known->expires_ns =
		lease->expires_ns > known->expires_ns ? lease->expires_ns : known->expires_ns;
	known->expires_wall_ms = wall_ms > known->expires_wall_ms ? wall_ms : known->expires_wall_ms;
}

/** Everything is on disk: it is told. False when the disk is gone. */
static bool commit(struct world *world)
{
	if (!lease_journal_commit(world->journal, NULL)) {
		return false;
	}
	for (size_t i = 0; i < world->known_count; i++) {
		struct known *known = &world->known[i];
		const struct lease_ledger_lease *lease =
			lease_ledger_lease(&world->ledger, gpu_id, known->id);
		known->changed = false;
		known->told = true;
		known->over = lease == NULL || strcmp(lease->state, "ACTIVE") != 0;
		if (lease != NULL) {
			known->boot = world->boot;
			known->expires_ns = (lease->expires_boot_ms + 1) * MS;
			known->expires_wall_ms = lease->expires_wall_ms;
		}
	}
	if (!lease_journal_is_full(world->journal)) {
		return true;
	}
	BASE_JSON_FREE cJSON *snapshot = lease_ledger_snapshot(&world->ledger);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(snapshot, 0, &text);
	struct lease_record record = {
		.type = LEASE_RECORD_SNAPSHOT, .payload = text.data, .payload_size = text.size};
	world->rotations++;
	return lease_journal_rotate(world->journal, &record, NULL);
}

static bool replay(void *context, const struct lease_record *record, struct lane_error *err)
{
	struct world *world = context;
	BASE_JSON_AUTO payload = {.name = NULL};
	return base_json_parse("record", record->payload, record->payload_size, &payload, err) &&
		lease_ledger_apply(&world->ledger, record->type, &payload, err);
}

/** One lease of the journal: it goes on, or its end is noted. */
static void restore(struct world *world, const struct lease_ledger_lease *before)
{
	struct lease_ledger_lease lease = *before;
	BASE_FREE char *subject = lease.subject = base_strdup(before->subject);
	const struct lease_moment now = moment(world);
	struct lease *restored = NULL;
	if (lease_ledger_restore(&world->ledger, &lease, world->table, NULL, &now, &restored, NULL)) {
		return;
	}
	struct lease gone = {.id = lease.id,
		.epoch = lease.epoch,
		.state = LEASE_ENDED,
		.end = LEASE_END_EXPIRED,
		.subject = subject,
		.mem_mb = lease.mem_mb,
		.streams = lease.streams,
		.ttl_s = lease.ttl_s};
	note(world, LEASE_RECORD_LEASE,
		lease_ledger_record(&world->ledger, gpu_id, &gone, lease.keep, &now));
}

/** Whether what is left of a lease was over by any clock when the bridge came back, which counts in
 * whole milliseconds. */
static bool ran_out(const struct world *world, const struct known *known)
{
	return known->expires_wall_ms <= world->wall_ms ||
		(known->boot == world->boot && known->expires_ns <= world->boottime_ns + MS);
}

/** What was told before the crash against what is there. */
static void check_restored(struct world *world)
{
	for (size_t i = 0; i < world->known_count; i++) {
		struct known *known = &world->known[i];
		const struct lease *lease = lease_table_find(world->table, known->id);
		if (lease == NULL) {
			check(world, known->over || known->changed || ran_out(world, known),
				"no lease that was told is lost");
			world->over_in_time += !known->over && !known->changed;
			/* Its end is noted, and told with the next commit. */
			known->changed = true;
			continue;
		}
		check(world, !known->over, "what was told to be over does not come back");
		check(world, lease->epoch == known->epoch, "a lease keeps its epoch over a restart");
		uint64_t left_ns = lease->expires_ns - world->boottime_ns;
		uint64_t wall_left_ms =
			known->expires_wall_ms > world->wall_ms ? known->expires_wall_ms - world->wall_ms : 0;
		check(world, left_ns <= (wall_left_ms + 1) * MS,
			"a restart makes no lease longer by the wall");
		check(world, known->boot != world->boot || lease->expires_ns <= known->expires_ns + MS,
			"a restart makes no lease longer");
		world->kept++;
	}
}

/** Grants that nobody was told of and that the disk has lost have not been: their numbers are free.
 */
static void forget_lost(struct world *world)
{
	const struct lease_ledger_gpu *gpu = lease_ledger_gpu(&world->ledger, gpu_id);
	world->last_epoch = gpu != NULL ? gpu->next_epoch - 1 : 0;
	size_t kept = 0;
	for (size_t i = 0; i < world->known_count; i++) {
		const struct known *known = &world->known[i];
		if (known->epoch <= world->last_epoch) {
			check(world, gpu != NULL && known->id < gpu->next_lease, "an id is given once");
			world->known[kept++] = *known;
		} else {
			check(world, !known->told, "no grant that was told is lost");
		}
	}
	world->known_count = kept;
}

static void note_start(struct world *world)
{
	cJSON *start = base_json_new_object();
	base_json_add_string(start, "version", "simulated");
	base_json_add_format(start, "boot_id", "boot-%u", world->boot);
	note(world, LEASE_RECORD_START, start);
}

/** Starts a bridge over what is on the disk. False when the disk goes meanwhile. */
static bool start(struct world *world)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	world->journal = lease_journal_open(&world->io, false, replay, world, &err);
	if (world->journal == NULL) {
		/* A tail is cut with calls that can fail like any. */
		check(world, lane_error_is(&err, "JOURNAL_FAILED"), lane_error_message(&err));
		return false;
	}
	lease_journal_limit(world->journal,
		&(struct lease_journal_limits){.file_bytes = FILE_BYTES, .files = FILES_KEPT});
	forget_lost(world);
	const struct lease_ledger_gpu *before = lease_ledger_gpu(&world->ledger, gpu_id);
	world->table =
		lease_table_create(&(struct lease_capacity){.mem_mb = MEM_MB, .streams = STREAMS},
			before != NULL ? before->next_lease : 1, before != NULL ? before->next_epoch : 1,
			&(struct lease_observer){.changed = changed, .context = world});
	lease_table_rules(
		world->table, &(struct lease_rules){.age_s = 1, .min_run_s = 0, .grace_s = 1});
	note_start(world);
	world->restoring = true;
	for (size_t i = 0; before != NULL && i < before->lease_count;) {
		/* One that is over leaves the ledger. */
		size_t count = before->lease_count;
		restore(world, &before->leases[i]);
		i += before->lease_count == count;
	}
	world->restoring = false;
	check_restored(world);
	return commit(world);
}

static void stop(struct world *world)
{
	lease_table_destroy(world->table);
	lease_journal_close(world->journal);
	lease_ledger_finish(&world->ledger);
	world->table = NULL;
	world->journal = NULL;
}

static struct lease *any_lease(struct world *world)
{
	if (world->known_count == 0) {
		return NULL;
	}
	return lease_table_find(world->table, world->known[below(world, world->known_count)].id);
}

static void reap(void *context, const struct lease *lease)
{
	if (lease->state == LEASE_ENDING) {
		*(uint64_t *)context = lease->id;
	}
}

/** One thing that clients or time do. */
static void step(struct world *world)
{
	struct lease *lease = any_lease(world);
	struct lease *granted = NULL;
	uint64_t ending = 0;
	switch (below(world, 8)) {
	case 0:
	case 1:
	case 2:
		lease_table_request(world->table,
			&(struct lease_request){.subject = "worker-gpu:a",
				.mem_mb = 1 + (uint32_t)below(world, MEM_MB / 2),
				.streams = 1,
				.ttl_s = 1 + (uint32_t)below(world, 40),
				.priority = (uint8_t)below(world, 3),
				.queue = below(world, 2) == 0,
				.preemptible = below(world, 2) == 0},
			world->boottime_ns, &granted, NULL);
		break;
	case 3:
		if (lease != NULL) {
			lease_table_renew(
				world->table, lease, 1 + (uint32_t)below(world, 60), world->boottime_ns, NULL);
		}
		break;
	case 4:
		if (lease != NULL) {
			lease_table_end(world->table, lease, LEASE_END_RELEASED, world->boottime_ns);
		}
		break;
	case 5:
		lease_table_each(world->table, reap, &ending);
		if (ending != 0) {
			lease_table_reaped(
				world->table, lease_table_find(world->table, ending), world->boottime_ns);
		}
		break;
	case 6:
		/* The wall clock is set. */
		world->wall_ms += below(world, 2) == 0 ? below(world, 40000) : 0;
		world->wall_ms -= below(world, 2) == 0 ? below(world, 40000) : 0;
		break;
	default:
		/* Nobody looks for a while. */
		world->boottime_ns += below(world, 20 * S);
		break;
	}
}

static void pass(struct world *world, uint64_t ns)
{
	world->boottime_ns += ns;
	world->wall_ms += ns / MS;
}

/** A bridge's life until the disk goes at some call; then what was not synced is lost somehow. */
static void live(struct world *world)
{
	world->disk->calls_left = (long)below(world, 3 * STEPS_MAX);
	world->disk->once = below(world, 4) == 0;
	bool alive = start(world);
	for (unsigned i = 0; alive && i < STEPS_MAX; i++) {
		pass(world, below(world, 3 * S));
		step(world);
		/* Several changes may be noted before they are committed. */
		alive = below(world, 3) == 0 || commit(world);
	}
	stop(world);
	disk_crash(world->disk, (enum disk_loss)below(world, DISK_LOSSES));
	world->crashes++;
	pass(world, below(world, 10 * S));
	if (below(world, 4) == 0) {
		world->boot++;
		world->boottime_ns = below(world, 100 * S);
	}
}

static void run_history(uint64_t seed, struct world *sums)
{
	struct world *world = base_alloc(1, sizeof(*world));
	*world = (struct world){.seed = seed, .random = seed, .boot = 1};
	world->boottime_ns = below(world, 1000 * S);
	world->wall_ms = UINT64_C(1700000000000);
	world->disk = base_alloc(1, sizeof(*world->disk));
	world->io = disk_io(world->disk);
	world->disk->calls_left = -1;
	for (unsigned i = 0; i < CRASHES; i++) {
		live(world);
	}
	check(world, start(world), "without a failure it starts");
	stop(world);
	struct lease_journal_report report;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	bool sound = lease_journal_verify(&world->io, &report, &err);
	check(world, sound, lane_error_message(&err));
	/* One more for each rotation that was cut short. */
	check(world, report.files <= FILES_KEPT + CRASHES, "the oldest files are removed");
	sums->grants += world->grants;
	sums->kept += world->kept;
	sums->crashes += world->crashes;
	sums->over_in_time += world->over_in_time;
	sums->rotations += world->rotations;
	disk_destroy(world->disk);
	free(world);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void no_crash_loses_lengthens_or_doubles_a_lease(void **state)
{
	(void)state;
	struct world sums = {.seed = 0};
	uint64_t first = from_environment("LEASE_SEED", 0);
	uint64_t count = from_environment("LEASE_HISTORIES", first != 0 ? 1 : HISTORIES);
	for (uint64_t i = 0; i < count; i++) {
		run_history((first != 0 ? first : 1) + i, &sums);
	}
	print_message(
		"%llu histories: %zu crashes, %zu grants, %zu leases kept over a restart, %zu over "
		"in time, %zu rotations\n",
		(unsigned long long)count, sums.crashes, sums.grants, sums.kept, sums.over_in_time,
		sums.rotations);
	assert_true(first != 0 ||
		(sums.grants > count && sums.kept > count / 4 && sums.over_in_time > count / 100 &&
			sums.rotations > count / 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("lease@no-crash-loses-lengthens-or-doubles-a-lease",
			no_crash_loses_lengthens_or_doubles_a_lease),
	};
	return cmocka_run_group_tests_name("lease crashes", tests, NULL, NULL);
}
