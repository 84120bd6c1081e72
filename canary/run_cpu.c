/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/run_state.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "canary/cpu.h"

#include <math.h>
#include <string.h>

enum {
	/** As many runs as fit the time, and at least a few. */
	RUNS_MIN = 5,
	RUNS_MAX = 50,
	TIME_MS = 300,
};

static bool same_outputs(const struct workload_plan *plan, const struct reference *expected,
	const struct reference *found)
{
	for (size_t i = 0; i < plan->buffer_count; i++) {
		const struct workload_buffer *buffer = &plan->buffers[i];
		for (uint64_t j = 0; buffer->job.output && j < buffer->job.bytes / 4; j++) {
			if (!check_word(buffer->element, plan->workload->ulp, expected->buffers[i][j],
					found->buffers[i][j])) {
				return false;
			}
		}
	}
	return true;
}

/* Median time of one run on all threads; NAN when the threads computed something else. */
static double measure(const struct workload_plan *plan, unsigned threads)
{
	struct reference expected, found;
	double runs_ns[RUNS_MAX];
	size_t n = 0;
	reference_fill(plan, &expected);
	plan->workload->reference(plan, expected.buffers);
	reference_fill(plan, &found);
	uint64_t end_ns = base_clock_monotonic_ns() + TIME_MS * UINT64_C(1000000);
	while (n < RUNS_MIN || (n < RUNS_MAX && base_clock_monotonic_ns() < end_ns)) {
		if (n > 0) {
			reference_refill(plan, &found);
		}
		uint64_t start_ns = base_clock_monotonic_ns();
		cpu_run(plan, found.buffers, threads);
		runs_ns[n++] = (double)(base_clock_monotonic_ns() - start_ns) + 1;
	}
	bool right = same_outputs(plan, &expected, &found);
	reference_finish(&expected);
	reference_finish(&found);
	struct statistics statistics;
	statistics_compute(runs_ns, n, &statistics);
	return right ? statistics.median : NAN;
}

static void put(cJSON *entry, const char *key, double value)
{
	cJSON_ReplaceItemInObjectCaseSensitive(entry, key, cJSON_CreateNumber(value));
}

static bool compare(struct run *run, size_t index, unsigned threads)
{
	const struct workload_plan *plan = &run->results[index].plan;
	cJSON *entry = run->trials[index].entry;
	double ns = measure(plan, threads);
	if (!isfinite(ns)) {
		report_finding(run->report, REPORT_WARNING, "INTERNAL_ERROR",
			"%s: %u CPU threads compute something else than one", plan->workload->name, threads);
		return false;
	}
	put(entry, "cpu_median", plan->work / ns);
	put(entry, "cpu_speedup", base_json_number(entry, "median", NAN) / (plan->work / ns));
	cJSON *params = cJSON_GetObjectItemCaseSensitive(entry, "params");
	put(params, "cpu_threads", threads);
	base_json_add_string(params, "cpu_simd", cpu_simd());
	return true;
}

void run_compare_cpu(struct run *run)
{
	if (!run->options->compare_cpu) {
		return;
	}
	unsigned threads = cpu_threads();
	size_t compared = 0;
	for (size_t i = 0; i < run->count; i++) {
		const struct workload *workload = run->results[i].plan.workload;
		const cJSON *entry = run->trials[i].entry;
		if (!entry || !cpu_can(workload) || !cJSON_IsNumber(base_json_get(entry, "median"))) {
			continue;
		}
		base_terminal_progress("%s on %u CPU threads", workload->name, threads);
		compared += compare(run, i, threads);
	}
	base_terminal_progress("%s", "");
	BASE_FREE char *words = base_format(
		"speed-ups over the whole CPU: %u threads, %s, of vector, matrix and inference work",
		threads, cpu_simd());
	report_claim(run->report, compared > 0, words);
}
