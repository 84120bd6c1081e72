/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_SENSORS_H
#define CANARY_SENSORS_H

/** What the kernel tells of a GPU beside its work, from sysfs; drivers differ in what they have. */
enum sensor {
	SENSOR_TEMPERATURE,
	SENSOR_HOTSPOT,
	SENSOR_POWER,
	SENSOR_CLOCK,
	SENSOR_MEMORY_CLOCK,
	SENSOR_BUSY,
	SENSOR_MEMORY,
	SENSORS,
};

/** Files of one device; NULL where it has none. Owned. */
struct sensors {
	char *paths[SENSORS];
};

/**
 * Finds the files of the DRM device with this node ("226:128"; NULL: none is found) below `sysfs`
 * ("/sys"): its own folder, and the first folder of hwmon in that
 * (Documentation/gpu/amdgpu/thermal.rst, Documentation/hwmon/sysfs-interface.rst).
 */
void sensors_open(struct sensors *sensors, const char *sysfs, const char *node);
void sensors_close(struct sensors *sensors);

/** The value now, in the sensor's unit; NAN when it cannot be read. */
double sensors_read(const struct sensors *sensors, enum sensor sensor);

/** "temperature" and "C", for instance. */
const char *sensor_name(enum sensor sensor);
const char *sensor_unit(enum sensor sensor);

#endif
