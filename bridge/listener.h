/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_LISTENER_H
#define BRIDGE_LISTENER_H

#include "bridge/address.h"

#include <stdbool.h>

/** A listening socket. */
struct bridge_listener {
	int fd;
	enum bridge_transport transport;
	/** Of a unix socket of ours: the path to unlink at the end. Owned, or NULL. */
	char *path;
};

/**
 * Whether an address can be listened on: "unix:PATH", a path, "tcp:ADDRESS:PORT" with a numeric
 * address of this machine alone, or "tls:ADDRESS:PORT" with any numeric one. Errors: USAGE.
 */
bool bridge_listener_valid(const char *address, struct lane_error *err);

/**
 * Listens. A unix socket: missing folders are made (0755), mode of the socket 0660, a socket that
 * nobody serves any more is replaced. Errors: USAGE, LISTEN_FAILED (in use, or the errno).
 */
bool bridge_listener_open(
	const char *address, struct bridge_listener *listener, struct lane_error *err);
/**
 * Takes over a listening socket that somebody else has bound (socket activation); with `tls` TCP
 * is served with TLS, else it has to be of this machine alone. The path of a unix socket stays at
 * the end. Errors: LISTEN_FAILED when it is no listening stream socket of a kind that we serve.
 */
bool bridge_listener_inherit(
	int fd, bool tls, struct bridge_listener *listener, struct lane_error *err);
/** Accepts one connection, close-on-exec; -1 when there is none. */
int bridge_listener_accept(const struct bridge_listener *listener);
void bridge_listener_close(struct bridge_listener *listener);

#endif
