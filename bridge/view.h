/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_VIEW_H
#define BRIDGE_VIEW_H

#include "bridge/channel.h"
#include "bridge/node.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Content of a node that somebody is still to send, where it lies, so that it need not be copied
 * first. A node that goes meanwhile, or has its content given up, leaves the view a copy of what is
 * left: a reader who is slow keeps a reply and never a whole file. A zeroed value views nothing.
 */
struct bridge_view {
	/** What is left of it; NULL when that could not be read. For the kernel's eyes alone: a page
	 * that cannot be had is EFAULT there, and SIGBUS here. */
	const char *bytes;
	size_t size;
	/** NULL when it has gone and left a copy. */
	struct bridge_node *node;
	/** Owned; NULL while the node is there. */
	char *copy;
	/** Of those of the node. */
	struct bridge_view *next, **link;
};

enum {
	/** Less is copied as fast: a view has a send(2) of its own. */
	BRIDGE_VIEW_MIN = 128 << 10,
};

/** Views up to `size` bytes of the node at `offset`. False, with nothing viewed, where that is not
 * worth its while, or the content may change. `view` must not move until it is closed. */
bool bridge_view_open(
	struct bridge_view *view, struct bridge_node *node, uint64_t offset, size_t size);
/** Sends some of what is left, as bridge_channel_send does, and closes the view after the last of
 * it. */
ssize_t bridge_view_send(struct bridge_view *view, struct bridge_channel *channel);
/** Bytes of memory that it keeps for itself. */
size_t bridge_view_kept(const struct bridge_view *view);
void bridge_view_close(struct bridge_view *view);

/** Gives each view of this node a copy: its content goes. */
void bridge_view_leave_all(struct bridge_node *node);

#endif
