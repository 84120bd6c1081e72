/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/doors.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

/** How long nobody is accepted after descriptors have run out. */
enum { PAUSE_MS = 100 };

struct bridge_door {
	struct bridge_doors *doors;
	struct bridge_listener listener;
	struct bridge_source source;
	bool metrics;
};

static void watch_all(struct bridge_doors *doors, uint32_t events)
{
	for (size_t i = 0; i < doors->count; i++) {
		bridge_loop_change(doors->loop, &doors->doors[i]->source, events);
	}
}

/** A connection that cannot be accepted keeps its listener ready: without a pause we would spin. */
static void accept_failed(struct bridge_doors *doors, int error)
{
	if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
		base_log(doors->starved ? BASE_LOG_DEBUG : BASE_LOG_WARNING,
			"cannot accept connections: %s", strerror(error));
		doors->starved = true;
		watch_all(doors, 0);
		doors->again_ns = base_clock_boottime_ns() + PAUSE_MS * NS_PER_MS;
	}
}

static void door_ready(void *context, uint32_t events)
{
	(void)events;
	struct bridge_door *door = context;
	struct bridge_doors *doors = door->doors;
	int fd = bridge_listener_accept(&door->listener);
	if (fd < 0) {
		accept_failed(doors, errno);
		return;
	}
	doors->starved = false;
	if (door->metrics) {
		bridge_scrape_accept(doors->scrape, fd);
		return;
	}
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_guests_accept(doors->guests, fd, door->listener.transport, &err)) {
		base_log(BASE_LOG_WARNING, "%s", lane_error_message(&err));
	}
}

/** Takes over the listener in every case. */
static bool add(struct bridge_doors *doors, const struct bridge_listener *listener, bool metrics,
	struct lane_error *err)
{
	struct bridge_door *door = base_alloc(1, sizeof(*door));
	*door = (struct bridge_door){
		.doors = doors,
		.listener = *listener,
		.source = {.fd = listener->fd, .ready = door_ready, .context = door},
		.metrics = metrics,
	};
	bool good = doors->count < BRIDGE_DOORS_MAX ||
		lane_error_set(err, "USAGE", "at most %d addresses", BRIDGE_DOORS_MAX);
	if (good && listener->transport == BRIDGE_TLS && doors->guests->tls == NULL) {
		good = lane_error_set(err, "USAGE", "TLS needs --tls-cert and --tls-key");
	}
	if (!good || !bridge_loop_add(doors->loop, &door->source, EPOLLIN, err)) {
		bridge_listener_close(&door->listener);
		free(door);
		return false;
	}
	doors->doors[doors->count++] = door;
	return true;
}

/** With "tcp:" before it. Caller frees. */
static char *metrics_address(const char *address)
{
	return strncmp(address, "tcp:", 4) == 0 ? base_strdup(address) : base_format("tcp:%s", address);
}

bool bridge_doors_metrics_valid(const char *address, struct lane_error *err)
{
	BASE_FREE char *full = metrics_address(address);
	return bridge_listener_valid(full, err);
}

bool bridge_doors_open(
	struct bridge_doors *doors, const char *address, bool metrics, struct lane_error *err)
{
	BASE_FREE char *full = metrics ? metrics_address(address) : base_strdup(address);
	struct bridge_listener listener;
	return bridge_listener_open(full, &listener, err) && add(doors, &listener, metrics, err);
}

bool bridge_doors_inherit(
	struct bridge_doors *doors, int fd, bool metrics, bool tls, struct lane_error *err)
{
	struct bridge_listener listener;
	return bridge_listener_inherit(fd, tls, &listener, err) && add(doors, &listener, metrics, err);
}

uint64_t bridge_doors_advance(struct bridge_doors *doors)
{
	if (doors->again_ns <= base_clock_boottime_ns()) {
		doors->again_ns = UINT64_MAX;
		watch_all(doors, EPOLLIN);
	}
	return doors->again_ns;
}

void bridge_doors_close(struct bridge_doors *doors)
{
	for (; doors->count > 0; doors->count--) {
		struct bridge_door *door = doors->doors[doors->count - 1];
		bridge_loop_remove(doors->loop, &door->source);
		bridge_listener_close(&door->listener);
		free(door);
	}
}
