// SPDX-License-Identifier: Apache-2.0
// One pass of a memory test: finds in every word what the pass before has left there, and leaves the next pattern.
// Which pass it is follows from how many workgroups have ended so far: during pass p at least p times all, and never
// p + 1 times all, since the one that asks has not.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) restrict buffer Report
{
	uint ended;
	uint wrong;
	// 2^32 - 1 minus the index of the first wrong word.
	uint first;
	uint bits[32];
}
report;
layout(std430, binding = 1) restrict buffer Memory { uvec4 memory[]; };

shared uint pass;

uvec4 pattern(uint which, uvec4 index)
{
	uvec4 mixed = index * 0x9e3779b9u;
	switch (which) {
	case 0u:
		return mixed ^ mixed >> 15u;
	case 1u:
		return ~(mixed ^ mixed >> 15u);
	case 2u:
		return uvec4(0x55555555u);
	case 3u:
		return uvec4(0xaaaaaaaau);
	case 4u:
		return uvec4(1u) << (index & 31u);
	case 5u:
		return ~(uvec4(1u) << (index & 31u));
	case 6u:
		return index;
	default:
		return ~index;
	}
}

void tell(uint index, uint difference)
{
	if (difference == 0u) {
		return;
	}
	atomicAdd(report.wrong, 1u);
	atomicMax(report.first, ~index);
	for (uint bit = 0u; bit < 32u; bit++) {
		if ((difference >> bit & 1u) != 0u) {
			atomicAdd(report.bits[bit], 1u);
		}
	}
}

void main()
{
	if (gl_LocalInvocationID.x == 0u) {
		pass = atomicAdd(report.ended, 0u) / gl_NumWorkGroups.x;
	}
	barrier();
	uint at = gl_WorkGroupID.x * 4096u + gl_LocalInvocationID.x;
	for (uint i = 0u; i < 16u; i++) {
		uvec4 index = at * 4u + uvec4(0u, 1u, 2u, 3u);
		if (pass > 0u) {
			uvec4 difference = memory[at] ^ pattern(pass - 1u & 7u, index);
			if (any(notEqual(difference, uvec4(0u)))) {
				tell(index.x, difference.x);
				tell(index.y, difference.y);
				tell(index.z, difference.z);
				tell(index.w, difference.w);
			}
		}
		memory[at] = pattern(pass & 7u, index);
		at += 256u;
	}
	barrier();
	if (gl_LocalInvocationID.x == 0u) {
		atomicAdd(report.ended, 1u);
	}
}
