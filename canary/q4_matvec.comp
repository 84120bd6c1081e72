// SPDX-License-Identifier: Apache-2.0
// y = W * x for rows of 4096 weights in blocks of 32 as llama.cpp lays out q4_0: a half float d, then sixteen bytes
// whose low halves are weights 0 to 15 and whose high halves are 16 to 31, each (q - 8) * d. Two blocks are nine words.
//
// 64 invocations share a row, one pair of blocks each, and do four rows with the same part of x in registers. Of d only
// two bits of the exponent count, so that it is 1/8, 1/4, 1/2 or 1 and every sum exact.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer Weights { uint weights[]; };
layout(std430, binding = 1) readonly restrict buffer X { vec4 x[1024]; };
layout(std430, binding = 2) writeonly restrict buffer Y { float y[]; };

shared float sums[16][64];

float scale(uint bits)
{
	return unpackHalf2x16(bits & 0x0c00u | 0x3000u).x;
}

vec4 nibbles(uint bits)
{
	return vec4(bits & 15u, bits >> 8 & 15u, bits >> 16 & 15u, bits >> 24 & 15u);
}

void main()
{
	uint lane = gl_LocalInvocationID.x & 63u;
	uint team = gl_LocalInvocationID.x >> 6;
	vec4 part[16];
	float eights[2] = float[2](0.0, 0.0);
	for (uint i = 0u; i < 16u; i++) {
		part[i] = x[lane * 16u + i];
		eights[i / 8u] += 8.0 * dot(part[i], vec4(1.0));
	}
	for (uint j = 0u; j < 4u; j++) {
		uint row = gl_WorkGroupID.x * 16u + j * 4u + team;
		uint at = (row * 64u + lane) * 9u;
		uint w[9];
		for (uint i = 0u; i < 9u; i++) {
			w[i] = weights[at + i];
		}
		float first = -eights[0];
		float second = -eights[1];
		for (uint i = 0u; i < 4u; i++) {
			uint q = w[i] >> 16 | w[i + 1u] << 16;
			first += dot(nibbles(q), part[i]) + dot(nibbles(q >> 4), part[i + 4u]);
			second += dot(nibbles(w[i + 5u]), part[i + 8u]) + dot(nibbles(w[i + 5u] >> 4), part[i + 12u]);
		}
		sums[j * 4u + team][lane] = first * scale(w[0]) + second * scale(w[4] >> 16);
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
