#version 450
// SPDX-License-Identifier: Apache-2.0
// Never ends: the loop waits for a value that nobody writes, in memory that must be read again.
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) volatile buffer A { uint a[]; };

void main()
{
	while (a[0] != 0x600DF00Du) {
		a[1] = a[1] * 1664525u + 1013904223u;
	}
}
