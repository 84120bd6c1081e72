/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_SESSION_H
#define BRIDGE_SESSION_H

#include "base/buffer.h"
#include "bridge/attach.h"
#include "bridge/node.h"
#include "bridge/traffic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The 9P side of one connection: version, attaches, fids and the reads that wait. No socket and no
 * clock: frames come in, replies go into a buffer. Every request is answered at once, in order, but
 * a read at the end of a blocking file: that one waits, and is the only thing Tflush has to stop.
 */
struct bridge_session;

enum {
	/** What a client may ask for; a frame is never larger. */
	BRIDGE_MSIZE_MAX = 1 << 20,
	/** Below this Linux refuses to mount, and Rgetattr would hardly fit. */
	BRIDGE_MSIZE_MIN = 4096,
	/** Largest frame before Tversion has been answered. */
	BRIDGE_MSIZE_FIRST = 8192,
	/** Fids of one session: EMFILE beyond. */
	BRIDGE_FIDS_MAX = 4096,
	/** Reads of one session that may wait at a time. */
	BRIDGE_WAITING_MAX = 64,
	/** Bytes that one session has us hold, and all together: unfinished lines, replies that are not
	 * read, texts that are read in pieces. ENOSPC beyond. */
	BRIDGE_HELD_MAX = 8 << 20,
	BRIDGE_HELD_ALL_MAX = 256 << 20,
};

/** What a session is served from. */
struct bridge_session_host {
	struct bridge_node *root;
	/** What an attach to BRIDGE_LOAD_NAME finds in its place, or NULL. */
	struct bridge_node *load;
	/** Who tickets are checked against, or NULL. */
	struct bridge_access *access;
	/** The last fid of an attach is gone; it is freed afterwards. */
	void (*detached)(void *context, struct bridge_attach *attach);
	void *context;
	/** Where requests and errors are counted, or NULL. */
	struct bridge_traffic *traffic;
	/** What all sessions hold, or NULL: each for itself. */
	size_t *held;
	/** Memory for replies (spare.h), or NULL. */
	struct base_buffer *spare;
	/**
	 * Where content may be viewed that follows the replies, or NULL: it is copied. While anything
	 * is in view, nothing is to be handled, for it would come before it.
	 */
	struct bridge_view *view;
};

struct bridge_session *bridge_session_create(
	const struct bridge_session_host *host, const struct bridge_peer *peer);
/** Clunks everything. */
void bridge_session_destroy(struct bridge_session *session);

/** Who is at the other end. Borrowed. */
const struct bridge_peer *bridge_session_peer(const struct bridge_session *session);
/** Largest frame that may come now. */
uint32_t bridge_session_msize(const struct bridge_session *session);
/** Whether BRIDGE_WAITING_MAX reads wait: only Tflush (and Tversion) may be handled until one is
 * gone. */
bool bridge_session_full(const struct bridge_session *session);
/** Whether any read waits. */
bool bridge_session_waits(const struct bridge_session *session);

/** What /proc/9p says of a session. */
struct bridge_session_state {
	bool versioned;
	size_t fids, waiting;
	/** Subject of some attach, or NULL. Borrowed. */
	const char *subject;
};
struct bridge_session_state bridge_session_state(const struct bridge_session *session);

/**
 * Handles one frame, whose size field equals `size` (7 to msize), and appends the reply. False: not
 * a 9P client (a reply type came in), close the connection.
 */
bool bridge_session_handle(
	struct bridge_session *session, const uint8_t *frame, size_t size, struct base_buffer *out);
/** Tries the waiting reads again. */
void bridge_session_wake(struct bridge_session *session, struct base_buffer *out);

/** Revokes the open fids of this attach that write to files with this context. */
void bridge_session_revoke(struct bridge_attach *attach, const void *context);
/** Puts a line where the attach waits for this lease: to the ctl fid that asked for it, if it is
 * still there. */
void bridge_session_reply(struct bridge_attach *attach, uint64_t lease, const char *line);

#endif
