/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_MATRIX_H
#define COMPUTE_MATRIX_H

#include "compute/feature.h"

/*
 * Cooperative matrices (VK_KHR_cooperative_matrix) and their components, which the headers of
 * Vulkan 1.3.239 do not have yet: names and numbers are the registry's.
 */
#define COMPUTE_COOPERATIVE_MATRIX_EXTENSION "VK_KHR_cooperative_matrix"
#define COMPUTE_BFLOAT16_EXTENSION "VK_KHR_shader_bfloat16"
#define COMPUTE_FLOAT8_EXTENSION "VK_EXT_shader_float8"

/** VkComponentTypeKHR, those that a kernel here uses. */
enum compute_component {
	COMPUTE_COMPONENT_F16 = 0,
	COMPUTE_COMPONENT_F32 = 1,
	COMPUTE_COMPONENT_S8 = 3,
	COMPUTE_COMPONENT_S32 = 5,
	COMPUTE_COMPONENT_BF16 = 1000141000,
	COMPUTE_COMPONENT_E4M3 = 1000491002,
};

/** VkCooperativeMatrixPropertiesKHR. */
struct compute_matrix {
	VkStructureType type;
	void *next;
	uint32_t m, n, k;
	/** VkComponentTypeKHR of A, B, C and the result. */
	int components[4];
	VkBool32 saturating;
	/** VkScopeKHR. */
	int scope;
};

enum { COMPUTE_MATRICES_MAX = 128, COMPUTE_SCOPE_SUBGROUP = 3 };

/** Lists what a device with the extension multiplies, at most COMPUTE_MATRICES_MAX of it. */
uint32_t compute_matrix_list(const struct compute_vulkan *vk, VkInstance instance,
	VkPhysicalDevice physical, struct compute_matrix list[COMPUTE_MATRICES_MAX]);

/** The features COMPUTE_MATRIX_* that this list comes to. */
compute_features compute_matrix_features(const struct compute_matrix *list, uint32_t count);

#endif
