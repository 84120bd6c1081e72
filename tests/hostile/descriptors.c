/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a job descriptor of every workload at its smallest size, one a line. */
#include "base/memory.h"
#include "canary/descriptor.h"

#include <stdio.h>

int main(void)
{
	static const struct bridge_sampling sampling = {
		.min_samples = 1, .max_samples = 1, .dispatches_per_sample = 1};
	size_t count;
	const struct workload *const *table = workload_table(&count);
	for (size_t i = 0; i < count; i++) {
		struct workload_plan plan;
		workload_plan_size(table[i], table[i]->step, &plan);
		BASE_FREE char *line = descriptor_build(&plan, table[i]->name, &sampling, 60000);
		puts(line);
	}
	return fflush(stdout) != 0;
}
