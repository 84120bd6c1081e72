/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/session_ops.h"

#include "base/memory.h"
#include "bridge/spare.h"
#include "bridge/view.h"

#include <dirent.h>
#include <errno.h>

/** Offsets a Linux client can have (loff_t). */
#define OFFSET_MAX ((uint64_t)INT64_MAX)

/** What a reply may carry at most of `count` bytes asked for. */
static uint32_t clamp_count(const struct bridge_session *session, uint32_t count)
{
	uint32_t most = session->msize - WIRE_IO_HEADER_SIZE;
	return count < most ? count : most;
}

/** Room for a header and so much data behind it in the output. */
static uint8_t *reserve_data(struct bridge_session *session, size_t size)
{
	return (uint8_t *)bridge_spare_reserve(
		session->host.spare, session->out, WIRE_READ_HEADER_SIZE + size);
}

/** Makes the header of the data that lies reserved behind it in the output, and counts both as
 * written. */
static void finish_data(
	struct bridge_session *session, uint8_t type, uint16_t tag, uint8_t *frame, size_t size)
{
	wire_encode_read_header(type, tag, (uint32_t)size, frame);
	session->out->size += WIRE_READ_HEADER_SIZE + size;
	session->out->data[session->out->size] = '\0';
}

void bridge_session_account(struct bridge_session *session, struct bridge_fid *fid, bool goes)
{
	size_t now = goes ? 0 : fid->partial.size + fid->replies.size;
	session->held += now - fid->accounted;
	if (session->host.held != NULL) {
		*session->host.held += now - fid->accounted;
	}
	fid->accounted = now;
}

/** Whether so much more can be held. */
static bool has_room(const struct bridge_session *session, size_t more)
{
	size_t all = session->host.held != NULL ? *session->host.held : 0;
	return session->held + more <= BRIDGE_HELD_MAX && all + more <= BRIDGE_HELD_ALL_MAX;
}

/** Answers with the header alone, behind which the content comes from where it lies, if that can
 * be. A read of such a file never waits. */
static bool answer_with_view(
	struct bridge_session *session, struct bridge_fid *fid, const struct bridge_waiting *read)
{
	struct bridge_view *view = session->host.view;
	if (view == NULL || !bridge_view_open(view, fid->node, read->offset, read->count)) {
		return false;
	}
	uint8_t header[WIRE_READ_HEADER_SIZE];
	wire_encode_read_header(WIRE_RREAD, read->tag, (uint32_t)view->size, header);
	base_buffer_add(session->out, header, sizeof(header));
	return true;
}

int bridge_session_read_now(
	struct bridge_session *session, struct bridge_fid *fid, const struct bridge_waiting *read)
{
	if (answer_with_view(session, fid, read)) {
		return -1;
	}
	uint8_t *frame = reserve_data(session, read->count);
	ssize_t got = fid->node->kind->read(
		fid->node, fid, read->offset, frame + WIRE_READ_HEADER_SIZE, read->count);
	size_t before = fid->accounted;
	bridge_session_account(session, fid, false);
	if (fid->accounted > before && !has_room(session, 0)) {
		base_buffer_finish(&fid->replies);
		bridge_session_account(session, fid, false);
		return ENOSPC;
	}
	if (got < 0) {
		return (int)-got;
	}
	finish_data(session, WIRE_RREAD, read->tag, frame, (size_t)got);
	fid->read_end = read->offset + (uint64_t)got;
	fid->read_short = read->count - (uint32_t)got;
	return -1;
}

/**
 * Whether a read asks for exactly what the one before it on this fid left open. Linux does so to
 * fill the buffer of one read(2), and returns nothing from that until it is full or 0 bytes come: a
 * read like this must not wait, or the lines that it has got already are seen by nobody.
 */
static bool fills_up(const struct bridge_fid *fid, const struct bridge_waiting *read)
{
	return read->offset == fid->read_end && read->count == fid->read_short;
}

int bridge_session_read(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)reply;
	if (fid->node->kind == NULL) {
		return EISDIR;
	}
	if (!fid->readable) {
		return EBADF;
	}
	struct bridge_waiting read = {
		.tag = request->tag,
		.fid = request->fid,
		.offset = request->offset,
		.count = clamp_count(session, request->count),
	};
	if (read.offset > OFFSET_MAX - read.count) {
		return EINVAL;
	}
	int status = bridge_session_read_now(session, fid, &read);
	if (status != EAGAIN) {
		return status;
	}
	if (fills_up(fid, &read)) {
		fid->read_short = 0;
		finish_data(session, WIRE_RREAD, read.tag, reserve_data(session, 0), 0);
		return -1;
	}
	if (session->waiting == NULL) {
		session->waiting = base_alloc(BRIDGE_WAITING_MAX, sizeof(*session->waiting));
	}
	if (bridge_session_full(session)) {
		return EAGAIN;
	}
	session->waiting[session->waiting_count++] = read;
	return -1;
}

int bridge_session_write(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	if (!fid->writable) {
		return EBADF;
	}
	if (fid->node->kind->put != NULL) {
		reply->count = request->data.size;
		return -fid->node->kind->put(
			fid->node, request->offset, request->data.bytes, request->data.size);
	}
	if (!has_room(session, request->data.size)) {
		return ENOSPC;
	}
	/* The offset is a client's guess of the end; every file that is written is append-only. */
	int status = bridge_fid_write(fid, request->data.bytes, request->data.size);
	bridge_session_account(session, fid, false);
	reply->count = request->data.size;
	return -status;
}

struct listing {
	uint8_t *bytes;
	size_t size, capacity;
	bool full;
};

static void list_entry(
	struct listing *listing, const struct bridge_node *node, uint64_t cookie, const char *name)
{
	struct wire_entry entry = {
		.qid = bridge_node_qid(node),
		.cookie = cookie,
		.type = node->kind != NULL ? DT_REG : DT_DIR,
		.name = wire_text(name),
	};
	size_t size = wire_encode_entry(
		&entry, listing->bytes + listing->size, listing->capacity - listing->size);
	listing->size += size;
	listing->full = size == 0;
}

/** Entries after `cookie`: 1 and 2 are "." and "..", then the paths of the children, which only
 * grow. */
static void list_directory(struct listing *listing, const struct bridge_fid *fid, uint64_t cookie)
{
	const struct bridge_node *node = fid->node;
	if (cookie < 1) {
		list_entry(listing, node, 1, ".");
	}
	if (cookie < 2 && !listing->full) {
		list_entry(listing, node->parent, 2, "..");
	}
	const struct bridge_node *child = bridge_node_after(node, cookie);
	for (; child != NULL && !listing->full; child = child->next) {
		if (bridge_attach_sees(fid->attach, child)) {
			list_entry(listing, child, child->path, child->name);
		}
	}
}

int bridge_session_readdir(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)reply;
	if (fid->node->kind != NULL) {
		return ENOTDIR;
	}
	if (!fid->open) {
		return EBADF;
	}
	uint32_t count = clamp_count(session, request->count);
	uint8_t *frame = reserve_data(session, count);
	struct listing listing = {.bytes = frame + WIRE_READ_HEADER_SIZE, .capacity = count};
	list_directory(&listing, fid, request->offset);
	if (listing.full && listing.size == 0) {
		return EINVAL;
	}
	finish_data(session, WIRE_RREADDIR, request->tag, frame, listing.size);
	return -1;
}
