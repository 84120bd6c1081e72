/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_SERVER_H
#define BRIDGE_SERVER_H

#include "base/error.h"
#include "base/json.h"
#include "bridge/channel.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * The bridge: a 9P2000.L server over sockets, leases, a job queue and worker processes, in one
 * thread with epoll. gpu-bridge-host and the embedded bridge of gpu-canary are this same code.
 */
struct bridge_server;

struct bridge_server_config {
	/** GPUs to serve as bridge_worker_describe returns them (borrowed during the call); NULL:
	 * describe now, with `timeout_ms`. */
	const cJSON *devices;
	/** Only this device (UUID text), or NULL for all. */
	const char *only_uuid;
	/** Serve software renderers too. */
	bool allow_software;
	/** Give each worker a control group of its own where that can be, for which the group of this
	 * process is taken over. */
	bool group_workers;
	/** Serve so many synthetic GPUs with precomputed status sequences instead of devices; 0: serve
	 * devices. */
	size_t mocks;
	/** File that says whose tickets are good and who has which rights, or NULL. Read again when it
	 * changes (bridge/reload.h), as are those of TLS. */
	const char *policy;
	/** Folder of the journal, or NULL: leases end with the bridge. */
	const char *state;
	/** Cut the journal where it is damaged, whatever follows. */
	bool repair;
	/** Of listeners with TLS, or NULL. Borrowed during the call. */
	const struct bridge_tls_files *tls;
	/** Connections at a time: all together, and from one user or address; 0: as it likes. */
	size_t connections_max, place_connections_max;
	/** Tell the service manager how we are (bridge/notify.h), and read the files again on SIGHUP.
	 */
	bool supervised;
	unsigned timeout_ms;
};

/** Errors: those of bridge_worker_describe, DEVICE_NONE, DEVICE_SOFTWARE_ONLY. */
struct bridge_server *bridge_server_create(
	const struct bridge_server_config *config, struct lane_error *err);
void bridge_server_destroy(struct bridge_server *server);

/** Listens on "unix:PATH" (mode 0660; a stale socket is replaced, a live one refused),
 * "tcp:ADDRESS:PORT" or "tls:ADDRESS:PORT". Errors: USAGE, LISTEN_FAILED. */
bool bridge_server_listen(
	struct bridge_server *server, const char *address, struct lane_error *err);
/** Serves /metrics over HTTP on an address of this machine. Errors: USAGE, LISTEN_FAILED. */
bool bridge_server_listen_metrics(
	struct bridge_server *server, const char *address, struct lane_error *err);
/** Serves so many listening sockets that the service manager has handed over
 * (bridge_notify_inherited). Errors: LISTEN_FAILED. */
bool bridge_server_inherit(struct bridge_server *server, size_t count, struct lane_error *err);
/** Connections that it takes at a time. */
size_t bridge_server_connections_max(const struct bridge_server *server);
/** Serves one connected socket (taken over) with the rights of its peer; `queen` gives it all
 * rights. */
bool bridge_server_adopt(struct bridge_server *server, int fd, bool queen, struct lane_error *err);

/**
 * Runs until stopped. SIGTERM and SIGINT (through signalfd) drain: no new leases, running jobs
 * until their timeout; a second one stops. With `until_idle` it also ends when the last connection
 * has closed and all workers are reaped (embedded bridge).
 */
bool bridge_server_run(struct bridge_server *server, bool until_idle, struct lane_error *err);

/** Whether `address` can be listened on, for 9P and for /metrics. Errors: USAGE. */
bool bridge_server_address_valid(const char *address, struct lane_error *err);
bool bridge_server_metrics_valid(const char *address, struct lane_error *err);

/**
 * Text of `gpu-bridge-host --list`: the namespace descriptors of what would be served; with `mock`
 * byte for byte stable. Caller frees. Errors: as bridge_server_create.
 */
char *bridge_server_list(const struct bridge_server_config *config, struct lane_error *err);

#endif
