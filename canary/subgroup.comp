// SPDX-License-Identifier: Apache-2.0
// 64 rounds of a sum and a ballot over the subgroup. What is kept does not depend on how many invocations a subgroup
// has or which they are: the sums and the bits set of all subgroups of a workgroup, added up, and the number of
// invocations whose two scans do not differ by their own value.
#version 450
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer Values { uint values[]; };
layout(std430, binding = 1) writeonly restrict buffer Results { uint results[]; };

shared uint sums;
shared uint bits;
shared uint wrong;

void main()
{
	uint lane = gl_LocalInvocationID.x;
	if (lane == 0u) {
		sums = 0u;
		bits = 0u;
		wrong = 0u;
	}
	barrier();
	uint value = values[gl_GlobalInvocationID.x];
	uint sum = 0u;
	uint set = 0u;
	for (uint i = 0u; i < 64u; i++) {
		uint salted = value ^ i * 0x9e3779b9u;
		sum += subgroupAdd(salted);
		set += subgroupBallotBitCount(subgroupBallot((salted & 1u) != 0u));
	}
	bool differs = subgroupInclusiveAdd(value) - subgroupExclusiveAdd(value) != value;
	if (subgroupElect()) {
		atomicAdd(sums, sum);
		atomicAdd(bits, set);
	}
	if (differs) {
		atomicAdd(wrong, 1u);
	}
	barrier();
	if (lane == 0u) {
		uint at = gl_WorkGroupID.x * 3u;
		results[at] = sums;
		results[at + 1u] = bits;
		results[at + 2u] = wrong;
	}
}
