/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOSTILE_DEVICE_H
#define HOSTILE_DEVICE_H

#include <vulkan/vk_icd.h>

/* What the one device of a hostile driver does. */
enum device_act {
	DEVICE_NONE,
	/** Its ids depend on who asks: vkGetPhysicalDeviceProperties or its successor. */
	DEVICE_CONTRADICTS,
	/** It is listed, and lost when it is opened. */
	DEVICE_LOST,
	DEVICE_CRASHES,
	DEVICE_HANGS,
};

/* What this one does: each build of the driver has one act. */
static const enum device_act device_act = HOSTILE_DEVICE;

/* The device, which the loader dispatches on. */
VkPhysicalDevice hostile_device(void);
/* A function of the device, or NULL. */
PFN_vkVoidFunction hostile_device_function(const char *name);

#endif
