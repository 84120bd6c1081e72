/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_DISK_H
#define LEASE_DISK_H

#include "lease/journal.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * A folder in memory for the journal, which loses power, or fails, at any call. What was synced
 * stays; what was not is lost, torn, or written in another order. Names that were not synced are
 * kept or not.
 */

enum { DISK_FILES_MAX = 192, DISK_NAME_SIZE = 64 };

struct disk_file {
	struct base_buffer content;
	/** Bytes of it that are on disk. */
	size_t synced;
};

struct disk_name {
	char name[DISK_NAME_SIZE];
	size_t file;
};

struct disk {
	struct disk_file files[DISK_FILES_MAX];
	size_t count;
	/** Names as they are, and as they were when the folder was last synced. */
	struct disk_name current[DISK_FILES_MAX], durable[DISK_FILES_MAX];
	size_t current_count, durable_count;
	/** Calls that change something until one fails; -1: none does. */
	long calls_left;
	/** It fails once, and then works again, as if nothing had been. */
	bool once;
	/** The power is gone. */
	bool dead;
};

/** Takes nothing away from `disk`, which is not freed with it. */
struct lease_journal_io disk_io(struct disk *disk);
void disk_destroy(struct disk *disk);

/** What is left of what was not synced. */
enum disk_loss {
	/** Nothing, neither bytes nor names. */
	DISK_LOSE_ALL,
	/** The first half of the bytes. */
	DISK_KEEP_HALF,
	/** The same, with a wrong bit in it. */
	DISK_KEEP_GARBAGE,
	/** The second half of the bytes, zeros before it. */
	DISK_KEEP_TAIL,
	/** The names alone. */
	DISK_KEEP_NAMES,
	DISK_KEEP_ALL,
	DISK_LOSSES,
};
/** The power comes back. */
void disk_crash(struct disk *disk, enum disk_loss loss);

/** Content of the file with this name; NULL when there is none. */
struct base_buffer *disk_content(struct disk *disk, const char *name);

#endif
