/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_DOORS_H
#define BRIDGE_DOORS_H

#include "bridge/guests.h"
#include "bridge/listener.h"
#include "bridge/scrape.h"

/** The listening sockets of a bridge, and what becomes of who connects to them. */

enum { BRIDGE_DOORS_MAX = 16 };

struct bridge_door;

struct bridge_doors {
	struct bridge_loop *loop;
	/** Where 9P clients go, and who reads /metrics over HTTP. Borrowed. */
	struct bridge_guests *guests;
	struct bridge_scrape *scrape;
	struct bridge_door *doors[BRIDGE_DOORS_MAX];
	size_t count;
	/** When listening goes on after descriptors ran out; UINT64_MAX: it does already. */
	uint64_t again_ns;
	/** Descriptors have run out and nobody has been accepted since: it is in the log. */
	bool starved;
};

/** Opens one for 9P, or for /metrics. Errors: USAGE, LISTEN_FAILED, LOOP_FAILED. */
bool bridge_doors_open(
	struct bridge_doors *doors, const char *address, bool metrics, struct lane_error *err);
/**
 * Takes over a listening socket: for /metrics when it is named "metrics", with TLS when it is named
 * "tls". Errors: as above.
 */
bool bridge_doors_inherit(
	struct bridge_doors *doors, int fd, bool metrics, bool tls, struct lane_error *err);
/** Opens them again when the time has come; returns when it comes next. */
uint64_t bridge_doors_advance(struct bridge_doors *doors);
void bridge_doors_close(struct bridge_doors *doors);

/** Whether /metrics can be served there: ADDRESS:PORT of this machine, with "tcp:" before it or
 * not. Errors: USAGE. */
bool bridge_doors_metrics_valid(const char *address, struct lane_error *err);

#endif
