/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_CONNECTION_H
#define BRIDGE_CONNECTION_H

#include "bridge/channel.h"
#include "bridge/loop.h"
#include "bridge/session.h"

/**
 * One connected socket: frames in, replies out, bounded both ways. While replies are not read by
 * the client, no more requests are taken from it; one that does not read them at all, or begins a
 * request or a TLS handshake and does not end it, is cut off after half a minute.
 */
struct bridge_connection;

/**
 * Serves a channel, which it takes over in every case. With TLS the names of the peer are those of
 * its certificate, and its session begins when the handshake is over. When the client is gone or
 * broke the protocol, `closed` is called once, in the midst of an event: destroy it later. NULL
 * with LOOP_FAILED.
 */
struct bridge_connection *bridge_connection_create(struct bridge_loop *loop,
	const struct bridge_channel *channel, const struct bridge_session_host *host,
	const struct bridge_peer *peer,
	void (*closed)(void *context, struct bridge_connection *connection), void *context,
	struct lane_error *err);
void bridge_connection_destroy(struct bridge_connection *connection);
/** Something has changed that a waiting read may have waited for. */
void bridge_connection_wake(struct bridge_connection *connection);
/** Its session; NULL before the end of a handshake. Borrowed. */
const struct bridge_session *bridge_connection_session(const struct bridge_connection *connection);
/** Another time than half a minute. */
void bridge_connection_patience(struct bridge_connection *connection, unsigned patience_ms);

#endif
