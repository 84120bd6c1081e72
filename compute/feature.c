/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/feature.h"

#include "compute/matrix.h"

#include <stddef.h>
#include <string.h>

/* Of structures that are newer than the headers. */
enum {
	TYPE_BFLOAT16 = 1000141000,
	TYPE_COOPERATIVE_MATRIX = 1000506000,
	TYPE_FLOAT8 = 1000567000,
	NOT_IN_CORE = INT32_MAX,
};

/* Where a structure of the chain comes from. */
static const struct link {
	VkStructureType type;
	size_t offset;
	/** Of Vulkan since; before that of an extension. */
	uint32_t core_version;
	const char *extension;
} links[] = {
	{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES,
		offsetof(struct compute_feature_chain, float16_int8), VK_API_VERSION_1_2,
		VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME},
	{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES,
		offsetof(struct compute_feature_chain, storage_8), VK_API_VERSION_1_2,
		VK_KHR_8BIT_STORAGE_EXTENSION_NAME},
	{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES,
		offsetof(struct compute_feature_chain, storage_16), VK_API_VERSION_1_1,
		VK_KHR_16BIT_STORAGE_EXTENSION_NAME},
	{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES,
		offsetof(struct compute_feature_chain, dot_product), VK_API_VERSION_1_3,
		VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME},
	{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES,
		offsetof(struct compute_feature_chain, memory_model), VK_API_VERSION_1_2,
		VK_KHR_VULKAN_MEMORY_MODEL_EXTENSION_NAME},
	{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_FEATURES,
		offsetof(struct compute_feature_chain, maintenance_4), VK_API_VERSION_1_3,
		VK_KHR_MAINTENANCE_4_EXTENSION_NAME},
	{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
		offsetof(struct compute_feature_chain, subgroup_size), VK_API_VERSION_1_3,
		VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME},
	{(VkStructureType)TYPE_COOPERATIVE_MATRIX,
		offsetof(struct compute_feature_chain, cooperative_matrix), NOT_IN_CORE,
		COMPUTE_COOPERATIVE_MATRIX_EXTENSION},
	{(VkStructureType)TYPE_BFLOAT16, offsetof(struct compute_feature_chain, bfloat16), NOT_IN_CORE,
		COMPUTE_BFLOAT16_EXTENSION},
	{(VkStructureType)TYPE_FLOAT8, offsetof(struct compute_feature_chain, float8), NOT_IN_CORE,
		COMPUTE_FLOAT8_EXTENSION},
};
enum { LINKS = sizeof(links) / sizeof(links[0]) };
_Static_assert((int)LINKS <= (int)COMPUTE_FEATURE_EXTENSIONS_MAX, "one extension a structure");

#define FIELD(part, field) offsetof(struct compute_feature_chain, part.field)

/* Where a feature is: the VkBool32 in the chain, 0 for those that a property tells. */
static const struct {
	const char *name;
	size_t offset;
} features_table[COMPUTE_FEATURES] = {
	[COMPUTE_FLOAT16] = {"shaderFloat16", FIELD(float16_int8, shaderFloat16)},
	[COMPUTE_FLOAT64] = {"shaderFloat64", FIELD(core, features.shaderFloat64)},
	[COMPUTE_INT8] = {"shaderInt8", FIELD(float16_int8, shaderInt8)},
	[COMPUTE_INT16] = {"shaderInt16", FIELD(core, features.shaderInt16)},
	[COMPUTE_INT64] = {"shaderInt64", FIELD(core, features.shaderInt64)},
	[COMPUTE_STORAGE_8] = {"storageBuffer8BitAccess", FIELD(storage_8, storageBuffer8BitAccess)},
	[COMPUTE_STORAGE_16] = {"storageBuffer16BitAccess",
		FIELD(storage_16, storageBuffer16BitAccess)},
	[COMPUTE_DOT_PRODUCT] = {"shaderIntegerDotProduct",
		FIELD(dot_product, shaderIntegerDotProduct)},
	[COMPUTE_MEMORY_MODEL] = {"vulkanMemoryModel", FIELD(memory_model, vulkanMemoryModel)},
	[COMPUTE_MEMORY_MODEL_DEVICE_SCOPE] = {"vulkanMemoryModelDeviceScope",
		FIELD(memory_model, vulkanMemoryModelDeviceScope)},
	[COMPUTE_MAINTENANCE_4] = {"maintenance4", FIELD(maintenance_4, maintenance4)},
	[COMPUTE_SUBGROUP_SIZE_CONTROL] = {"subgroupSizeControl",
		FIELD(subgroup_size, subgroupSizeControl)},
	[COMPUTE_FULL_SUBGROUPS] = {"computeFullSubgroups", FIELD(subgroup_size, computeFullSubgroups)},
	[COMPUTE_SUBGROUP_ARITHMETIC] = {"subgroupArithmetic", 0},
	[COMPUTE_SUBGROUP_BALLOT] = {"subgroupBallot", 0},
	[COMPUTE_COOPERATIVE_MATRIX] = {"cooperativeMatrix",
		FIELD(cooperative_matrix, cooperativeMatrix)},
	[COMPUTE_BFLOAT16] = {"shaderBFloat16Type", FIELD(bfloat16, shaderBFloat16Type)},
	[COMPUTE_BFLOAT16_MATRIX] = {"shaderBFloat16CooperativeMatrix",
		FIELD(bfloat16, shaderBFloat16CooperativeMatrix)},
	[COMPUTE_FLOAT8] = {"shaderFloat8", FIELD(float8, shaderFloat8)},
	[COMPUTE_FLOAT8_MATRIX] = {"shaderFloat8CooperativeMatrix",
		FIELD(float8, shaderFloat8CooperativeMatrix)},
	[COMPUTE_MATRIX_F16] = {"cooperativeMatrix 16x16x16 f16", 0},
	[COMPUTE_MATRIX_F16_SMALL] = {"cooperativeMatrix 8x8x8 f16", 0},
	[COMPUTE_MATRIX_BF16] = {"cooperativeMatrix 16x16x16 bf16", 0},
	[COMPUTE_MATRIX_S8] = {"cooperativeMatrix 16x16x16 s8", 0},
	[COMPUTE_MATRIX_S8_SMALL] = {"cooperativeMatrix 8x8x8 s8", 0},
	[COMPUTE_MATRIX_S8_LONG] = {"cooperativeMatrix 16x16x32 s8", 0},
	[COMPUTE_MATRIX_E4M3] = {"cooperativeMatrix 16x16x16 e4m3", 0},
	[COMPUTE_MATRIX_E4M3_LONG] = {"cooperativeMatrix 16x16x32 e4m3", 0},
};

const char *compute_feature_name(enum compute_feature feature)
{
	return features_table[feature].name;
}

static void chain_start(struct compute_feature_chain *chain)
{
	memset(chain, 0, sizeof(*chain));
	chain->core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
}

static void chain_add(struct compute_feature_chain *chain, const struct link *link)
{
	VkBaseOutStructure *structure = (VkBaseOutStructure *)(void *)((char *)chain + link->offset);
	structure->sType = link->type;
	structure->pNext = chain->core.pNext;
	chain->core.pNext = structure;
}

static VkBool32 *chain_field(struct compute_feature_chain *chain, size_t offset)
{
	return (VkBool32 *)(void *)((char *)chain + offset);
}

/* The operations on subgroups that compute shaders may use. */
static compute_features query_subgroup(const struct compute_vulkan *vk, VkPhysicalDevice physical)
{
	VkPhysicalDeviceSubgroupProperties subgroup = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
	VkPhysicalDeviceProperties2 properties = {
		.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
		.pNext = &subgroup,
	};
	compute_features features = 0;
	vk->GetPhysicalDeviceProperties2(physical, &properties);
	if (!(subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT)) {
		return 0;
	}
	if (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT) {
		features |= COMPUTE_FEATURE(COMPUTE_SUBGROUP_ARITHMETIC);
	}
	if (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_BALLOT_BIT) {
		features |= COMPUTE_FEATURE(COMPUTE_SUBGROUP_BALLOT);
	}
	return features;
}

compute_features compute_features_query(const struct compute_vulkan *vk, VkPhysicalDevice physical,
	uint32_t api_version, bool (*has_extension)(const void *extensions, const char *name),
	const void *extensions)
{
	if (api_version < VK_API_VERSION_1_1 || !vk->GetPhysicalDeviceFeatures2 ||
		!vk->GetPhysicalDeviceProperties2) {
		return 0;
	}
	struct compute_feature_chain chain;
	chain_start(&chain);
	for (size_t i = 0; i < LINKS; i++) {
		if (api_version >= links[i].core_version || has_extension(extensions, links[i].extension)) {
			chain_add(&chain, &links[i]);
		}
	}
	vk->GetPhysicalDeviceFeatures2(physical, &chain.core);
	compute_features features = query_subgroup(vk, physical);
	for (unsigned i = 0; i < COMPUTE_FEATURES; i++) {
		size_t offset = features_table[i].offset;
		if (offset > 0 && *chain_field(&chain, offset)) {
			features |= COMPUTE_FEATURE(i);
		}
	}
	if (!(features & COMPUTE_FEATURE(COMPUTE_MEMORY_MODEL_DEVICE_SCOPE))) {
		features &= ~COMPUTE_FEATURE(COMPUTE_MEMORY_MODEL);
	}
	return features;
}

/* The structure that the field at `offset` lies in; NULL for those of Vulkan 1.0. */
static const struct link *link_of(size_t offset)
{
	const struct link *found = NULL;
	for (size_t i = 0; i < LINKS; i++) {
		if (links[i].offset <= offset && (!found || links[i].offset > found->offset)) {
			found = &links[i];
		}
	}
	return found;
}

uint32_t compute_features_enable(compute_features features, uint32_t api_version,
	struct compute_feature_chain *chain, const char *extensions[COMPUTE_FEATURE_EXTENSIONS_MAX])
{
	bool added[LINKS] = {false};
	uint32_t count = 0;
	chain_start(chain);
	for (unsigned i = 0; i < COMPUTE_FEATURES; i++) {
		size_t offset = features_table[i].offset;
		if (offset == 0 || !(features & COMPUTE_FEATURE(i))) {
			continue;
		}
		*chain_field(chain, offset) = VK_TRUE;
		const struct link *link = link_of(offset);
		if (!link || added[link - links]) {
			continue;
		}
		added[link - links] = true;
		chain_add(chain, link);
		if (api_version < link->core_version) {
			extensions[count++] = link->extension;
		}
	}
	return count;
}
