// SPDX-License-Identifier: Apache-2.0
// Fused multiply-adds of double floats, as many as there can be.
//
// Sixteen numbers an invocation, as two pairs of four, and 16 steps a trip; how many trips is known at run time only,
// and returned as counted. What the shapes are, and why they are exact, is told in peak.c.
#version 450
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint SHAPE = 0u;
layout(std430, binding = 0) writeonly restrict buffer Trips { uint trips[]; };
layout(std430, binding = 1) writeonly restrict buffer Values { vec4 values[]; };
layout(push_constant) uniform Constants { uint count; float one; float minus_one; float zero; };

#define FOUR(step) step step step step
#define SIXTEEN(step) FOUR(step) FOUR(step) FOUR(step) FOUR(step)

// Four at a time: y goes into x, and x into y.
#define ROTATE(x, y) x = fma(one4, y, x); y = fma(turn, x, y);
#define SQUARE(x, c) x = fma(x, x, c);

#define T double
#define V dvec4

void main()
{
	uint lane = gl_LocalInvocationID.x;
	uvec4 part = uvec4(0u, 1u, 2u, 3u);
	uvec4 a = lane + part & 7u;
	uvec4 b = lane * 3u + part + 4u & 7u;
	uint trip = 0u;
	V x0, y0, x1, y1;
	if (SHAPE == 2u) {
		// Each has its fixed point k, from 4/64 to 11/64, and starts above it.
		V k0 = V(4u + a) / T(64.0);
		V k1 = V(4u + b) / T(64.0);
		V c0 = k0 - k0 * k0;
		V c1 = k1 - k1 * k1;
		V c2 = c0.wxyz;
		V c3 = c1.wxyz;
		x0 = y0 = x1 = y1 = V(T(0.5));
		for (; trip < count; trip++) {
			SIXTEEN(SQUARE(x0, c0) SQUARE(y0, c1) SQUARE(x1, c2) SQUARE(y1, c3))
		}
	} else {
		V one4 = V(T(one));
		V turn = dvec4(minus_one, zero, minus_one, zero);
		x0 = V(1u + a);
		y0 = V(1u + b);
		x1 = V(8u - a);
		y1 = V(8u - b);
		if (SHAPE == 1u) {
			for (; trip < count; trip++) {
				SIXTEEN(ROTATE(x0, y0))
			}
		} else {
			for (; trip < count; trip++) {
				SIXTEEN(ROTATE(x0, y0) ROTATE(x1, y1))
			}
		}
	}
	uint invocation = gl_GlobalInvocationID.x;
	trips[invocation] = trip;
	values[invocation] = vec4(x0 + T(3.0) * y0 + T(5.0) * x1 + T(7.0) * y1);
}
