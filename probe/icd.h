/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_ICD_H
#define PROBE_ICD_H

#include "probe/root.h"

/**
 * The ICD manifests that the Vulkan loader would read and those that it is kept from reading (a
 * variable names others, or the folder is another loader's), in its order: facts
 * "vulkan.icds". `loader_path` may be NULL. Caller owns the array. Source: the Vulkan-Loader's
 * LoaderDriverInterface.md.
 */
cJSON *probe_icd_list(const struct probe_root *root, const char *loader_path);

/**
 * Loads an ICD's library as the loader does, which costs next to nothing while the loader has it
 * loaded: {loads, error}. Runs code of the driver. Caller owns the object.
 */
cJSON *probe_icd_load(const char *library);

#endif
