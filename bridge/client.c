/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/memory.h"
#include "bridge/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MSIZE = 1 << 20,
	MSIZE_MIN = 4096,
	TIMEOUT_MS = 10000,
	ROOT_FID = 0,
};

static bool start_session(
	struct bridge_client *client, const char *uname, const char *aname, struct lane_error *err)
{
	struct wire_message version = {
		.type = WIRE_TVERSION, .msize = MSIZE, .version = wire_text(WIRE_VERSION)};
	struct wire_message attach = {
		.type = WIRE_TATTACH,
		.fid = ROOT_FID,
		.auth_fid = WIRE_NOFID,
		.uname = wire_text(uname),
		.aname = wire_text(aname),
		.n_uname = WIRE_NONUNAME,
	};
	/* One after the other: before the first reply nobody knows how large a message may be. */
	struct bridge_flight flight;
	bridge_flight_begin(&flight, client, bridge_client_deadline(client->timeout_ms));
	const struct bridge_call *call = bridge_flight_add(&flight, "version", &version, MSIZE);
	if (!bridge_flight_land(&flight, err)) {
		return false;
	}
	if (call->value < MSIZE_MIN) {
		return bridge_client_protocol_error(
			client, "version", "the other end does not speak 9P2000.L", err);
	}
	client->msize = (uint32_t)call->value;
	bridge_flight_begin(&flight, client, flight.deadline_ns);
	call = bridge_flight_add(&flight, "attach", &attach, 0);
	client->attached = bridge_flight_land(&flight, err);
	if (call->error != 0) {
		/* It is the attach that was refused, or cannot be answered yet. */
		const char *code = call->error == EAGAIN ? "BRIDGE_BUSY" : "BRIDGE_REFUSED";
		return lane_error_set_errno(err, code, (int)call->error, "attach refused");
	}
	return client->attached;
}

/** On a socket that is connected or about to be; takes it and `tls` over. */
static struct bridge_client *make_client(int fd, struct bridge_tls *tls, const char *host)
{
	struct bridge_client *client = base_alloc(1, sizeof(*client));
	client->channel = bridge_channel_open(fd, tls, host);
	client->tls = tls;
	client->timeout_ms = TIMEOUT_MS;
	client->msize = MSIZE;
	client->last_fid = ROOT_FID;
	return client;
}

struct bridge_client *bridge_client_adopt(
	int fd, const char *uname, const char *aname, struct lane_error *err)
{
	struct bridge_client *client = make_client(fd, NULL, NULL);
	if (!start_session(client, uname, aname, err)) {
		bridge_client_destroy(client);
		return NULL;
	}
	return client;
}

/** Waits until connect(2) has come to an end, and then for the handshake of TLS. */
static bool finish_connecting(
	struct bridge_client *client, const char *what, struct lane_error *err)
{
	uint64_t deadline_ns = bridge_client_deadline(client->timeout_ms);
	int cause = 0;
	socklen_t size = sizeof(cause);
	if (!bridge_client_ready(client, POLLOUT, deadline_ns, what, err)) {
		return false;
	}
	if (getsockopt(client->channel.fd, SOL_SOCKET, SO_ERROR, &cause, &size) != 0 || cause != 0) {
		return lane_error_set_errno(err, "BRIDGE_UNREACHABLE", cause, "%s", what);
	}
	for (;;) {
		if (!bridge_channel_shake(&client->channel, err)) {
			return lane_error_wrap(err, "%s", what);
		}
		if (!client->channel.shaking) {
			return true;
		}
		if (!bridge_client_ready(client, client->channel.receive_waits, deadline_ns, what, err)) {
			return false;
		}
	}
}

/** A socket that is connected, or will be: -1 with the error. */
static int open_socket(
	const struct bridge_address *address, const char *what, struct lane_error *err)
{
	struct sockaddr_storage place = {.ss_family = AF_UNIX};
	socklen_t size = sizeof(struct sockaddr_un);
	bool inet = address->transport != BRIDGE_UNIX;
	if (!inet) {
		memcpy(
			((struct sockaddr_un *)(void *)&place)->sun_path, address->path, sizeof(address->path));
	} else if (!bridge_address_resolve(
				   address, address->transport == BRIDGE_TLS, &place, &size, err)) {
		return -1;
	}
	/* A unix socket that does not block would give up at once when many connect at a time. */
	const struct timeval patience = {.tv_sec = TIMEOUT_MS / 1000};
	int fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | (inet ? SOCK_NONBLOCK : 0), 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
		(connect(fd, (const struct sockaddr *)&place, size) < 0 && errno != EINPROGRESS)) {
		lane_error_set_errno(err, "BRIDGE_UNREACHABLE", errno, "%s", what);
		base_cleanup_close(&fd);
		return -1;
	}
	if (inet) {
		/* Each request is waited for. It can fail only for what is no TCP. */
		const int on = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	return fd;
}

/** Certificates as the environment names them. */
static struct bridge_tls *client_tls(struct lane_error *err)
{
	const struct bridge_tls_files files = {
		.certificate = getenv("GPU_LANE_TLS_CERT"),
		.key = getenv("GPU_LANE_TLS_KEY"),
		.authority = getenv("GPU_LANE_TLS_CA"),
	};
	return bridge_tls_create(&files, false, err);
}

struct bridge_client *bridge_client_connect(
	const char *address, const char *uname, const char *aname, struct lane_error *err)
{
	struct bridge_address place;
	if (!bridge_address_parse(address, &place, err)) {
		return NULL;
	}
	bool secure = place.transport == BRIDGE_TLS;
	struct bridge_tls *tls = secure ? client_tls(err) : NULL;
	BASE_FREE char *what = bridge_address_text(&place);
	int fd = tls != NULL || !secure ? open_socket(&place, what, err) : -1;
	if (fd < 0) {
		bridge_tls_destroy(tls);
		return NULL;
	}
	struct bridge_client *client = make_client(fd, tls, secure ? place.host : NULL);
	if (!finish_connecting(client, what, err) || !start_session(client, uname, aname, err)) {
		bridge_client_destroy(client);
		return NULL;
	}
	return client;
}

void bridge_client_destroy(struct bridge_client *client)
{
	if (client == NULL) {
		return;
	}
	bridge_channel_close(&client->channel);
	bridge_tls_destroy(client->tls);
	base_buffer_finish(&client->in);
	base_buffer_finish(&client->out);
	base_json_finish(&client->status);
	while (client->marks != NULL) {
		struct bridge_mark *mark = client->marks;
		client->marks = mark->next;
		free(mark->gpu);
		free(mark->job);
		free(mark);
	}
	free(client);
}

void bridge_client_timeout(struct bridge_client *client, unsigned timeout_ms)
{
	client->timeout_ms = timeout_ms;
}
