/* SPDX-License-Identifier: Apache-2.0 */
#version 450
/* Each word becomes a hash of its index, see check_word in check.c. */
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) writeonly buffer Words { uint words[]; };

void main()
{
	uint word = gl_GlobalInvocationID.x;
	word = (word ^ 61u) ^ (word >> 16);
	word *= 9u;
	word ^= word >> 4;
	word *= 0x27d4eb2du;
	word ^= word >> 15;
	words[gl_GlobalInvocationID.x] = word;
}
