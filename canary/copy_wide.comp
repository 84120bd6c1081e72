// SPDX-License-Identifier: Apache-2.0
// to = from, eight words at a time, as four integers of 64 bits.
#version 450
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer From { u64vec4 from[]; };
layout(std430, binding = 1) writeonly restrict buffer To { u64vec4 to[]; };
// Of four words.
layout(push_constant) uniform Constants { uint count; };

// A workgroup does 4096 words, a workgroup's width apart.
void main()
{
	uint first = gl_WorkGroupID.x * 512u + gl_LocalInvocationID.x;
	for (uint i = first; i < first + 512u; i += 256u) {
		if (i < count / 2u) {
			to[i] = from[i];
		}
	}
}
