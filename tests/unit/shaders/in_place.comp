/* SPDX-License-Identifier: Apache-2.0 */
#version 450
/* Adds one to each word where it is: a second run without new contents would show. */
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) buffer Words { uint words[]; };

void main()
{
	words[gl_GlobalInvocationID.x] += 1u;
}
