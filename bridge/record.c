/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/record.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "lease/journal.h"

#include <stdlib.h>
#include <string.h>

enum { LOG_SIZE_MAX = 1 << 20 };

/** How long a note may stay in memory that nobody waits for: the next one takes it along. */
#define UNSEEN_NS UINT64_C(50000000)

const uint64_t bridge_commit_bounds_ns[BRIDGE_COMMIT_BUCKETS] = {500000, 1000000, 2500000, 5000000,
	10000000, 25000000, 50000000, 100000000, 250000000, 1000000000};

static const struct bridge_counts no_counts = {
	.outcomes = {{"OK", 0}, {"ERR TIMEOUT", 0}, {"ERR HASH", 0}, {"ERR INVALID", 0},
		{"ERR LIMIT", 0}, {"ERR DEVICE-LOST", 0}, {"ERR WORKER", 0}, {"ERR LEASE-EXPIRED", 0},
		{"ERR CANCELLED", 0}},
};

struct bridge_record {
	/** Of a folder; all zero without one. */
	struct lease_journal_io io;
	struct lease_journal *journal;
	struct lease_ledger ledger;
	struct bridge_stream log;
	struct bridge_counts counts;
	/** Since when something is noted that is not on disk yet; 0: all is. */
	uint64_t pending_ns;
};

static bool take_in(struct bridge_record *record, uint32_t type, const struct base_json *payload,
	struct lane_error *err)
{
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	bridge_record_line(type, payload->root, &record->ledger, &line);
	if (!lease_ledger_apply(&record->ledger, type, payload, err)) {
		return false;
	}
	if (line.size > 0) {
		bridge_stream_add(&record->log, line.data, line.size);
	}
	return true;
}

static bool replay(void *context, const struct lease_record *one, struct lane_error *err)
{
	BASE_FREE char *name = base_format("record %llu", (unsigned long long)one->seq);
	BASE_JSON_AUTO payload = {.name = NULL};
	return base_json_parse(name, one->payload, one->payload_size, &payload, err) &&
		take_in(context, one->type, &payload, err);
}

_Noreturn static void give_up(const struct lane_error *err)
{
	base_log(BASE_LOG_ERROR, "the journal cannot be written, stopping at once: %s",
		lane_error_message(err));
	abort();
}

/** Takes over `payload`. */
static void note(struct bridge_record *record, uint32_t type, cJSON *payload)
{
	BASE_JSON_FREE cJSON *root = payload;
	struct base_json json = {.root = root};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!take_in(record, type, &json, &err)) {
		give_up(&err);
	}
	if (record->journal != NULL) {
		BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
		base_json_write(root, 0, &text);
		struct lease_record one = {.type = type, .payload = text.data, .payload_size = text.size};
		lease_journal_append(record->journal, &one);
		record->pending_ns =
			record->pending_ns != 0 ? record->pending_ns : base_clock_boottime_ns();
	}
}

static void note_start(struct bridge_record *record)
{
	BASE_FREE char *boot_id = base_file_line("/proc/sys/kernel/random/boot_id");
	cJSON *start = base_json_new_object();
	base_json_add_string(start, "version", LANE_VERSION);
	base_json_add_string(start, "boot_id", boot_id != NULL ? boot_id : "unknown");
	note(record, LEASE_RECORD_START, start);
}

struct bridge_record *bridge_record_create(const char *state, bool repair, struct lane_error *err)
{
	struct bridge_record *record = base_alloc(1, sizeof(*record));
	record->log.size_max = LOG_SIZE_MAX;
	record->counts = no_counts;
	if (state != NULL) {
		bool open = lease_journal_folder(state, true, &record->io, err);
		record->journal =
			open ? lease_journal_open(&record->io, repair, replay, record, err) : NULL;
		if (record->journal == NULL) {
			lane_error_wrap(err, "%s", state);
			bridge_record_destroy(record);
			return NULL;
		}
	}
	note_start(record);
	bridge_record_commit(record);
	return record;
}

void bridge_record_destroy(struct bridge_record *record)
{
	if (record == NULL) {
		return;
	}
	if (record->journal != NULL) {
		note(record, LEASE_RECORD_STOP, base_json_new_object());
		bridge_record_commit(record);
		lease_journal_checkpoint(record->journal, NULL);
	}
	lease_journal_close(record->journal);
	lease_journal_folder_close(&record->io);
	lease_ledger_finish(&record->ledger);
	bridge_stream_finish(&record->log);
	free(record);
}

void bridge_record_lease(
	struct bridge_record *record, const char *gpu, const struct lease *lease, bool keep)
{
	if (record == NULL) {
		return;
	}
	const struct lease_moment now = {base_clock_boottime_ns(), base_clock_wall_ms()};
	note(record, LEASE_RECORD_LEASE, lease_ledger_record(&record->ledger, gpu, lease, keep, &now));
}

void bridge_record_job(struct bridge_record *record, const char *gpu, const char *job,
	const char *subject, const char *state)
{
	if (record == NULL) {
		return;
	}
	for (size_t i = 0; i < BRIDGE_OUTCOMES; i++) {
		record->counts.outcomes[i].jobs += strcmp(record->counts.outcomes[i].state, state) == 0;
	}
	cJSON *one = base_json_new_object();
	base_json_add_string(one, "gpu", gpu);
	base_json_add_string(one, "job", job);
	base_json_add_string(one, "subject", subject);
	base_json_add_string(one, "state", state);
	note(record, LEASE_RECORD_JOB, one);
}

void bridge_record_attach(struct bridge_record *record, const struct bridge_presented *presented)
{
	if (record == NULL) {
		return;
	}
	record->counts.tickets_good += presented->allowed;
	record->counts.tickets_refused += !presented->allowed;
	cJSON *one = base_json_new_object();
	base_json_add_bool(one, "allowed", presented->allowed);
	base_json_add_string(one, "role", presented->role != NULL ? presented->role : "none");
	base_json_add_string(one, "subject", presented->subject != NULL ? presented->subject : "none");
	base_json_add_string(one, "tid", presented->tid);
	if (presented->reason != NULL) {
		base_json_add_string(one, "reason", presented->reason);
	}
	note(record, LEASE_RECORD_ATTACH, one);
}

void bridge_record_revoke(struct bridge_record *record, const char *ticket, const char *by)
{
	if (record == NULL) {
		return;
	}
	cJSON *one = base_json_new_object();
	base_json_add_string(one, "ticket", ticket);
	base_json_add_string(one, "by", by);
	note(record, LEASE_RECORD_REVOKE, one);
}

void bridge_record_control(struct bridge_record *record, const struct bridge_control *control)
{
	if (record == NULL) {
		return;
	}
	cJSON *one = base_json_new_object();
	base_json_add_bool(one, "allowed", control->allowed);
	base_json_add_string(one, "role", control->role);
	base_json_add_string(one, "subject", control->subject);
	if (control->tid[0] != '\0') {
		base_json_add_string(one, "tid", control->tid);
	}
	base_json_add_string(one, "path", control->path);
	base_json_add_string(one, "verb", control->verb);
	note(record, LEASE_RECORD_CONTROL, one);
}

static bool rotate(struct bridge_record *record, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *snapshot = lease_ledger_snapshot(&record->ledger);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(snapshot, 0, &text);
	struct lease_record one = {
		.type = LEASE_RECORD_SNAPSHOT, .payload = text.data, .payload_size = text.size};
	return lease_journal_rotate(record->journal, &one, err);
}

static void count_commit(struct bridge_counts *counts, uint64_t took_ns)
{
	counts->commits++;
	counts->commit_ns += took_ns;
	for (size_t i = 0; i < BRIDGE_COMMIT_BUCKETS; i++) {
		counts->commit_buckets[i] += took_ns <= bridge_commit_bounds_ns[i];
	}
}

void bridge_record_commit(struct bridge_record *record)
{
	if (record == NULL || record->journal == NULL || record->pending_ns == 0) {
		return;
	}
	uint64_t before_ns = base_clock_monotonic_ns();
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!lease_journal_commit(record->journal, &err) ||
		(lease_journal_is_full(record->journal) && !rotate(record, &err))) {
		give_up(&err);
	}
	record->pending_ns = 0;
	count_commit(&record->counts, base_clock_monotonic_ns() - before_ns);
}

uint64_t bridge_record_due_ns(const struct bridge_record *record)
{
	return record == NULL || record->pending_ns == 0 ? UINT64_MAX : record->pending_ns + UNSEEN_NS;
}

const struct bridge_counts *bridge_record_counts(const struct bridge_record *record)
{
	return &record->counts;
}

const struct lease_ledger *bridge_record_ledger(const struct bridge_record *record)
{
	return record != NULL ? &record->ledger : NULL;
}

bool bridge_record_lasts(const struct bridge_record *record)
{
	return record != NULL && record->journal != NULL;
}

struct bridge_stream *bridge_record_log(struct bridge_record *record)
{
	return &record->log;
}
