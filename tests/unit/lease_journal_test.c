/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/memory.h"
#include "lease/journal.h"
#include "lease/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/**
 * The journal over a folder in memory that loses power at any call. What was synced stays; of what
 * was not, each crash keeps nothing, a part, or a part of wrong bytes. A rename that was not synced
 * is kept or not.
 */

enum { FILES_MAX = 64, NAME_MAX_SIZE = 64, RECORDS = 12, ROTATE_AT = 7 };

struct disk_file {
	char name[NAME_MAX_SIZE];
	struct base_buffer content;
	/** Bytes of it that are on disk. */
	size_t synced;
};

/** A name on disk: which content it had when the folder was synced. */
struct disk {
	struct disk_file files[FILES_MAX];
	size_t count;
	/** Names as they were at the last sync of the folder: index of the file or -1. */
	struct {
		char name[NAME_MAX_SIZE];
		size_t file;
	} durable[FILES_MAX], current[FILES_MAX];
	size_t durable_count, current_count;
	/** Calls until the power is gone; -1: never. */
	long calls_left;
	bool dead;
};

static bool step(struct disk *disk)
{
	if (disk->dead || disk->calls_left == 0) {
		disk->dead = true;
		errno = EIO;
		return false;
	}
	disk->calls_left -= disk->calls_left > 0;
	return true;
}

static size_t find(const struct disk *disk, const char *name)
{
	size_t i = 0;
	while (i < disk->current_count && strcmp(disk->current[i].name, name) != 0) {
		i++;
	}
	return i;
}

static bool disk_list(void *context, void (*visit)(void *visitor, const char *name), void *visitor)
{
	struct disk *disk = context;
	for (size_t i = 0; i < disk->current_count; i++) {
		visit(visitor, disk->current[i].name);
	}
	return true;
}

static bool disk_read(void *context, const char *name, size_t size_max, struct base_buffer *out)
{
	struct disk *disk = context;
	size_t i = find(disk, name);
	if (i == disk->current_count) {
		errno = ENOENT;
		return false;
	}
	const struct base_buffer *content = &disk->files[disk->current[i].file].content;
	assert_true(content->size <= size_max);
	base_buffer_add(out, content->data, content->size);
	return true;
}

static bool disk_create(void *context, const char *name, int *file)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	assert_true(disk->count < FILES_MAX);
	size_t i = find(disk, name);
	if (i == disk->current_count) {
		strncpy(disk->current[i].name, name, NAME_MAX_SIZE - 1);
		disk->current_count++;
	}
	disk->current[i].file = disk->count;
	*file = (int)disk->count++;
	return true;
}

static bool disk_open(void *context, const char *name, int *file)
{
	struct disk *disk = context;
	size_t i = find(disk, name);
	assert_true(i < disk->current_count);
	*file = (int)disk->current[i].file;
	return true;
}

static bool disk_write(void *context, int file, const void *bytes, size_t size)
{
	struct disk *disk = context;
	bool alive = step(disk);
	if (alive || !disk->dead) {
		base_buffer_add(&disk->files[file].content, bytes, size);
	}
	return alive;
}

static bool disk_sync(void *context, int file)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	disk->files[file].synced = disk->files[file].content.size;
	return true;
}

static bool disk_truncate(void *context, int file, uint64_t size)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	disk->files[file].content.size = (size_t)size;
	return true;
}

static bool disk_rename(void *context, const char *from, const char *to)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	size_t source = find(disk, from);
	size_t target = find(disk, to);
	size_t file = disk->current[source].file;
	if (target < disk->current_count) {
		disk->current[target].file = file;
		disk->current[source] = disk->current[--disk->current_count];
	} else {
		strncpy(disk->current[source].name, to, NAME_MAX_SIZE - 1);
	}
	return true;
}

static bool disk_sync_folder(void *context)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	memcpy(disk->durable, disk->current, sizeof(disk->current));
	disk->durable_count = disk->current_count;
	return true;
}

static void disk_close(void *context, int file)
{
	(void)context;
	(void)file;
}

/** How the power went: what is left of bytes that were not synced. */
enum loss { LOSE_ALL, KEEP_HALF, KEEP_GARBAGE, KEEP_ALL, LOSSES };

static void crash(struct disk *disk, enum loss loss)
{
	if (loss != KEEP_ALL) {
		memcpy(disk->current, disk->durable, sizeof(disk->current));
		disk->current_count = disk->durable_count;
	}
	for (size_t i = 0; i < disk->count; i++) {
		struct disk_file *file = &disk->files[i];
		size_t extra = file->content.size > file->synced ? file->content.size - file->synced : 0;
		if (loss == LOSE_ALL) {
			file->content.size -= extra;
		} else if (loss != KEEP_ALL && extra > 0) {
			file->content.size -= extra / 2;
			if (loss == KEEP_GARBAGE) {
				file->content.data[file->content.size - 1] ^= 0x40;
			}
		}
		file->synced = file->content.size;
	}
	disk->dead = false;
	disk->calls_left = -1;
}

static void disk_finish(struct disk *disk)
{
	for (size_t i = 0; i < disk->count; i++) {
		base_buffer_finish(&disk->files[i].content);
	}
	free(disk);
}

static struct lease_journal_io disk_io(struct disk *disk)
{
	return (struct lease_journal_io){
		.context = disk,
		.list = disk_list,
		.read = disk_read,
		.create = disk_create,
		.open = disk_open,
		.write = disk_write,
		.sync = disk_sync,
		.truncate = disk_truncate,
		.rename = disk_rename,
		.sync_folder = disk_sync_folder,
		.close = disk_close,
	};
}

/** Payloads seen while reading back: the numbers in them. */
struct seen {
	unsigned last;
	size_t count;
};

static bool see(void *context, const struct lease_record *record, struct lane_error *err)
{
	(void)err;
	struct seen *seen = context;
	char text[16] = "";
	assert_true(record->payload_size < sizeof(text));
	memcpy(text, record->payload, record->payload_size);
	unsigned number = (unsigned)strtoul(text, NULL, 10);
	assert_true(seen->count == 0 || number == seen->last + (record->type == 3));
	seen->last = number;
	seen->count++;
	return true;
}

/** Writes numbers until the power is gone; the last that was acknowledged. */
static unsigned write_numbers(struct lease_journal *journal, unsigned from)
{
	unsigned acknowledged = from;
	for (unsigned number = from + 1; number <= from + RECORDS; number++) {
		BASE_FREE char *text = base_format("%u", number);
		struct lease_record record = {.type = 3, .payload = text, .payload_size = strlen(text)};
		lease_journal_append(journal, &record);
		if (!lease_journal_commit(journal, NULL)) {
			assert_false(lease_journal_commit(journal, NULL));
			return acknowledged;
		}
		acknowledged = number;
		if (number % ROTATE_AT == 0) {
			struct lease_record snapshot = {
				.type = 2, .payload = text, .payload_size = strlen(text)};
			if (!lease_journal_rotate(journal, &snapshot, NULL)) {
				return acknowledged;
			}
		}
	}
	return acknowledged;
}

static void no_crash_loses_what_was_acknowledged(void **state)
{
	(void)state;
	bool survived = false;
	for (long calls = 0; !survived; calls++) {
		for (enum loss loss = LOSE_ALL; loss < LOSSES; loss++) {
			struct disk *disk = base_alloc(1, sizeof(*disk));
			struct lease_journal_io io = disk_io(disk);
			struct seen seen = {.count = 0};
			LANE_ERROR_AUTO err = LANE_ERROR_INIT;
			disk->calls_left = calls;
			struct lease_journal *journal = lease_journal_open(&io, false, see, &seen, &err);
			assert_non_null(journal);
			unsigned acknowledged = write_numbers(journal, 0);
			lease_journal_close(journal);
			survived = !disk->dead;
			crash(disk, loss);
			seen = (struct seen){.count = 0};
			journal = lease_journal_open(&io, false, see, &seen, &err);
			if (journal == NULL) {
				print_error("call %ld, loss %d: %s\n", calls, (int)loss, lane_error_message(&err));
			}
			assert_non_null(journal);
			assert_true(seen.last >= acknowledged);
			assert_true(seen.last <= acknowledged + 1);
			/* It goes on from there, and all of it is one sound chain. */
			assert_int_equal(write_numbers(journal, seen.last), seen.last + RECORDS);
			assert_true(lease_journal_checkpoint(journal, NULL));
			lease_journal_close(journal);
			struct lease_journal_report report;
			if (!lease_journal_verify(&io, &report, &err)) {
				print_error("call %ld, loss %d: %s\n", calls, (int)loss, lane_error_message(&err));
				fail();
			}
			disk_finish(disk);
		}
	}
}

static void fill(struct disk *disk)
{
	struct lease_journal_io io = disk_io(disk);
	struct seen seen = {.count = 0};
	disk->calls_left = -1;
	struct lease_journal *journal = lease_journal_open(&io, false, see, &seen, NULL);
	assert_int_equal(write_numbers(journal, 0), RECORDS);
	assert_true(lease_journal_checkpoint(journal, NULL));
	lease_journal_close(journal);
}

static struct base_buffer *newest(struct disk *disk)
{
	size_t at = find(disk, "journal-0000000000000008");
	assert_true(at < disk->current_count);
	return &disk->files[disk->current[at].file].content;
}

/** Whatever byte is changed, verify says so, and opening never takes a damaged record. */
static void every_changed_byte_is_found(void **state)
{
	(void)state;
	struct disk *disk = base_alloc(1, sizeof(*disk));
	fill(disk);
	struct lease_journal_io io = disk_io(disk);
	struct lease_journal_report report;
	assert_true(lease_journal_verify(&io, &report, NULL));
	assert_int_equal(report.files, 2);
	assert_int_equal(report.last.seq, RECORDS + 1);
	struct base_buffer *bytes = newest(disk);
	for (size_t i = 0; i < bytes->size; i++) {
		bytes->data[i] ^= 1;
		assert_false(lease_journal_verify(&io, &report, NULL));
		bytes->data[i] ^= 1;
	}
	for (size_t size = 0; size < bytes->size; size++) {
		size_t whole = bytes->size;
		bytes->size = size;
		assert_false(lease_journal_verify(&io, &report, NULL));
		bytes->size = whole;
	}
	assert_true(lease_journal_verify(&io, &report, NULL));
	disk_finish(disk);
}

static void damage_before_sound_records_is_not_cut(void **state)
{
	(void)state;
	struct disk *disk = base_alloc(1, sizeof(*disk));
	fill(disk);
	struct lease_journal_io io = disk_io(disk);
	struct seen seen = {.count = 0};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct base_buffer *bytes = newest(disk);
	bytes->data[150] ^= 1;
	assert_null(lease_journal_open(&io, false, see, &seen, &err));
	assert_string_equal(err.code, "JOURNAL_DAMAGED");
	seen = (struct seen){.count = 0};
	struct lease_journal *journal = lease_journal_open(&io, true, see, &seen, &err);
	assert_non_null(journal);
	assert_int_equal(seen.count, 1);
	lease_journal_close(journal);
	disk_finish(disk);
}

static struct base_json parse(const char *text)
{
	struct base_json json = {.name = NULL};
	assert_true(base_json_parse("payload", text, strlen(text), &json, NULL));
	return json;
}

static bool apply(struct lease_ledger *ledger, uint32_t type, const char *text)
{
	BASE_JSON_AUTO payload = parse(text);
	return lease_ledger_apply(ledger, type, &payload, NULL);
}

#define LEASE_TEXT(state)                                                                          \
	"{\"gpu\":\"GPU-0\",\"lease\":7,\"epoch\":9,\"state\":\"" state "\",\"end\":\"\","             \
	"\"subject\":\"queen\",\"mem_mb\":64,\"streams\":1,\"ttl_s\":60,\"priority\":0,"               \
	"\"exclusive\":false,\"keep\":true,\"expires_wall_ms\":1060000,\"expires_boot_ms\":560000,"    \
	"\"boot_id\":\"one\"}"

static void a_snapshot_says_what_the_records_said(void **state)
{
	(void)state;
	struct lease_ledger ledger = {.gpu_count = 0};
	assert_true(apply(&ledger, LEASE_RECORD_START, "{\"version\":\"1\",\"boot_id\":\"one\"}"));
	assert_true(apply(&ledger, LEASE_RECORD_LEASE, LEASE_TEXT("ACTIVE")));
	assert_true(apply(&ledger, LEASE_RECORD_JOB,
		"{\"gpu\":\"GPU-0\",\"job\":\"a\",\"subject\":\"queen\",\"state\":\"QUEUED\"}"));
	assert_true(apply(&ledger, LEASE_RECORD_REVOKE, "{\"ticket\":\"t1\"}"));
	BASE_JSON_FREE cJSON *snapshot = lease_ledger_snapshot(&ledger);
	BASE_BUFFER_AUTO before = BASE_BUFFER_INIT;
	base_json_write(snapshot, 0, &before);
	struct lease_ledger again = {.gpu_count = 0};
	assert_true(apply(&again, LEASE_RECORD_SNAPSHOT, before.data));
	BASE_JSON_FREE cJSON *second = lease_ledger_snapshot(&again);
	BASE_BUFFER_AUTO after = BASE_BUFFER_INIT;
	base_json_write(second, 0, &after);
	assert_string_equal(before.data, after.data);
	assert_int_equal(lease_ledger_gpu(&again, "GPU-0")->next_epoch, 10);
	assert_int_equal(again.job_count, 1);
	assert_true(lease_ledger_is_revoked(&again, "t1"));
	/* Ended ones are gone, their counters stay. */
	assert_true(apply(&again, LEASE_RECORD_LEASE, LEASE_TEXT("ENDED")));
	assert_null(lease_ledger_lease(&again, "GPU-0", 7));
	assert_int_equal(lease_ledger_gpu(&again, "GPU-0")->next_lease, 8);
	lease_ledger_finish(&ledger);
	lease_ledger_finish(&again);
}

static void senseless_records_change_nothing(void **state)
{
	(void)state;
	static const struct {
		uint32_t type;
		const char *text;
	} bad[] = {
		{0, "{}"},
		{99, "{}"},
		{LEASE_RECORD_LEASE, "{}"},
		{LEASE_RECORD_LEASE, "[]"},
		{LEASE_RECORD_LEASE, LEASE_TEXT("SLEEPING")},
		{LEASE_RECORD_JOB, "{\"gpu\":1,\"job\":\"a\",\"subject\":\"q\",\"state\":\"OK\"}"},
		{LEASE_RECORD_SNAPSHOT,
			"{\"boot_id\":\"x\",\"gpus\":[],\"leases\":[{}],\"jobs\":[],"
			"\"revoked\":[]}"},
		{LEASE_RECORD_REVOKE, "{\"ticket\":\"a\",\"more\":1}"},
	};
	struct lease_ledger ledger = {.gpu_count = 0};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(apply(&ledger, bad[i].type, bad[i].text));
		assert_int_equal(ledger.gpu_count + ledger.lease_count + ledger.job_count, 0);
	}
	lease_ledger_finish(&ledger);
}

static void a_restart_never_makes_a_lease_longer(void **state)
{
	(void)state;
	struct lease_ledger ledger = {.gpu_count = 0};
	apply(&ledger, LEASE_RECORD_START, "{\"version\":\"1\",\"boot_id\":\"one\"}");
	apply(&ledger, LEASE_RECORD_LEASE, LEASE_TEXT("ACTIVE"));
	const struct lease_ledger_lease *lease = lease_ledger_lease(&ledger, "GPU-0", 7);
	const uint64_t s = 1000000000;
	/* 20 s later by both clocks; then the wall clock is set back, ahead; then another boot. */
	assert_int_equal(lease_ledger_remaining_ns(&ledger, lease, 520 * s, 1020000), 40 * s);
	assert_int_equal(lease_ledger_remaining_ns(&ledger, lease, 520 * s, 0), 40 * s);
	assert_int_equal(lease_ledger_remaining_ns(&ledger, lease, 520 * s, 1050000), 10 * s);
	assert_int_equal(lease_ledger_remaining_ns(&ledger, lease, 560 * s, 0), 0);
	apply(&ledger, LEASE_RECORD_START, "{\"version\":\"1\",\"boot_id\":\"two\"}");
	assert_int_equal(lease_ledger_remaining_ns(&ledger, lease, 5 * s, 1020000), 40 * s);
	assert_int_equal(lease_ledger_remaining_ns(&ledger, lease, 5 * s, 0), 60 * s);
	assert_int_equal(lease_ledger_remaining_ns(&ledger, lease, 5 * s, 2000000), 0);
	lease_ledger_finish(&ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("journal@no-crash-loses-what-was-acknowledged", no_crash_loses_what_was_acknowledged),
		NAMED("journal@every-changed-byte-is-found", every_changed_byte_is_found),
		NAMED("journal@damage-before-sound-records-is-not-cut",
			damage_before_sound_records_is_not_cut),
		NAMED(
			"ledger@a-snapshot-says-what-the-records-said", a_snapshot_says_what_the_records_said),
		NAMED("ledger@senseless-records-change-nothing", senseless_records_change_nothing),
		NAMED("ledger@a-restart-never-makes-a-lease-longer", a_restart_never_makes_a_lease_longer),
	};
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
