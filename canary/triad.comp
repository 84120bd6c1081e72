// SPDX-License-Identifier: Apache-2.0
// a = b + s * c, four vec4 an invocation.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer B { vec4 b[]; };
layout(std430, binding = 1) readonly restrict buffer C { vec4 c[]; };
layout(std430, binding = 2) writeonly restrict buffer A { vec4 a[]; };
layout(push_constant) uniform Constants { uint count; float s; };

void main()
{
	uint first = gl_WorkGroupID.x * 1024u + gl_LocalInvocationID.x;
	for (uint i = first; i < first + 1024u; i += 256u) {
		if (i < count) {
			a[i] = b[i] + s * c[i];
		}
	}
}
