/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_JOURNAL_H
#define LEASE_JOURNAL_H

#include "base/error.h"
#include "lease/record.h"

#include <stdbool.h>

/**
 * An append-only, hash-chained file of records, write-ahead log and audit log in one. It lies in a
 * folder as files named journal-<seq of the first record, 16 hex digits>; the one with the highest
 * number is written to and begins with a snapshot, so that nothing before it is needed to go on:
 * the oldest files go when there are more than the limit, and the chain is checked from what is
 * left. `checkpoint` names a record that was on disk: what ends before it has been cut.
 *
 * Records are appended to memory and written together by lease_journal_commit, which returns once
 * they are on disk. After a write or sync that failed nothing is known of the file any more (the
 * kernel may have dropped the pages): every later commit fails too, and the caller has to stop.
 */
struct lease_journal;

/**
 * What the journal does to its folder. Names have no slash. Functions return false with errno set.
 * lease_journal_folder fills one for a real folder; tests have one that crashes.
 */
struct lease_journal_io {
	void *context;
	/** Calls `visit` for each name in the folder, in any order. */
	bool (*list)(void *context, void (*visit)(void *visitor, const char *name), void *visitor);
	/** Reads a whole file of at most `size_max` bytes (EFBIG beyond). */
	bool (*read)(void *context, const char *name, size_t size_max, struct base_buffer *out);
	/** Makes a file empty, making it when it is not there; *file is open for appending. */
	bool (*create)(void *context, const char *name, int *file);
	/** Opens a file for appending. */
	bool (*open)(void *context, const char *name, int *file);
	/** Appends with one write(2); false when not all was written. */
	bool (*write)(void *context, int file, const void *bytes, size_t size);
	/** Returns once the file's content is on disk. */
	bool (*sync)(void *context, int file);
	bool (*truncate)(void *context, int file, uint64_t size);
	bool (*rename)(void *context, const char *from, const char *to);
	bool (*remove)(void *context, const char *name);
	/** Returns once the folder's names are on disk. */
	bool (*sync_folder)(void *context);
	void (*close)(void *context, int file);
};

/** Opens a folder (made with mode 0700 when only it is missing) and locks it: one writer. Errors:
 * JOURNAL_FAILED. `lock` false: for reading only. */
bool lease_journal_folder(
	const char *path, bool lock, struct lease_journal_io *io, struct lane_error *err);
void lease_journal_folder_close(struct lease_journal_io *io);

/** Where the chain stands. */
struct lease_journal_place {
	/** Of the last record; 0: there is none. */
	uint64_t seq;
	uint8_t hash[BASE_SHA256_SIZE];
};

/** Called for each record, oldest first; false with the error when it makes no sense. */
typedef bool lease_journal_visit(
	void *context, const struct lease_record *record, struct lane_error *err);

/**
 * Opens the newest file and visits its records. A torn tail, which a crash leaves, is cut; damage
 * with an undamaged record behind it is not, unless `repair` says so. Errors: JOURNAL_DAMAGED,
 * JOURNAL_FAILED, those of `visit`. NULL on failure. `io` is copied.
 */
struct lease_journal *lease_journal_open(const struct lease_journal_io *io, bool repair,
	lease_journal_visit *visit, void *context, struct lane_error *err);
/** How large a file becomes before it is full, and how many are kept. */
struct lease_journal_limits {
	uint64_t file_bytes;
	size_t files;
};
/** 16 MiB and 16 files. */
extern const struct lease_journal_limits lease_journal_limits_default;
void lease_journal_limit(struct lease_journal *journal, const struct lease_journal_limits *limits);

/** Closes the file; what was not committed is lost. */
void lease_journal_close(struct lease_journal *journal);

/** Appends a record, in memory. Time and chain are filled in; `record` gets seq and hash. */
void lease_journal_append(struct lease_journal *journal, struct lease_record *record);
/** Writes what was appended and returns when it is on disk. Errors: JOURNAL_FAILED. */
bool lease_journal_commit(struct lease_journal *journal, struct lane_error *err);
/** Whether the file has grown enough for lease_journal_rotate. */
bool lease_journal_is_full(const struct lease_journal *journal);
/** Begins a new file with this snapshot, on disk when it returns, and removes the oldest files.
 * Nothing may be uncommitted. Errors: JOURNAL_FAILED. */
bool lease_journal_rotate(
	struct lease_journal *journal, struct lease_record *snapshot, struct lane_error *err);
/** Writes the checkpoint for what is committed. Errors: JOURNAL_FAILED. */
bool lease_journal_checkpoint(struct lease_journal *journal, struct lane_error *err);
struct lease_journal_place lease_journal_place(const struct lease_journal *journal);

/** What lease_journal_verify has seen. */
struct lease_journal_report {
	uint64_t first_seq, count;
	size_t files;
	struct lease_journal_place last;
	/** Of the checkpoint file; seq 0: there is none. */
	struct lease_journal_place checkpoint;
};

/**
 * Reads all files and checks every record, the chain from file to file, and that the checkpoint is
 * part of it. Errors: JOURNAL_DAMAGED with the place, JOURNAL_FAILED. `report` is filled as far as
 * it went.
 */
bool lease_journal_verify(
	const struct lease_journal_io *io, struct lease_journal_report *report, struct lane_error *err);

/** How lease_journal_scan ended. */
struct lease_journal_scan {
	/** Bytes of good records from the beginning. */
	size_t good_size;
	size_t count;
	/** After the last good record. */
	struct lease_journal_place place;
	/** An undamaged record lies behind the damage that was written at another time. */
	bool more;
};
/**
 * Visits the records in the bytes of one file. `*start` is what the chain stands at before it; seq
 * 0 takes the first record as it is. False only when `visit` failed.
 */
bool lease_journal_scan(const uint8_t *bytes, size_t size, const struct lease_journal_place *start,
	lease_journal_visit *visit, void *context, struct lease_journal_scan *scan,
	struct lane_error *err);

#endif
