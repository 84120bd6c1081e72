/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_JOURNAL_NAMES_H
#define LEASE_JOURNAL_NAMES_H

#include "lease/journal.h"

/** Private to the journal: the names in its folder. */

#define LEASE_JOURNAL_CHECKPOINT "checkpoint"

enum {
	/** "journal-", 16 digits, terminator. */
	LEASE_JOURNAL_NAME_SIZE = 8 + 16 + 1,
	/** Larger files are not ours. */
	LEASE_JOURNAL_FILE_MAX = 256 << 20,
};

/** Seqs that file names carry, ascending. */
struct lease_journal_names {
	uint64_t *seqs;
	size_t count;
};

/** The file that begins with this record. */
void lease_journal_name(uint64_t seq, char name[LEASE_JOURNAL_NAME_SIZE]);
/** Lists the files. Caller frees `seqs` in every case. */
bool lease_journal_names(const struct lease_journal_io *io, struct lease_journal_names *names);

#endif
