/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_QUANTISED_H
#define CANARY_QUANTISED_H

#include <stddef.h>
#include <stdint.h>

/**
 * Blocks of 32 weights as llama.cpp's ggml lays them out (block_q4_0 and block_q8_0 of
 * ggml-common.h): a half float d, then 32 halves of bytes or 32 bytes. Their bits are random; of d
 * only the low bits of the exponent are taken, so that it is a power of two and sums are exact.
 */
enum {
	QUANTISED_WEIGHTS = 32,
	QUANTISED_Q4_BYTES = 2 + QUANTISED_WEIGHTS / 2,
	QUANTISED_Q8_BYTES = 2 + QUANTISED_WEIGHTS,
};

/** Fills of what they are multiplied with: 1, 1.25, 1.5 or 1.75 of either sign. */
#define QUANTISED_X_MASK 0x80600000u
#define QUANTISED_X_BASE 0x3f800000u

/** d: 1/8, 1/4, 1/2 or 1 of a q4 block, 1/8 or 1/4 of a q8 block. */
static inline float quantised_scale(const uint8_t *block, unsigned steps)
{
	return (float)(1u << (block[1] >> 2 & (steps - 1))) / 8.0f;
}

/** The weights of a block times x. */
static inline float quantised_q4_dot(const uint8_t *restrict block, const float *restrict x)
{
	float sum = 0;
	for (size_t i = 0; i < QUANTISED_WEIGHTS / 2; i++) {
		int bits = block[2 + i];
		sum += (float)((bits & 15) - 8) * x[i] + (float)((bits >> 4) - 8) * x[i + 16];
	}
	return sum * quantised_scale(block, 4);
}

static inline float quantised_q8_dot(const uint8_t *restrict block, const float *restrict x)
{
	float sum = 0;
	for (size_t i = 0; i < QUANTISED_WEIGHTS; i++) {
		sum += (float)(int8_t)block[2 + i] * x[i];
	}
	return sum * quantised_scale(block, 2);
}

#endif
