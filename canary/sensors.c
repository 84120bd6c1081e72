/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/sensors.h"

#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where each value is, the first that is there; `hwmon` files lie in the folder of that. */
static const struct {
	const char *name, *unit;
	bool hwmon;
	const char *files[2];
	double scale;
} table[] = {
	[SENSOR_TEMPERATURE] = {"temperature", "C", true, {"temp1_input"}, 1e-3},
	[SENSOR_HOTSPOT] = {"hotspot", "C", true, {"temp2_input"}, 1e-3},
	[SENSOR_POWER] = {"power", "W", true, {"power1_average", "power1_input"}, 1e-6},
	[SENSOR_CLOCK] = {"clock", "MHz", true, {"freq1_input"}, 1e-6},
	[SENSOR_MEMORY_CLOCK] = {"memory_clock", "MHz", true, {"freq2_input"}, 1e-6},
	[SENSOR_BUSY] = {"busy", "%", false, {"gpu_busy_percent"}, 1},
	[SENSOR_MEMORY] = {"memory", "MB", false, {"mem_info_vram_used"}, 0x1p-20},
};

/* The first hwmon folder of the device by name, or NULL. Caller frees. */
static char *find_hwmon(const char *device)
{
	BASE_FREE char *folder = base_format("%s/hwmon", device);
	DIR *directory = opendir(folder);
	if (!directory) {
		return NULL;
	}
	char *found = NULL;
	const struct dirent *entry;
	while ((entry = readdir(directory))) {
		if (strncmp(entry->d_name, "hwmon", 5) == 0 &&
			(!found || strcmp(entry->d_name, found) < 0)) {
			free(found);
			found = base_strdup(entry->d_name);
		}
	}
	closedir(directory);
	char *path = found ? base_format("%s/%s", folder, found) : NULL;
	free(found);
	return path;
}

/* "226:128" and nothing that leads elsewhere. */
static bool is_node(const char *node)
{
	size_t first = strspn(node, "0123456789");
	size_t second = node[first] == ':' ? strspn(node + first + 1, "0123456789") : 0;
	return first > 0 && second > 0 && node[first + 1 + second] == '\0';
}

void sensors_open(struct sensors *sensors, const char *sysfs, const char *node)
{
	memset(sensors, 0, sizeof(*sensors));
	if (!node || !is_node(node)) {
		return;
	}
	BASE_FREE char *device = base_format("%s/dev/char/%s/device", sysfs, node);
	BASE_FREE char *hwmon = find_hwmon(device);
	for (int i = 0; i < SENSORS; i++) {
		const char *folder = table[i].hwmon ? hwmon : device;
		for (int j = 0; folder && j < 2 && table[i].files[j] && !sensors->paths[i]; j++) {
			char *path = base_format("%s/%s", folder, table[i].files[j]);
			if (access(path, R_OK) == 0) {
				sensors->paths[i] = path;
			} else {
				free(path);
			}
		}
	}
}

void sensors_close(struct sensors *sensors)
{
	for (int i = 0; i < SENSORS; i++) {
		free(sensors->paths[i]);
		sensors->paths[i] = NULL;
	}
}

double sensors_read(const struct sensors *sensors, enum sensor sensor)
{
	BASE_FREE char *line = sensors->paths[sensor] ? base_file_line(sensors->paths[sensor]) : NULL;
	char *end = NULL;
	double value = line ? strtod(line, &end) : 0;
	return end && end != line && *end == '\0' && isfinite(value) ? value * table[sensor].scale
																 : NAN;
}

const char *sensor_name(enum sensor sensor)
{
	return table[sensor].name;
}

const char *sensor_unit(enum sensor sensor)
{
	return table[sensor].unit;
}
