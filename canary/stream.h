/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_STREAM_H
#define CANARY_STREAM_H

#include "canary/workload.h"

/**
 * What the kernels that walk over vectors have in common. 256 invocations a workgroup take sixteen
 * words each, a workgroup's width apart so that loads coalesce: 4096 words a workgroup. With sizes
 * in multiples of that no workgroup is half idle, and the grid stays under 65535 (the least
 * maxComputeWorkGroupCount) up to 1 GiB a buffer.
 */
enum {
	STREAM_BLOCK = 256,
	STREAM_STEP = 4096,
	/** Words at a time of the variant that moves them as 64-bit integers. */
	STREAM_WIDE = 8,
};

/**
 * Words that an invocation takes at a time: the constant of those that have a choice. STREAM_WIDE
 * is a module of its own, since one that declares 64-bit integers loads only where there are some:
 * a driver that fetches for each invocation in turn (lavapipe) takes as long for 64 bits as for 32.
 */
extern const struct workload_variant stream_widths[4];
#define STREAM_WIDTHS .variants = stream_widths, .variant_count = 3
#define STREAM_WIDTHS_TO_8 .variants = stream_widths, .variant_count = 4

/** Mi words: 4 MiB of buffer. */
#define STREAM_MI(x) ((uint32_t)(x) << 20)

/**
 * Working sets: on hardware beyond 8 times the last cache (64 MiB Infinity Cache on Navi 48, 50 MiB
 * on H100), and a dispatch under 20 ms from about 40 GB/s (quick) or 80 GB/s (full) on; integrated
 * ones from 10 and 20 GB/s on. On a software device seconds matter and the figure does not.
 */
#define STREAM_SIZES_2                                                                             \
	{                                                                                              \
		{STREAM_MI(4), STREAM_MI(16), STREAM_MI(64)},                                              \
			{STREAM_MI(8), STREAM_MI(32), STREAM_MI(128)},                                         \
	}
#define STREAM_SIZES_3                                                                             \
	{                                                                                              \
		{STREAM_MI(4), STREAM_MI(12), STREAM_MI(48)},                                              \
			{STREAM_MI(8), STREAM_MI(24), STREAM_MI(96)},                                          \
	}

#endif
