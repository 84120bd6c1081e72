/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_SCRAPE_H
#define BRIDGE_SCRAPE_H

#include "base/buffer.h"
#include "bridge/loop.h"

#include <stddef.h>

/**
 * /metrics over HTTP, for Prometheus and its like: GET and nothing else, one request a connection.
 */
struct bridge_scrape;

enum {
	/** Bytes of a request before its empty line. */
	BRIDGE_SCRAPE_REQUEST_MAX = 4096,
	/** Clients at a time. */
	BRIDGE_SCRAPE_CLIENTS_MAX = 8,
};

/**
 * What answers a request of which `size` bytes are there: 0 while its end has not come, 200, 400
 * (no HTTP), 404 (another path), 405 (another method), 431 (too long), 505 (not HTTP/1).
 */
int bridge_scrape_status(const char *request, size_t size);

/** `write` makes the text. */
struct bridge_scrape *bridge_scrape_create(struct bridge_loop *loop,
	void (*write)(const void *context, struct base_buffer *out), const void *context);
void bridge_scrape_destroy(struct bridge_scrape *scrape);
/** Answers one accepted socket, which it takes over, within two seconds. */
void bridge_scrape_accept(struct bridge_scrape *scrape, int fd);

#endif
