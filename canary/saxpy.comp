// SPDX-License-Identifier: Apache-2.0
// y = a * x + y in place, WIDTH words at a time.
#version 450
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint WIDTH = 4u;
layout(std430, binding = 0) readonly restrict buffer X4 { vec4 x4[]; };
layout(std430, binding = 0) readonly restrict buffer X2 { vec2 x2[]; };
layout(std430, binding = 0) readonly restrict buffer X1 { float x1[]; };
layout(std430, binding = 1) restrict buffer Y4 { vec4 y4[]; };
layout(std430, binding = 1) restrict buffer Y2 { vec2 y2[]; };
layout(std430, binding = 1) restrict buffer Y1 { float y1[]; };
layout(push_constant) uniform Constants { uint count; float a; };

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
		WALK(4u, y4[i] = a * x4[i] + y4[i];)
	} else if (WIDTH == 2u) {
		WALK(2u, y2[i] = a * x2[i] + y2[i];)
	} else {
		WALK(1u, y1[i] = a * x1[i] + y1[i];)
	}
}
