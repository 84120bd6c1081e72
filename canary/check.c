/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/check.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Floats in their order as whole numbers, so that neighbours differ by 1 and both zeros are 0. */
static int64_t ordered(uint32_t word)
{
	int64_t magnitude = word & 0x7fffffff;
	return word >> 31 ? -magnitude : magnitude;
}

static bool is_nan(uint32_t word)
{
	return (word & 0x7fffffff) > 0x7f800000;
}

bool check_word(enum workload_element element, uint32_t ulp, uint32_t expected, uint32_t found)
{
	if (expected == found) {
		return true;
	}
	if (element != WORKLOAD_FLOAT || is_nan(expected) || is_nan(found)) {
		return false;
	}
	return llabs(ordered(expected) - ordered(found)) <= (long long)ulp;
}

/* Words before `from` are known to be right; returns the next wrong one, or `count`. */
static size_t next_mismatch(const struct workload_plan *plan, const struct workload_buffer *buffer,
	const uint32_t *expected, const uint32_t *found, size_t from, size_t count)
{
	/* Whole blocks by memcmp: nearly all of them are equal. */
	enum { BLOCK = 4096 };
	size_t i = from;
	while (i < count) {
		size_t block = count - i < BLOCK ? count - i : BLOCK;
		if (memcmp(&expected[i], &found[i], block * 4) == 0) {
			i += block;
			continue;
		}
		for (size_t end = i + block; i < end; i++) {
			if (!check_word(buffer->element, plan->workload->ulp, expected[i], found[i])) {
				return i;
			}
		}
	}
	return count;
}

void check_result(const struct workload_plan *plan, uint32_t *const *reference,
	const uint32_t *result, struct check *check)
{
	memset(check, 0, sizeof(*check));
	for (size_t b = 0; b < plan->buffer_count; b++) {
		const struct workload_buffer *buffer = &plan->buffers[b];
		if (!buffer->job.output) {
			continue;
		}
		size_t count = (size_t)(buffer->job.bytes / 4), i = 0;
		while ((i = next_mismatch(plan, buffer, reference[b], result, i, count)) < count) {
			if (check->mismatches++ == 0) {
				check->buffer = buffer;
				check->element = i;
				check->expected = reference[b][i];
				check->found = result[i];
			}
			i++;
		}
		check->checked += count;
		result += count;
	}
}

char *check_word_text(enum workload_element element, uint32_t word)
{
	if (element == WORKLOAD_FLOAT) {
		return base_format("0x%08" PRIx32 " (%.9g)", word, (double)workload_float(word));
	}
	return base_format("0x%08" PRIx32, word);
}

void reference_fill(const struct workload_plan *plan, struct reference *reference)
{
	memset(reference, 0, sizeof(*reference));
	reference->count = plan->buffer_count;
	for (size_t b = 0; b < plan->buffer_count; b++) {
		const struct bridge_job_buffer *job = &plan->buffers[b].job;
		reference->buffers[b] = base_alloc((size_t)(job->bytes / 4), 4);
		bridge_fill_words(job, reference->buffers[b], (size_t)(job->bytes / 4));
	}
}

void reference_refill(const struct workload_plan *plan, struct reference *reference)
{
	for (size_t b = 0; b < plan->buffer_count; b++) {
		const struct bridge_job_buffer *job = &plan->buffers[b].job;
		if (job->output) {
			bridge_fill_words(job, reference->buffers[b], (size_t)(job->bytes / 4));
		}
	}
}

void reference_finish(struct reference *reference)
{
	for (size_t b = 0; b < reference->count; b++) {
		free(reference->buffers[b]);
	}
	memset(reference, 0, sizeof(*reference));
}
