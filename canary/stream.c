/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/stream.h"

/* The widest is the best of most devices. */
const struct workload_variant stream_widths[] = {
	{"4 words at a time", 4, 0, 0},
	{"2 words at a time", 2, 0, 0},
	{"1 word at a time", 1, 0, 0},
	{"8 words at a time", STREAM_WIDE, 0, COMPUTE_FEATURE(COMPUTE_INT64)},
};
