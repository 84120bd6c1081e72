// SPDX-License-Identifier: Apache-2.0
// One invocation counts. Dispatches are separated by barriers, so that each finds what the one before left.
#version 450
layout(local_size_x = 1) in;
layout(std430, binding = 0) restrict buffer Counter { uint counter; };

void main()
{
	counter += 1u;
}
