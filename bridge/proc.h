/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_PROC_H
#define BRIDGE_PROC_H

#include "bridge/gpu.h"

/** /proc: what the bridge is at just now, as lines of key=value. */
struct bridge_proc {
	/** Borrowed. */
	struct bridge_gpu *const *gpus;
	size_t gpu_count;
};

/**
 * Publishes /proc below the root; `proc` must live as long as the tree. `leases` has one line a
 * lease that has not ended, active ones first and then those that wait, in the order of granting. A
 * worker sees its own subject's only.
 */
void bridge_proc_publish(struct bridge_proc *proc, struct bridge_node *root);

#endif
