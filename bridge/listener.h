/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_LISTENER_H
#define BRIDGE_LISTENER_H

#include "base/error.h"

#include <stdbool.h>

/** A listening socket, unix or TCP. */
struct bridge_listener {
	int fd;
	/** Of a unix socket: the path to unlink at the end. Owned. NULL: TCP. */
	char *path;
};

/**
 * Path of "unix:PATH" or of a plain path; NULL with USAGE for anything else. Borrowed from
 * `address`.
 */
const char *bridge_address_path(const char *address, struct lane_error *err);

/**
 * Whether an address can be listened on: "unix:PATH", a path, or "tcp:ADDRESS:PORT" with a numeric
 * address of this machine alone. Errors: USAGE.
 */
bool bridge_listener_valid(const char *address, struct lane_error *err);

/**
 * Listens. A unix socket: missing folders are made (0755), mode of the socket 0660, a socket that
 * nobody serves any more is replaced. Errors: USAGE, LISTEN_FAILED (in use, or the errno).
 */
bool bridge_listener_open(
	const char *address, struct bridge_listener *listener, struct lane_error *err);
/** Accepts one connection, close-on-exec; -1 when there is none. */
int bridge_listener_accept(const struct bridge_listener *listener);
void bridge_listener_close(struct bridge_listener *listener);

#endif
