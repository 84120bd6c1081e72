/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/session_ops.h"

#include <errno.h>
#include <unistd.h>

/** Linux statfs(2) type of a 9P mount (V9FS_MAGIC). */
#define STATFS_V9FS UINT32_C(0x01021997)
enum { NAME_LENGTH_MAX = 255, BLOCK_SIZE = 4096 };

/** Bits of Rgetattr: everything stat(2) shows (P9_STATS_BASIC); without all of them Linux fills an
 * inode in part. */
#define GETATTR_BASIC UINT64_C(0x7ff)

/** Bits of Tsetattr (P9_ATTR_*). */
enum {
	SETATTR_SIZE = 1 << 3,
	SETATTR_ATIME = 1 << 4,
	SETATTR_MTIME = 1 << 5,
	SETATTR_CTIME = 1 << 6,
	SETATTR_ATIME_SET = 1 << 7,
	SETATTR_MTIME_SET = 1 << 8,
	SETATTR_HARMLESS = SETATTR_SIZE | SETATTR_ATIME | SETATTR_MTIME | SETATTR_CTIME |
		SETATTR_ATIME_SET | SETATTR_MTIME_SET,
};

/** One step of a walk, or NULL; what the attach may not see is not there. */
static struct bridge_node *step(
	const struct bridge_fid *fid, struct bridge_node *from, const struct wire_text *name)
{
	if (from->kind != NULL) {
		return NULL;
	}
	if (wire_text_equals(name, "..")) {
		return from->parent;
	}
	/* Two subjects may have a file of one name in a folder: each sees its own. */
	struct bridge_node *child = bridge_node_child(from, name);
	while (child != NULL && !bridge_attach_sees(fid->attach, child)) {
		child = bridge_node_next(child, name);
	}
	return child;
}

int bridge_session_walk(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	bool in_place = request->new_fid == request->fid;
	if (request->new_fid == WIRE_NOFID ||
		(!in_place && bridge_fid_find(&session->fids, request->new_fid) != NULL)) {
		return EINVAL;
	}
	/* A walk from an open fid to another one is fine (Linux does it since 5.11); an open fid itself
	 * cannot move. */
	if (in_place && fid->open && request->name_count > 0) {
		return EBUSY;
	}
	if (!in_place && session->fids.count >= BRIDGE_FIDS_MAX) {
		return EMFILE;
	}
	struct bridge_node *node = fid->node;
	for (; reply->qid_count < request->name_count; reply->qid_count++) {
		struct bridge_node *next = step(fid, node, &request->names[reply->qid_count]);
		if (next == NULL) {
			break;
		}
		node = next;
		reply->qids[reply->qid_count] = bridge_node_qid(node);
	}
	if (reply->qid_count < request->name_count) {
		bool first = reply->qid_count == 0;
		return !first ? 0 : node->kind != NULL ? ENOTDIR : ENOENT;
	}
	if (in_place) {
		bridge_fid_move(fid, node);
	} else {
		bridge_fid_add(&session->fids, request->new_fid, node, fid->attach);
		fid->attach->references++;
	}
	return 0;
}

/** The fid is open from here on. */
static void become_open(struct bridge_session *session, struct bridge_fid *fid, uint32_t access,
	struct wire_message *reply)
{
	const struct bridge_file_kind *kind = fid->node->kind;
	fid->open = true;
	fid->readable = kind != NULL && access != WIRE_OPEN_WRITE;
	fid->writable = access != WIRE_OPEN_READ;
	if (kind != NULL && kind->opened != NULL) {
		kind->opened(fid->node, fid);
	}
	reply->qid = bridge_node_qid(fid->node);
	reply->io_unit = session->msize - WIRE_IO_HEADER_SIZE;
}

int bridge_session_open(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	const struct bridge_file_kind *kind = fid->node->kind;
	uint32_t access = request->flags & WIRE_OPEN_ACCESS;
	bool reads = access == WIRE_OPEN_READ || access == WIRE_OPEN_READ_WRITE;
	bool writes = access == WIRE_OPEN_WRITE || access == WIRE_OPEN_READ_WRITE;
	if (fid->open || (!reads && !writes)) {
		return EINVAL;
	}
	if (kind == NULL && writes) {
		return EISDIR;
	}
	if (kind != NULL && (request->flags & WIRE_OPEN_DIRECTORY) != 0) {
		return ENOTDIR;
	}
	if (kind != NULL &&
		((reads && kind->read == NULL) || (writes && !bridge_file_kind_takes(kind)))) {
		return EPERM;
	}
	if (writes && !kind->open_to_all && !bridge_attach_writes(fid->attach)) {
		return EPERM;
	}
	become_open(session, fid, access, reply);
	return 0;
}

int bridge_session_create_file(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	struct bridge_node *directory = fid->node;
	uint32_t access = request->flags & WIRE_OPEN_ACCESS;
	if (directory->kind != NULL) {
		return ENOTDIR;
	}
	if (directory->make == NULL || !bridge_attach_writes(fid->attach)) {
		return EPERM;
	}
	if (fid->open || (access != WIRE_OPEN_WRITE && access != WIRE_OPEN_READ_WRITE)) {
		return EINVAL;
	}
	int error = 0;
	struct bridge_node *file =
		directory->make(directory, fid->attach, &request->name, request->flags, &error);
	if (file == NULL) {
		return error;
	}
	bridge_fid_move(fid, file);
	become_open(session, fid, access, reply);
	return 0;
}

int bridge_session_getattr(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)session;
	(void)request;
	const struct bridge_node *node = fid->node;
	uint64_t size =
		node->kind != NULL && node->kind->size != NULL ? node->kind->size(node, fid) : 0;
	struct wire_time made = {
		.seconds = node->made_ms / 1000,
		.nanoseconds = node->made_ms % 1000 * 1000000,
	};
	reply->mask = GETATTR_BASIC;
	reply->qid = bridge_node_qid(node);
	reply->attributes = (struct wire_attributes){
		.mode = bridge_node_mode(node),
		.uid = geteuid(),
		.gid = getegid(),
		.nlink = node->kind != NULL ? 1 : 2,
		.size = size,
		.block_size = BLOCK_SIZE,
		.blocks = size / 512 + (size % 512 != 0),
		.atime = made,
		.mtime = made,
		.ctime = made,
	};
	return 0;
}

/** `>` and touch are no-ops on files that are written: refusing them would make the shell's
 * redirection fail. */
int bridge_session_setattr(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)session;
	(void)reply;
	const struct bridge_file_kind *kind = fid->node->kind;
	bool may_write = kind != NULL && bridge_file_kind_takes(kind) &&
		(kind->open_to_all || bridge_attach_writes(fid->attach));
	bool truncates = (request->set_mask & SETATTR_SIZE) != 0;
	if (!may_write || (request->set_mask & ~(uint32_t)SETATTR_HARMLESS) != 0) {
		return EPERM;
	}
	return truncates && request->attributes.size != 0 ? EINVAL : 0;
}

int bridge_session_statfs(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)session;
	(void)fid;
	(void)request;
	reply->statfs = (struct wire_statfs){
		.type = STATFS_V9FS,
		.block_size = BLOCK_SIZE,
		.name_max = NAME_LENGTH_MAX,
	};
	return 0;
}

int bridge_session_fsync(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)session;
	(void)request;
	(void)reply;
	const struct bridge_file_kind *kind = fid->node->kind;
	if (!fid->open) {
		return EBADF;
	}
	return kind != NULL && kind->sync != NULL ? -kind->sync(fid->node) : 0;
}
