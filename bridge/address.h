/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_ADDRESS_H
#define BRIDGE_ADDRESS_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

enum bridge_transport { BRIDGE_UNIX, BRIDGE_TCP, BRIDGE_TLS };

enum { BRIDGE_TRANSPORTS = BRIDGE_TLS + 1, BRIDGE_HOST_SIZE = 256, BRIDGE_PORT_SIZE = 6 };

/** Where a bridge listens, or a client finds one. */
struct bridge_address {
	enum bridge_transport transport;
	/** Of a unix socket. */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	/** Of TCP and TLS; the brackets of an IPv6 address are gone. */
	char host[BRIDGE_HOST_SIZE], port[BRIDGE_PORT_SIZE];
	/** It came in brackets: an IPv6 address. */
	bool six;
};

/**
 * Reads "unix:PATH", a path, "tcp:ADDRESS:PORT" or "tls:HOST:PORT"; an IPv6 address stands in
 * brackets. Errors: USAGE.
 */
bool bridge_address_parse(const char *text, struct bridge_address *address, struct lane_error *err);

/**
 * The socket address of TCP or TLS. Only where `names` is set is a name looked up: what a name
 * means today is not what the owner of a listener meant to open. What passes unencrypted may not
 * leave the machine: without TLS only addresses of this machine. Errors: USAGE, and
 * BRIDGE_UNREACHABLE for a name that is not known.
 */
bool bridge_address_resolve(const struct bridge_address *address, bool names,
	struct sockaddr_storage *place, socklen_t *size, struct lane_error *err);

/** The address as it is written. Caller frees. */
char *bridge_address_text(const struct bridge_address *address);

/** Whether only this machine reaches an address of IPv4 or IPv6. */
bool bridge_address_is_loopback(const struct sockaddr *address);

/** "unix", "tcp", "tls". */
const char *bridge_transport_name(enum bridge_transport transport);

/**
 * Where a bridge listens and a client looks when nothing is said: unix:/run/gpu-lane/bridge.sock
 * for root, else unix:$XDG_RUNTIME_DIR/gpu-lane/bridge.sock. Caller frees; NULL with USAGE when
 * there is no such folder.
 */
char *bridge_address_default(struct lane_error *err);

#endif
