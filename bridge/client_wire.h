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

enum {
	/** Fids that may wait to be given back. */
	BRIDGE_CLOSING_MAX = 4,
	/** Requests on their way at a time: the most that one flight has, and those fids. */
	BRIDGE_FLIGHT_MAX = 8 + BRIDGE_CLOSING_MAX,
};

struct bridge_client {
	struct bridge_channel channel;
	/** What the channel's TLS is made of, or NULL. */
	struct bridge_tls *tls;
	unsigned timeout_ms;
	uint32_t msize;
	uint32_t last_fid;
	uint16_t last_tag;
	/** Fids of closed files: the next flight gives them back. */
	uint32_t closing[BRIDGE_CLOSING_MAX];
	size_t closing_count;
	/** Received; the first `taken` bytes are the frame looked at last. */
	struct base_buffer in;
	size_t taken;
	/** Requests that have not been sent. */
	struct base_buffer out;
	/** The session has begun. */
	bool attached;
	/** The connection is lost, or what comes on it cannot be understood any more. */
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
/** Waits until the socket is ready for `events` of poll(2). Errors: BRIDGE_TIMEOUT,
 * BRIDGE_UNREACHABLE. */
bool bridge_client_ready(struct bridge_client *client, uint32_t events, uint64_t deadline_ns,
	const char *what, struct lane_error *err);
/** Nothing that comes from the other end is believed from now on. Always false. */
bool bridge_client_protocol_error(
	struct bridge_client *client, const char *what, const char *detail, struct lane_error *err);

/** One request of a flight, and what came of it. */
struct bridge_call {
	/** Type of the request; 0: the place is free. */
	uint8_t type;
	uint16_t tag;
	/** Tag of the Tflush that takes it back, while that is not answered; or WIRE_NOTAG. */
	uint16_t flush_tag;
	bool answered, timed_out;
	/** errno that it was refused with, or 0. */
	uint32_t error;
	/** What the reply says at most, and what it says: names walked, bytes read or written, the size
	 * of a file, msize. */
	uint64_t most, value;
	/** Where what is read goes, or NULL. */
	void *bytes;
	/** Names it in errors (a path). Borrowed. */
	const char *what;
};

/**
 * Requests that are sent together, without waiting for one another: the bridge answers those that
 * do not block in the order in which they come (docs/protocol.md), so that a later one may use what
 * an earlier one makes. When one is refused, those that build on it are too.
 *
 *   bridge_flight_begin(&flight, client, deadline_ns);
 *   bridge_flight_open(&flight, file, WIRE_OPEN_READ);
 *   read = bridge_flight_read(&flight, file, 0, bytes, size);
 *   if (bridge_flight_land(&flight, err)) { .. read->value bytes are there .. }
 */
struct bridge_flight {
	struct bridge_client *client;
	/** When the replies have to be there; those to Tflush may then still take the client's time. */
	uint64_t deadline_ns;
	struct bridge_call calls[BRIDGE_FLIGHT_MAX];
	/** Replies that are still to come. */
	unsigned owed;
	bool flushed;
	/** What cannot be sent because it does not fit into a message, or NULL. */
	const char *misfit;
};

/** Begins with giving back the fids of closed files. */
void bridge_flight_begin(
	struct bridge_flight *flight, struct bridge_client *client, uint64_t deadline_ns);
/** Adds a request; its tag is set here. `what` and what the reply may say at most are those of
 * struct bridge_call. */
struct bridge_call *bridge_flight_add(
	struct bridge_flight *flight, const char *what, struct wire_message *request, uint64_t most);
/** Walks from the root to the file's path, without opening it. */
void bridge_flight_walk(struct bridge_flight *flight, const struct bridge_file *file);
/** Walks to it and opens it, with flags of enum wire_open. */
void bridge_flight_open(
	struct bridge_flight *flight, const struct bridge_file *file, uint32_t flags);
const struct bridge_call *bridge_flight_size(
	struct bridge_flight *flight, const struct bridge_file *file);
/** Reads at most `size` bytes, and what one message carries. */
struct bridge_call *bridge_flight_read(struct bridge_flight *flight, const struct bridge_file *file,
	uint64_t offset, void *bytes, size_t size);
/** Writes at most `size` bytes, and what one message carries. */
const struct bridge_call *bridge_flight_write(
	struct bridge_flight *flight, const struct bridge_file *file, const void *bytes, size_t size);
/**
 * Sends what has been added and receives one reply: *settled is what it answers, or NULL. At the
 * deadline what has no reply is flushed: it is then answered by that, as `timed_out`. Errors:
 * BRIDGE_UNREACHABLE, BRIDGE_TIMEOUT, BRIDGE_PROTOCOL, BRIDGE_INVALID.
 */
bool bridge_flight_next(
	struct bridge_flight *flight, struct bridge_call **settled, struct lane_error *err);
/** Sends what has been added, receives all replies, and fails as the first request did that was
 * refused or timed out. */
bool bridge_flight_land(struct bridge_flight *flight, struct lane_error *err);

/** A file that a flight can walk to; bridge_file_close ends it in every case. */
struct bridge_file *bridge_file_make(struct bridge_client *client, const char *path);
/** The same for /gpu/<gpu>/<name>. */
struct bridge_file *bridge_file_of_gpu(
	struct bridge_client *client, const char *gpu, const char *name);
/** Reads once, at most `size` bytes and what one message carries; waits until the deadline on a
 * blocking file. */
bool bridge_file_read_once(struct bridge_file *file, uint64_t offset, void *bytes, size_t size,
	uint64_t deadline_ns, size_t *got, struct lane_error *err);
/** st_size. */
bool bridge_file_size(struct bridge_file *file, uint64_t *size, struct lane_error *err);

#endif
