/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_CHECK_H
#define CANARY_CHECK_H

#include "canary/workload.h"

/** Where a result differs from the reference. */
struct check {
	/** Words compared, and of those that differ. */
	uint64_t checked, mismatches;
	/** Of the first one, when there is any: the output, the element in it and both words. */
	const struct workload_buffer *buffer;
	uint64_t element;
	uint32_t expected, found;
};

/**
 * Compares every word of `result` (the outputs one after the other, in the plan's order,
 * workload_plan_output_bytes of them) with the reference's buffers.
 */
void check_result(const struct workload_plan *plan, uint32_t *const *reference,
	const uint32_t *result, struct check *check);

/** Whether `found` is right where `expected` is, for outputs of this kind; see workload.ulp. */
bool check_word(enum workload_element element, uint32_t ulp, uint32_t expected, uint32_t found);

/** "0x3f000000 (0.5)", or the bits alone of what is no float. Caller frees. */
char *check_word_text(enum workload_element element, uint32_t word);

/** The plan's buffers on the CPU. */
struct reference {
	size_t count;
	uint32_t *buffers[WORKLOAD_BUFFERS_MAX];
};

/** Allocates and fills all buffers as declared. */
void reference_fill(const struct workload_plan *plan, struct reference *reference);
/** Fills again what the reference computation writes. */
void reference_refill(const struct workload_plan *plan, struct reference *reference);
void reference_finish(struct reference *reference);

#endif
