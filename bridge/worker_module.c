/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_module.h"

#include <spirv-tools/libspirv.h>
#include <string.h>

/** SPIR-V of Vulkan 1.3 and 1.4, the newest that the validator is asked about. */
enum { VERSION_MAX = 0x00010600 };

bool worker_module_check(const uint32_t *words, size_t count, struct lane_error *err)
{
	if (words[1] > VERSION_MAX) {
		return lane_error_set(err, "DEVICE_LIMIT", "the module is SPIR-V %u.%u, 1.6 is known",
			words[1] >> 16 & 0xff, words[1] >> 8 & 0xff);
	}
	/* What this device takes of it is its own limit, which compute_kernel_create minds. */
	spv_context context = spvContextCreate(SPV_ENV_VULKAN_1_3);
	spv_const_binary_t binary = {.code = words, .wordCount = count};
	spv_diagnostic diagnostic = NULL;
	bool valid = context != NULL && spvValidate(context, &binary, &diagnostic) == SPV_SUCCESS;
	if (!valid) {
		const char *text = diagnostic && diagnostic->error ? diagnostic->error : "not valid";
		lane_error_set(err, "JOB_INVALID", "SPIR-V: %.*s", (int)strcspn(text, "\n"), text);
	}
	spvDiagnosticDestroy(diagnostic);
	spvContextDestroy(context);
	return valid;
}

compute_features worker_module_unknown(void)
{
	/* The assembler knows a capability by name exactly when the validator knows it. */
	static const struct {
		const char *line;
		compute_features features;
	} capabilities[] = {
		{"OpCapability CooperativeMatrixKHR", COMPUTE_MATRIX_FEATURES},
		{"OpCapability BFloat16CooperativeMatrixKHR",
			COMPUTE_FEATURE(COMPUTE_BFLOAT16) | COMPUTE_FEATURE(COMPUTE_BFLOAT16_MATRIX) |
				COMPUTE_FEATURE(COMPUTE_MATRIX_BF16)},
		{"OpCapability Float8CooperativeMatrixEXT",
			COMPUTE_FEATURE(COMPUTE_FLOAT8) | COMPUTE_FEATURE(COMPUTE_FLOAT8_MATRIX) |
				COMPUTE_FEATURE(COMPUTE_MATRIX_E4M3) | COMPUTE_FEATURE(COMPUTE_MATRIX_E4M3_LONG)},
	};
	compute_features unknown = 0;
	spv_context context = spvContextCreate(SPV_ENV_VULKAN_1_3);
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		const char *line = capabilities[i].line;
		spv_binary binary = NULL;
		if (!context || spvTextToBinary(context, line, strlen(line), &binary, NULL)) {
			unknown |= capabilities[i].features;
		}
		spvBinaryDestroy(binary);
	}
	spvContextDestroy(context);
	return unknown;
}
