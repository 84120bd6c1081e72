/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/node.h"

#include "base/clock.h"
#include "base/memory.h"
#include "bridge/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/** Paths up to this one are the cookies of "." and "..". */
enum { RESERVED_PATHS = 2 };

static struct bridge_node *node_create(const char *name, const struct bridge_file_kind *kind)
{
	struct bridge_node *node = base_alloc(1, sizeof(*node));
	*node = (struct bridge_node){
		.kind = kind,
		.name = base_strdup(name),
		.fd = -1,
		.made_ms = base_clock_wall_ms(),
		.references = 1,
	};
	return node;
}

struct bridge_node *bridge_node_root(void)
{
	struct bridge_node *root = node_create("", NULL);
	root->parent = root;
	root->path = RESERVED_PATHS + 1;
	root->last_path = root->path;
	return root;
}

static struct bridge_node *root_of(struct bridge_node *node)
{
	while (node->parent != node) {
		node = node->parent;
	}
	return node;
}

struct bridge_node *bridge_node_add(struct bridge_node *parent, const char *name,
	const struct bridge_file_kind *kind, void *context)
{
	struct bridge_node *node = node_create(name, kind);
	node->context = context;
	node->parent = bridge_node_hold(parent);
	node->path = ++root_of(parent)->last_path;
	node->owner = parent->owner != NULL ? base_strdup(parent->owner) : NULL;
	node->previous = parent->last;
	*(parent->last != NULL ? &parent->last->next : &parent->first) = node;
	parent->last = node;
	return node;
}

static ssize_t read_slice(
	const void *content, uint64_t total, uint64_t offset, void *bytes, size_t size)
{
	if (offset >= total) {
		return 0;
	}
	size_t count = total - offset < size ? (size_t)(total - offset) : size;
	memcpy(bytes, (const char *)content + offset, count);
	return (ssize_t)count;
}

static uint64_t text_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)fid;
	return node->text.size;
}

ssize_t bridge_node_read_text(
	const struct bridge_node *node, uint64_t offset, void *bytes, size_t size)
{
	return node->retired ? -ESTALE
						 : read_slice(node->text.data, node->text.size, offset, bytes, size);
}

static ssize_t text_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	(void)fid;
	return bridge_node_read_text(node, offset, bytes, size);
}

struct bridge_node *bridge_node_add_text(
	struct bridge_node *parent, const char *name, const void *text, size_t size)
{
	static const struct bridge_file_kind kind = {
		.mode = 0444, .size = text_size, .read = text_read};
	struct bridge_node *node = bridge_node_add(parent, name, &kind, NULL);
	base_buffer_add(&node->text, text, size);
	return node;
}

static uint64_t fd_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)fid;
	return node->fd_size;
}

static ssize_t fd_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	(void)fid;
	if (node->retired) {
		return -ESTALE;
	}
	if (offset >= node->fd_size) {
		return 0;
	}
	if (size > node->fd_size - offset) {
		size = (size_t)(node->fd_size - offset);
	}
	ssize_t count;
	do {
		count = pread(node->fd, bytes, size, (off_t)offset);
	} while (count < 0 && errno == EINTR);
	return count < 0 ? -errno : count;
}

/** NULL unless nobody can change these bytes any more. Private, for Linux before 6.7 takes a shared
 * mapping of sealed bytes for one that might be written. */
static const char *map_sealed(int fd, uint64_t size)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	int has = fcntl(fd, F_GET_SEALS);
	if (has < 0 || (has & seals) != seals || size < BRIDGE_VIEW_MIN || size > SIZE_MAX) {
		return NULL;
	}
	const char *map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	return map != MAP_FAILED ? map : NULL;
}

struct bridge_node *bridge_node_add_fd(
	struct bridge_node *parent, const char *name, int fd, uint64_t size)
{
	static const struct bridge_file_kind kind = {.mode = 0444, .size = fd_size, .read = fd_read};
	struct bridge_node *node = bridge_node_add(parent, name, &kind, NULL);
	node->fd = fd;
	node->fd_size = size;
	node->map = map_sealed(fd, size);
	return node;
}

void bridge_node_unlink(struct bridge_node *node)
{
	for (struct bridge_node *child = node->first, *next; child != NULL; child = next) {
		next = child->next;
		bridge_node_unlink(child);
	}
	struct bridge_node *parent = node->parent;
	if (parent != node) {
		*(node->previous != NULL ? &node->previous->next : &parent->first) = node->next;
		*(node->next != NULL ? &node->next->previous : &parent->last) = node->previous;
		node->next = NULL;
		node->previous = NULL;
	}
	bridge_node_drop(node);
}

static void close_fd(struct bridge_node *node)
{
	bridge_view_leave_all(node);
	if (node->map != NULL) {
		munmap((void *)node->map, (size_t)node->fd_size);
		node->map = NULL;
	}
	if (node->fd >= 0) {
		close(node->fd);
		node->fd = -1;
	}
}

void bridge_node_retire(struct bridge_node *node)
{
	for (struct bridge_node *child = node->first; child != NULL; child = child->next) {
		bridge_node_retire(child);
	}
	close_fd(node);
	node->retired = true;
	base_buffer_finish(&node->text);
}

struct bridge_node *bridge_node_hold(struct bridge_node *node)
{
	node->references++;
	return node;
}

void bridge_node_drop(struct bridge_node *node)
{
	while (node != NULL && --node->references == 0) {
		struct bridge_node *parent = node->parent != node ? node->parent : NULL;
		close_fd(node);
		base_buffer_finish(&node->text);
		free(node->name);
		free(node->owner);
		free(node);
		node = parent;
	}
}

/** The first of these siblings with this name. */
static struct bridge_node *named(struct bridge_node *node, const struct wire_text *name)
{
	while (node != NULL && !wire_text_equals(name, node->name)) {
		node = node->next;
	}
	return node;
}

struct bridge_node *bridge_node_child(
	const struct bridge_node *directory, const struct wire_text *name)
{
	return named(directory->first, name);
}

struct bridge_node *bridge_node_next(const struct bridge_node *child, const struct wire_text *name)
{
	return named(child->next, name);
}

struct bridge_node *bridge_node_after(const struct bridge_node *directory, uint64_t cookie)
{
	struct bridge_node *child = directory->first;
	while (child != NULL && child->path <= cookie) {
		child = child->next;
	}
	return child;
}

bool bridge_file_kind_takes(const struct bridge_file_kind *kind)
{
	return kind->write != NULL || kind->put != NULL;
}

struct wire_qid bridge_node_qid(const struct bridge_node *node)
{
	/* Version 0 and no type bits but the directory's: Linux 6.4 to 6.8 caches a file with any other
	 * bit even under cache=none, and takes a new version for a new inode. */
	return (struct wire_qid){
		.type = node->kind != NULL ? WIRE_QID_FILE : WIRE_QID_DIRECTORY,
		.path = node->path,
	};
}

uint32_t bridge_node_mode(const struct bridge_node *node)
{
	if (node->kind != NULL) {
		return S_IFREG | node->kind->mode;
	}
	return S_IFDIR | (node->make != NULL ? 0777 : 0555);
}
