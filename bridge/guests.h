/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_GUESTS_H
#define BRIDGE_GUESTS_H

#include "bridge/address.h"
#include "bridge/connection.h"

/**
 * Who is connected, and how many more may be: all together, and from one place, which is a user of
 * this machine on a unix socket, this machine over TCP, or another address (with IPv6 its /64, as
 * one machine has all of that). Who is one too many is told so (EUSERS, where TLS is not in the
 * way) and closed; the log says it once in ten seconds for as long as it lasts.
 */

struct bridge_guest;
struct bridge_place;

enum bridge_refusal { BRIDGE_REFUSED_FULL, BRIDGE_REFUSED_PLACE, BRIDGE_REFUSALS };

struct bridge_guests {
	struct bridge_loop *loop;
	struct bridge_session_host host;
	/** For the listeners with TLS; borrowed. */
	struct bridge_tls *tls;
	/** At a time. */
	size_t max, place_max;
	struct bridge_guest *first;
	size_t count;
	/** Places that somebody is connected from. */
	struct bridge_place *places;
	/** Some connection is closed and waits to be taken out. */
	bool some_closed;
	/** When the log last said that `max` is reached. */
	uint64_t told_ns;
	uint64_t opened[BRIDGE_TRANSPORTS], refused[BRIDGE_REFUSALS];
	/** Names the next one in /proc/9p. */
	uint64_t last_id;
};

/** Serves an accepted socket, which it takes over. Errors: LISTEN_FAILED, LOOP_FAILED; one that is
 * refused is no error. */
bool bridge_guests_accept(
	struct bridge_guests *guests, int fd, enum bridge_transport transport, struct lane_error *err);
/** Serves a connected socket, which it takes over, with all rights when `queen` is set. Errors: as
 * above. */
bool bridge_guests_adopt(struct bridge_guests *guests, int fd, bool queen, struct lane_error *err);
/** Frees the connections that are closed. */
void bridge_guests_sweep(struct bridge_guests *guests);
/** Tries all waiting reads again. */
void bridge_guests_wake(struct bridge_guests *guests);
/** Reads that wait, of all. */
size_t bridge_guests_waiting(const struct bridge_guests *guests);
/** Lines of key=value, one a connection, the newest first. */
void bridge_guests_list(const struct bridge_guests *guests, struct base_buffer *out);
void bridge_guests_finish(struct bridge_guests *guests);

#endif
