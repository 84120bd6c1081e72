/* SPDX-License-Identifier: Apache-2.0 */
#version 450
/* Word 5 of the output counts how often the kernel ran, in a buffer that is never filled again. */
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) buffer State { uint runs; };
layout(set = 0, binding = 1) writeonly buffer Words { uint words[]; };

void main()
{
	uint i = gl_LocalInvocationID.x;
	words[i] = i == 5u ? atomicAdd(runs, 1u) : i;
}
