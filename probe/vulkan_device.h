/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_VULKAN_DEVICE_H
#define PROBE_VULKAN_DEVICE_H

#include "base/json.h"
#include "compute/device.h"

/**
 * The facts of one physical device, an element of "vulkan.devices", with the key "GPU<index>" as
 * vulkaninfo counts. Calls the driver. Caller owns the object.
 */
cJSON *probe_vulkan_device(
	const struct compute_instance *instance, const struct compute_identity *identity, size_t index);

/** "MESA_RADV" for a VkDriverId, or "driver 99". Caller frees. */
char *probe_vulkan_driver_name(unsigned driver_id);
/** A driver's version as that driver writes it. Caller frees. */
char *probe_vulkan_driver_version(unsigned driver_id, uint32_t version);

#endif
