/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/vulkan_matrix.h"

#include <stdint.h>

enum { SHAPE_MAX = 128, SCOPE_SUBGROUP = 3, TYPE_PROPERTIES = 1000506001 };

/* VkCooperativeMatrixPropertiesKHR, which headers before 1.3.255 do not have. */
struct matrix_properties {
	VkStructureType type;
	void *next;
	uint32_t m, n, k;
	/* VkComponentTypeKHR of A, B, C and the result. */
	int components[4];
	VkBool32 saturating;
	int scope;
};

typedef VkResult(VKAPI_PTR *matrix_query)(
	VkPhysicalDevice physical, uint32_t *count, struct matrix_properties *properties);

static const char *component_name(int type)
{
	static const char *const names[] = {
		"f16", "f32", "f64", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64"};
	static const struct {
		int type;
		const char *name;
	} others[] = {{1000141000, "bf16"}, {1000491002, "fp8"}, {1000491003, "bf8"}};
	if (type >= 0 && type < (int)(sizeof(names) / sizeof(names[0]))) {
		return names[type];
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i].type == type) {
			return others[i].name;
		}
	}
	return "?";
}

void probe_vulkan_matrix(
	cJSON *device, const struct compute_vulkan *vk, VkInstance instance, VkPhysicalDevice physical)
{
	matrix_query query = (matrix_query)vk->GetInstanceProcAddr(
		instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
	struct matrix_properties shapes[SHAPE_MAX] = {0};
	for (size_t i = 0; i < SHAPE_MAX; i++) {
		shapes[i].type = (VkStructureType)TYPE_PROPERTIES;
	}
	uint32_t count = SHAPE_MAX;
	if (!query || query(physical, &count, shapes) < 0) {
		return;
	}
	cJSON *list = base_json_add_array(device, "cooperative_matrices");
	for (uint32_t i = 0; i < count && i < SHAPE_MAX; i++) {
		const struct matrix_properties *shape = &shapes[i];
		const int *types = shape->components;
		base_json_add_format(list, NULL, "%ux%ux%u %s %s %s %s%s%s", shape->m, shape->n, shape->k,
			component_name(types[0]), component_name(types[1]), component_name(types[2]),
			component_name(types[3]), shape->saturating ? " saturating" : "",
			shape->scope == SCOPE_SUBGROUP ? "" : " (not a subgroup's)");
	}
}
