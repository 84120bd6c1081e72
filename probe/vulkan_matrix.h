/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_VULKAN_MATRIX_H
#define PROBE_VULKAN_MATRIX_H

#include "base/json.h"
#include "compute/vulkan.h"

/**
 * Adds "cooperative_matrices" to a device that has VK_KHR_cooperative_matrix: "16x16x16 f16 f16 f32
 * f32" is M, N and K, then the types of A, B, C and of the result.
 */
void probe_vulkan_matrix(
	cJSON *device, const struct compute_vulkan *vk, VkInstance instance, VkPhysicalDevice physical);

#endif
