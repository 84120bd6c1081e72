/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a journal file, as they are and with the checks of hash and chain made to hold, so
 * that the payloads are reached: whatever they are, the ledger stays whole.
 */
#include "base/memory.h"
#include "lease/journal.h"
#include "lease/ledger.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool apply(void *context, const struct lease_record *record, struct lane_error *err)
{
	BASE_JSON_AUTO payload = {.name = NULL};
	return base_json_parse("record", record->payload, record->payload_size, &payload, err) &&
		lease_ledger_apply(context, record->type, &payload, err);
}

static void scan(const uint8_t *bytes, size_t size)
{
	struct lease_ledger ledger = {.gpu_count = 0};
	struct lease_journal_scan seen;
	struct lease_journal_place start = {.seq = 0};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (lease_journal_scan(bytes, size, &start, apply, &ledger, &seen, &err) &&
		seen.good_size > size) {
		abort();
	}
	BASE_JSON_FREE cJSON *snapshot = lease_ledger_snapshot(&ledger);
	struct base_json again = {.root = snapshot};
	struct lease_ledger copy = {.gpu_count = 0};
	if (!lease_ledger_apply(&copy, LEASE_RECORD_SNAPSHOT, &again, &err)) {
		abort();
	}
	lease_ledger_finish(&copy);
	lease_ledger_finish(&ledger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scan(data, size);
	if (size > 0) {
		/* The first byte is a type, the rest its payload. */
		struct lease_record record = {
			.type = data[0], .seq = 1, .payload = (const char *)data + 1, .payload_size = size - 1};
		BASE_BUFFER_AUTO bytes = BASE_BUFFER_INIT;
		lease_record_encode(&record, &bytes);
		scan((const uint8_t *)bytes.data, bytes.size);
	}
	return 0;
}
