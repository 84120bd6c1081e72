// SPDX-License-Identifier: Apache-2.0
// to = from, WIDTH words at a time.
#version 450
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint WIDTH = 4u;
layout(std430, binding = 0) readonly restrict buffer From4 { uvec4 from4[]; };
layout(std430, binding = 0) readonly restrict buffer From2 { uvec2 from2[]; };
layout(std430, binding = 0) readonly restrict buffer From1 { uint from1[]; };
layout(std430, binding = 1) writeonly restrict buffer To4 { uvec4 to4[]; };
layout(std430, binding = 1) writeonly restrict buffer To2 { uvec2 to2[]; };
layout(std430, binding = 1) writeonly restrict buffer To1 { uint to1[]; };
layout(push_constant) uniform Constants { uint count; };

// A workgroup does 4096 words, `width` at a time an invocation and a workgroup's width apart.
#define WALK(width, step)                                                               \
	uint first = gl_WorkGroupID.x * (4096u / width) + gl_LocalInvocationID.x;            \
	for (uint i = first; i < first + 4096u / width; i += 256u) {                         \
		if (i < count * (4u / width)) {                                                  \
			step                                                                         \
		}                                                                                \
	}

void main()
{
	if (WIDTH == 4u) {
		WALK(4u, to4[i] = from4[i];)
	} else if (WIDTH == 2u) {
		WALK(2u, to2[i] = from2[i];)
	} else {
		WALK(1u, to1[i] = from1[i];)
	}
}
