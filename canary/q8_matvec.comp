// SPDX-License-Identifier: Apache-2.0
// y = W * x for rows of 4096 weights in blocks of 32 as llama.cpp lays out q8_0: a half float d, then 32 signed bytes,
// each q * d. Two blocks are seventeen words. Otherwise as q4_matvec.comp; d is 1/8 or 1/4.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer Weights { uint weights[]; };
layout(std430, binding = 1) readonly restrict buffer X { vec4 x[1024]; };
layout(std430, binding = 2) writeonly restrict buffer Y { float y[]; };

shared float sums[16][64];

float scale(uint bits)
{
	return unpackHalf2x16(bits & 0x0400u | 0x3000u).x;
}

vec4 bytes(uint bits)
{
	ivec4 spread = ivec4(bits << 24, bits << 16, bits << 8, bits);
	return vec4(spread >> 24);
}

void main()
{
	uint lane = gl_LocalInvocationID.x & 63u;
	uint team = gl_LocalInvocationID.x >> 6;
	vec4 part[16];
	for (uint i = 0u; i < 16u; i++) {
		part[i] = x[lane * 16u + i];
	}
	for (uint j = 0u; j < 4u; j++) {
		uint row = gl_WorkGroupID.x * 16u + j * 4u + team;
		uint at = (row * 64u + lane) * 17u;
		uint w[17];
		for (uint i = 0u; i < 17u; i++) {
			w[i] = weights[at + i];
		}
		float first = 0.0;
		float second = 0.0;
		for (uint i = 0u; i < 8u; i++) {
			first += dot(bytes(w[i] >> 16 | w[i + 1u] << 16), part[i]);
			second += dot(bytes(w[i + 9u]), part[i + 8u]);
		}
		sums[j * 4u + team][lane] = first * scale(w[0]) + second * scale(w[8] >> 16);
	}
	barrier();
	for (uint width = 32u; width > 0u; width >>= 1) {
		for (uint j = 0u; j < 4u; j++) {
			if (lane < width) {
				sums[j * 4u + team][lane] += sums[j * 4u + team][lane + width];
			}
		}
		barrier();
	}
	if (gl_LocalInvocationID.x < 16u) {
		y[gl_WorkGroupID.x * 16u + gl_LocalInvocationID.x] = sums[gl_LocalInvocationID.x][0];
	}
}
