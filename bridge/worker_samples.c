/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_samples.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void worker_samples_init(struct worker_samples *samples, size_t most)
{
	*samples = (struct worker_samples){
		.ns = base_alloc(most, sizeof(uint64_t)),
		.wall_ns = base_alloc(most, sizeof(uint64_t)),
		.at_ns = base_alloc(most, sizeof(uint64_t)),
		.sorted = base_alloc(most, sizeof(uint64_t)),
	};
}

void worker_samples_finish(struct worker_samples *samples)
{
	free(samples->ns);
	free(samples->wall_ns);
	free(samples->at_ns);
	free(samples->sorted);
	*samples = (struct worker_samples){.count = 0};
}

void worker_samples_add(struct worker_samples *samples, uint64_t ns, uint64_t wall_ns)
{
	size_t low = 0;
	size_t high = samples->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (samples->sorted[middle] <= ns) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	memmove(samples->sorted + low + 1, samples->sorted + low,
		(samples->count - low) * sizeof(samples->sorted[0]));
	samples->sorted[low] = ns;
	samples->ns[samples->count] = ns;
	samples->wall_ns[samples->count] = wall_ns;
	samples->count++;
}

double worker_samples_rel_ci(const struct worker_samples *samples)
{
	size_t n = samples->count;
	if (n < 6) {
		return INFINITY;
	}
	/* Ranks n/2 -+ 1.96 sqrt(n)/2 from the normal approximation of the binomial, rounded outwards.
	 */
	double spread = 1.96 * sqrt((double)n) / 2;
	double low_rank = floor((double)n / 2 - spread);
	double high_rank = ceil((double)n / 2 + spread) + 1;
	size_t low = low_rank < 1 ? 0 : (size_t)low_rank - 1;
	size_t high = high_rank > (double)n ? n - 1 : (size_t)high_rank - 1;
	double median = n % 2
		? (double)samples->sorted[n / 2]
		: ((double)samples->sorted[n / 2 - 1] + (double)samples->sorted[n / 2]) / 2;
	double half_width = (double)(samples->sorted[high] - samples->sorted[low]) / 2;
	return median > 0 ? half_width / median : INFINITY;
}
