/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_EMBEDDED_H
#define CANARY_EMBEDDED_H

#include "bridge/server.h"

#include <sys/types.h>

/** A bridge in a child process of ours: the same library as gpu-bridge-host, over a socketpair. It
 * dies with us. */
struct embedded {
	pid_t pid;
};

/**
 * Forks it and waits until it serves (at most config->timeout_ms and a little). *socket is our end.
 * Errors: those of bridge_server_create, BRIDGE_DIED, BRIDGE_TIMEOUT. The calling process must be
 * single-threaded.
 */
bool embedded_start(const struct bridge_server_config *config, struct embedded *embedded,
	int *socket, struct lane_error *err);

/**
 * How it ended, once it has within the time: "exit status 3", "killed by signal 9"; NULL while it
 * lives. Caller frees.
 */
char *embedded_ended(struct embedded *embedded, unsigned timeout_ms);

/** Waits until it has gone, which it does when its socket is closed; kills it after 5 s. A zeroed
 * value is fine. */
void embedded_stop(struct embedded *embedded);

#endif
