/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/session.h"

#include "base/memory.h"
#include "bridge/fid.h"
#include "bridge/load.h"
#include "bridge/session_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct bridge_session *bridge_session_create(
	const struct bridge_session_host *host, const struct bridge_peer *peer)
{
	struct bridge_session *session = base_alloc(1, sizeof(*session));
	session->host = *host;
	session->peer = *peer;
	session->msize = BRIDGE_MSIZE_FIRST;
	return session;
}

void bridge_session_clunk(struct bridge_session *session, struct bridge_fid *fid)
{
	struct bridge_attach *attach = fid->attach;
	bridge_session_account(session, fid, true);
	bridge_fid_remove(&session->fids, fid);
	if (--attach->references == 0) {
		session->host.detached(session->host.context, attach);
		bridge_attach_destroy(attach);
	}
}

/** Ends everything of the session, as Tversion and the end of the connection do. */
static void reset(struct bridge_session *session)
{
	session->waiting_count = 0;
	for (struct bridge_fid *fid; (fid = bridge_fid_any(&session->fids)) != NULL;) {
		bridge_session_clunk(session, fid);
	}
	session->versioned = false;
}

void bridge_session_destroy(struct bridge_session *session)
{
	if (session != NULL) {
		reset(session);
		bridge_fid_table_finish(&session->fids);
		free(session->waiting);
		free(session);
	}
}

const struct bridge_peer *bridge_session_peer(const struct bridge_session *session)
{
	return &session->peer;
}

uint32_t bridge_session_msize(const struct bridge_session *session)
{
	return session->msize;
}

bool bridge_session_full(const struct bridge_session *session)
{
	return session->waiting_count == BRIDGE_WAITING_MAX;
}

bool bridge_session_waits(const struct bridge_session *session)
{
	return session->waiting_count > 0;
}

struct bridge_session_state bridge_session_state(const struct bridge_session *session)
{
	const struct bridge_fid *any = bridge_fid_any(&session->fids);
	return (struct bridge_session_state){
		.versioned = session->versioned,
		.fids = session->fids.count,
		.waiting = session->waiting_count,
		.subject = any != NULL ? any->attach->rights.subject : NULL,
	};
}

static void send_reply(const struct wire_message *reply, struct base_buffer *out)
{
	/* Only Rread and Rreaddir are longer, and they are written in place. */
	uint8_t frame[WIRE_HEADER_SIZE + 256];
	size_t size = wire_encode(reply, frame, sizeof(frame));
	base_buffer_add(out, frame, size);
}

static void send_error(const struct bridge_session *session, uint16_t tag, int error)
{
	if (session->host.traffic != NULL) {
		session->host.traffic->errors[error < BRIDGE_ERRNO_MAX ? error : 0]++;
	}
	send_reply(&(struct wire_message){.type = WIRE_RLERROR, .tag = tag, .error = (uint32_t)error},
		session->out);
}

/** Whether a client's version is ours, or has an extension behind a period, which version(5) has a
 * server that does not know it leave out of its answer. */
static bool speaks(const struct wire_text *version)
{
	const struct wire_text base = {
		.bytes = version->bytes,
		.size = version->size < sizeof(WIRE_VERSION) - 1 ? version->size : sizeof(WIRE_VERSION) - 1,
	};
	return wire_text_equals(&base, WIRE_VERSION) &&
		(version->size == base.size || version->bytes[base.size] == '.');
}

static int op_version(
	struct bridge_session *session, const struct wire_message *request, struct wire_message *reply)
{
	reset(session);
	if (request->msize < BRIDGE_MSIZE_MIN) {
		return EMSGSIZE;
	}
	session->msize = request->msize < BRIDGE_MSIZE_MAX ? request->msize : BRIDGE_MSIZE_MAX;
	session->versioned = speaks(&request->version);
	reply->msize = session->msize;
	reply->version = wire_text(session->versioned ? WIRE_VERSION : "unknown");
	return 0;
}

static int op_attach(
	struct bridge_session *session, const struct wire_message *request, struct wire_message *reply)
{
	if (request->auth_fid != WIRE_NOFID || request->fid == WIRE_NOFID ||
		bridge_fid_find(&session->fids, request->fid) != NULL) {
		return EINVAL;
	}
	if (session->fids.count >= BRIDGE_FIDS_MAX) {
		return EMFILE;
	}
	struct wire_message asked = *request;
	struct bridge_node *root = session->host.root;
	if (session->host.load != NULL && wire_text_equals(&asked.aname, BRIDGE_LOAD_NAME)) {
		root = session->host.load;
		asked.aname = wire_text("");
	}
	int error = 0;
	struct bridge_attach *attach =
		bridge_attach_create(session, &session->peer, session->host.access, &asked, &error);
	if (attach == NULL) {
		return error;
	}
	bridge_fid_add(&session->fids, request->fid, root, attach);
	reply->qid = bridge_node_qid(root);
	return 0;
}

/** Authentication is not needed: ENOENT is what clients take for that. */
static int op_auth(
	struct bridge_session *session, const struct wire_message *request, struct wire_message *reply)
{
	(void)session;
	(void)request;
	(void)reply;
	return ENOENT;
}

static void forget_waiting(struct bridge_session *session, size_t index)
{
	session->waiting_count--;
	memmove(&session->waiting[index], &session->waiting[index + 1],
		(session->waiting_count - index) * sizeof(session->waiting[0]));
}

/** The flushed read is never answered any more; one that is not waiting has its reply already. */
static int op_flush(
	struct bridge_session *session, const struct wire_message *request, struct wire_message *reply)
{
	(void)reply;
	for (size_t i = 0; i < session->waiting_count; i++) {
		if (session->waiting[i].tag == request->old_tag) {
			forget_waiting(session, i);
			break;
		}
	}
	return 0;
}

/** Requests that name no fid that has to be there. */
static const struct {
	uint8_t type;
	int (*handle)(struct bridge_session *session, const struct wire_message *request,
		struct wire_message *reply);
} session_operations[] = {
	{WIRE_TVERSION, op_version},
	{WIRE_TAUTH, op_auth},
	{WIRE_TATTACH, op_attach},
	{WIRE_TFLUSH, op_flush},
};

static int refuse(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)session;
	(void)fid;
	(void)reply;
	switch (request->type) {
	case WIRE_TXATTRWALK:
	case WIRE_TXATTRCREATE:
		return EOPNOTSUPP;
	case WIRE_TREADLINK:
		return EINVAL;
	case WIRE_TLOCK:
	case WIRE_TGETLOCK:
		return ENOLCK;
	default:
		return EPERM;
	}
}

static int op_clunk(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)request;
	(void)reply;
	bridge_session_clunk(session, fid);
	return 0;
}

/** Nothing is ever removed by a client, but the fid is gone all the same. */
static int op_remove(struct bridge_session *session, struct bridge_fid *fid,
	const struct wire_message *request, struct wire_message *reply)
{
	(void)request;
	(void)reply;
	bridge_session_clunk(session, fid);
	return EPERM;
}

/** Requests on a fid. */
static const struct {
	uint8_t type;
	/** Even when the fid's lease is over. */
	bool always;
	/** 0, an errno, or -1 when the reply is written or the read waits. */
	int (*handle)(struct bridge_session *session, struct bridge_fid *fid,
		const struct wire_message *request, struct wire_message *reply);
} fid_operations[] = {
	{WIRE_TREAD, false, bridge_session_read},
	{WIRE_TWRITE, false, bridge_session_write},
	{WIRE_TWALK, false, bridge_session_walk},
	{WIRE_TCLUNK, true, op_clunk},
	{WIRE_TGETATTR, false, bridge_session_getattr},
	{WIRE_TLOPEN, false, bridge_session_open},
	{WIRE_TREADDIR, false, bridge_session_readdir},
	{WIRE_TSETATTR, false, bridge_session_setattr},
	{WIRE_TSTATFS, false, bridge_session_statfs},
	{WIRE_TFSYNC, false, bridge_session_fsync},
	{WIRE_TREMOVE, true, op_remove},
	{WIRE_TLCREATE, false, bridge_session_create_file},
	{WIRE_TSYMLINK, false, refuse},
	{WIRE_TMKNOD, false, refuse},
	{WIRE_TRENAME, false, refuse},
	{WIRE_TREADLINK, false, refuse},
	{WIRE_TXATTRWALK, false, refuse},
	{WIRE_TXATTRCREATE, false, refuse},
	{WIRE_TLOCK, false, refuse},
	{WIRE_TGETLOCK, false, refuse},
	{WIRE_TLINK, false, refuse},
	{WIRE_TMKDIR, false, refuse},
	{WIRE_TRENAMEAT, false, refuse},
	{WIRE_TUNLINKAT, false, refuse},
};

static bool is_waiting(const struct bridge_session *session, uint16_t tag)
{
	for (size_t i = 0; i < session->waiting_count; i++) {
		if (session->waiting[i].tag == tag) {
			return true;
		}
	}
	return false;
}

/** Whether the lease that the fid was written under, or the ticket of its attach, was revoked. */
static bool is_over(const struct bridge_fid *fid)
{
	return fid->revoked || bridge_attach_is_revoked(fid->attach);
}

static int dispatch(
	struct bridge_session *session, const struct wire_message *request, struct wire_message *reply)
{
	if (request->type != WIRE_TVERSION &&
		(!session->versioned || request->tag == WIRE_NOTAG || is_waiting(session, request->tag))) {
		return EINVAL;
	}
	for (size_t i = 0; i < sizeof(session_operations) / sizeof(session_operations[0]); i++) {
		if (session_operations[i].type == request->type) {
			return session_operations[i].handle(session, request, reply);
		}
	}
	for (size_t i = 0; i < sizeof(fid_operations) / sizeof(fid_operations[0]); i++) {
		if (fid_operations[i].type == request->type) {
			struct bridge_fid *fid = bridge_fid_find(&session->fids, request->fid);
			if (fid == NULL) {
				return EBADF;
			}
			if (is_over(fid) && !fid_operations[i].always) {
				return EPERM;
			}
			return fid_operations[i].handle(session, fid, request, reply);
		}
	}
	return EOPNOTSUPP;
}

/** A clunked fid takes its waiting reads with it, each answered so that its tag is free again. */
static void fail_orphans(struct bridge_session *session)
{
	for (size_t i = 0; i < session->waiting_count;) {
		if (bridge_fid_find(&session->fids, session->waiting[i].fid) != NULL) {
			i++;
			continue;
		}
		send_error(session, session->waiting[i].tag, EBADF);
		forget_waiting(session, i);
	}
}

bool bridge_session_handle(
	struct bridge_session *session, const uint8_t *frame, size_t size, struct base_buffer *out)
{
	struct wire_message request;
	enum wire_outcome outcome = wire_decode(frame, size, &request);
	/* Types come in pairs, requests even. */
	if (request.type % 2 != 0) {
		return false;
	}
	if (session->host.traffic != NULL) {
		session->host.traffic->requests[outcome != WIRE_UNKNOWN ? request.type : 0]++;
	}
	struct wire_message reply = {.type = (uint8_t)(request.type + 1), .tag = request.tag};
	session->out = out;
	int status = EOPNOTSUPP;
	if (outcome != WIRE_UNKNOWN) {
		status = outcome == WIRE_OK ? dispatch(session, &request, &reply) : EINVAL;
	}
	if (session->waiting_count > 0 &&
		(request.type == WIRE_TCLUNK || request.type == WIRE_TREMOVE)) {
		fail_orphans(session);
	}
	if (status == 0) {
		send_reply(&reply, out);
	} else if (status > 0) {
		send_error(session, request.tag, status);
	}
	return true;
}

void bridge_session_wake(struct bridge_session *session, struct base_buffer *out)
{
	session->out = out;
	for (size_t i = 0; i < session->waiting_count;) {
		struct bridge_waiting *waiting = &session->waiting[i];
		struct bridge_fid *fid = bridge_fid_find(&session->fids, waiting->fid);
		int status = EPERM;
		if (!is_over(fid)) {
			status = bridge_session_read_now(session, fid, waiting);
		}
		if (status == EAGAIN) {
			i++;
			continue;
		}
		if (status > 0) {
			send_error(session, waiting->tag, status);
		}
		forget_waiting(session, i);
	}
}

struct revocation {
	const struct bridge_attach *attach;
	const void *context;
};

static void revoke_fid(void *context, struct bridge_fid *fid)
{
	const struct revocation *revocation = context;
	if (fid->attach == revocation->attach && fid->writable &&
		fid->node->context == revocation->context) {
		fid->revoked = true;
	}
}

void bridge_session_revoke(struct bridge_attach *attach, const void *context)
{
	struct revocation revocation = {.attach = attach, .context = context};
	bridge_fid_each(&attach->session->fids, revoke_fid, &revocation);
}

struct grant_reply {
	const struct bridge_attach *attach;
	uint64_t lease;
	const char *line;
};

static void reply_to_fid(void *context, struct bridge_fid *fid)
{
	const struct grant_reply *reply = context;
	if (fid->attach == reply->attach && fid->awaits == reply->lease) {
		fid->awaits = 0;
		base_buffer_add_text(&fid->replies, reply->line);
	}
}

void bridge_session_reply(struct bridge_attach *attach, uint64_t lease, const char *line)
{
	struct grant_reply reply = {.attach = attach, .lease = lease, .line = line};
	bridge_fid_each(&attach->session->fids, reply_to_fid, &reply);
}
