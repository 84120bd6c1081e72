/* SPDX-License-Identifier: Apache-2.0 */
#version 450
/*
 * Never ends on a GPU. llvmpipe leaves any loop after 65,535 turns (LP_MAX_TGSI_LOOP_ITERATIONS), so it
 * also needs a grid with more workgroups than anyone waits for.
 */
layout(local_size_x = 1) in;
layout(set = 0, binding = 0) buffer Words { uint words[]; };

void main()
{
	while (words[1] == 0u) {
		atomicAdd(words[0], 1u);
	}
}
