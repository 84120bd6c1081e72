// SPDX-License-Identifier: Apache-2.0
// to = from, four uvec4 an invocation.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer From { uvec4 from[]; };
layout(std430, binding = 1) writeonly restrict buffer To { uvec4 to[]; };
layout(push_constant) uniform Constants { uint count; };

void main()
{
	uint first = gl_WorkGroupID.x * 1024u + gl_LocalInvocationID.x;
	for (uint i = first; i < first + 1024u; i += 256u) {
		if (i < count) {
			to[i] = from[i];
		}
	}
}
