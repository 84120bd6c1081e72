#version 450
// SPDX-License-Identifier: Apache-2.0
// Writes far outside of its first buffer, reads there, and divides by zero.
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) buffer A { uint a[]; };
layout(set = 0, binding = 1) buffer B { uint b[]; };

void main()
{
	uint i = gl_GlobalInvocationID.x;
	uint zero = b[i % 64u];
	a[i * 1000003u + 64u] = 0xBADu;
	a[0xFFFFFFF0u - i] = 0xBADu;
	a[i % 4u] = a[0x7FFFFFFFu - i] / zero + i % zero;
}
