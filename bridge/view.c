/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/view.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>

bool bridge_view_open(
	struct bridge_view *view, struct bridge_node *node, uint64_t offset, size_t size)
{
	if (node->map == NULL || offset >= node->fd_size) {
		return false;
	}
	if (size > node->fd_size - offset) {
		size = (size_t)(node->fd_size - offset);
	}
	if (size < BRIDGE_VIEW_MIN) {
		return false;
	}
	*view = (struct bridge_view){
		.bytes = node->map + offset,
		.size = size,
		.node = node,
		.next = node->views,
		.link = &node->views,
	};
	if (view->next != NULL) {
		view->next->link = &view->next;
	}
	node->views = view;
	return true;
}

static void unlink_view(struct bridge_view *view)
{
	if (view->node != NULL) {
		*view->link = view->next;
		if (view->next != NULL) {
			view->next->link = view->link;
		}
		view->node = NULL;
	}
}

void bridge_view_close(struct bridge_view *view)
{
	unlink_view(view);
	free(view->copy);
	*view = (struct bridge_view){.bytes = NULL};
}

ssize_t bridge_view_send(struct bridge_view *view, struct bridge_channel *channel)
{
	if (view->bytes == NULL) {
		errno = EIO;
		return -1;
	}
	ssize_t count = bridge_channel_send(channel, view->bytes, view->size);
	if (count > 0) {
		view->bytes += count;
		view->size -= (size_t)count;
		if (view->size == 0) {
			bridge_view_close(view);
		}
	}
	return count;
}

size_t bridge_view_kept(const struct bridge_view *view)
{
	return view->copy != NULL ? view->size : 0;
}

/** Without a copy, when the content cannot be read, there is nothing to send: `bytes` is NULL. */
static void leave(struct bridge_view *view, const struct bridge_node *node)
{
	uint64_t offset = (uint64_t)(view->bytes - node->map);
	view->copy = base_alloc(view->size, 1);
	if (node->kind->read(node, NULL, offset, view->copy, view->size) != (ssize_t)view->size) {
		free(view->copy);
		view->copy = NULL;
	}
	view->bytes = view->copy;
	unlink_view(view);
}

void bridge_view_leave_all(struct bridge_node *node)
{
	for (struct bridge_view *view = node->views, *next; view != NULL; view = next) {
		next = view->next;
		leave(view, node);
	}
}
