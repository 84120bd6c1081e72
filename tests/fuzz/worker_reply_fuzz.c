/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's answers: what is accepted has the form that the bridge reads without looking again. */
#include "bridge/worker_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool reply_good(const cJSON *reply, const struct bridge_job *job)
{
	const char *kind = base_json_string(reply, "kind", "");
	if (strcmp(kind, "ready") == 0) {
		return cJSON_IsObject(base_json_get(reply, "device"));
	}
	if (strcmp(kind, "failed") == 0) {
		return cJSON_IsString(base_json_get(reply, "text"));
	}
	const cJSON *samples = base_json_path(reply, "timing.samples_ns");
	bool good = strcmp(base_json_string(reply, "state", ""), "OK") == 0;
	return strcmp(kind, "done") == 0 && cJSON_IsString(base_json_get(reply, "text")) &&
		bridge_worker_state(base_json_string(reply, "state", "")) &&
		good == (bool)cJSON_IsObject(base_json_get(reply, "timing")) &&
		(!good ||
			(cJSON_GetArraySize(samples) >= 1 &&
				cJSON_GetArraySize(samples) <= (int)job->sampling.max_samples));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bridge_job job = {.sampling = {.max_samples = 4}};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	cJSON *reply = NULL;
	bool parsed = bridge_worker_reply_parse((const char *)data, size, &job, &reply, &err);
	if (parsed ? !reply_good(reply, &job) : !lane_error_is(&err, "WORKER_PROTOCOL")) {
		abort();
	}
	cJSON_Delete(reply);
	return 0;
}
