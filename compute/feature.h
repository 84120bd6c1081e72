/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_FEATURE_H
#define COMPUTE_FEATURE_H

#include "compute/vulkan.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * What a kernel may ask of a device beyond Vulkan 1.1. A device is opened with all that it has of
 * these, and with nothing else.
 */
enum compute_feature {
	COMPUTE_FLOAT16,
	COMPUTE_FLOAT64,
	COMPUTE_INT8,
	COMPUTE_INT16,
	COMPUTE_INT64,
	COMPUTE_STORAGE_8,
	COMPUTE_STORAGE_16,
	COMPUTE_DOT_PRODUCT,
	/** Only with the next: without it, it forbids the atomic operations of every other kernel. */
	COMPUTE_MEMORY_MODEL,
	COMPUTE_MEMORY_MODEL_DEVICE_SCOPE,
	COMPUTE_MAINTENANCE_4,
	COMPUTE_SUBGROUP_SIZE_CONTROL,
	COMPUTE_FULL_SUBGROUPS,
	/** In compute shaders: reductions and scans, and ballots. */
	COMPUTE_SUBGROUP_ARITHMETIC,
	COMPUTE_SUBGROUP_BALLOT,
	COMPUTE_COOPERATIVE_MATRIX,
	COMPUTE_BFLOAT16,
	COMPUTE_BFLOAT16_MATRIX,
	COMPUTE_FLOAT8,
	COMPUTE_FLOAT8_MATRIX,
	/** A subgroup multiplies 16 x 16 x 16 (LONG: 16 x 16 x 32, SMALL: 8 x 8 x 8) of these to sums
	   of 32 bits. */
	COMPUTE_MATRIX_F16,
	COMPUTE_MATRIX_F16_SMALL,
	COMPUTE_MATRIX_BF16,
	COMPUTE_MATRIX_S8,
	COMPUTE_MATRIX_S8_SMALL,
	COMPUTE_MATRIX_S8_LONG,
	COMPUTE_MATRIX_E4M3,
	COMPUTE_MATRIX_E4M3_LONG,
	COMPUTE_FEATURES,
};

/** A set of features: bit compute_feature. */
typedef uint32_t compute_features;
#define COMPUTE_FEATURE(feature) ((compute_features)1 << (feature))

/** All that have to do with cooperative matrices. */
#define COMPUTE_MATRIX_FEATURES                                                                    \
	(COMPUTE_FEATURE(COMPUTE_FEATURES) - COMPUTE_FEATURE(COMPUTE_COOPERATIVE_MATRIX))

/** As the specification calls it: "shaderFloat16". Static. */
const char *compute_feature_name(enum compute_feature feature);

/** Every structure that a feature of ours may be in. */
struct compute_feature_chain {
	VkPhysicalDeviceFeatures2 core;
	VkPhysicalDeviceShaderFloat16Int8Features float16_int8;
	VkPhysicalDevice8BitStorageFeatures storage_8;
	VkPhysicalDevice16BitStorageFeatures storage_16;
	VkPhysicalDeviceShaderIntegerDotProductFeatures dot_product;
	VkPhysicalDeviceVulkanMemoryModelFeatures memory_model;
	VkPhysicalDeviceMaintenance4Features maintenance_4;
	VkPhysicalDeviceSubgroupSizeControlFeatures subgroup_size;
	/** Newer than the headers of Vulkan 1.3.239; the names are the registry's. */
	struct {
		VkStructureType type;
		void *next;
		VkBool32 cooperativeMatrix, cooperativeMatrixRobustBufferAccess;
	} cooperative_matrix;
	struct {
		VkStructureType type;
		void *next;
		VkBool32 shaderBFloat16Type, shaderBFloat16DotProduct, shaderBFloat16CooperativeMatrix;
	} bfloat16;
	struct {
		VkStructureType type;
		void *next;
		VkBool32 shaderFloat8, shaderFloat8CooperativeMatrix;
	} float8;
};

enum { COMPUTE_FEATURE_EXTENSIONS_MAX = 10 };

/**
 * The features of a device with this API version (of the device or of the instance, whichever is
 * less). `has_extension` says whether it has one.
 */
compute_features compute_features_query(const struct compute_vulkan *vk, VkPhysicalDevice physical,
	uint32_t api_version, bool (*has_extension)(const void *extensions, const char *name),
	const void *extensions);

/**
 * Fills `chain` so that chain->core enables these features, and `extensions` with the names of what
 * they need to be enabled with. Returns the number of names.
 */
uint32_t compute_features_enable(compute_features features, uint32_t api_version,
	struct compute_feature_chain *chain, const char *extensions[COMPUTE_FEATURE_EXTENSIONS_MAX]);

#endif
