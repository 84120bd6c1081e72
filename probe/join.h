/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_JOIN_H
#define PROBE_JOIN_H

#include "base/json.h"

/**
 * Makes "gpus" of the facts anew: one GPU for what DRM, PCI and Vulkan each tell of it. Nodes
 * belong together by their device in sysfs, PCI devices by address, Vulkan devices by device number
 * (VK_EXT_physical_device_drm), then PCI address (VK_EXT_pci_bus_info), then ids when only one GPU
 * has them. Where two layers contradict each other the GPU's "disagreements" says so.
 */
void probe_join(cJSON *facts);

#endif
