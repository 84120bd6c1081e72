// SPDX-License-Identifier: Apache-2.0
// a = b + s * c, WIDTH words at a time.
#version 450
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint WIDTH = 4u;
layout(std430, binding = 0) readonly restrict buffer B4 { vec4 b4[]; };
layout(std430, binding = 0) readonly restrict buffer B2 { vec2 b2[]; };
layout(std430, binding = 0) readonly restrict buffer B1 { float b1[]; };
layout(std430, binding = 1) readonly restrict buffer C4 { vec4 c4[]; };
layout(std430, binding = 1) readonly restrict buffer C2 { vec2 c2[]; };
layout(std430, binding = 1) readonly restrict buffer C1 { float c1[]; };
layout(std430, binding = 2) writeonly restrict buffer A4 { vec4 a4[]; };
layout(std430, binding = 2) writeonly restrict buffer A2 { vec2 a2[]; };
layout(std430, binding = 2) writeonly restrict buffer A1 { float a1[]; };
layout(push_constant) uniform Constants { uint count; float s; };

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
		WALK(4u, a4[i] = b4[i] + s * c4[i];)
	} else if (WIDTH == 2u) {
		WALK(2u, a2[i] = b2[i] + s * c2[i];)
	} else {
		WALK(1u, a1[i] = b1[i] + s * c1[i];)
	}
}
