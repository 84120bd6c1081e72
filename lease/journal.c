/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/journal_names.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/** Records between two checkpoints. */
	CHECKPOINT_EVERY = 256,
};

const struct lease_journal_limits lease_journal_limits_default = {
	.file_bytes = 16 << 20, .files = 16};

static const char name_new[] = "journal.new";
static const char name_checkpoint_new[] = "checkpoint.new";

struct lease_journal {
	struct lease_journal_io io;
	struct lease_journal_limits limits;
	int file;
	/** Bytes in the file, and in the snapshot that it begins with. */
	uint64_t size, snapshot_size;
	/** After the last record appended, and after the last committed. */
	struct lease_journal_place place, committed;
	uint64_t checkpoint_seq;
	struct base_buffer pending;
	/** Records in it. */
	uint64_t pending_count;
	bool failed;
};

static bool io_failed(const char *what, struct lane_error *err)
{
	return lane_error_set_errno(err, "JOURNAL_FAILED", errno, "%s", what);
}

/** Makes a file of this content under its name, all on disk, or not at all. *file stays open. */
static bool put_file(struct lease_journal *journal, const char *temporary, const char *name,
	const struct base_buffer *content, int *file, struct lane_error *err)
{
	const struct lease_journal_io *io = &journal->io;
	if (!io->create(io->context, temporary, file)) {
		return io_failed(temporary, err);
	}
	if (!io->write(io->context, *file, content->data, content->size) ||
		!io->sync(io->context, *file) || !io->rename(io->context, temporary, name) ||
		!io->sync_folder(io->context)) {
		io_failed(name, err);
		io->close(io->context, *file);
		return false;
	}
	return true;
}

static void chain(struct lease_journal *journal, struct lease_record *record)
{
	record->seq = journal->place.seq + 1;
	record->boottime_ns = base_clock_boottime_ns();
	record->wall_ms = base_clock_wall_ms();
	memcpy(record->previous, journal->place.hash, sizeof(record->previous));
}

static void advance_place(struct lease_journal *journal, const struct lease_record *record)
{
	journal->place.seq = record->seq;
	memcpy(journal->place.hash, record->hash, sizeof(record->hash));
}

/** Cuts what a crash has left behind the last good record. */
static bool cut_tail(struct lease_journal *journal, const char *name, size_t size,
	const struct lease_journal_scan *scan, bool repair, struct lane_error *err)
{
	if (scan->more && !repair) {
		return lane_error_set(err, "JOURNAL_DAMAGED",
			"%s: record %llu at byte %zu is damaged, and sound ones follow: not the trace of a crash",
			name, (unsigned long long)scan->place.seq + 1, scan->good_size);
	}
	const struct lease_journal_io *io = &journal->io;
	if (scan->good_size < size &&
		(!io->truncate(io->context, journal->file, scan->good_size) ||
			!io->sync(io->context, journal->file))) {
		return io_failed(name, err);
	}
	journal->size = scan->good_size;
	journal->place = scan->place;
	journal->committed = scan->place;
	return true;
}

static bool open_file(struct lease_journal *journal, uint64_t first_seq, bool repair,
	lease_journal_visit *visit, void *context, struct lane_error *err)
{
	const struct lease_journal_io *io = &journal->io;
	char name[LEASE_JOURNAL_NAME_SIZE];
	lease_journal_name(first_seq, name);
	BASE_BUFFER_AUTO bytes = BASE_BUFFER_INIT;
	if (!io->read(io->context, name, LEASE_JOURNAL_FILE_MAX, &bytes)) {
		return io_failed(name, err);
	}
	struct lease_journal_scan scan;
	struct lease_record first = {.seq = 0};
	lease_record_decode((const uint8_t *)bytes.data, bytes.size, &first);
	if (first.seq != first_seq) {
		return lane_error_set(
			err, "JOURNAL_DAMAGED", "%s: does not begin with the record of its name", name);
	}
	if (!lease_journal_scan((const uint8_t *)bytes.data, bytes.size,
			&(struct lease_journal_place){.seq = 0}, visit, context, &scan, err)) {
		return lane_error_wrap(err, "%s", name);
	}
	if (!io->open(io->context, name, &journal->file)) {
		return io_failed(name, err);
	}
	return cut_tail(journal, name, bytes.size, &scan, repair, err);
}

struct lease_journal *lease_journal_open(const struct lease_journal_io *io, bool repair,
	lease_journal_visit *visit, void *context, struct lane_error *err)
{
	struct lease_journal *journal = base_alloc(1, sizeof(*journal));
	journal->io = *io;
	journal->limits = lease_journal_limits_default;
	journal->file = -1;
	struct lease_journal_names names = {.count = 0};
	bool good = lease_journal_names(io, &names) || io_failed("the folder", err);
	if (good && names.count > 0) {
		good = open_file(journal, names.seqs[names.count - 1], repair, visit, context, err);
	}
	free(names.seqs);
	if (!good) {
		lease_journal_close(journal);
		return NULL;
	}
	return journal;
}

void lease_journal_limit(struct lease_journal *journal, const struct lease_journal_limits *limits)
{
	journal->limits = *limits;
}

void lease_journal_close(struct lease_journal *journal)
{
	if (journal == NULL) {
		return;
	}
	if (journal->file >= 0) {
		journal->io.close(journal->io.context, journal->file);
	}
	base_buffer_finish(&journal->pending);
	free(journal);
}

void lease_journal_append(struct lease_journal *journal, struct lease_record *record)
{
	/* It could not be read back. */
	if (record->payload_size > LEASE_RECORD_PAYLOAD_MAX) {
		journal->failed = true;
		return;
	}
	chain(journal, record);
	record->place =
		(uint16_t)(journal->pending_count < UINT16_MAX ? journal->pending_count : UINT16_MAX);
	journal->pending_count++;
	lease_record_encode(record, &journal->pending);
	advance_place(journal, record);
}

/** The first file of a folder begins with whatever is committed first. */
static bool begin_file(struct lease_journal *journal, struct lane_error *err)
{
	char name[LEASE_JOURNAL_NAME_SIZE];
	lease_journal_name(journal->committed.seq + 1, name);
	return put_file(journal, name_new, name, &journal->pending, &journal->file, err);
}

static bool write_pending(struct lease_journal *journal, struct lane_error *err)
{
	const struct lease_journal_io *io = &journal->io;
	if (journal->file < 0) {
		return begin_file(journal, err);
	}
	return (io->write(io->context, journal->file, journal->pending.data, journal->pending.size) &&
			   io->sync(io->context, journal->file)) ||
		io_failed("the journal", err);
}

bool lease_journal_commit(struct lease_journal *journal, struct lane_error *err)
{
	if (journal->failed) {
		return lane_error_set(err, "JOURNAL_FAILED", "the journal failed before");
	}
	if (journal->pending.size == 0) {
		return true;
	}
	if (!write_pending(journal, err)) {
		journal->failed = true;
		return false;
	}
	journal->size += journal->pending.size;
	journal->committed = journal->place;
	base_buffer_clear(&journal->pending);
	journal->pending_count = 0;
	return journal->committed.seq < journal->checkpoint_seq + CHECKPOINT_EVERY ||
		lease_journal_checkpoint(journal, err);
}

bool lease_journal_is_full(const struct lease_journal *journal)
{
	/* A snapshot that fills a file alone must not be written again at every commit. */
	return journal->size >= journal->limits.file_bytes &&
		journal->size >= 2 * journal->snapshot_size;
}

/** Removes the oldest files, one after the other, so that a crash leaves no gap. */
static bool remove_oldest(struct lease_journal *journal, struct lane_error *err)
{
	const struct lease_journal_io *io = &journal->io;
	struct lease_journal_names names = {.count = 0};
	bool good = lease_journal_names(io, &names) || io_failed("the folder", err);
	for (size_t i = 0; good && names.count - i > journal->limits.files; i++) {
		char name[LEASE_JOURNAL_NAME_SIZE];
		lease_journal_name(names.seqs[i], name);
		good =
			(io->remove(io->context, name) && io->sync_folder(io->context)) || io_failed(name, err);
	}
	free(names.seqs);
	return good;
}

bool lease_journal_rotate(
	struct lease_journal *journal, struct lease_record *snapshot, struct lane_error *err)
{
	const struct lease_journal_io *io = &journal->io;
	BASE_BUFFER_AUTO bytes = BASE_BUFFER_INIT;
	char name[LEASE_JOURNAL_NAME_SIZE];
	int file = -1;
	if (journal->failed || snapshot->payload_size > LEASE_RECORD_PAYLOAD_MAX) {
		journal->failed = true;
		return lane_error_set(err, "JOURNAL_FAILED",
			"no snapshot: the journal failed before, or it would be too large");
	}
	chain(journal, snapshot);
	snapshot->place = 0;
	lease_record_encode(snapshot, &bytes);
	lease_journal_name(snapshot->seq, name);
	if (!put_file(journal, name_new, name, &bytes, &file, err)) {
		journal->failed = true;
		return false;
	}
	if (journal->file >= 0) {
		io->close(io->context, journal->file);
	}
	journal->file = file;
	journal->size = bytes.size;
	journal->snapshot_size = bytes.size;
	advance_place(journal, snapshot);
	journal->committed = journal->place;
	if (!lease_journal_checkpoint(journal, err)) {
		return false;
	}
	journal->failed = !remove_oldest(journal, err);
	return !journal->failed;
}

bool lease_journal_checkpoint(struct lease_journal *journal, struct lane_error *err)
{
	const struct lease_journal_io *io = &journal->io;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_buffer_print(&text, "%llu ", (unsigned long long)journal->committed.seq);
	for (size_t i = 0; i < sizeof(journal->committed.hash); i++) {
		base_buffer_print(&text, "%02x", journal->committed.hash[i]);
	}
	base_buffer_add(&text, "\n", 1);
	int file = -1;
	if (!put_file(journal, name_checkpoint_new, LEASE_JOURNAL_CHECKPOINT, &text, &file, err)) {
		journal->failed = true;
		return false;
	}
	io->close(io->context, file);
	journal->checkpoint_seq = journal->committed.seq;
	return true;
}

struct lease_journal_place lease_journal_place(const struct lease_journal *journal)
{
	return journal->committed;
}
