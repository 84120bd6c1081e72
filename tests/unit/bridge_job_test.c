/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/job.h"

#include "base/buffer.h"
#include "base/digest.h"
#include "base/memory.h"

#include "cmocka_names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Four bytes stand for a module: what they are is the SPIR-V reader's affair. */
static const char module_bytes[4] = {3, 2, 35, 7};
#define MODULE_B64 "AwIjBw=="

/* A descriptor with the module's own hash; `rest` follows the required keys. */
static char *line_with(const char *rest)
{
	char hash[BASE_SHA256_TEXT_SIZE];
	base_sha256_text(module_bytes, sizeof(module_bytes), hash);
	return base_format(
		"{\"job\":\"jid-42\",\"kernel\":\"vadd\",\"bytes_hash\":\"%s\"%s}", hash, rest);
}

#define PAYLOAD ",\"payload_b64\":\"" MODULE_B64 "\""
#define SHAPE ",\"grid\":[128,1,1],\"block\":[256,1,1]"
#define TIMEOUT ",\"timeout_ms\":5000"
#define GOOD SHAPE TIMEOUT PAYLOAD

static bool parse(const char *rest, struct bridge_job *job, struct lane_error *err)
{
	BASE_FREE char *line = line_with(rest);
	return bridge_job_parse(line, strlen(line), job, err);
}

static void reads_a_whole_descriptor(void **state)
{
	(void)state;
	struct bridge_job job;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	bool good =
		parse(GOOD ",\"inputs\":[\"/bundles/vadd.spv\"],\"outputs\":[\"/worker/jid-42/result\"],"
				   "\"buffers\":[{\"binding\":0,\"bytes\":1024,\"input\":true,"
				   "\"fill\":{\"kind\":\"random\",\"seed\":7}},"
				   "{\"binding\":3,\"bytes\":512,\"output\":true},"
				   "{\"binding\":1,\"bytes\":64,\"output\":true,\"input\":true,"
				   "\"fill\":{\"kind\":\"ramp\"}},{\"binding\":2,\"bytes\":4}],"
				   "\"push_constants_b64\":\"AQAAAA==\",\"specialization\":{\"0\":64,"
				   "\"4294967295\":4294967295},\"sampling\":{\"warmup_ms\":10,\"min_samples\":5,"
				   "\"max_samples\":50,\"dispatches_per_sample\":3,\"rel_ci\":0.02},"
				   "\"capture\":[\"timing\"]",
			&job, &err);
	assert_string_equal(lane_error_message(&err), good ? "unknown error" : "");
	assert_true(good);
	assert_string_equal(job.id, "jid-42");
	assert_string_equal(job.kernel, "vadd");
	assert_int_equal(job.grid[0], 128);
	assert_int_equal(job.block[0], 256);
	assert_int_equal(job.timeout_ms, 5000);
	assert_int_equal(job.module_size, 4);
	assert_memory_equal(job.module, module_bytes, 4);
	assert_null(job.module_path);
	assert_int_equal(job.buffer_count, 4);
	assert_int_equal(job.buffers[0].fill, BRIDGE_FILL_RANDOM);
	assert_int_equal(job.buffers[0].seed, 7);
	assert_int_equal(job.buffers[1].binding, 3);
	assert_int_equal(job.buffers[1].fill, BRIDGE_FILL_POISON);
	assert_int_equal(job.buffers[2].fill, BRIDGE_FILL_RAMP);
	assert_int_equal(job.buffers[3].fill, BRIDGE_FILL_ZERO);
	assert_int_equal(job.memory_bytes, 1024 + 512 + 64 + 4);
	assert_int_equal(job.result_bytes, 512 + 64);
	assert_int_equal(job.push_constant_size, 4);
	assert_int_equal(job.push_constants[0], 1);
	assert_int_equal(job.specialization_count, 2);
	assert_int_equal(job.specializations[1].id, UINT32_MAX);
	assert_int_equal(job.specializations[1].value, UINT32_MAX);
	assert_int_equal(job.sampling.warmup_ms, 10);
	assert_int_equal(job.sampling.min_samples, 5);
	assert_int_equal(job.sampling.max_samples, 50);
	assert_int_equal(job.sampling.dispatches_per_sample, 3);
	assert_true(job.sampling.rel_ci > 0.019 && job.sampling.rel_ci < 0.021);
	assert_false(job.capture_result);
	assert_true(job.capture_timing);
	bridge_job_finish(&job);
}

static void defaults_to_one_dispatch(void **state)
{
	(void)state;
	struct bridge_job job;
	assert_true(parse(GOOD, &job, NULL));
	assert_int_equal(job.sampling.min_samples, 1);
	assert_int_equal(job.sampling.max_samples, 1);
	assert_int_equal(job.sampling.dispatches_per_sample, 1);
	assert_true(job.capture_result && job.capture_timing);
	bridge_job_finish(&job);
}

static void takes_a_staged_module_by_its_hash(void **state)
{
	(void)state;
	struct bridge_job job;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_true(parse(SHAPE TIMEOUT ",\"inputs\":[\"/bundles/vadd.spv\"]", &job, &err));
	assert_null(job.module);
	assert_string_equal(job.module_path, "/bundles/vadd.spv");
	assert_false(bridge_job_module(&job, "abcd", 4, &err));
	assert_string_equal(err.code, "JOB_HASH");
	assert_true(bridge_job_module(&job, module_bytes, sizeof(module_bytes), &err));
	bridge_job_finish(&job);
}

static void looks_at_the_hash_before_anything_else(void **state)
{
	(void)state;
	struct bridge_job job;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	/* Everything else is wrong too. */
	assert_false(parse(",\"payload_b64\":\"AAAA\",\"grid\":7,\"nonsense\":1", &job, &err));
	assert_string_equal(err.code, "JOB_HASH");
	assert_string_equal(job.id, "jid-42");
	bridge_job_finish(&job);
}

struct refusal {
	const char *rest;
	const char *code;
	const char *words;
};

static const struct refusal refusals[] = {
	{TIMEOUT PAYLOAD ",\"grid\":[0,1,1],\"block\":[1,1,1]", "JOB_INVALID", "grid[0]"},
	{TIMEOUT PAYLOAD ",\"grid\":[1,1.5,1],\"block\":[1,1,1]", "JOB_INVALID", "grid[1]"},
	{TIMEOUT PAYLOAD ",\"grid\":[1,1,4294967296],\"block\":[1,1,1]", "JOB_INVALID", "grid[2]"},
	{TIMEOUT PAYLOAD ",\"grid\":[1,1,-1],\"block\":[1,1,1]", "JOB_INVALID", "grid[2]"},
	{TIMEOUT PAYLOAD ",\"grid\":[4294967295,4294967295,4294967295],\"block\":[1,1,1]",
		"JOB_INVALID", "overflows"},
	{TIMEOUT PAYLOAD ",\"grid\":[1,1],\"block\":[1,1,1]", "JOB_INVALID", "grid has 2 elements"},
	{TIMEOUT PAYLOAD ",\"grid\":[1,1,1],\"block\":[1,1,1,1]", "JOB_INVALID", "block has 4"},
	{TIMEOUT PAYLOAD ",\"grid\":[1,1,1],\"block\":[1,\"1\",1]", "JOB_INVALID", "block[1]"},
	{TIMEOUT PAYLOAD ",\"grid\":[1,1,1]", "JOB_INVALID", "block"},
	{SHAPE PAYLOAD, "JOB_INVALID", "timeout_ms"},
	{SHAPE PAYLOAD ",\"timeout_ms\":0", "JOB_INVALID", "timeout_ms"},
	{SHAPE PAYLOAD ",\"timeout_ms\":600001", "JOB_INVALID", "timeout_ms"},
	{SHAPE TIMEOUT, "JOB_INVALID", "no module"},
	{SHAPE TIMEOUT ",\"payload_b64\":\"AwIjBw\"", "JOB_INVALID", "payload_b64"},
	{SHAPE TIMEOUT ",\"payload_b64\":\"AwIj Bw==\"", "JOB_INVALID", "payload_b64"},
	{SHAPE TIMEOUT ",\"payload_b64\":7", "JOB_INVALID", "payload_b64"},
	{SHAPE TIMEOUT ",\"inputs\":[\"/etc/passwd\"]", "JOB_INVALID", "inputs"},
	{SHAPE TIMEOUT ",\"inputs\":[\"/bundles/a\",\"/bundles/b\"]", "JOB_INVALID", "inputs"},
	{GOOD ",\"outputs\":[\"/worker/other/result\"]", "JOB_INVALID", "outputs"},
	{GOOD ",\"outputs\":[3]", "JOB_INVALID", "outputs"},
	{GOOD ",\"grids\":1", "JOB_INVALID", "grids"},
	{GOOD ",\"buffers\":[{\"binding\":0,\"bytes\":8},{\"binding\":0,\"bytes\":8}]", "JOB_INVALID",
		"binding 0 is taken"},
	{GOOD ",\"buffers\":[{\"binding\":32,\"bytes\":8}]", "JOB_INVALID", "binding"},
	{GOOD ",\"buffers\":[{\"binding\":0,\"bytes\":6}]", "JOB_INVALID", "multiple of 4"},
	{GOOD ",\"buffers\":[{\"binding\":0,\"bytes\":0}]", "JOB_INVALID", "bytes"},
	{GOOD ",\"buffers\":[{\"binding\":0,\"bytes\":1e300}]", "JOB_INVALID", "bytes"},
	{GOOD ",\"buffers\":[{\"binding\":0}]", "JOB_INVALID", "bytes"},
	{GOOD ",\"buffers\":[7]", "JOB_INVALID", "buffers[0]"},
	{GOOD ",\"buffers\":[{\"binding\":0,\"bytes\":8,\"fill\":{\"kind\":\"noise\"}}]", "JOB_INVALID",
		"fill.kind"},
	{GOOD ",\"buffers\":[{\"binding\":0,\"bytes\":8,\"fill\":{\"kind\":\"zero\",\"sead\":1}}]",
		"JOB_INVALID", "sead"},
	{GOOD ",\"push_constants_b64\":\"AA==\"", "JOB_INVALID", "push_constants"},
	{GOOD ",\"specialization\":{\"x\":1}", "JOB_INVALID", "specialization"},
	{GOOD ",\"specialization\":{\"01\":1}", "JOB_INVALID", "specialization"},
	{GOOD ",\"specialization\":{\"4294967296\":1}", "JOB_INVALID", "specialization"},
	{GOOD ",\"specialization\":{\"1\":4294967296}", "JOB_INVALID", "specialization"},
	{GOOD ",\"sampling\":{\"min_samples\":5,\"max_samples\":4}", "JOB_INVALID", "max_samples"},
	{GOOD ",\"sampling\":{\"max_samples\":4097}", "JOB_INVALID", "max_samples"},
	{GOOD ",\"sampling\":{\"dispatches_per_sample\":0}", "JOB_INVALID", "dispatches_per_sample"},
	{GOOD ",\"sampling\":{\"rel_ci\":2}", "JOB_INVALID", "rel_ci"},
	{GOOD ",\"sampling\":{\"rel_ci\":-0.1}", "JOB_INVALID", "rel_ci"},
	{GOOD ",\"capture\":[\"pipeline_statistics\"]", "JOB_INVALID", "capture"},
};

static void refuses_with_the_key_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct bridge_job job;
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		bool parsed = parse(refusals[i].rest, &job, &err);
		if (parsed || strcmp(err.code, refusals[i].code) != 0 ||
			!strstr(lane_error_message(&err), refusals[i].words)) {
			fail_msg("%s: %s: %s", refusals[i].rest, err.code, lane_error_message(&err));
		}
		assert_string_equal(job.id, "jid-42");
		bridge_job_finish(&job);
	}
}

static void refuses_ids_that_are_no_names(void **state)
{
	(void)state;
	static const char *const ids[] = {"\"\"", "\"..\"", "\".a\"", "\"a/b\"", "\"a\\nb\"", "\"-a\"",
		"7", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""};
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct bridge_job job;
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		BASE_FREE char *good = line_with(GOOD);
		BASE_FREE char *line =
			base_format("{\"job\":%s%s", ids[i], good + strlen("{\"job\":\"jid-42\""));
		assert_false(bridge_job_parse(line, strlen(line), &job, &err));
		assert_string_equal(err.code, "JOB_INVALID");
		assert_null(job.id);
		bridge_job_finish(&job);
	}
}

static void refuses_more_than_its_limits(void **state)
{
	(void)state;
	struct bridge_job job;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_buffer_add_text(&text, GOOD ",\"buffers\":[");
	for (int i = 0; i <= BRIDGE_JOB_BUFFERS_MAX; i++) {
		base_buffer_print(&text, "%s{\"binding\":%d,\"bytes\":4}", i > 0 ? "," : "", i);
	}
	base_buffer_add_text(&text, "]");
	assert_false(parse(text.data, &job, &err));
	assert_string_equal(err.code, "JOB_LIMIT");
	bridge_job_finish(&job);

	base_buffer_clear(&text);
	base_buffer_add_text(&text, GOOD ",\"push_constants_b64\":\"");
	for (int i = 0; i < 44; i++) {
		base_buffer_add_text(&text, "AAAA");
	}
	base_buffer_add_text(&text, "\"");
	assert_false(parse(text.data, &job, &err));
	assert_string_equal(err.code, "JOB_LIMIT");
	bridge_job_finish(&job);

	base_buffer_clear(&text);
	memset(base_buffer_reserve(&text, BRIDGE_JOB_LINE_MAX + 1), ' ', BRIDGE_JOB_LINE_MAX + 1);
	assert_false(bridge_job_parse(text.data, BRIDGE_JOB_LINE_MAX + 1, &job, &err));
	assert_string_equal(err.code, "JOB_LIMIT");
	bridge_job_finish(&job);

	assert_true(parse(SHAPE TIMEOUT ",\"inputs\":[\"/bundles/vadd.spv\"]", &job, &err));
	BASE_FREE char *big = base_alloc(BRIDGE_JOB_MODULE_MAX + 4, 1);
	assert_false(bridge_job_module(&job, big, BRIDGE_JOB_MODULE_MAX + 4, &err));
	assert_string_equal(err.code, "JOB_LIMIT");
	bridge_job_finish(&job);
}

static void refuses_what_is_no_json(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"", "{", "[]", "7", "{\"job\":\"a\",\"job\":\"b\"}", "{} {}"};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct bridge_job job;
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_false(bridge_job_parse(lines[i], strlen(lines[i]), &job, &err));
		assert_string_equal(err.code, "JOB_INVALID");
		bridge_job_finish(&job);
	}
}

static float as_float(uint32_t word)
{
	float value;
	memcpy(&value, &word, sizeof(value));
	return value;
}

static void fills_are_what_their_names_say(void **state)
{
	(void)state;
	enum { COUNT = 10000 };
	static uint32_t words[COUNT];
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_ZERO, .seed = 1}, words, COUNT);
	assert_int_equal(words[0] | words[COUNT - 1], 0);
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_POISON, .seed = 1}, words, COUNT);
	assert_int_equal(words[COUNT - 1], 0xDEADBEEF);
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RAMP, .seed = 1}, words, COUNT);
	assert_true(as_float(words[0]) == 0.0f);
	assert_true(as_float(words[4095]) == 4095.0f / 4096.0f);
	assert_true(as_float(words[4096]) == 0.0f);
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 1}, words, COUNT);
	double sum = 0;
	for (size_t i = 0; i < COUNT; i++) {
		float value = as_float(words[i]);
		assert_true(value >= -1.0f && value < 1.0f);
		sum += (double)value;
	}
	/* 10,000 uniform values: the mean's standard deviation is 0.0058. */
	assert_true(fabs(sum / COUNT) < 0.03);
}

/* These words are a contract with everyone's references: they may not change. */
static void random_words_stay_what_they_are(void **state)
{
	(void)state;
	uint32_t words[4];
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 42}, words, 4);
	static const uint32_t expected[4] = {0x3e2d2828, 0x3e8001e0, 0xbeba0d3c, 0x3f122034};
	assert_memory_equal(words, expected, sizeof(words));
}

static void a_part_is_a_part_of_the_whole(void **state)
{
	(void)state;
	uint32_t whole[100];
	uint32_t part[10];
	uint32_t other[10];
	bridge_fill_words(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 9}, whole, 100);
	bridge_fill_part(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 9}, 37, part, 10);
	assert_memory_equal(part, whole + 37, sizeof(part));
	bridge_fill_part(
		&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 10}, 37, other, 10);
	assert_memory_not_equal(part, other, sizeof(part));
	bridge_fill_part(&(struct bridge_job_buffer){.fill = BRIDGE_FILL_RANDOM, .seed = 9},
		37 + (UINT64_C(1) << 32), other, 10);
	assert_memory_not_equal(part, other, sizeof(part));
}

static void bits_keep_to_their_mask_and_base(void **state)
{
	(void)state;
	enum { COUNT = 1000 };
	struct bridge_job_buffer bits = {
		.fill = BRIDGE_FILL_BITS, .seed = 3, .mask = 0x83008300, .base = 0x3c003c00};
	uint32_t words[COUNT];
	uint32_t ones = 0;
	uint32_t zeros = 0;
	bridge_fill_words(&bits, words, COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(words[i] & ~bits.mask, bits.base);
		ones |= words[i];
		zeros |= ~words[i];
	}
	assert_int_equal(ones & bits.mask, bits.mask);
	assert_int_equal(zeros & bits.mask, bits.mask);
}

static void what_is_measured_has_a_name(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum bridge_measure measure;
		const char *code;
	} cases[] = {
		{"{}", BRIDGE_MEASURE_DISPATCH, ""},
		{"{\"measure\":\"dispatch\"}", BRIDGE_MEASURE_DISPATCH, ""},
		{"{\"measure\":\"upload\"}", BRIDGE_MEASURE_UPLOAD, ""},
		{"{\"measure\":\"download\"}", BRIDGE_MEASURE_DOWNLOAD, ""},
		{"{\"measure\":\"compile\"}", BRIDGE_MEASURE_DISPATCH, "JOB_INVALID"},
		{"{\"measure\":1}", BRIDGE_MEASURE_DISPATCH, "JOB_INVALID"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		BASE_FREE char *line = base_format("{\"job\":\"j\",\"kernel\":\"k\",\"grid\":[1,1,1],"
										   "\"block\":[1,1,1],\"bytes_hash\":\"sha256:%064d\","
										   "\"inputs\":[\"/bundles/m\"],\"timeout_ms\":1,"
										   "\"sampling\":%s}",
			0, cases[i].text);
		struct bridge_job job;
		bool parsed = bridge_job_parse(line, strlen(line), &job, &err);
		assert_int_equal(parsed, cases[i].code[0] == '\0');
		assert_string_equal(err.code, cases[i].code);
		assert_int_equal(job.sampling.measure, cases[i].measure);
		bridge_job_finish(&job);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("job@reads-a-whole-descriptor", reads_a_whole_descriptor),
		NAMED("job@defaults-to-one-dispatch", defaults_to_one_dispatch),
		NAMED("job@takes-a-staged-module-by-its-hash", takes_a_staged_module_by_its_hash),
		NAMED("job@looks-at-the-hash-before-anything-else", looks_at_the_hash_before_anything_else),
		NAMED("job@refuses-with-the-key-named", refuses_with_the_key_named),
		NAMED("job@refuses-ids-that-are-no-names", refuses_ids_that_are_no_names),
		NAMED("job@refuses-more-than-its-limits", refuses_more_than_its_limits),
		NAMED("job@refuses-what-is-no-json", refuses_what_is_no_json),
		NAMED("fill@is-what-its-name-says", fills_are_what_their_names_say),
		NAMED("fill@random-words-stay-what-they-are", random_words_stay_what_they_are),
		NAMED("job@bits-keep-to-their-mask-and-base", bits_keep_to_their_mask_and_base),
		NAMED("job@what-is-measured-has-a-name", what_is_measured_has_a_name),
		NAMED("fill@a-part-is-a-part-of-the-whole", a_part_is_a_part_of_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
