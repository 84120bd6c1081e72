// SPDX-License-Identifier: Apache-2.0
// Sixteen atomic additions an invocation, spread over 4096 counters that all workgroups share: neighbours go to
// neighbouring counters, and every counter is met by all. What is added tells invocation and round apart.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) restrict buffer Counters { uint counters[4096]; };

void main()
{
	uint invocation = gl_GlobalInvocationID.x;
	for (uint i = 0u; i < 16u; i++) {
		atomicAdd(counters[(invocation + i * 272u) & 4095u], invocation * 16u + i);
	}
}
