/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/job.h"

#include <string.h>

/* Every word comes from its index alone, so that a part of a buffer can be filled or checked. */

/* "lowbias32" of Chris Wellons' hash prospector: every bit of the input moves half of the output.
 */
static uint32_t fill_mix(uint32_t word)
{
	word ^= word >> 16;
	word *= 0x7feb352du;
	word ^= word >> 15;
	word *= 0x846ca68bu;
	word ^= word >> 16;
	return word;
}

static uint32_t fill_float(float value)
{
	uint32_t word;
	memcpy(&word, &value, sizeof(word));
	return word;
}

static uint32_t fill_ramp(uint64_t index)
{
	/* Exact: 12 bits of fraction. */
	return fill_float((float)(index % 4096) / 4096.0f);
}

static uint32_t fill_hash(uint32_t seed_mix, uint64_t index)
{
	uint32_t low = (uint32_t)index;
	uint32_t high = (uint32_t)(index >> 32);
	return fill_mix(fill_mix(low ^ seed_mix) + high);
}

static uint32_t fill_random(uint32_t hash)
{
	/* Exact: 24 bits in steps of 2^-23 from -1 up. */
	return fill_float((float)(hash >> 8) * 0x1p-23f - 1.0f);
}

void bridge_fill_part(
	const struct bridge_job_buffer *declared, uint64_t first, uint32_t *words, size_t count)
{
	uint32_t seed_mix = fill_mix(declared->seed + 0x9e3779b9u);
	for (size_t i = 0; i < count; i++) {
		switch (declared->fill) {
		case BRIDGE_FILL_ZERO:
			words[i] = 0;
			break;
		case BRIDGE_FILL_RAMP:
			words[i] = fill_ramp(first + i);
			break;
		case BRIDGE_FILL_RANDOM:
			words[i] = fill_random(fill_hash(seed_mix, first + i));
			break;
		case BRIDGE_FILL_POISON:
			words[i] = 0xDEADBEEF;
			break;
		case BRIDGE_FILL_BITS:
			words[i] = (fill_hash(seed_mix, first + i) & declared->mask) | declared->base;
			break;
		}
	}
}

void bridge_fill_words(const struct bridge_job_buffer *declared, uint32_t *words, size_t count)
{
	bridge_fill_part(declared, 0, words, count);
}
