// SPDX-License-Identifier: Apache-2.0
// A digest of every 64 words: sixteen rounds of 1024 words a workgroup, WIDTH words at a time. Rotating between two rounds
// makes it depend on their order, and costs no multiplication, which would bound it by arithmetic.
#version 450
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint WIDTH = 4u;
layout(std430, binding = 0) readonly restrict buffer Values4 { uvec4 values4[]; };
layout(std430, binding = 0) readonly restrict buffer Values2 { uvec2 values2[]; };
layout(std430, binding = 0) readonly restrict buffer Values1 { uint values1[]; };
layout(std430, binding = 1) writeonly restrict buffer Digests { uint digests[]; };

// Four words make one digest, whichever invocations have read them: one that reads four at a time has all of its own.
shared uint words[1024];

uint rotate(uint word, uint bits)
{
	return word << bits | word >> (32u - bits);
}

// What this invocation has read of all rounds, in 4 / width parts.
#define WALK(type, values, width)                                                        \
	uint first = gl_WorkGroupID.x * (16384u / width) + lane;                              \
	type digest[4u / width];                                                              \
	for (uint part = 0u; part < 4u / width; part++) {                                     \
		digest[part] = type(0u);                                                          \
	}                                                                                     \
	for (uint i = 0u; i < 16u; i++) {                                                     \
		for (uint part = 0u; part < 4u / width; part++) {                                 \
			digest[part] = (digest[part] << 1u | digest[part] >> 31u) ^                   \
				values[first + i * (1024u / width) + part * 256u];                        \
		}                                                                                 \
	}

void main()
{
	uint lane = gl_LocalInvocationID.x;
	uvec4 four;
	if (WIDTH == 4u) {
		WALK(uvec4, values4, 4u)
		four = digest[0];
	} else {
		if (WIDTH == 2u) {
			WALK(uvec2, values2, 2u)
			for (uint i = 0u; i < 4u; i++) {
				words[i / 2u * 512u + lane * 2u + i % 2u] = digest[i / 2u][i % 2u];
			}
		} else {
			WALK(uint, values1, 1u)
			for (uint i = 0u; i < 4u; i++) {
				words[i * 256u + lane] = digest[i];
			}
		}
		barrier();
		uint from = lane * 4u;
		four = uvec4(words[from], words[from + 1u], words[from + 2u], words[from + 3u]);
	}
	digests[gl_GlobalInvocationID.x] =
		four.x ^ rotate(four.y, 8u) ^ rotate(four.z, 16u) ^ rotate(four.w, 24u);
}
