/* SPDX-License-Identifier: Apache-2.0 */
#version 450
/* The last 64 words of the input. */
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) readonly buffer X { uint x[]; };
layout(set = 0, binding = 1) writeonly buffer Y { uint y[]; };

void main()
{
	uint i = gl_LocalInvocationID.x;
	y[i] = x[uint(x.length()) - 64u + i];
}
