/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"
#include "lease_disk.h"

#include "base/memory.h"
#include "lease/journal.h"
#include "lease/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/** The journal over a folder in memory that loses power, or fails, at any call. */

/** Records that are written, and how many of them lie between two snapshots; of 1, 2, 3, 1, 2 ..
 * records is a commit. */
enum { RECORDS = 27, ROTATE_AT = 6, GROUP_MAX = 3, FILES_KEPT = 3 };

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

/** Writes numbers until a call fails; the last that was acknowledged. */
static unsigned write_numbers(struct lease_journal *journal, unsigned from)
{
	unsigned acknowledged = from;
	unsigned group = 1;
	unsigned pending = 0;
	lease_journal_limit(
		journal, &(struct lease_journal_limits){.file_bytes = 1, .files = FILES_KEPT});
	for (unsigned number = from + 1; number <= from + RECORDS; number++) {
		BASE_FREE char *text = base_format("%u", number);
		struct lease_record record = {.type = 3, .payload = text, .payload_size = strlen(text)};
		lease_journal_append(journal, &record);
		if (++pending < group) {
			continue;
		}
		if (!lease_journal_commit(journal, NULL)) {
			/* Whatever works again after it. */
			assert_false(lease_journal_commit(journal, NULL));
			return acknowledged;
		}
		pending = 0;
		group = group % GROUP_MAX + 1;
		acknowledged = number;
		if (number % ROTATE_AT == 0) {
			struct lease_record snapshot = {
				.type = 2, .payload = text, .payload_size = strlen(text)};
			if (!lease_journal_rotate(journal, &snapshot, NULL)) {
				assert_false(lease_journal_commit(journal, NULL));
				return acknowledged;
			}
		}
	}
	return acknowledged;
}

/** After what has happened: what was acknowledged is there, it goes on from there, and all of it is
 * one sound chain. */
static void check_after(
	const struct lease_journal_io *io, unsigned acknowledged, const char *what, long calls)
{
	struct seen seen = {.count = 0};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_journal *journal = lease_journal_open(io, false, see, &seen, &err);
	if (journal == NULL) {
		fail_msg("%s, call %ld: %s", what, calls, lane_error_message(&err));
	}
	if (seen.last < acknowledged || seen.last >= acknowledged + GROUP_MAX + 1) {
		fail_msg(
			"%s, call %ld: %u was acknowledged, %u is there", what, calls, acknowledged, seen.last);
	}
	assert_int_equal(write_numbers(journal, seen.last), seen.last + RECORDS);
	assert_true(lease_journal_checkpoint(journal, NULL));
	lease_journal_close(journal);
	struct lease_journal_report report;
	if (!lease_journal_verify(io, &report, &err)) {
		fail_msg("%s, call %ld: %s", what, calls, lane_error_message(&err));
	}
	assert_in_range(report.files, 1, FILES_KEPT);
}

/** One history in which call number `calls` fails: with the power, or once and alone. */
static bool history(long calls, enum disk_loss loss, bool once)
{
	struct disk *disk = base_alloc(1, sizeof(*disk));
	struct lease_journal_io io = disk_io(disk);
	struct seen seen = {.count = 0};
	disk->calls_left = calls;
	disk->once = once;
	struct lease_journal *journal = lease_journal_open(&io, false, see, &seen, NULL);
	assert_non_null(journal);
	unsigned acknowledged = write_numbers(journal, 0);
	lease_journal_close(journal);
	bool survived = disk->calls_left > 0;
	disk_crash(disk, loss);
	check_after(&io, acknowledged, once ? "a failure" : "a crash", 100 * calls + (long)loss);
	disk_destroy(disk);
	return survived;
}

static void no_crash_loses_what_was_acknowledged(void **state)
{
	(void)state;
	bool survived = false;
	for (long calls = 0; !survived; calls++) {
		for (enum disk_loss loss = DISK_LOSE_ALL; loss < DISK_LOSSES; loss++) {
			survived = history(calls, loss, false);
		}
	}
}

/** The disk works again after it, and the kernel may have dropped what it could not write. */
static void no_failed_call_loses_what_was_acknowledged(void **state)
{
	(void)state;
	static const enum disk_loss losses[] = {DISK_LOSE_ALL, DISK_KEEP_ALL};
	bool survived = false;
	for (long calls = 0; !survived; calls++) {
		for (size_t i = 0; i < 2; i++) {
			survived = history(calls, losses[i], true);
		}
	}
}

/** Allocations until one fails; -1: none does. */
static long allocations_left = -1;

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool allocation_fails(void)
{
	if (allocations_left == 0) {
		return true;
	}
	allocations_left -= allocations_left > 0;
	return false;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(memory, size);
}

/** In a child: writes until memory runs out, and tells how far it came. */
_Noreturn static void write_until_memory_ends(const char *folder, int told, long allocations)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	close(STDERR_FILENO);
	struct lease_journal_io io;
	struct seen seen = {.count = 0};
	if (!lease_journal_folder(folder, true, &io, NULL)) {
		_exit(2);
	}
	allocations_left = allocations;
	struct lease_journal *journal = lease_journal_open(&io, false, see, &seen, NULL);
	lease_journal_limit(
		journal, &(struct lease_journal_limits){.file_bytes = 1, .files = FILES_KEPT});
	for (unsigned number = seen.last + 1; number <= RECORDS; number++) {
		BASE_FREE char *text = base_format("%u", number);
		struct lease_record record = {.type = 3, .payload = text, .payload_size = strlen(text)};
		lease_journal_append(journal, &record);
		if (!lease_journal_commit(journal, NULL) ||
			(number % ROTATE_AT == 0 &&
				!lease_journal_rotate(journal,
					&(struct lease_record){
						.type = 2, .payload = text, .payload_size = strlen(text)},
					NULL)) ||
			write(told, &number, sizeof(number)) != (ssize_t)sizeof(number)) {
			_exit(2);
		}
	}
	_exit(0);
}

static void take_away(void *visitor, const char *name)
{
	BASE_FREE char *path = base_format("%s/%s", (const char *)visitor, name);
	unlink(path);
}

static void no_allocation_that_fails_loses_what_was_acknowledged(void **state)
{
	(void)state;
	bool survived = false;
	for (long allocations = 0; !survived; allocations++) {
		char folder[] = "/tmp/lease-journal-XXXXXX";
		int told[2];
		assert_non_null(mkdtemp(folder));
		assert_int_equal(pipe(told), 0);
		pid_t child = fork();
		if (child == 0) {
			write_until_memory_ends(folder, told[1], allocations);
		}
		close(told[1]);
		unsigned acknowledged = 0;
		while (read(told[0], &acknowledged, sizeof(acknowledged)) > 0) {}
		close(told[0]);
		int status = 0;
		assert_int_equal(waitpid(child, &status, 0), child);
		survived = WIFEXITED(status);
		assert_true(survived ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGABRT);
		assert_true(!survived || acknowledged == RECORDS);
		struct lease_journal_io io;
		assert_true(lease_journal_folder(folder, true, &io, NULL));
		check_after(&io, acknowledged, "without memory", allocations);
		io.list(io.context, take_away, folder);
		lease_journal_folder_close(&io);
		rmdir(folder);
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

/** The file with the last snapshot, which follows all numbers. */
static struct base_buffer *newest(struct disk *disk)
{
	struct lease_journal_io io = disk_io(disk);
	struct seen seen = {.count = 0};
	struct lease_journal *journal = lease_journal_open(&io, false, see, &seen, NULL);
	uint64_t first = lease_journal_place(journal).seq - seen.count + 1;
	BASE_FREE char *name = base_format("journal-%016llx", (unsigned long long)first);
	lease_journal_close(journal);
	struct base_buffer *content = disk_content(disk, name);
	assert_non_null(content);
	return content;
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
	assert_int_equal(report.files, FILES_KEPT);
	assert_int_equal(report.last.seq, RECORDS + RECORDS / ROTATE_AT);
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
	disk_destroy(disk);
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
	disk_destroy(disk);
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
		assert_int_equal(ledger.gpu_count + ledger.job_count, 0);
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
		NAMED("journal@no-failed-call-loses-what-was-acknowledged",
			no_failed_call_loses_what_was_acknowledged),
		NAMED("journal@no-allocation-that-fails-loses-what-was-acknowledged",
			no_allocation_that_fails_loses_what_was_acknowledged),
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
