/* SPDX-License-Identifier: Apache-2.0 */
#version 450
/* y = 2 x + add, with a local size from specialization constant 0. */
layout(local_size_x_id = 0) in;
layout(set = 0, binding = 0) readonly buffer X { uint x[]; };
layout(set = 0, binding = 1) writeonly buffer Y { uint y[]; };
layout(push_constant) uniform Push { uint add; };

void main()
{
	uint i = gl_GlobalInvocationID.x;
	y[i] = 2u * x[i] + add;
}
