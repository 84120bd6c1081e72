/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_DRM_DEVICE_H
#define PROBE_DRM_DEVICE_H

#include "probe/root.h"

/**
 * Adds to a node what sysfs tells of the device behind it: driver, bus, ids, memory, and how it is
 * doing (sensors, RAS counters, firmware, a core dump that waits). `link` is the node's folder in
 * /sys; nothing is added when it leads to no device.
 */
void probe_drm_device(cJSON *node, const struct probe_root *root, const char *link);

#endif
