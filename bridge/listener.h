/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_LISTENER_H
#define BRIDGE_LISTENER_H

#include "base/error.h"

#include <stdbool.h>

/** A listening unix socket. */
struct bridge_listener {
	int fd;
	/** Path to unlink at the end. Owned. */
	char *path;
};

/**
 * Path of "unix:PATH" or of a plain path; NULL with USAGE for anything else ("tcp:" is named as not
 * being part of this version). Borrowed from `address`.
 */
const char *bridge_address_path(const char *address, struct lane_error *err);

/**
 * Listens: missing folders are made (0755), mode of the socket 0660, a socket that nobody serves
 * any more is replaced. Errors: USAGE, LISTEN_FAILED (in use, or the errno).
 */
bool bridge_listener_open(
	const char *address, struct bridge_listener *listener, struct lane_error *err);
/** Accepts one connection, close-on-exec; -1 when there is none. */
int bridge_listener_accept(const struct bridge_listener *listener);
void bridge_listener_close(struct bridge_listener *listener);

#endif
