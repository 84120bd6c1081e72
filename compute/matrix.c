/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/matrix.h"

#include <stddef.h>

enum { TYPE_PROPERTIES = 1000506001 };

typedef VkResult(VKAPI_PTR *matrix_query)(
	VkPhysicalDevice physical, uint32_t *count, struct compute_matrix *properties);

uint32_t compute_matrix_list(const struct compute_vulkan *vk, VkInstance instance,
	VkPhysicalDevice physical, struct compute_matrix list[COMPUTE_MATRICES_MAX])
{
	matrix_query query = (matrix_query)vk->GetInstanceProcAddr(
		instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
	for (size_t i = 0; i < COMPUTE_MATRICES_MAX; i++) {
		list[i] = (struct compute_matrix){.type = (VkStructureType)TYPE_PROPERTIES};
	}
	uint32_t count = COMPUTE_MATRICES_MAX;
	if (!query || query(physical, &count, list) < 0) {
		return 0;
	}
	return count < COMPUTE_MATRICES_MAX ? count : COMPUTE_MATRICES_MAX;
}

compute_features compute_matrix_features(const struct compute_matrix *list, uint32_t count)
{
	/* A and B, C and the result. */
	static const struct {
		/* M and N, and K. */
		uint32_t side, k;
		enum compute_component factor, sum;
		enum compute_feature feature;
	} kinds[] = {
		{16, 16, COMPUTE_COMPONENT_F16, COMPUTE_COMPONENT_F32, COMPUTE_MATRIX_F16},
		{8, 8, COMPUTE_COMPONENT_F16, COMPUTE_COMPONENT_F32, COMPUTE_MATRIX_F16_SMALL},
		{16, 16, COMPUTE_COMPONENT_BF16, COMPUTE_COMPONENT_F32, COMPUTE_MATRIX_BF16},
		{16, 16, COMPUTE_COMPONENT_S8, COMPUTE_COMPONENT_S32, COMPUTE_MATRIX_S8},
		{8, 8, COMPUTE_COMPONENT_S8, COMPUTE_COMPONENT_S32, COMPUTE_MATRIX_S8_SMALL},
		{16, 32, COMPUTE_COMPONENT_S8, COMPUTE_COMPONENT_S32, COMPUTE_MATRIX_S8_LONG},
		{16, 16, COMPUTE_COMPONENT_E4M3, COMPUTE_COMPONENT_F32, COMPUTE_MATRIX_E4M3},
		{16, 32, COMPUTE_COMPONENT_E4M3, COMPUTE_COMPONENT_F32, COMPUTE_MATRIX_E4M3_LONG},
	};
	compute_features features = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct compute_matrix *matrix = &list[i];
		if (matrix->m != matrix->n || matrix->saturating ||
			matrix->scope != COMPUTE_SCOPE_SUBGROUP) {
			continue;
		}
		for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
			const int factor = (int)kinds[kind].factor, sum = (int)kinds[kind].sum;
			if (matrix->m == kinds[kind].side && matrix->k == kinds[kind].k &&
				matrix->components[0] == factor && matrix->components[1] == factor &&
				matrix->components[2] == sum && matrix->components[3] == sum) {
				features |= COMPUTE_FEATURE(kinds[kind].feature);
			}
		}
	}
	return features;
}
