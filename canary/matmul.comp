// SPDX-License-Identifier: Apache-2.0
// C = A * B for square matrices of n rows, n a multiple of 64. A workgroup of 16 x 16 makes a tile of
// 64 x 64; each invocation keeps 4 x 4 sums in registers and the operands pass through shared memory 16
// columns at a time: 16 multiply-adds for every 2 vec4 read from shared memory.
//
// Operands are rounded down to whole eighths and scaled to the integers -8..7 on their way into shared memory, so that
// every product and sum is a small whole number and the result is exact in whatever order it is summed.
#version 450
layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, binding = 0) readonly restrict buffer A { vec4 a[]; };
layout(std430, binding = 1) readonly restrict buffer B { vec4 b[]; };
layout(std430, binding = 2) writeonly restrict buffer C { vec4 c[]; };
layout(push_constant) uniform Constants { uint n; };

// As: column k of the tile of A, transposed so that an invocation's four rows are one vec4.
shared vec4 as[16][16];
shared vec4 bs[16][16];

void main()
{
	uint x = gl_LocalInvocationID.x;
	uint y = gl_LocalInvocationID.y;
	uint lane = y * 16u + x;
	uint row = gl_WorkGroupID.y * 64u;
	uint column = gl_WorkGroupID.x * 64u;
	uint pitch = n / 4u;

	// Loading: invocation `lane` fetches one vec4 of A (row lane / 4, columns 4 * (lane % 4)..) and one of B.
	uint a_row = lane / 4u;
	uint a_part = lane % 4u;

	vec4 sum[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
	for (uint k = 0u; k < n; k += 16u) {
		vec4 from_a = floor(a[(row + a_row) * pitch + k / 4u + a_part] * 8.0);
		for (uint j = 0u; j < 4u; j++) {
			as[a_part * 4u + j][a_row / 4u][a_row % 4u] = from_a[j];
		}
		bs[y][x] = floor(b[(k + y) * pitch + column / 4u + x] * 8.0);
		barrier();
		for (uint j = 0u; j < 16u; j++) {
			vec4 rows = as[j][y];
			vec4 columns = bs[j][x];
			sum[0] += rows.x * columns;
			sum[1] += rows.y * columns;
			sum[2] += rows.z * columns;
			sum[3] += rows.w * columns;
		}
		barrier();
	}
	for (uint j = 0u; j < 4u; j++) {
		c[(row + y * 4u + j) * pitch + column / 4u + x] = sum[j];
	}
}
