/* SPDX-License-Identifier: Apache-2.0 */
/* A floor is refused with file and line, or it can be judged: against no facts it never holds. */
#include "probe/facts.h"
#include "probe/floor.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "fuzz:3: ..." */
static void refused(const struct lane_error *err)
{
	const char *message = lane_error_message(err);
	if (strcmp(err->code, "JSON_INVALID") != 0 || strncmp(message, "fuzz:", 5) != 0 ||
		strtoul(message + 5, NULL, 10) == 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BASE_JSON_AUTO json = {.root = NULL};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct probe_floor *floor = NULL;
	if (!base_json_parse("fuzz", (const char *)data, size, &json, &err) ||
		!(floor = probe_floor_parse(&json, &err))) {
		refused(&err);
		return 0;
	}
	cJSON *facts = probe_facts_new();
	struct report *report = report_create("fuzz");
	probe_judge(facts, floor, report);
	report_close(report);
	report_destroy(report);
	cJSON_Delete(facts);
	probe_floor_destroy(floor);
	return 0;
}
