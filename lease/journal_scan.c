/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/journal.h"

#include <string.h>

/**
 * Records looked at behind damage, at most: a hash each. A file that holds more beginnings of
 * records than that behind a bad one was not left by a crash.
 */
enum { PROBES_MAX = 4096 };

/**
 * Whether an undamaged record follows that was not written together with the damaged one, whose
 * number would be `seq`. What was written together may reach the disk in any order: a crash can
 * leave the end of it whole and not its beginning, and none of it was acknowledged.
 */
static bool record_follows(const uint8_t *bytes, size_t size, uint64_t seq)
{
	const uint8_t *at = bytes;
	const uint8_t *end = bytes + size;
	for (unsigned probes = 0; at < end; probes++) {
		at = memmem(at + 1, (size_t)(end - at) - 1, "GLJ1", 4);
		if (at == NULL) {
			return false;
		}
		struct lease_record record;
		if (probes == PROBES_MAX ||
			(lease_record_decode(at, (size_t)(end - at), &record) > 0 &&
				(record.seq <= seq || record.seq - record.place > seq))) {
			return true;
		}
	}
	return false;
}

/** Whether this record comes next in the chain. */
static bool continues(const struct lease_journal_place *place, const struct lease_record *record)
{
	return place->seq == 0 ||
		(record->seq == place->seq + 1 &&
			memcmp(record->previous, place->hash, sizeof(place->hash)) == 0);
}

bool lease_journal_scan(const uint8_t *bytes, size_t size, const struct lease_journal_place *start,
	lease_journal_visit *visit, void *context, struct lease_journal_scan *scan,
	struct lane_error *err)
{
	*scan = (struct lease_journal_scan){.place = *start};
	struct lease_record record;
	for (size_t got; scan->good_size < size; scan->good_size += got) {
		const uint8_t *at = bytes + scan->good_size;
		got = lease_record_decode(at, size - scan->good_size, &record);
		if (got == 0 || !continues(&scan->place, &record)) {
			scan->more = got > 0 || record_follows(at, size - scan->good_size, scan->place.seq + 1);
			return true;
		}
		if (visit != NULL && !visit(context, &record, err)) {
			return false;
		}
		scan->place.seq = record.seq;
		memcpy(scan->place.hash, record.hash, sizeof(record.hash));
		scan->count++;
	}
	return true;
}
