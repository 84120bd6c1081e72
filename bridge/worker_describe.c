/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/worker_environment.h"
#include "bridge/worker_wire.h"

#include <ctype.h>
#include <string.h>

enum { DESCRIPTION_MAX = 1 << 20 };

/* The worker says itself why it has no devices: {"code": "VULKAN_NO_DRIVER", "message": ".."}. */
static bool describe_failed(const struct base_json *json, struct lane_error *err)
{
	const char *code = base_json_string(json->root, "code", "");
	bool good = *code != '\0' && strlen(code) < LANE_ERROR_CODE_SIZE;
	for (const char *at = code; *at; at++) {
		good = good && (isupper((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '_');
	}
	return lane_error_set(err, good ? code : "WORKER_CRASHED", "%s",
		base_json_string(json->root, "message", "the worker cannot describe the devices"));
}

/* It is the same for all devices: the kernel's. */
static void tell_missing(const cJSON *devices)
{
	const cJSON *sandbox = base_json_get(cJSON_GetArrayItem(devices, 0), "sandbox");
	const cJSON *text;
	cJSON_ArrayForEach(text, base_json_get(sandbox, "missing"))
	{
		base_log(BASE_LOG_INFO, "sandbox of workers: %s", cJSON_GetStringValue(text));
	}
}

static bool describe_read(
	const struct base_child_outcome *outcome, cJSON **devices, struct lane_error *err)
{
	BASE_FREE char *end = base_child_describe(outcome);
	if (outcome->end == BASE_CHILD_TIMEOUT || outcome->end == BASE_CHILD_UNKILLABLE) {
		return lane_error_set(err, "WORKER_TIMEOUT", "gpu-lane-worker --describe %s", end);
	}
	if (outcome->end == BASE_CHILD_SIGNALED || outcome->output_truncated) {
		return lane_error_set(err, "WORKER_CRASHED", "gpu-lane-worker --describe %s", end);
	}
	BASE_JSON_AUTO json = {.root = NULL};
	const char *text = outcome->output.data ? outcome->output.data : "";
	if (!base_json_parse("gpu-lane-worker --describe", text, outcome->output.size, &json, NULL)) {
		const char *log = outcome->log.data ? outcome->log.data : "";
		/* 127: it could not even be executed. */
		return lane_error_set(err, outcome->status == 127 ? "WORKER_START" : "WORKER_CRASHED",
			"gpu-lane-worker --describe %s: %.*s", end, (int)strcspn(log, "\n"), log);
	}
	if (outcome->status != 0) {
		return describe_failed(&json, err);
	}
	if (!bridge_worker_devices_check(&json, err)) {
		return false;
	}
	tell_missing(json.root);
	*devices = json.root;
	json.root = NULL;
	return true;
}

bool bridge_worker_describe(unsigned timeout_ms, cJSON **devices, struct lane_error *err)
{
	BASE_FREE char *path = base_file_libexec("gpu-lane-worker");
	BASE_FREE char **environment = worker_environment();
	const char *const argv[] = {path, "--describe", NULL};
	struct base_child_task task = {
		.name = "gpu-lane-worker",
		.argv = argv,
		.environment = environment,
		.timeout_ms = timeout_ms,
		.output_max = DESCRIPTION_MAX,
	};
	struct base_child_outcome outcome;
	*devices = NULL;
	if (!base_child_run(&task, 1, &outcome, err)) {
		return false;
	}
	bool described = describe_read(&outcome, devices, err);
	base_child_outcome_finish(&outcome);
	return described;
}
