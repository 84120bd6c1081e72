/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_NODE_H
#define BRIDGE_NODE_H

#include "base/buffer.h"
#include "bridge/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * The namespace: a tree of reference-counted nodes. A node's name, parent, kind and qid never
 * change and a fid holds a node, not a path, so that no walk can race with a change of the tree.
 * Taking a node out of the tree only unlinks it: a fid that holds it still reads what it read
 * before, unless its content was given up.
 */

struct bridge_attach;
struct bridge_fid;
struct bridge_node;
struct bridge_view;

/** What a kind of file does. A NULL `read` or `write` makes it not readable or not writable. */
struct bridge_file_kind {
	/** Permission bits of st_mode. */
	uint32_t mode;
	/** st_size, as it is now. `fid` may be NULL. */
	uint64_t (*size)(const struct bridge_node *node, const struct bridge_fid *fid);
	/**
	 * Reads at `offset`: bytes read, 0 at the end, -EAGAIN to wait until something has changed (the
	 * session parks the request), or another negative errno.
	 */
	ssize_t (*read)(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
		void *bytes, size_t size);
	/**
	 * Takes the complete lines of one write (each ends in a newline), all or none: 0 or a negative
	 * errno.
	 */
	int (*write)(
		const struct bridge_node *node, struct bridge_fid *fid, const char *lines, size_t size);
	/** Takes bytes at an offset as they come, in place of `write`: 0 or a negative errno. */
	int (*put)(const struct bridge_node *node, uint64_t offset, const void *bytes, size_t size);
	/** Whether all that was put has become what it should: 0 or a negative errno. May be NULL. */
	int (*sync)(const struct bridge_node *node);
	/** A fid was opened, or an open one goes. May be NULL. */
	void (*opened)(const struct bridge_node *node, const struct bridge_fid *fid);
	void (*closed)(const struct bridge_node *node, const struct bridge_fid *fid);
	/** An observer may write to it too. */
	bool open_to_all;
	/** Longest line with its newline, for those that are written. */
	size_t line_max;
};

/** Whether it can be written in one way or the other. */
bool bridge_file_kind_takes(const struct bridge_file_kind *kind);

/** A file whose context is a struct bridge_stream: lines that are added; 0 at the end. */
extern const struct bridge_file_kind bridge_stream_file;

struct bridge_node {
	/** NULL for a directory. */
	const struct bridge_file_kind *kind;
	/**
	 * Of a directory in which files can be made: the file of that name, a new one or the one that
	 * is there, for the subject of the attach. `flags` are those of Tlcreate. NULL with *error an
	 * errno. Otherwise NULL.
	 */
	struct bridge_node *(*make)(struct bridge_node *directory, const struct bridge_attach *attach,
		const struct wire_text *name, uint32_t flags, int *error);
	/** "" for the root. Owned. */
	char *name;
	/** Held; the root is its own parent and does not hold itself. */
	struct bridge_node *parent;
	/** qid.path: unique as long as the tree lives. Also the cookie of Treaddir. */
	uint64_t path;
	/** Only this subject and the queen see the node; NULL: everybody. Owned. */
	char *owner;
	/** Only workers whose rights cover this GPU see it; NULL: all. Borrowed. */
	const char *gpu;
	/** A worker does not see it. */
	bool withheld;
	/** What the kind's functions work on; not touched here. */
	void *context;
	/** Content of a text file. Owned. */
	struct base_buffer text;
	/** Content of a file whose bytes lie in a descriptor (a memfd), or -1. Owned. */
	int fd;
	uint64_t fd_size;
	/** The same bytes mapped; NULL if they may change, or could not be. */
	const char *map;
	/** Those who have a view of them. */
	struct bridge_view *views;
	/** Its content was given up. */
	bool retired;
	/** Wall clock of the making, in milliseconds. */
	uint64_t made_ms;
	/** Children in order of `path`, each held by its link. */
	struct bridge_node *first, *last, *next, *previous;
	unsigned references;
	/** In the root: the last path given out. */
	uint64_t last_path;
};

/** An empty tree; the caller holds the root. */
struct bridge_node *bridge_node_root(void);
/** Adds a directory, or a file of this kind. Borrowed: it lives while it is linked or held. */
struct bridge_node *bridge_node_add(struct bridge_node *parent, const char *name,
	const struct bridge_file_kind *kind, void *context);
/** Adds a read-only file with this text. */
struct bridge_node *bridge_node_add_text(
	struct bridge_node *parent, const char *name, const void *text, size_t size);
/** Adds a read-only file with the bytes of a descriptor, which it takes over. They can be viewed
 * if they are sealed. */
struct bridge_node *bridge_node_add_fd(
	struct bridge_node *parent, const char *name, int fd, uint64_t size);
/** Takes a node and all below it out of the tree, once. For the root it gives up what
 * bridge_node_root gave. */
void bridge_node_unlink(struct bridge_node *node);

/** Gives up the content of a file, or of all files in a directory, which fids could hold for ever:
 * reading it is ESTALE from here on. */
void bridge_node_retire(struct bridge_node *node);
/** Reads from a node's text: bytes read, 0 at the end, or -ESTALE. */
ssize_t bridge_node_read_text(
	const struct bridge_node *node, uint64_t offset, void *bytes, size_t size);

struct bridge_node *bridge_node_hold(struct bridge_node *node);
void bridge_node_drop(struct bridge_node *node);

/** The child with this name, or NULL; ".." is not a child. Borrowed. */
struct bridge_node *bridge_node_child(
	const struct bridge_node *directory, const struct wire_text *name);
/** The next one after this child with the same name, or NULL. Borrowed. */
struct bridge_node *bridge_node_next(const struct bridge_node *child, const struct wire_text *name);
/** The first child whose path is over `cookie`, or NULL. Borrowed. */
struct bridge_node *bridge_node_after(const struct bridge_node *directory, uint64_t cookie);

struct wire_qid bridge_node_qid(const struct bridge_node *node);
/** File type and permission bits. */
uint32_t bridge_node_mode(const struct bridge_node *node);

#endif
