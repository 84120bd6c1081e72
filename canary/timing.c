/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/timing.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Two clocks never run quite alike; beyond this the interval cannot be. */
#define CLOCK_TOLERANCE 1.05
#define CLOCK_GRAIN_NS 2000.0

static bool parse_intervals(const cJSON *document, const char *key, size_t samples_max,
	double **intervals, size_t *count, struct lane_error *err)
{
	const cJSON *array = base_json_get(document, key);
	int size = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
	if (size < 1 || (size_t)size > samples_max) {
		return lane_error_set(err, "JOB_WORKER",
			"timing document: %s has %d entries, expected 1 to %zu", key, size, samples_max);
	}
	*count = (size_t)size;
	*intervals = base_alloc(*count, sizeof(**intervals));
	size_t i = 0;
	const cJSON *entry;
	cJSON_ArrayForEach(entry, array)
	{
		if (!cJSON_IsNumber(entry)) {
			return lane_error_set(
				err, "JOB_WORKER", "timing document: %s[%zu] is no number", key, i);
		}
		(*intervals)[i++] = entry->valuedouble;
	}
	return true;
}

bool timing_parse(
	const cJSON *document, size_t samples_max, struct timing *timing, struct lane_error *err)
{
	memset(timing, 0, sizeof(*timing));
	static const char *const timers[] = {"gpu", "host"};
	const char *timer = base_json_string(document, "timer", "");
	timing->timer = "invalid";
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		timing->timer = strcmp(timer, timers[i]) == 0 ? timers[i] : timing->timer;
	}
	timing->stop_rule = base_strdup(base_json_string(document, "stop_rule", ""));
	const cJSON *differs = base_json_get(document, "differs");
	if (cJSON_IsObject(differs)) {
		timing->differs = true;
		timing->differs_sample = base_json_uint(differs, "sample", 0);
		timing->differs_buffer = base_json_uint(differs, "buffer", 0);
		timing->differs_word = base_json_uint(differs, "word", 0);
	}
	size_t wall_count = 0;
	if (!parse_intervals(
			document, "samples_ns", samples_max, &timing->samples_ns, &timing->n, err) ||
		!parse_intervals(document, "wall_ns", samples_max, &timing->wall_ns, &wall_count, err)) {
		return false;
	}
	if (wall_count != timing->n) {
		return lane_error_set(err, "JOB_WORKER", "timing document: %zu samples but %zu wall times",
			timing->n, wall_count);
	}
	timing->worker_ns = base_json_number(document, "total_ns", 0);
	timing->setup_ns = base_json_number(document, "setup_ns", 0);
	timing->upload_ns = base_json_number(document, "upload_ns", 0);
	timing->readback_ns = base_json_number(document, "readback_ns", 0);
	size_t at_count = 0;
	if (base_json_get(document, "at_ns") &&
		(!parse_intervals(document, "at_ns", samples_max, &timing->at_ns, &at_count, err) ||
			at_count != timing->n)) {
		return lane_error_set(err, "JOB_WORKER",
			"timing document: %zu samples but %zu ends of them", timing->n, at_count);
	}
	return true;
}

bool timing_believable(const struct timing *timing, struct lane_error *err)
{
	for (size_t i = 0; i < timing->n; i++) {
		double gpu_ns = timing->samples_ns[i], wall_ns = timing->wall_ns[i];
		/* Written so that a NaN fails. */
		if (!(gpu_ns > 0 && gpu_ns <= wall_ns * CLOCK_TOLERANCE + CLOCK_GRAIN_NS)) {
			return lane_error_set(err, "CANARY_TIMING",
				"sample %zu took %.0f ns by the %s's clock, %.0f ns by the host's around it", i,
				gpu_ns, timing->timer, wall_ns);
		}
	}
	return true;
}

void timing_finish(struct timing *timing)
{
	free(timing->stop_rule);
	free(timing->samples_ns);
	free(timing->wall_ns);
	free(timing->at_ns);
	memset(timing, 0, sizeof(*timing));
}
