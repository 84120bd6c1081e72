/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "canary/result.h"
#include "tests/unit/cmocka_names.h"

#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 8 };

/* A workload that went well, as the lane would return it, and the report it is judged into. */
struct bed {
	struct canary_result result;
	struct report *report;
	cJSON *workloads;
};

static void bed_make(struct bed *bed, const struct workload *workload)
{
	memset(bed, 0, sizeof(*bed));
	struct canary_result *result = &bed->result;
	struct timing *timing = &result->job.timing;
	workload_plan_size(workload, 2 * workload->step, &result->plan);
	result->sampling.dispatches_per_sample = 1;
	result->job_id = base_strdup("canary-1");
	result->cpu_ns = 1000;
	result->bridged = true;
	reference_fill(&result->plan, &result->reference);
	workload->reference(&result->plan, result->reference.buffers);
	size_t output = 0;
	while (!result->plan.buffers[output].job.output) {
		output++;
	}
	/* Of a workload with one output. */
	size_t bytes = (size_t)workload_plan_output_bytes(&result->plan);
	result->job.result = base_alloc(bytes, 1);
	memcpy(result->job.result, result->reference.buffers[output], bytes);
	canary_job_end(&result->job, "OK", "");
	result->job.wall_ns = 110000;
	timing->timer = "gpu";
	timing->stop_rule = base_strdup("max-samples");
	timing->n = SAMPLES;
	timing->samples_ns = base_alloc(SAMPLES, sizeof(double));
	timing->wall_ns = base_alloc(SAMPLES, sizeof(double));
	timing->worker_ns = 100000;
	for (size_t i = 0; i < SAMPLES; i++) {
		timing->samples_ns[i] = 500;
		timing->wall_ns[i] = 900;
	}
	bed->report = report_create("test");
	bed->workloads = base_json_new_array();
}

/* Judges it and returns its entry. */
static const cJSON *bed_judge(struct bed *bed, bool verified)
{
	assert_int_equal(canary_result_judge(&bed->result, bed->report, bed->workloads), verified);
	const cJSON *entry = cJSON_GetArrayItem(bed->workloads, 0);
	assert_int_equal(base_json_bool(entry, "verified", !verified), verified);
	return entry;
}

static const char *bed_state(const struct bed *bed)
{
	const cJSON *checks = base_json_get(report_root(bed->report), "expectations");
	assert_int_equal(cJSON_GetArraySize(checks), 1);
	return base_json_string(cJSON_GetArrayItem(checks, 0), "state", "");
}

/* The only finding; NULL when there is none. */
static const cJSON *bed_finding(const struct bed *bed)
{
	const cJSON *findings = base_json_get(report_root(bed->report), "findings");
	assert_true(cJSON_GetArraySize(findings) <= 1);
	return cJSON_GetArrayItem(findings, 0);
}

static void bed_finish(struct bed *bed)
{
	canary_result_finish(&bed->result);
	report_destroy(bed->report);
	cJSON_Delete(bed->workloads);
}

static bool has_figures(const cJSON *entry)
{
	static const char *const keys[] = {"median", "q1", "q3", "mad", "ci95", "min", "max",
		"drift_pct", "cpu_speedup", "cpu_median", "bridge_overhead"};
	size_t present = 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		present += !cJSON_IsNull(base_json_get(entry, keys[i]));
	}
	size_t samples = (size_t)cJSON_GetArraySize(base_json_get(entry, "samples"));
	assert_true((present == 0 && samples == 0) ||
		(present == sizeof(keys) / sizeof(keys[0]) && samples == SAMPLES));
	return present > 0;
}

static void right_result(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed, &canary_vadd);
	const cJSON *entry = bed_judge(&bed, true);
	assert_true(has_figures(entry));
	/* 2 * 4096 elements of 12 bytes in 500 ns, against 1000 ns on the CPU. */
	assert_true(base_json_number(entry, "median", 0) == 2 * 4096 * 12 / 500.0);
	assert_true(base_json_number(entry, "cpu_speedup", 0) == 2);
	assert_true(base_json_number(entry, "bridge_overhead", 0) == 0.1);
	assert_string_equal(bed_state(&bed), "held");
	assert_null(bed_finding(&bed));
	bed_finish(&bed);
}

static void wrong_in_all_samples(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed, &canary_vadd);
	bed.result.job.result[8191] ^= 1;
	const cJSON *entry = bed_judge(&bed, false);
	assert_false(has_figures(entry));
	const cJSON *first = base_json_get(entry, "first_mismatch");
	assert_int_equal(base_json_uint(first, "element", 0), 8191);
	assert_int_equal(base_json_uint(first, "sample", 99), 0);
	assert_string_equal(bed_state(&bed), "broken");
	const cJSON *finding = bed_finding(&bed);
	assert_string_equal(base_json_string(finding, "code", ""), "WRONG_RESULT");
	assert_string_equal(base_json_string(finding, "level", ""), "failure");
	assert_non_null(strstr(base_json_string(finding, "message", ""), "vadd: c[8191]"));
	bed_finish(&bed);
}

static void wrong_in_a_later_sample(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed, &canary_vadd);
	bed.result.job.result[7] ^= 0x80000000;
	bed.result.job.timing.differs = true;
	bed.result.job.timing.differs_sample = 5;
	bed.result.job.timing.differs_buffer = 2;
	bed.result.job.timing.differs_word = 7;
	const cJSON *first = base_json_get(bed_judge(&bed, false), "first_mismatch");
	assert_int_equal(base_json_uint(first, "sample", 99), 5);
	assert_int_equal(base_json_uint(first, "element", 99), 7);
	bed_finish(&bed);
}

/* What came back is right, and is unlike sample 0: so that one was wrong. */
static void wrong_in_the_first_sample(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed, &canary_vadd);
	bed.result.job.timing.differs = true;
	bed.result.job.timing.differs_sample = 1;
	bed.result.job.timing.differs_buffer = 2;
	bed.result.job.timing.differs_word = 33;
	const cJSON *entry = bed_judge(&bed, false);
	const cJSON *first = base_json_get(entry, "first_mismatch");
	assert_int_equal(base_json_uint(first, "sample", 99), 0);
	assert_int_equal(base_json_uint(first, "element", 99), 33);
	assert_string_equal(base_json_string(first, "found", ""), "unlike sample 1");
	assert_true(base_json_uint(entry, "mismatches", 0) > 0);
	assert_false(has_figures(entry));
	assert_string_equal(bed_state(&bed), "broken");
	bed_finish(&bed);
}

/* And where it is unlike what came before sample 0, the warm-up was. */
static void wrong_in_the_warm_up(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed, &canary_vadd);
	bed.result.job.timing.differs = true;
	bed.result.job.timing.differs_buffer = 2;
	bed.result.job.timing.differs_word = 33;
	const cJSON *entry = bed_judge(&bed, false);
	assert_false(base_json_bool(entry, "verified", true));
	assert_false(has_figures(entry));
	assert_non_null(
		strstr(base_json_string(bed_finding(&bed), "message", ""), "in the warm-up; 1 of "));
	bed_finish(&bed);
}

/* A place that is none, from a worker that cannot be trusted. */
static void nonsense_place(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed, &canary_vadd);
	bed.result.job.timing.differs = true;
	bed.result.job.timing.differs_buffer = UINT32_MAX;
	bed.result.job.timing.differs_word = UINT64_MAX >> 12;
	assert_false(has_figures(bed_judge(&bed, false)));
	bed_finish(&bed);
}

static void impossible_timing(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed, &canary_vadd);
	bed.result.job.timing.samples_ns[3] = 1e9;
	assert_false(has_figures(bed_judge(&bed, true)));
	assert_string_equal(bed_state(&bed), "unknown");
	assert_string_equal(base_json_string(bed_finding(&bed), "code", ""), "CANARY_TIMING");
	bed_finish(&bed);
}

/* Above 105 % of what a known part can do at its clock it is no figure, right as the result is. */
static void above_the_roofline(void **state)
{
	(void)state;
	static const struct {
		double sample_ns;
		bool figures;
	} cases[] = {{84, true}, {80, false}};
	const struct roofline honey = {
		.part = "Radeon RX 9070 XT", .units = 64, .clock_mhz = 2970, .f32_ops = 256};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bed bed;
		bed_make(&bed, &canary_matmul);
		bed.result.roofline = &honey;
		for (size_t j = 0; j < SAMPLES; j++) {
			bed.result.job.timing.samples_ns[j] = cases[i].sample_ns;
		}
		const cJSON *entry = bed_judge(&bed, true);
		assert_int_equal(has_figures(entry), cases[i].figures);
		assert_string_equal(bed_state(&bed), cases[i].figures ? "held" : "unknown");
		assert_string_equal(base_json_string(bed_finding(&bed), "code", ""),
			cases[i].figures ? "" : "CANARY_IMPOSSIBLE");
		bed_finish(&bed);
	}
}

static void ends(void **state)
{
	(void)state;
	static const struct {
		const char *state, *code, *check;
	} table[] = {
		{"ERR TIMEOUT", "JOB_TIMEOUT", "broken"},
		{"ERR DEVICE-LOST", "JOB_DEVICE_LOST", "broken"},
		{"ERR WORKER", "JOB_WORKER", "broken"},
		{"ERR HASH", "JOB_HASH", "unknown"},
		{"ERR INVALID", "JOB_INVALID", "unknown"},
		{"ERR LIMIT", "JOB_LIMIT", "unknown"},
		{"ERR LEASE-EXPIRED", "JOB_LEASE_EXPIRED", "unknown"},
		{"ERR CANCELLED", "JOB_CANCELLED", "unknown"},
		{"ERR SOMETHING-NEW", "BRIDGE_PROTOCOL", "unknown"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct bed bed;
		bed_make(&bed, &canary_vadd);
		free(bed.result.job.result);
		bed.result.job.result = NULL;
		timing_finish(&bed.result.job.timing);
		canary_job_end(&bed.result.job, table[i].state, "why");
		const cJSON *entry = bed_judge(&bed, false);
		assert_false(has_figures(entry));
		assert_string_equal(bed_state(&bed), table[i].check);
		assert_string_equal(base_json_string(bed_finding(&bed), "code", ""), table[i].code);
		assert_string_equal(
			base_json_string(base_json_get(entry, "job"), "state", ""), table[i].state);
		bed_finish(&bed);
	}
}

static void doubts(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed, &canary_vadd);
	for (size_t i = 0; i < SAMPLES; i++) {
		bed.result.job.timing.samples_ns[i] = 500 + 10 * (double)i;
	}
	assert_true(has_figures(bed_judge(&bed, true)));
	assert_string_equal(base_json_string(bed_finding(&bed), "code", ""), "CANARY_DRIFT");
	assert_string_equal(base_json_string(bed_finding(&bed), "level", ""), "warning");
	bed_finish(&bed);

	bed_make(&bed, &canary_vadd);
	bed.result.job.timing.samples_ns[4] = 700;
	assert_true(has_figures(bed_judge(&bed, true)));
	assert_string_equal(base_json_string(bed_finding(&bed), "code", ""), "CANARY_NOISY");
	bed_finish(&bed);

	/* A software device has no quiet to expect. */
	bed_make(&bed, &canary_vadd);
	bed.result.job.timing.samples_ns[4] = 700;
	bed.result.software = true;
	assert_true(has_figures(bed_judge(&bed, true)));
	assert_null(bed_finding(&bed));
	bed_finish(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("result@right-one-is-held-and-has-figures", right_result),
		NAMED("result@wrong-in-all-samples-names-the-first", wrong_in_all_samples),
		NAMED("result@wrong-in-a-later-sample-names-that-one", wrong_in_a_later_sample),
		NAMED("result@right-but-unlike-sample-0-blames-sample-0", wrong_in_the_first_sample),
		NAMED("result@right-but-what-came-before-was-not-blames-the-warm-up", wrong_in_the_warm_up),
		NAMED("result@place-beyond-the-outputs-is-wrong-and-harmless", nonsense_place),
		NAMED("result@impossible-timing-gives-no-figures", impossible_timing),
		NAMED("result@above-the-roofline-is-no-figure", above_the_roofline),
		NAMED("result@every-end-of-a-job-has-its-fault", ends),
		NAMED("result@drift-and-outliers-are-warnings-on-hardware", doubts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
