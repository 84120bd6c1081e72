// SPDX-License-Identifier: Apache-2.0
// The digests of read.comp, eight words at a time, as four integers of 64 bits: an invocation has two digests, and half a
// workgroup does the sixteen rounds of 1024 words that a whole one does there.
#version 450
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer Values { u64vec4 values[]; };
layout(std430, binding = 1) writeonly restrict buffer Digests { uvec2 digests[]; };

uvec4 rotate(uvec4 words, uvec4 bits)
{
	return words << bits | words >> (32u - bits);
}

uvec4 words(u64vec2 pair)
{
	return uvec4(unpackUint2x32(pair.x), unpackUint2x32(pair.y));
}

uint folded(uvec4 digest)
{
	uvec4 parts = uvec4(digest.x, rotate(digest, uvec4(1u, 8u, 16u, 24u)).yzw);
	return parts.x ^ parts.y ^ parts.z ^ parts.w;
}

void main()
{
	uint pair = gl_GlobalInvocationID.x;
	// The last workgroup may have half the work.
	if (pair < digests.length()) {
		uint first = pair / 128u * 2048u + pair % 128u;
		uvec4 low = uvec4(0u);
		uvec4 high = uvec4(0u);
		for (uint i = 0u; i < 16u; i++) {
			u64vec4 next = values[first + i * 128u];
			low = rotate(low, uvec4(1u)) ^ words(next.xy);
			high = rotate(high, uvec4(1u)) ^ words(next.zw);
		}
		digests[pair] = uvec2(folded(low), folded(high));
	}
}
