// SPDX-License-Identifier: Apache-2.0
// Turns all bits over in place: what comes back right was brought there, seen by a kernel, and fetched.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) restrict buffer Words { uvec4 words[]; };

void main()
{
	uint first = gl_WorkGroupID.x * 1024u + gl_LocalInvocationID.x;
	for (uint i = first; i < first + 1024u; i += 256u) {
		words[i] = ~words[i];
	}
}
