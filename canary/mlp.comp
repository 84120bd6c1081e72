// SPDX-License-Identifier: Apache-2.0
// Inference of a network of two layers with q8_0 weights: 256 inputs, 256 hidden units that are cut to 0..127 and
// rounded down to bytes, 64 outputs, softmax. A workgroup does four inputs at a time, so that a weight that is
// unpacked is used four times. All but the softmax is exact, and the outputs before it are returned too.
#version 450
layout(local_size_x = 256) in;
// Rows of 256 weights, 68 words: those of the hidden units, then those of the outputs.
layout(std430, binding = 0) readonly restrict buffer Weights { uint weights[320 * 68]; };
layout(std430, binding = 1) readonly restrict buffer Inputs { vec4 inputs[]; };
layout(std430, binding = 2) writeonly restrict buffer Logits { int logits[]; };
layout(std430, binding = 3) writeonly restrict buffer Probabilities { float probabilities[]; };

shared vec4 units[4][64];
shared float scores[4][64];

float scale(uint bits)
{
	return unpackHalf2x16(bits & 0x0400u | 0x3000u).x;
}

vec4 bytes(uint bits)
{
	ivec4 spread = ivec4(bits << 24, bits << 16, bits << 8, bits);
	return vec4(spread >> 24);
}

// Word `i` of the weights of a pair of blocks at `at`, and the scale it has.
vec4 weight(uint at, uint i)
{
	if (i < 8u) {
		return bytes(weights[at + i] >> 16 | weights[at + i + 1u] << 16) * scale(weights[at]);
	}
	return bytes(weights[at + i + 1u]) * scale(weights[at + 8u] >> 16);
}

void main()
{
	uint lane = gl_LocalInvocationID.x;
	uint item = lane / 64u;
	uint column = lane % 64u;
	uint first = gl_WorkGroupID.x * 4u;
	units[item][column] = inputs[(first + item) * 64u + column];
	barrier();

	vec4 hidden = vec4(0.0);
	for (uint pair = 0u; pair < 4u; pair++) {
		for (uint i = 0u; i < 16u; i++) {
			vec4 w = weight(lane * 68u + pair * 17u, i);
			uint from = pair * 16u + i;
			hidden += vec4(dot(w, units[0][from]), dot(w, units[1][from]), dot(w, units[2][from]),
				dot(w, units[3][from]));
		}
	}
	barrier();
	hidden = clamp(floor(hidden * 0.25), 0.0, 127.0);
	for (uint i = 0u; i < 4u; i++) {
		units[i][lane / 4u][lane % 4u] = hidden[i];
	}
	barrier();

	float score = 0.0;
	for (uint pair = 0u; pair < 4u; pair++) {
		for (uint i = 0u; i < 16u; i++) {
			score += dot(weight((256u + column) * 68u + pair * 17u, i), units[item][pair * 16u + i]);
		}
	}
	uint at = (first + item) * 64u + column;
	logits[at] = int(score * 8.0);
	score *= 1.0 / 4096.0;
	scores[item][column] = score;
	barrier();

	float most = scores[item][0];
	for (uint i = 1u; i < 64u; i++) {
		most = max(most, scores[item][i]);
	}
	barrier();
	float power = exp(max(score - most, -16.0));
	scores[item][column] = power;
	barrier();
	float sum = 0.0;
	for (uint i = 0u; i < 64u; i++) {
		sum += scores[item][i];
	}
	probabilities[at] = power / sum;
}
