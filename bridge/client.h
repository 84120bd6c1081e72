/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_CLIENT_H
#define BRIDGE_CLIENT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A 9P2000.L session with a bridge, for a program with one thread. Calls block up to the deadline
 * of the client. */
struct bridge_client;
/** An open file of it. */
struct bridge_file;

enum bridge_open { BRIDGE_READ = 1, BRIDGE_WRITE = 2 };

/**
 * Connects to "unix:PATH" (or a plain path), "tcp:ADDRESS:PORT" of this machine or "tls:HOST:PORT"
 * and attaches. `uname` and `aname` may be "". Over TLS the bridge's certificate has to be one of
 * HOST, by an authority in the file $GPU_LANE_TLS_CA, else of the system; $GPU_LANE_TLS_CERT and
 * $GPU_LANE_TLS_KEY are files with the client's own. Errors: BRIDGE_UNREACHABLE (address and errno,
 * or what is wrong with TLS), BRIDGE_PROTOCOL, BRIDGE_REFUSED (attach answered with an error),
 * USAGE (address malformed, a file of TLS that is not usable).
 */
struct bridge_client *bridge_client_connect(
	const char *address, const char *uname, const char *aname, struct lane_error *err);
/**
 * The same with the ticket in a file ("-": stdin; NULL: none), and with some patience while the
 * bridge fetches the key that it is signed with. Errors: those above, FILE_READ, and USAGE when
 * there is no ticket in the file.
 */
struct bridge_client *bridge_client_connect_with(
	const char *address, const char *uname, const char *ticket_file, struct lane_error *err);
/** The same over a connected socket, which it takes over in every case. */
struct bridge_client *bridge_client_adopt(
	int fd, const char *uname, const char *aname, struct lane_error *err);
void bridge_client_destroy(struct bridge_client *client);
/** How long one reply may take; 10 s at first. */
void bridge_client_timeout(struct bridge_client *client, unsigned timeout_ms);

/**
 * Opens a file by its absolute path. Errors of every call on the wire: BRIDGE_DENIED (EPERM,
 * EACCES), BRIDGE_NOT_FOUND (ENOENT), BRIDGE_BUSY, BRIDGE_INVALID, BRIDGE_REFUSED (another errno,
 * named), BRIDGE_UNREACHABLE (connection lost), BRIDGE_TIMEOUT, BRIDGE_PROTOCOL; the message has
 * the path.
 */
struct bridge_file *bridge_file_open(
	struct bridge_client *client, const char *path, unsigned flags, struct lane_error *err);
/** The bridge learns of it with the next request. */
void bridge_file_close(struct bridge_file *file);
/** Reads up to `size` bytes at `offset`; *got 0 is the end. Splits by msize. */
bool bridge_file_read(struct bridge_file *file, uint64_t offset, void *bytes, size_t size,
	size_t *got, struct lane_error *err);
/** Writes all bytes at the end of an append file, in as many messages as msize needs. */
bool bridge_file_write(
	struct bridge_file *file, const void *bytes, size_t size, struct lane_error *err);
/** Opens, reads all of it (at most `size_max`: BRIDGE_TOO_BIG) and closes. */
bool bridge_client_read_all(struct bridge_client *client, const char *path, size_t size_max,
	struct base_buffer *out, struct lane_error *err);
/** Names in a directory, sorted, as a cJSON array of strings. */
bool bridge_client_list(
	struct bridge_client *client, const char *path, cJSON **names, struct lane_error *err);

/** What a grant says. */
struct bridge_grant {
	uint64_t lease;
	uint64_t epoch;
	uint32_t expires_in_s;
};

struct bridge_lease_request {
	uint32_t mem_mb, ttl_s;
	unsigned streams, priority;
	bool exclusive;
	/** The lease outlives the session, until its time is over. */
	bool keep;
	/** It may be taken away, with notice, for a request of higher priority. */
	bool preemptible;
	/** How long to wait in the queue; 0: refuse at once when there is no room. */
	unsigned wait_ms;
};

/**
 * Acquires a lease on `gpu` ("GPU-0") through its ctl file. The lease belongs to this client's
 * session and ends with it, unless it is kept. Errors: LEASE_BUSY, LEASE_QUOTA, LEASE_PERMISSION,
 * LEASE_INVALID, LEASE_CORDONED (the detail of the reply), LEASE_WAIT_TIMEOUT, and those of the
 * wire.
 */
bool bridge_client_acquire(struct bridge_client *client, const char *gpu,
	const struct bridge_lease_request *request, struct bridge_grant *grant, struct lane_error *err);
bool bridge_client_renew(struct bridge_client *client, const char *gpu, uint64_t lease,
	uint32_t ttl_s, struct lane_error *err);
bool bridge_client_release(
	struct bridge_client *client, const char *gpu, uint64_t lease, struct lane_error *err);
/** Takes a lease away from whoever holds it; for the queen. */
bool bridge_client_revoke(
	struct bridge_client *client, const char *gpu, uint64_t lease, struct lane_error *err);

/** Appends one descriptor (JSON without the newline) to the job file. */
bool bridge_client_submit(
	struct bridge_client *client, const char *gpu, const char *descriptor, struct lane_error *err);

/** One line of status. */
struct bridge_status {
	/** Static storage inside the client until the next call. */
	const char *job, *state, *detail;
};
/**
 * Waits (on the blocking `events` file) until the job is in a terminal state ("OK" or "ERR ..."),
 * at most `timeout_ms`. `seen`, when not NULL, is called for every line of this job. Errors:
 * BRIDGE_TIMEOUT and those of the wire.
 */
bool bridge_client_wait(struct bridge_client *client, const char *gpu, const char *job,
	unsigned timeout_ms, void (*seen)(void *context, const struct bridge_status *status),
	void *context, struct bridge_status *last, struct lane_error *err);

#endif
