// SPDX-License-Identifier: Apache-2.0
// y = a * x + y in place, four vec4 an invocation.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer X { vec4 x[]; };
layout(std430, binding = 1) restrict buffer Y { vec4 y[]; };
layout(push_constant) uniform Constants { uint count; float a; };

void main()
{
	uint first = gl_WorkGroupID.x * 1024u + gl_LocalInvocationID.x;
	for (uint i = first; i < first + 1024u; i += 256u) {
		if (i < count) {
			y[i] = a * x[i] + y[i];
		}
	}
}
