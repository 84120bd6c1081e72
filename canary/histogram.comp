// SPDX-License-Identifier: Apache-2.0
// How often each value of a byte occurs: a workgroup counts the bytes of 4096 words in shared memory and adds what it
// has to the counts of all.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer Values { uvec4 values[]; };
layout(std430, binding = 1) restrict buffer Counts { uint counts[256]; };

shared uint bins[256];

void count(uint word)
{
	atomicAdd(bins[word & 0xffu], 1u);
	atomicAdd(bins[word >> 8 & 0xffu], 1u);
	atomicAdd(bins[word >> 16 & 0xffu], 1u);
	atomicAdd(bins[word >> 24], 1u);
}

void main()
{
	uint lane = gl_LocalInvocationID.x;
	uint first = gl_WorkGroupID.x * 1024u + lane;
	bins[lane] = 0u;
	barrier();
	for (uint i = 0u; i < 4u; i++) {
		uvec4 words = values[first + i * 256u];
		count(words.x);
		count(words.y);
		count(words.z);
		count(words.w);
	}
	barrier();
	atomicAdd(counts[lane], bins[lane]);
}
