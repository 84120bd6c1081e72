/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CANARY_NAIVE_H
#define TESTS_UNIT_CANARY_NAIVE_H

#include "canary/workload.h"

/**
 * One element of the result in exact arithmetic, straight from the definition: doubles hold every
 * value here exactly.
 */
struct naive {
	const char *name;
	/** Bytes or operations of size n. */
	double (*work)(double n);
	/** Expected words of output `buffer` before `reference` ran over `in`. */
	uint32_t (*element)(
		const struct workload_plan *plan, uint32_t *const *in, size_t buffer, size_t index);
};

/** Fails the test when there is none. */
const struct naive *naive_find(const char *name);

#endif
