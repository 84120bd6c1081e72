/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded facts are refused with file and line, or can be joined, judged and printed; the report
 * is one that its own reader takes.
 */
#include "probe/facts.h"
#include "probe/facts_text.h"
#include "probe/floor.h"
#include "probe/floor_write.h"
#include "probe/join.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const cJSON *facts, const struct probe_floor *floor)
{
	struct report *report = report_create("fuzz");
	report_replayed(report, "fuzz");
	probe_judge(facts, floor, report);
	report_close(report);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(report_root(report), 2, &text);
	BASE_JSON_AUTO again = {.root = NULL};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!base_json_parse("report", text.data, text.size, &again, &err) ||
		!report_verify(&again, &err)) {
		abort();
	}
	report_destroy(report);
}

/* The floor that is written of any facts is one that its reader takes. */
static void write_floor(const cJSON *facts)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!probe_floor_write(facts, "fuzz", &text, &err)) {
		return;
	}
	BASE_JSON_AUTO json = {.root = NULL};
	struct probe_floor *floor = NULL;
	if (!base_json_parse("floor", text.data, text.size, &json, &err) ||
		!(floor = probe_floor_parse(&json, &err))) {
		abort();
	}
	judge(facts, floor);
	probe_floor_destroy(floor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BASE_JSON_AUTO json = {.root = NULL};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!base_json_parse("fuzz", (const char *)data, size, &json, &err) ||
		!probe_facts_check(&json, &err)) {
		if (strncmp(lane_error_message(&err), "fuzz:", 5) != 0) {
			abort();
		}
		return 0;
	}
	probe_join(json.root);
	judge(json.root, NULL);
	write_floor(json.root);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	probe_facts_print(json.root, true, &text);
	return 0;
}
