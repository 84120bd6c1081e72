/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_CLIENT_WIRE_H
#define BRIDGE_CLIENT_WIRE_H

#include "bridge/channel.h"
#include "bridge/client.h"
#include "bridge/wire.h"

/** Private to the client: one session on a socket, and its requests. */

/** Where the status of a GPU ended before this client sent a job: its states come after that. */
struct bridge_mark {
	char *gpu, *job;
	uint64_t offset;
	struct bridge_mark *next;
};

struct bridge_client {
	struct bridge_channel channel;
	/** What the channel's TLS is made of, or NULL. */
	struct bridge_tls *tls;
	unsigned timeout_ms;
	uint32_t msize;
	uint32_t next_fid;
	uint16_t next_tag;
	/** Received; the first `taken` bytes are the frame handed out last. */
	struct base_buffer in;
	size_t taken;
	struct base_buffer out;
	/** The connection is lost, or out of step after a request without a reply. */
	bool broken;
	struct bridge_mark *marks;
	/** What the last struct bridge_status points into. */
	struct base_json status;
};

struct bridge_file {
	struct bridge_client *client;
	uint32_t fid;
	char *path;
};

/** When a reply has to be there: CLOCK_MONOTONIC, nanoseconds. */
uint64_t bridge_client_deadline(unsigned timeout_ms);
/** A tag that no request of ours uses now. */
uint16_t bridge_client_tag(struct bridge_client *client);
/** Sends one request. `what` names it in errors (a path). */
bool bridge_client_send(struct bridge_client *client, const struct wire_message *request,
	uint64_t deadline_ns, const char *what, struct lane_error *err);
/** Receives one reply; what it points to is valid until the next. Errors: BRIDGE_TIMEOUT,
 * BRIDGE_UNREACHABLE, BRIDGE_PROTOCOL. */
bool bridge_client_receive(struct bridge_client *client, struct wire_message *reply,
	uint64_t deadline_ns, const char *what, struct lane_error *err);
/** Fills the error from an Rlerror, or says that the reply has the wrong type. Always false. */
bool bridge_client_refused(
	const struct wire_message *reply, const char *what, struct lane_error *err);
/**
 * Sends a request (its tag is set here) and receives its reply, of the matching type. When none
 * comes before the deadline the request is flushed and the error is BRIDGE_TIMEOUT.
 */
bool bridge_client_call(struct bridge_client *client, struct wire_message *request,
	struct wire_message *reply, uint64_t deadline_ns, const char *what, struct lane_error *err);

/** Reads once, at most `size` bytes and what one message carries; waits until the deadline on a
 * blocking file. */
bool bridge_file_read_once(struct bridge_file *file, uint64_t offset, void *bytes, size_t size,
	uint64_t deadline_ns, size_t *got, struct lane_error *err);
/** st_size. */
bool bridge_file_size(struct bridge_file *file, uint64_t *size, struct lane_error *err);

#endif
