/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/record.h"

#include "base/exit.h"
#include "base/log.h"
#include "lease/journal.h"

#include <stdio.h>

int bridge_audit_verify(const char *state)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_journal_io io = {.context = NULL};
	struct lease_journal_report report = {.count = 0};
	if (!lease_journal_folder(state, false, &io, &err)) {
		base_log(BASE_LOG_ERROR, "%s", lane_error_message(&err));
		return LANE_EXIT_UNKNOWN;
	}
	bool sound = lease_journal_verify(&io, &report, &err);
	lease_journal_folder_close(&io);
	if (!sound) {
		base_log(BASE_LOG_ERROR, "%s: %s", state, lane_error_message(&err));
		return lane_error_is(&err, "JOURNAL_DAMAGED") ? LANE_EXIT_BROKEN : LANE_EXIT_UNKNOWN;
	}
	printf("sound: %llu records, %llu to %llu, in %zu files\n", (unsigned long long)report.count,
		(unsigned long long)report.first_seq, (unsigned long long)report.last.seq, report.files);
	printf("last: %llu ", (unsigned long long)report.last.seq);
	for (size_t i = 0; i < sizeof(report.last.hash); i++) {
		printf("%02x", report.last.hash[i]);
	}
	printf("\n");
	return fflush(stdout) == 0 ? LANE_EXIT_HOLDS : LANE_EXIT_UNKNOWN;
}
