/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/vulkan_matrix.h"

#include "compute/matrix.h"

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
	struct compute_matrix shapes[COMPUTE_MATRICES_MAX];
	uint32_t count = compute_matrix_list(vk, instance, physical, shapes);
	cJSON *list = base_json_add_array(device, "cooperative_matrices");
	for (uint32_t i = 0; i < count; i++) {
		const struct compute_matrix *shape = &shapes[i];
		const int *types = shape->components;
		base_json_add_format(list, NULL, "%ux%ux%u %s %s %s %s%s%s", shape->m, shape->n, shape->k,
			component_name(types[0]), component_name(types[1]), component_name(types[2]),
			component_name(types[3]), shape->saturating ? " saturating" : "",
			shape->scope == COMPUTE_SCOPE_SUBGROUP ? "" : " (not a subgroup's)");
	}
}
