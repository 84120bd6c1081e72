/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_SESSION_OPS_H
#define BRIDGE_SESSION_OPS_H

#include "bridge/fid.h"
#include "bridge/session.h"

/** Private to the session: its state, and the operations on a fid. */

/** A read at the end of a blocking file. */
struct bridge_waiting {
	uint16_t tag;
	uint32_t fid;
	uint64_t offset;
	uint32_t count;
};

struct bridge_session {
	struct bridge_session_host host;
	struct bridge_peer peer;
	bool versioned;
	uint32_t msize;
	struct bridge_fid_table fids;
	/** In order of arrival; allocated at the first wait. */
	struct bridge_waiting *waiting;
	size_t waiting_count;
	/** In the partial lines and replies of all fids. */
	size_t held;
	/** Replies of the frame being handled. Borrowed. */
	struct base_buffer *out;
};

/**
 * Each handles one request on a fid that is there and not revoked: 0 (reply filled), an errno, or
 * -1 when it wrote the reply itself or the request waits.
 */
int bridge_session_walk(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_open(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_create_file(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_getattr(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_setattr(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_statfs(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_fsync(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_read(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_readdir(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);
int bridge_session_write(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply);

/** Writes an Rread now: -1, or an errno; EAGAIN when it would wait. */
int bridge_session_read_now(
	struct bridge_session *session, struct bridge_fid *fid, const struct bridge_waiting *read);
/** Takes in what a fid holds now, or, when it goes, nothing. */
void bridge_session_account(struct bridge_session *session, struct bridge_fid *fid, bool goes);
void bridge_session_clunk(struct bridge_session *session, struct bridge_fid *fid);

#endif
