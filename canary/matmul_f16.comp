// SPDX-License-Identifier: Apache-2.0
// C = A^T * B of half floats, summed as floats, tiled as matmul.comp does (A comes with its columns as rows). Sixteen products at a time are summed as half
// floats, which is exact, since factors are 1, 1.25, 1.5 or 1.75 of either sign: sums are sixteenths up to 784 of them.
#version 450
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, binding = 0) readonly restrict buffer A { uvec2 a[]; };
layout(std430, binding = 1) readonly restrict buffer B { uvec2 b[]; };
layout(std430, binding = 2) writeonly restrict buffer C { vec4 c[]; };
layout(push_constant) uniform Constants { uint n; };

// Two half floats a word; as[k][i]: rows 4 i to 4 i + 3 of column k of the tile of A.
shared uvec2 as[16][16];
shared uvec2 bs[16][16];

f16vec4 halves(uvec2 words)
{
	return f16vec4(unpackFloat2x16(words.x), unpackFloat2x16(words.y));
}

void main()
{
	uint x = gl_LocalInvocationID.x;
	uint y = gl_LocalInvocationID.y;
	uint lane = y * 16u + x;
	uint row = gl_WorkGroupID.y * 64u;
	uint column = gl_WorkGroupID.x * 64u;
	uint pitch = n / 4u;

	// A is kept transposed, so that four rows of a column are neighbours.
	uint a_row = lane % 16u;
	uint a_column = lane / 16u;

	vec4 sum[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
	for (uint k = 0u; k < n; k += 16u) {
		as[y][x] = a[(k + a_column) * pitch + row / 4u + a_row];
		bs[y][x] = b[(k + y) * pitch + column / 4u + x];
		barrier();
		f16vec4 part[4] = f16vec4[4](f16vec4(0.0), f16vec4(0.0), f16vec4(0.0), f16vec4(0.0));
		for (uint j = 0u; j < 16u; j++) {
			f16vec4 rows = halves(as[j][y]);
			f16vec4 columns = halves(bs[j][x]);
			part[0] += rows.x * columns;
			part[1] += rows.y * columns;
			part[2] += rows.z * columns;
			part[3] += rows.w * columns;
		}
		sum[0] += vec4(part[0]);
		sum[1] += vec4(part[1]);
		sum[2] += vec4(part[2]);
		sum[3] += vec4(part[3]);
		barrier();
	}
	for (uint j = 0u; j < 4u; j++) {
		c[(row + y * 4u + j) * pitch + column / 4u + x] = sum[j];
	}
}
