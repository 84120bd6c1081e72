/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_kernels.h"

#include "base/memory.h"
#include "bridge/spirv.h"
#include "bridge/worker_module.h"

#include <stdlib.h>
#include <string.h>

enum {
	/** Pipelines kept. With modules of the largest size this is 16 MiB of theirs. */
	KEPT_MAX = 4,
	/** What bridge_spirv_fit adds for the local size comes on top of a job's own. */
	CONSTANTS_MAX = BRIDGE_JOB_SPECIALIZATIONS_MAX + 3,
};

struct worker_kernel {
	struct worker_kernel *next;
	/** Points to the fields below it. */
	struct compute_kernel_source source;
	uint32_t *words;
	struct bridge_spirv spirv;
	struct compute_specialization constants[CONSTANTS_MAX];
	struct compute_kernel kernel;
};

/** What the pipeline is made of. `words` stay borrowed. Errors: JOB_INVALID. */
static bool describe(struct worker_kernel *kernel, const struct bridge_job *wanted,
	const char *label, const uint32_t *words, struct lane_error *err)
{
	struct bridge_job job = *wanted;
	size_t word_count = job.module_size / sizeof(uint32_t);
	if (!bridge_spirv_read(words, word_count, label, &kernel->spirv, err) ||
		!bridge_spirv_fit(&kernel->spirv, &job, err)) {
		return false;
	}
	for (size_t i = 0; i < job.specialization_count; i++) {
		kernel->constants[i] = (struct compute_specialization){
			.id = job.specializations[i].id, .value = job.specializations[i].value};
	}
	kernel->source = (struct compute_kernel_source){
		.words = words,
		.word_count = word_count,
		.version = kernel->spirv.version,
		.entry = kernel->spirv.entry,
		.local_size = {job.block[0], job.block[1], job.block[2]},
		.subgroup_size = job.subgroup_size,
		.specializations = kernel->constants,
		.specialization_count = job.specialization_count,
	};
	for (size_t i = 0; i < job.buffer_count; i++) {
		kernel->source.bindings |= 1u << job.buffers[i].binding;
	}
	return true;
}

static bool is_same(const struct compute_kernel_source *a, const struct compute_kernel_source *b)
{
	return a->word_count == b->word_count && a->subgroup_size == b->subgroup_size &&
		a->bindings == b->bindings && a->specialization_count == b->specialization_count &&
		memcmp(a->local_size, b->local_size, sizeof(a->local_size)) == 0 &&
		strcmp(a->entry, b->entry) == 0 &&
		memcmp(a->specializations, b->specializations,
			a->specialization_count * sizeof(*a->specializations)) == 0 &&
		memcmp(a->words, b->words, a->word_count * sizeof(*a->words)) == 0;
}

static void destroy(struct worker_kernel *kernel, struct compute_device *device)
{
	compute_kernel_finish(device, &kernel->kernel);
	free(kernel->words);
	free(kernel);
}

/** Takes the one that is the same out of the list, and drops the oldest when there are too many. */
static struct worker_kernel *take(struct worker_kernels *kernels,
	const struct compute_kernel_source *source, struct compute_device *device)
{
	struct worker_kernel **link = &kernels->first;
	for (size_t i = 0; *link != NULL; i++, link = &(*link)->next) {
		struct worker_kernel *kernel = *link;
		if (is_same(&kernel->source, source)) {
			*link = kernel->next;
			return kernel;
		}
		if (i + 1 == KEPT_MAX) {
			*link = NULL;
			destroy(kernel, device);
			return NULL;
		}
	}
	return NULL;
}

/** Keeps a copy of the words, and compiles. */
static bool make(
	struct worker_kernel *kernel, struct compute_device *device, struct lane_error *err)
{
	struct compute_kernel_source *source = &kernel->source;
	kernel->words = base_alloc(source->word_count, sizeof(*kernel->words));
	memcpy(kernel->words, source->words, source->word_count * sizeof(*kernel->words));
	source->words = kernel->words;
	return worker_module_check(source->words, source->word_count, err) &&
		compute_kernel_create(device, source, &kernel->kernel, err);
}

const struct compute_kernel *worker_kernels_get(struct worker_kernels *kernels,
	struct compute_device *device, const struct bridge_job *job, const char *label,
	const uint32_t *module, uint64_t *compile_ns, struct lane_error *err)
{
	struct worker_kernel *kernel = base_alloc(1, sizeof(*kernel));
	if (!describe(kernel, job, label, module, err)) {
		free(kernel);
		return NULL;
	}
	struct worker_kernel *kept = take(kernels, &kernel->source, device);
	*compile_ns = 0;
	if (kept != NULL) {
		free(kernel);
		kernel = kept;
	} else if (make(kernel, device, err)) {
		*compile_ns = kernel->kernel.compile_ns;
	} else {
		destroy(kernel, device);
		return NULL;
	}
	kernel->next = kernels->first;
	kernels->first = kernel;
	return &kernel->kernel;
}

void worker_kernels_finish(struct worker_kernels *kernels, struct compute_device *device)
{
	while (kernels->first != NULL) {
		struct worker_kernel *kernel = kernels->first;
		kernels->first = kernel->next;
		destroy(kernel, device);
	}
}
