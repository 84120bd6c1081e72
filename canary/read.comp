// SPDX-License-Identifier: Apache-2.0
// A digest of 64 words an invocation, sixteen uvec4 a workgroup's width apart. Rotating between two of them makes it
// depend on their order, and costs no multiplication, which would bound it by arithmetic.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer Values { uvec4 values[]; };
layout(std430, binding = 1) writeonly restrict buffer Digests { uint digests[]; };

uint rotate(uint word, uint bits)
{
	return word << bits | word >> (32u - bits);
}

void main()
{
	uint first = gl_WorkGroupID.x * 4096u + gl_LocalInvocationID.x;
	uvec4 digest = uvec4(0u);
	for (uint i = 0u; i < 16u; i++) {
		digest = (digest << 1u | digest >> 31u) ^ values[first + i * 256u];
	}
	digests[gl_GlobalInvocationID.x] =
		digest.x ^ rotate(digest.y, 8u) ^ rotate(digest.z, 16u) ^ rotate(digest.w, 24u);
}
