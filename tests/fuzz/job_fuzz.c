/* SPDX-License-Identifier: Apache-2.0 */
/* Job descriptors: whatever is accepted is within every bound that the worker relies on. */
#include "bridge/job.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool buffers_good(const struct bridge_job *job)
{
	uint64_t memory = 0;
	uint64_t result = 0;
	uint32_t bindings = 0;
	for (size_t i = 0; i < job->buffer_count; i++) {
		const struct bridge_job_buffer *buffer = &job->buffers[i];
		if (buffer->binding > BRIDGE_JOB_BINDING_MAX || buffer->bytes < 4 ||
			buffer->bytes % 4 != 0 || buffer->fill > BRIDGE_FILL_POISON ||
			(bindings & (1u << buffer->binding))) {
			return false;
		}
		bindings |= 1u << buffer->binding;
		memory += buffer->bytes;
		result += buffer->output ? buffer->bytes : 0;
	}
	return job->buffer_count <= BRIDGE_JOB_BUFFERS_MAX && memory == job->memory_bytes &&
		result == job->result_bytes;
}

static bool sampling_good(const struct bridge_sampling *sampling)
{
	return sampling->min_samples >= 1 && sampling->min_samples <= sampling->max_samples &&
		sampling->max_samples <= BRIDGE_JOB_SAMPLES_MAX && sampling->dispatches_per_sample >= 1 &&
		sampling->dispatches_per_sample <= BRIDGE_JOB_DISPATCHES_MAX &&
		sampling->warmup_ms <= BRIDGE_JOB_WARMUP_MS_MAX && sampling->rel_ci >= 0 &&
		sampling->rel_ci <= 1;
}

static bool job_good(const struct bridge_job *job)
{
	for (int i = 0; i < 3; i++) {
		if (job->grid[i] == 0 || job->block[i] == 0) {
			return false;
		}
	}
	return job->id && strlen(job->id) <= BRIDGE_JOB_ID_MAX && !strchr(job->id, '/') &&
		job->kernel && strlen(job->kernel) <= BRIDGE_JOB_ID_MAX && job->bytes_hash &&
		(job->module != NULL) != (job->module_path != NULL) && job->module_size % 4 == 0 &&
		job->timeout_ms >= 1 && job->timeout_ms <= BRIDGE_JOB_TIMEOUT_MS_MAX &&
		job->push_constant_size <= BRIDGE_JOB_PUSH_CONSTANTS_MAX &&
		job->specialization_count <= BRIDGE_JOB_SPECIALIZATIONS_MAX && buffers_good(job) &&
		sampling_good(&job->sampling);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bridge_job job;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	bool parsed = bridge_job_parse((const char *)data, size, &job, &err);
	bool known = lane_error_is(&err, "JOB_HASH") || lane_error_is(&err, "JOB_INVALID") ||
		lane_error_is(&err, "JOB_LIMIT");
	if (parsed ? !job_good(&job) : !known) {
		abort();
	}
	bridge_job_finish(&job);
	return 0;
}
