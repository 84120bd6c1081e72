/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_FID_H
#define BRIDGE_FID_H

#include "base/buffer.h"
#include "bridge/attach.h"
#include "bridge/node.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A client's handle on a node. */
struct bridge_fid {
	uint32_t number;
	/** Held. */
	struct bridge_node *node;
	/** Counted in attach->references by the session. */
	struct bridge_attach *attach;
	bool open, readable, writable;
	/** Its lease is over: every operation but Tclunk answers EPERM. */
	bool revoked;
	/** Of a stream: see bridge_stream_read. */
	uint64_t skew;
	/** Where the last read ended, and how much less it returned than it asked for. */
	uint64_t read_end;
	uint32_t read_short;
	/** Of a file of lines: what came after the last newline. */
	struct base_buffer partial;
	/** Of ctl: replies not yet read. Of a file that is made when it is read: all of it. */
	struct base_buffer replies;
	/** What of both is in the session's account. */
	size_t accounted;
	/** Of ctl: a queued lease whose grant is to be told here, or 0. */
	uint64_t awaits;
	struct bridge_fid *next;
};

/** Fids of a session by number. A zeroed value is an empty table. */
struct bridge_fid_table {
	struct bridge_fid **buckets;
	size_t bucket_count, count;
};

/** NULL if there is none. */
struct bridge_fid *bridge_fid_find(const struct bridge_fid_table *table, uint32_t number);
/** Adds a fid; the number must be free. Holds the node; the attach is the caller's to count. */
struct bridge_fid *bridge_fid_add(struct bridge_fid_table *table, uint32_t number,
	struct bridge_node *node, struct bridge_attach *attach);
/** Lets another node take the place of the fid's. */
void bridge_fid_move(struct bridge_fid *fid, struct bridge_node *node);
void bridge_fid_remove(struct bridge_fid_table *table, struct bridge_fid *fid);
/** Any fid, to empty the table; NULL when it is empty. */
struct bridge_fid *bridge_fid_any(const struct bridge_fid_table *table);
void bridge_fid_each(const struct bridge_fid_table *table,
	void (*visit)(void *context, struct bridge_fid *fid), void *context);
void bridge_fid_table_finish(struct bridge_fid_table *table);

/** Reads from what was put into `replies` when the reader began: bytes read, 0 at the end. */
ssize_t bridge_fid_read_kept(
	const struct bridge_fid *fid, uint64_t offset, void *bytes, size_t size);

/**
 * Writes to a file of lines: complete lines go to the file's kind together, the rest is kept for
 * the next write. A write that is refused, or a line that is too long (EMSGSIZE), leaves nothing
 * behind, not even what was kept. 0 or a negative errno.
 */
int bridge_fid_write(struct bridge_fid *fid, const void *bytes, size_t size);

#endif
