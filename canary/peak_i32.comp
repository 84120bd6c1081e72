// SPDX-License-Identifier: Apache-2.0
// Multiply-adds of 32-bit integers, as many as there can be.
//
// Sixteen numbers an invocation, as two pairs of four, and 16 steps a trip; how many trips is known at run time only,
// and returned as counted. Nothing that happens to any of them is ever forgotten, see peak.c.
#version 450
layout(local_size_x = 256) in;
layout(std430, binding = 0) writeonly restrict buffer Trips { uint trips[]; };
layout(std430, binding = 1) writeonly restrict buffer Values { uvec4 values[]; };
layout(push_constant) uniform Constants { uint count; uint a; uint b; };

#define FOUR(step) step step step step
#define SIXTEEN(step) FOUR(step) FOUR(step) FOUR(step) FOUR(step)

#define STEP(x, y, factor) x = x * factor + y;

void main()
{
	uint lane = gl_LocalInvocationID.x;
	uvec4 part = uvec4(0u, 1u, 2u, 3u);
	uvec4 x0 = (lane & 7u) * 0x9e3779b9u + part;
	uvec4 y0 = x0 * 5u + 1u;
	uvec4 x1 = x0 * 9u + 2u;
	uvec4 y1 = x0 * 13u + 3u;
	uint trip = 0u;
	for (; trip < count; trip++) {
		SIXTEEN(STEP(x0, y0, a) STEP(x1, y1, b) STEP(y0, x0.yzwx, b) STEP(y1, x1.yzwx, a))
	}
	uint invocation = gl_GlobalInvocationID.x;
	trips[invocation] = trip;
	values[invocation] = x0 + 3u * y0 + 5u * x1 + 7u * y1;
}
