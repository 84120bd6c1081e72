/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/journal_names.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKPOINT_SIZE_MAX = 256 };

static bool io_failed(const char *what, struct lane_error *err)
{
	return lane_error_set_errno(err, "JOURNAL_FAILED", errno, "%s", what);
}

/** "<seq> <64 hex digits>\n". */
static bool parse_checkpoint(const char *text, struct lease_journal_place *place)
{
	size_t digits = strspn(text, "0123456789");
	const char *hex = text + digits + 1;
	size_t hex_size = 2 * sizeof(place->hash);
	if (digits == 0 || digits > 19 || text[digits] != ' ' ||
		strspn(hex, "0123456789abcdef") != hex_size || strcmp(hex + hex_size, "\n") != 0) {
		return false;
	}
	place->seq = strtoull(text, NULL, 10);
	for (size_t i = 0; i < sizeof(place->hash); i++) {
		char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
		place->hash[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return place->seq > 0;
}

static bool read_checkpoint(
	const struct lease_journal_io *io, struct lease_journal_place *place, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (!io->read(io->context, LEASE_JOURNAL_CHECKPOINT, CHECKPOINT_SIZE_MAX, &text)) {
		return errno == ENOENT || io_failed(LEASE_JOURNAL_CHECKPOINT, err);
	}
	return parse_checkpoint(text.data != NULL ? text.data : "", place) ||
		lane_error_set(
			err, "JOURNAL_DAMAGED", "%s: not a number and a hash", LEASE_JOURNAL_CHECKPOINT);
}

struct verification {
	struct lease_journal_report *report;
	bool checkpoint_seen;
};

static bool see_record(void *context, const struct lease_record *record, struct lane_error *err)
{
	struct verification *verification = context;
	const struct lease_journal_place *checkpoint = &verification->report->checkpoint;
	if (record->seq == checkpoint->seq) {
		verification->checkpoint_seen = true;
		if (memcmp(record->hash, checkpoint->hash, sizeof(record->hash)) != 0) {
			return lane_error_set(err, "JOURNAL_DAMAGED",
				"record %llu is not the one that the checkpoint names: rewritten",
				(unsigned long long)record->seq);
		}
	}
	return true;
}

static bool verify_file(const struct lease_journal_io *io, uint64_t first_seq,
	struct verification *verification, struct lane_error *err)
{
	struct lease_journal_report *report = verification->report;
	char name[LEASE_JOURNAL_NAME_SIZE];
	lease_journal_name(first_seq, name);
	if (report->files > 0 && first_seq != report->last.seq + 1) {
		return lane_error_set(err, "JOURNAL_DAMAGED", "%s: records %llu to %llu are missing", name,
			(unsigned long long)report->last.seq + 1, (unsigned long long)first_seq - 1);
	}
	BASE_BUFFER_AUTO bytes = BASE_BUFFER_INIT;
	if (!io->read(io->context, name, LEASE_JOURNAL_FILE_MAX, &bytes)) {
		return io_failed(name, err);
	}
	struct lease_record first = {.seq = 0};
	lease_record_decode((const uint8_t *)bytes.data, bytes.size, &first);
	if (bytes.size >= LEASE_RECORD_FRAME_SIZE && first.seq != 0 && first.seq != first_seq) {
		return lane_error_set(
			err, "JOURNAL_DAMAGED", "%s: does not begin with the record of its name", name);
	}
	struct lease_journal_scan scan;
	bool sound = lease_journal_scan((const uint8_t *)bytes.data, bytes.size, &report->last,
		see_record, verification, &scan, err);
	report->last = scan.place;
	report->count += scan.count;
	report->files++;
	if (!sound) {
		return lane_error_wrap(err, "%s", name);
	}
	if (scan.good_size < bytes.size || scan.count == 0) {
		return lane_error_set(err, "JOURNAL_DAMAGED", "%s: record %llu at byte %zu is damaged%s",
			name, (unsigned long long)(scan.count > 0 ? scan.place.seq + 1 : first_seq),
			scan.good_size, scan.more ? "" : ", nothing sound follows");
	}
	return true;
}

bool lease_journal_verify(
	const struct lease_journal_io *io, struct lease_journal_report *report, struct lane_error *err)
{
	*report = (struct lease_journal_report){.count = 0};
	struct verification verification = {.report = report};
	struct lease_journal_names names = {.count = 0};
	bool good = (lease_journal_names(io, &names) || io_failed("the folder", err)) &&
		read_checkpoint(io, &report->checkpoint, err);
	if (good && names.count == 0) {
		good = lane_error_set(err, "JOURNAL_DAMAGED", "there is no journal");
	}
	if (good) {
		report->first_seq = names.seqs[0];
	}
	for (size_t i = 0; good && i < names.count; i++) {
		good = verify_file(io, names.seqs[i], &verification, err);
	}
	free(names.seqs);
	if (good && report->checkpoint.seq > 0 && !verification.checkpoint_seen) {
		good = lane_error_set(err, "JOURNAL_DAMAGED",
			"ends at record %llu, but record %llu was on disk: cut",
			(unsigned long long)report->last.seq, (unsigned long long)report->checkpoint.seq);
	}
	return good;
}
