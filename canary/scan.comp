// SPDX-License-Identifier: Apache-2.0
// Inclusive prefix sums modulo 2^32 in segments of 4096 words, one a workgroup. An invocation takes four uvec4, a
// workgroup's width apart; the sums of all four go through one scan over shared memory as the parts of one uvec4. A
// scan over the whole buffer in one dispatch would need workgroups that wait for each other, which Vulkan does not
// promise to end.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly restrict buffer Values { uvec4 values[]; };
layout(std430, binding = 1) writeonly restrict buffer Prefixes { uvec4 prefixes[]; };

shared uvec4 sums[2][256];

uvec4 prefix(uvec4 v)
{
	v.y += v.x;
	v.z += v.y;
	v.w += v.z;
	return v;
}

void main()
{
	uint lane = gl_LocalInvocationID.x;
	uint first = gl_WorkGroupID.x * 1024u + lane;
	uvec4 a = prefix(values[first]);
	uvec4 b = prefix(values[first + 256u]);
	uvec4 c = prefix(values[first + 512u]);
	uvec4 d = prefix(values[first + 768u]);
	uvec4 own = uvec4(a.w, b.w, c.w, d.w);
	uvec4 sum = own;
	uint from = 0u;
	sums[0][lane] = sum;
	barrier();
	for (uint width = 1u; width < 256u; width <<= 1) {
		if (lane >= width) {
			sum += sums[from][lane - width];
		}
		from = 1u - from;
		sums[from][lane] = sum;
		barrier();
	}
	uvec4 all = sums[from][255];
	uvec4 before = sum - own;
	prefixes[first] = a + before.x;
	prefixes[first + 256u] = b + before.y + all.x;
	prefixes[first + 512u] = c + before.z + all.x + all.y;
	prefixes[first + 768u] = d + before.w + all.x + all.y + all.z;
}
