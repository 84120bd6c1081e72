/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/memory.h"
#include "canary/baseline.h"
#include "tests/unit/cmocka_names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct baseline_key honey_vadd = {
	.workload = "vadd",
	.spirv_sha256 = HASH,
	.n = 4096,
	.vendor_id = 0x1002,
	.device_id = 0x7550,
	.driver = "radv",
	.driver_major = 26,
};

struct bed {
	char folder[64];
	char *path;
};

static void bed_make(struct bed *bed)
{
	strncpy(bed->folder, "/tmp/gpu-lane-baseline.XXXXXX", sizeof(bed->folder));
	assert_non_null(mkdtemp(bed->folder));
	bed->path = base_format("%s/baseline.json", bed->folder);
}

static void bed_finish(struct bed *bed)
{
	unlink(bed->path);
	rmdir(bed->folder);
	free(bed->path);
}

static struct baseline *load(const struct bed *bed)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct baseline *baseline = baseline_load(bed->path, true, &err);
	if (!baseline) {
		fail_msg("%s", lane_error_message(&err));
	}
	return baseline;
}

static void written_and_read(void **state)
{
	(void)state;
	static const double runs[] = {640.25, 641.5, 639.125, 0.3, 640};
	struct bed bed;
	bed_make(&bed);
	struct baseline *baseline = load(&bed);
	assert_null(baseline_find(baseline, &honey_vadd));
	baseline_record(baseline, &honey_vadd, "GB/s", runs, 5, 2970);
	assert_true(baseline_save(baseline, NULL));
	baseline_destroy(baseline);

	baseline = load(&bed);
	const struct baseline_entry *entry = baseline_find(baseline, &honey_vadd);
	assert_non_null(entry);
	assert_int_equal(entry->run_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_true(entry->runs[i] == runs[i]);
	}
	assert_true(entry->clock_mhz == 2970 && fabs(entry->margin - 0.03) < 1e-12);
	assert_true(isnan(entry->floor));
	assert_string_equal(entry->unit, "GB/s");
	/* The line of the entry's brace, where a person would edit it. */
	assert_int_equal(entry->line, 3);
	baseline_destroy(baseline);
	bed_finish(&bed);
}

static void each_part_of_the_key(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed);
	struct baseline *baseline = load(&bed);
	baseline_record(baseline, &honey_vadd, "GB/s", (double[]){1, 2, 3, 4, 5}, 5, NAN);
	struct baseline_key keys[7];
	for (size_t i = 0; i < 7; i++) {
		keys[i] = honey_vadd;
	}
	assert_non_null(baseline_find(baseline, &keys[0]));
	keys[0].workload = "vsub";
	keys[1].spirv_sha256 = "sha256:";
	keys[2].n = 8192;
	keys[3].vendor_id = 0x10de;
	keys[4].device_id = 0x7551;
	keys[5].driver = "amdvlk";
	keys[6].driver_major = 25;
	for (size_t i = 0; i < 7; i++) {
		assert_null(baseline_find(baseline, &keys[i]));
	}
	baseline_destroy(baseline);
	bed_finish(&bed);
}

static void last_runs_are_kept(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed);
	struct baseline *baseline = load(&bed);
	for (int i = 1; i <= 60; i++) {
		baseline_record(baseline, &honey_vadd, "GB/s", (double[]){i}, 1, NAN);
		/* As few as that are no entry yet. */
		if (i == BASELINE_RUNS_MIN - 1) {
			assert_true(baseline_save(baseline, NULL));
			struct baseline *read = load(&bed);
			assert_null(baseline_find(read, &honey_vadd));
			baseline_destroy(read);
		}
	}
	const struct baseline_entry *entry = baseline_find(baseline, &honey_vadd);
	assert_int_equal(entry->run_count, BASELINE_RUNS_MAX);
	assert_true(entry->runs[0] == 11 && entry->runs[BASELINE_RUNS_MAX - 1] == 60);
	baseline_destroy(baseline);
	bed_finish(&bed);
}

/* A whole file, with one thing replaced by another; NULL leaves it right. */
static bool accepted(const struct bed *bed, const char *part, const char *other, char **message)
{
	static const char right[] =
		"{\"schema\": \"gpu-lane-baseline/v1\",\n \"entries\": [\n"
		"{\"workload\": \"vadd\", \"spirv_sha256\": \"" HASH "\", \"params\": {\"n\": 1},\n"
		"\"device\": {\"vendor_id\": \"0x1002\", \"device_id\": \"0x7550\", \"driver\": \"radv\",\n"
		"\"driver_major\": 26}, \"unit\": \"GB/s\", \"margin_pct\": 3, \"floor_pct\": 80,\n"
		"\"clock_mhz\": null, \"recorded_at\": \"\", \"runs\": [1, 2, 3, 4, 5]}]}\n";
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	const char *place = part ? strstr(right, part) : NULL;
	assert_true(!part || place);
	size_t before = place ? (size_t)(place - right) : strlen(right);
	base_buffer_add(&text, right, before);
	if (place) {
		base_buffer_add_text(&text, other);
		base_buffer_add_text(&text, place + strlen(part));
	}
	assert_true(base_file_write(bed->path, text.data, text.size, NULL));
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct baseline *baseline = baseline_load(bed->path, false, &err);
	*message = base_strdup(lane_error_message(&err));
	baseline_destroy(baseline);
	return baseline;
}

static void malformed(void **state)
{
	(void)state;
	static const struct {
		const char *part, *other, *said;
	} table[] = {
		{"baseline/v1", "baseline/v2", ":1: "},
		{"\"unit\"", "\"Unit\"", ":5: "},
		{"\"n\": 1", "\"n\": -1", ":3: "},
		{"\"n\": 1", "\"n\": 1, \"m\": 1", ":3: "},
		{"sha256:e3", "sha256:E3", ":3: "},
		{"0x1002", "1002", ":4: "},
		{"0x1002", "0x001002", ":4: "},
		{"0x1002", "0x1002z", ":4: "},
		{"0x1002", "0x-1", ":4: "},
		{"\"driver_major\": 26", "\"driver_major\": 26.5", ":5: "},
		{"\"margin_pct\": 3", "\"margin_pct\": -3", ":5: "},
		{"\"floor_pct\": 80", "\"floor_pct\": 180", ":5: "},
		{"[1, 2, 3, 4, 5]", "[1, 2, 3, 4]", ":6: "},
		{"[1, 2, 3, 4, 5]", "[1, 2, 3, 4, 0]", ":6: "},
		{"[1, 2, 3, 4, 5]", "[1, 2, 3, 4, null]", ":6: "},
		{"]}\n", "]} \n{", ":7: "},
	};
	struct bed bed;
	bed_make(&bed);
	char *message;
	assert_true(accepted(&bed, NULL, NULL, &message));
	free(message);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool taken = accepted(&bed, table[i].part, table[i].other, &message);
		if (taken || !strstr(message, table[i].said)) {
			fail_msg("%s: %s", table[i].other, taken ? "accepted" : message);
		}
		free(message);
	}
	bed_finish(&bed);
}

static void same_key_twice(void **state)
{
	(void)state;
	struct bed bed;
	bed_make(&bed);
	struct baseline *baseline = load(&bed);
	baseline_record(baseline, &honey_vadd, "GB/s", (double[]){1, 2, 3, 4, 5}, 5, NAN);
	assert_true(baseline_save(baseline, NULL));
	baseline_destroy(baseline);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	assert_true(base_file_read(bed.path, 1 << 20, &text, NULL));
	char *entry = strchr(text.data + 1, '{'), *end = strrchr(text.data, ']');
	BASE_FREE char *twice =
		base_format("{\"schema\": \"gpu-lane-baseline/v1\", \"entries\": [%.*s,\n%.*s]}",
			(int)(end - entry), entry, (int)(end - entry), entry);
	assert_true(base_file_write(bed.path, twice, strlen(twice), NULL));
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_null(baseline_load(bed.path, false, &err));
	assert_non_null(strstr(lane_error_message(&err), "entry on line 1"));
	bed_finish(&bed);
}

static void absent_file(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_null(baseline_load("/nonexistent/baseline.json", false, &err));
	assert_true(lane_error_is(&err, "FILE_READ"));
}

static void device_keys(void **state)
{
	(void)state;
	static const struct {
		const char *info;
		uint32_t number;
	} table[] = {{"Mesa 26.1.8", 26}, {"570.86.15", 570}, {"Mesa 22.3.6 (LLVM 15.0.6)", 22},
		{"", 0}, {"unknown", 0}, {"99999999999999999999", 0}};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		BASE_JSON_FREE cJSON *device = base_json_new_object();
		base_json_add_number(device, "vendor_id", 0x1002);
		base_json_add_number(device, "device_id", 0x7550);
		cJSON *driver = base_json_add_object(device, "driver");
		base_json_add_string(driver, "name", "radv");
		base_json_add_string(driver, "info", table[i].info);
		struct baseline_key key = {0};
		baseline_key_device(&key, device);
		assert_int_equal(key.driver_major, table[i].number);
		assert_int_equal(key.vendor_id, 0x1002);
		assert_string_equal(key.driver, "radv");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("baseline@what-is-written-is-read", written_and_read),
		NAMED("baseline@every-part-of-the-key-counts", each_part_of_the_key),
		NAMED("baseline@keeps-the-last-runs-and-no-entry-of-few", last_runs_are_kept),
		NAMED("baseline@malformed-file-is-refused-with-its-line", malformed),
		NAMED("baseline@key-twice-is-refused", same_key_twice),
		NAMED("baseline@absent-file-is-an-error-unless-it-may-be-made", absent_file),
		NAMED("baseline@driver-counts-by-its-first-number", device_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
