/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/check.h"
#include "canary/cpu.h"
#include "tests/unit/cmocka_names.h"

#include <string.h>

/* However it is cut, the outputs are those of one thread: no word torn, left out or done twice. */
static void any_number_of_threads(void **state)
{
	(void)state;
	static const struct {
		const struct workload *workload;
		uint32_t steps;
	} table[] = {{&canary_vadd, 5}, {&canary_saxpy, 5}, {&canary_copy, 5}, {&canary_triad, 5},
		{&canary_matmul, 3}, {&canary_q4_matvec, 5}, {&canary_q8_matvec, 5}, {&canary_mlp, 5}};
	static const unsigned threads[] = {1, 2, 3, 7, 300};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct workload *workload = table[i].workload;
		assert_true(cpu_can(workload));
		struct workload_plan plan;
		workload_plan_size(workload, table[i].steps * workload->step, &plan);
		struct reference expected;
		reference_fill(&plan, &expected);
		workload->reference(&plan, expected.buffers);
		for (size_t j = 0; j < sizeof(threads) / sizeof(threads[0]); j++) {
			struct reference found;
			reference_fill(&plan, &found);
			cpu_run(&plan, found.buffers, threads[j]);
			for (size_t k = 0; k < plan.buffer_count; k++) {
				size_t words = (size_t)plan.buffers[k].job.bytes / 4;
				for (size_t word = 0; word < words; word++) {
					if (!check_word(plan.buffers[k].element, workload->ulp,
							expected.buffers[k][word], found.buffers[k][word])) {
						fail_msg("%s, %u threads: %s[%zu]", workload->name, threads[j],
							plan.buffers[k].name, word);
					}
				}
			}
			reference_finish(&found);
		}
		reference_finish(&expected);
	}
	assert_false(cpu_can(&canary_dispatch));
}

static void machine(void **state)
{
	(void)state;
	assert_true(cpu_threads() >= 1);
	assert_true(strcmp(cpu_simd(), "AVX2") == 0 || strcmp(cpu_simd(), "baseline") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("cpu@any-number-of-threads-computes-what-one-does", any_number_of_threads),
		NAMED("cpu@says-what-the-machine-has", machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
