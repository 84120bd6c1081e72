/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "canary/check.h"
#include "tests/unit/cmocka_names.h"

#include <stdlib.h>
#include <string.h>

struct bed {
	struct workload_plan plan;
	struct reference reference;
	uint32_t *result;
	size_t words;
};

/* A right result: the outputs one after the other. */
static void bed_make(struct bed *bed, const struct workload *workload, uint32_t n)
{
	workload_plan_size(workload, n, &bed->plan);
	reference_fill(&bed->plan, &bed->reference);
	workload->reference(&bed->plan, bed->reference.buffers);
	bed->words = (size_t)workload_plan_output_bytes(&bed->plan) / 4;
	bed->result = base_alloc(bed->words, 4);
	size_t at = 0;
	for (size_t b = 0; b < bed->plan.buffer_count; b++) {
		size_t words = (size_t)bed->plan.buffers[b].job.bytes / 4;
		if (bed->plan.buffers[b].job.output) {
			memcpy(&bed->result[at], bed->reference.buffers[b], words * 4);
			at += words;
		}
	}
}

static void bed_finish(struct bed *bed)
{
	reference_finish(&bed->reference);
	free(bed->result);
}

/* The output and the element in it of word `word` of the result. */
static const struct workload_buffer *place(
	const struct workload_plan *plan, uint64_t word, uint64_t *element)
{
	const struct workload_buffer *buffer = plan->buffers;
	while (!buffer->job.output || word >= buffer->job.bytes / 4) {
		word -= buffer->job.output ? buffer->job.bytes / 4 : 0;
		buffer++;
	}
	*element = word;
	return buffer;
}

static void right_results(void **state)
{
	(void)state;
	size_t count;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		struct bed bed;
		struct check check;
		bed_make(&bed, table[i], 2 * table[i]->step);
		check_result(&bed.plan, bed.reference.buffers, bed.result, &check);
		assert_int_equal(check.mismatches, 0);
		assert_int_equal(check.checked, bed.words);
		bed_finish(&bed);
	}
}

/* Every bit of the first, the last and some words between, in every workload: but those that its
 * tolerance says nothing of. */
static void one_bit(void **state)
{
	(void)state;
	size_t count;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		struct bed bed;
		bed_make(&bed, table[i], 2 * table[i]->step);
		const size_t last = bed.words - 1;
		const size_t places[] = {
			0, last < 1 ? last : 1, bed.words / 2, last < 1 ? last : last - 1, last};
		for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
			uint64_t element;
			const struct workload_buffer *buffer = place(&bed.plan, places[p], &element);
			for (unsigned bit = 0; bit < 32; bit++) {
				struct check check;
				if (buffer->element == WORKLOAD_FLOAT && UINT32_C(1) << bit <= table[i]->ulp) {
					continue;
				}
				uint32_t right = bed.result[places[p]];
				bed.result[places[p]] ^= UINT32_C(1) << bit;
				check_result(&bed.plan, bed.reference.buffers, bed.result, &check);
				if (check.mismatches != 1 || check.buffer != buffer || check.element != element ||
					check.expected != right || check.found != bed.result[places[p]]) {
					fail_msg(
						"%s: bit %u of word %zu was not found", table[i]->name, bit, places[p]);
				}
				bed.result[places[p]] = right;
			}
		}
		bed_finish(&bed);
	}
}

static void outputs_apart(void **state)
{
	(void)state;
	struct bed bed;
	struct check check;
	bed_make(&bed, &canary_reduce, 3 * canary_reduce.step);
	assert_int_equal(bed.words, 3 + 1);
	bed.result[3] ^= 1;
	check_result(&bed.plan, bed.reference.buffers, bed.result, &check);
	assert_string_equal(check.buffer->name, "total");
	assert_int_equal(check.element, 0);
	bed.result[2] ^= 1;
	check_result(&bed.plan, bed.reference.buffers, bed.result, &check);
	assert_int_equal(check.mismatches, 2);
	assert_string_equal(check.buffer->name, "partials");
	assert_int_equal(check.element, 2);
	bed_finish(&bed);
}

static void everything_wrong(void **state)
{
	(void)state;
	struct bed bed;
	struct check check;
	bed_make(&bed, &canary_copy, 2 * canary_copy.step);
	for (size_t i = 0; i < bed.words; i++) {
		bed.result[i] = 0xDEADBEEF;
	}
	check_result(&bed.plan, bed.reference.buffers, bed.result, &check);
	assert_int_equal(check.mismatches, bed.words);
	assert_int_equal(check.element, 0);
	bed_finish(&bed);
}

static void tolerance(void **state)
{
	(void)state;
	const uint32_t one = 0x3f800000, minus = 0x80000000, nan = 0x7fc00000, infinity = 0x7f800000;
	/* Both zeros are one; for whole numbers they are not. */
	assert_true(check_word(WORKLOAD_FLOAT, 0, 0, minus));
	assert_true(check_word(WORKLOAD_FLOAT, 0, minus, 0));
	assert_false(check_word(WORKLOAD_UINT, 0, 0, minus));
	/* Edges, on both sides, across an exponent and across zero. */
	assert_true(check_word(WORKLOAD_FLOAT, 2, one, one + 2));
	assert_false(check_word(WORKLOAD_FLOAT, 2, one, one + 3));
	assert_true(check_word(WORKLOAD_FLOAT, 2, one, one - 2));
	assert_false(check_word(WORKLOAD_FLOAT, 2, one, one - 3));
	assert_true(check_word(WORKLOAD_FLOAT, 2, 1, minus | 1));
	assert_false(check_word(WORKLOAD_FLOAT, 2, 2, minus | 1));
	assert_false(check_word(WORKLOAD_FLOAT, 0, one, one + 1));
	assert_false(check_word(WORKLOAD_FLOAT, 2, one, one | minus));
	assert_false(check_word(WORKLOAD_UINT, 2, 7, 8));
	/* No tolerance reaches a NaN; an expected one must be the same. */
	assert_false(check_word(WORKLOAD_FLOAT, UINT32_MAX, one, nan));
	assert_false(check_word(WORKLOAD_FLOAT, UINT32_MAX, nan, one));
	assert_false(check_word(WORKLOAD_FLOAT, UINT32_MAX, infinity, nan));
	assert_true(check_word(WORKLOAD_FLOAT, 0, nan, nan));
}

static void words(void **state)
{
	(void)state;
	BASE_FREE char *number = check_word_text(WORKLOAD_FLOAT, 0xbf000000);
	assert_string_equal(number, "0xbf000000 (-0.5)");
	BASE_FREE char *bits = check_word_text(WORKLOAD_UINT, 0xdeadbeef);
	assert_string_equal(bits, "0xdeadbeef");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("check@right-results-are-right-in-every-word", right_results),
		NAMED("check@one-flipped-bit-is-found-wherever-it-is", one_bit),
		NAMED("check@names-the-output-and-its-own-element", outputs_apart),
		NAMED("check@counts-what-was-never-written", everything_wrong),
		NAMED("check@tolerance-ends-where-it-says", tolerance),
		NAMED("check@describes-a-word-as-bits-and-number", words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
