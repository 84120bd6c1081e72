/* SPDX-License-Identifier: Apache-2.0 */
/* The SPIR-V reader: what it accepts has a name, a local size that fits itself, and known bindings.
 */
#include "bridge/spirv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A job with a buffer at every binding that the module has, and its own local size. */
static void check_fit(const struct bridge_spirv *module)
{
	struct bridge_job job = {.id = NULL};
	memcpy(job.block, module->local_size, sizeof(job.block));
	for (uint32_t i = 0; i <= BRIDGE_JOB_BINDING_MAX; i++) {
		if ((module->bindings & (1u << i)) && job.buffer_count < BRIDGE_JOB_BUFFERS_MAX) {
			job.buffers[job.buffer_count++].binding = i;
		}
	}
	bool all = (size_t)__builtin_popcount(module->bindings) <= BRIDGE_JOB_BUFFERS_MAX;
	bool distinct = true;
	for (int i = 0; i < 3; i++) {
		/* Two dimensions from one constant with different defaults cannot be; with one it fits. */
		for (int j = 0; j < i; j++) {
			distinct = distinct &&
				!(module->has_spec_id[i] && module->has_spec_id[j] &&
					module->spec_id[i] == module->spec_id[j] && job.block[i] != job.block[j]);
		}
	}
	if (bridge_spirv_fit(module, &job, NULL) != (all && distinct) || job.specialization_count > 3) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = size / 4;
	uint32_t *words = malloc(count > 0 ? count * 4 : 1);
	struct bridge_spirv module;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	memcpy(words, data, count * 4);
	if (bridge_spirv_read(words, count, "main", &module, &err)) {
		if (module.entry[0] == '\0' || !memchr(module.entry, '\0', sizeof(module.entry))) {
			abort();
		}
		check_fit(&module);
	} else if (!lane_error_is(&err, "JOB_INVALID")) {
		abort();
	}
	free(words);
	return 0;
}
