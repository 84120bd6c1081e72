// SPDX-License-Identifier: Apache-2.0
// Sum of all words modulo 2^32: sixteen words an invocation, a tree over shared memory in the
// workgroup, then one atomic addition to the total. Integer addition is associative, so the order in which
// workgroups arrive cannot change the total.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer Values { uvec4 values[]; };
layout(std430, binding = 1) writeonly restrict buffer Partials { uint partials[]; };
layout(std430, binding = 2) restrict buffer Total { uint total; };
layout(push_constant) uniform Constants { uint count; };

shared uint sums[256];

void main()
{
	uint lane = gl_LocalInvocationID.x;
	uint first = gl_WorkGroupID.x * 1024u + lane;
	uvec4 sum = uvec4(0u);
	for (uint i = first; i < first + 1024u; i += 256u) {
		if (i < count) {
			sum += values[i];
		}
	}
	sums[lane] = sum.x + sum.y + sum.z + sum.w;
	barrier();
	for (uint width = 128u; width > 0u; width >>= 1) {
		if (lane < width) {
			sums[lane] += sums[lane + width];
		}
		barrier();
	}
	if (lane == 0u) {
		partials[gl_WorkGroupID.x] = sums[0];
		atomicAdd(total, sums[0]);
	}
}
