/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/memory.h"
#include "canary/sensors.h"
#include "tests/unit/cmocka_names.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sysfs of our own, with what amdgpu has. */
static const char *const folders[] = {"dev", "dev/char", "dev/char/226:128",
	"dev/char/226:128/device", "dev/char/226:128/device/hwmon",
	"dev/char/226:128/device/hwmon/hwmon3", "dev/char/226:128/device/hwmon/other"};
static const struct {
	const char *name, *text;
} files[] = {
	{"hwmon/hwmon3/temp1_input", "47000\n"},
	{"hwmon/hwmon3/power1_input", "231500000\n"},
	{"hwmon/hwmon3/freq1_input", "2970000000\n"},
	{"hwmon/hwmon3/temp2_input", "hot\n"},
	{"gpu_busy_percent", "99\n"},
	{"mem_info_vram_used", "1073741824\n"},
};

static void write_file(const char *root, const char *name, const char *text)
{
	BASE_FREE char *path = base_format("%s/dev/char/226:128/device/%s", root, name);
	assert_true(base_file_write(path, text, strlen(text), NULL));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static void amdgpu(void **state)
{
	(void)state;
	char root[] = "/tmp/gpu-lane-sensors.XXXXXX";
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		BASE_FREE char *path = base_format("%s/%s", root, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_file(root, files[i].name, files[i].text);
	}
	struct sensors sensors;
	sensors_open(&sensors, root, "226:128");
	assert_true(sensors_read(&sensors, SENSOR_TEMPERATURE) == 47);
	assert_true(sensors_read(&sensors, SENSOR_POWER) == 231.5);
	assert_true(sensors_read(&sensors, SENSOR_CLOCK) == 2970);
	assert_true(sensors_read(&sensors, SENSOR_BUSY) == 99);
	assert_true(sensors_read(&sensors, SENSOR_MEMORY) == 1024);
	/* No number, and no file. */
	assert_true(isnan(sensors_read(&sensors, SENSOR_HOTSPOT)));
	assert_true(isnan(sensors_read(&sensors, SENSOR_MEMORY_CLOCK)));
	/* They are read anew each time; one that went away is no value. */
	write_file(root, "hwmon/hwmon3/freq1_input", "1000000000\n");
	assert_true(sensors_read(&sensors, SENSOR_CLOCK) == 1000);
	BASE_FREE char *gone = base_format("%s/dev/char/226:128/device/gpu_busy_percent", root);
	assert_int_equal(unlink(gone), 0);
	assert_true(isnan(sensors_read(&sensors, SENSOR_BUSY)));
	sensors_close(&sensors);

	static const char *const others[] = {"226:129", "226", "../char/226:128", "226:128/..", ""};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		sensors_open(&sensors, root, others[i]);
		assert_true(isnan(sensors_read(&sensors, SENSOR_CLOCK)));
		sensors_close(&sensors);
	}
	sensors_open(&sensors, root, NULL);
	sensors_close(&sensors);
	assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("sensors@amdgpu-files-are-read-in-their-units", amdgpu),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
