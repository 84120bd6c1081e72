/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/clock.h"
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

#define NS_PER_MS UINT64_C(1000000)

enum {
	MSIZE = 1 << 20,
	MSIZE_MIN = 4096,
	TIMEOUT_MS = 10000,
	/** Asked of the socket while the size of the next frame is not known. */
	READ_AHEAD = 4096,
	ROOT_FID = 0,
};

uint64_t bridge_client_deadline(unsigned timeout_ms)
{
	return base_clock_monotonic_ns() + timeout_ms * NS_PER_MS;
}

uint16_t bridge_client_tag(struct bridge_client *client)
{
	client->next_tag = (uint16_t)(client->next_tag + 1);
	if (client->next_tag == WIRE_NOTAG) {
		client->next_tag = 0;
	}
	return client->next_tag;
}

static bool lost(struct bridge_client *client, int cause, const char *what, struct lane_error *err)
{
	client->broken = true;
	if (cause == 0) {
		return lane_error_set(
			err, "BRIDGE_UNREACHABLE", "%s: the bridge closed the connection", what);
	}
	if (cause == EPROTO && client->channel.complaint != NULL) {
		return lane_error_set(
			err, "BRIDGE_UNREACHABLE", "%s: TLS: %s", what, client->channel.complaint);
	}
	return lane_error_set_errno(err, "BRIDGE_UNREACHABLE", cause, "%s: connection lost", what);
}

/** Waits until the socket is ready. */
static bool wait_ready(struct bridge_client *client, uint32_t events, uint64_t deadline_ns,
	const char *what, struct lane_error *err)
{
	for (;;) {
		uint64_t now_ns = base_clock_monotonic_ns();
		uint64_t left_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / NS_PER_MS + 1 : 0;
		struct pollfd poller = {.fd = client->channel.fd, .events = (short)events};
		int timeout = left_ms < INT32_MAX ? (int)left_ms : INT32_MAX;
		int status = poll(&poller, 1, timeout);
		if (status > 0) {
			return true;
		}
		if (status < 0 && errno != EINTR) {
			return lost(client, errno, what, err);
		}
		if (status == 0 && left_ms == 0) {
			return lane_error_set(err, "BRIDGE_TIMEOUT", "%s: no reply in time", what);
		}
	}
}

static bool send_bytes(struct bridge_client *client, const char *bytes, size_t size,
	uint64_t deadline_ns, const char *what, struct lane_error *err)
{
	while (size > 0) {
		ssize_t count = bridge_channel_send(&client->channel, bytes, size);
		if (count > 0) {
			bytes += count;
			size -= (size_t)count;
		} else if (count < 0 && errno == EAGAIN) {
			if (!wait_ready(client, client->channel.send_waits, deadline_ns, what, err)) {
				/* Half a frame is out: nothing after it could be understood. */
				client->broken = true;
				return false;
			}
		} else if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			/* It has hung up, and may have said why: that is still to be read. */
			return true;
		} else if (count < 0 && errno != EINTR) {
			return lost(client, errno, what, err);
		}
	}
	return true;
}

bool bridge_client_send(struct bridge_client *client, const struct wire_message *request,
	uint64_t deadline_ns, const char *what, struct lane_error *err)
{
	if (client->broken) {
		return lost(client, 0, what, err);
	}
	base_buffer_clear(&client->out);
	/* Names are the only other thing of variable size. */
	size_t room = WIRE_IO_HEADER_SIZE + request->data.size + 4096;
	uint8_t *frame = (uint8_t *)base_buffer_reserve(&client->out, room);
	size_t size = wire_encode(request, frame, room);
	if (size == 0 || size > client->msize) {
		return lane_error_set(err, "BRIDGE_INVALID", "%s: name too long", what);
	}
	return send_bytes(client, (const char *)frame, size, deadline_ns, what, err);
}

/** Receives until `size` bytes are there. */
static bool fill_input(struct bridge_client *client, size_t size, uint64_t deadline_ns,
	const char *what, struct lane_error *err)
{
	struct base_buffer *in = &client->in;
	while (in->size < size) {
		/* No more than this frame, once its size is known: nothing has to be moved behind a large
		 * one. */
		size_t room = size > 4 ? size - in->size : READ_AHEAD;
		char *bytes = base_buffer_reserve(in, room);
		ssize_t count = bridge_channel_receive(&client->channel, bytes, room);
		if (count > 0) {
			in->size += (size_t)count;
		} else if (count == 0) {
			return lost(client, 0, what, err);
		} else if (errno == EAGAIN) {
			if (!wait_ready(client, client->channel.receive_waits, deadline_ns, what, err)) {
				return false;
			}
		} else if (errno != EINTR) {
			return lost(client, errno, what, err);
		}
	}
	return true;
}

static bool protocol_error(
	struct bridge_client *client, const char *what, const char *detail, struct lane_error *err)
{
	client->broken = true;
	return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: %s", what, detail);
}

bool bridge_client_receive(struct bridge_client *client, struct wire_message *reply,
	uint64_t deadline_ns, const char *what, struct lane_error *err)
{
	if (client->broken) {
		return lost(client, 0, what, err);
	}
	base_buffer_consume(&client->in, client->taken);
	client->taken = 0;
	if (!fill_input(client, 4, deadline_ns, what, err)) {
		return false;
	}
	uint32_t size = wire_frame_size((const uint8_t *)client->in.data);
	if (size < WIRE_HEADER_SIZE || size > client->msize) {
		return protocol_error(client, what, "reply of impossible size", err);
	}
	if (!fill_input(client, size, deadline_ns, what, err)) {
		return false;
	}
	client->taken = size;
	if (wire_decode((const uint8_t *)client->in.data, size, reply) != WIRE_OK) {
		return protocol_error(client, what, "malformed reply", err);
	}
	return true;
}

bool bridge_client_refused(
	const struct wire_message *reply, const char *what, struct lane_error *err)
{
	static const struct {
		int error;
		const char *code;
	} codes[] = {
		{EPERM, "BRIDGE_DENIED"},
		{EACCES, "BRIDGE_DENIED"},
		{ENOENT, "BRIDGE_NOT_FOUND"},
		{EBUSY, "BRIDGE_BUSY"},
		{EAGAIN, "BRIDGE_BUSY"},
		{EINVAL, "BRIDGE_INVALID"},
		{EMSGSIZE, "BRIDGE_TOO_BIG"},
	};
	if (reply->type != WIRE_RLERROR) {
		return lane_error_set(
			err, "BRIDGE_PROTOCOL", "%s: unexpected reply %s", what, wire_type_name(reply->type));
	}
	const char *code = "BRIDGE_REFUSED";
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if ((uint32_t)codes[i].error == reply->error) {
			code = codes[i].code;
		}
	}
	return lane_error_set_errno(err, code, (int)reply->error, "%s", what);
}

/** Takes back a request that was not answered in time, so that the session stays usable. */
static void flush_request(struct bridge_client *client, uint16_t old_tag)
{
	uint64_t deadline_ns = bridge_client_deadline(client->timeout_ms);
	struct wire_message flush = {
		.type = WIRE_TFLUSH, .tag = bridge_client_tag(client), .old_tag = old_tag};
	struct wire_message reply = {.type = 0};
	bool told = bridge_client_send(client, &flush, deadline_ns, "flush", NULL);
	/* The reply to the request may still come first. */
	do {
		told = told && bridge_client_receive(client, &reply, deadline_ns, "flush", NULL);
	} while (told && reply.tag != flush.tag);
	client->broken = client->broken || !told;
}

bool bridge_client_call(struct bridge_client *client, struct wire_message *request,
	struct wire_message *reply, uint64_t deadline_ns, const char *what, struct lane_error *err)
{
	LANE_ERROR_AUTO cause = LANE_ERROR_INIT;
	*reply = (struct wire_message){.type = 0};
	request->tag = request->type == WIRE_TVERSION ? WIRE_NOTAG : bridge_client_tag(client);
	if (!bridge_client_send(client, request, deadline_ns, what, err)) {
		return false;
	}
	if (!bridge_client_receive(client, reply, deadline_ns, what, &cause)) {
		if (lane_error_is(&cause, "BRIDGE_TIMEOUT")) {
			flush_request(client, request->tag);
		}
		return lane_error_set(err, cause.code, "%s", lane_error_message(&cause));
	}
	if (reply->tag != request->tag) {
		return protocol_error(client, what, "reply to another request", err);
	}
	if (reply->type != request->type + 1) {
		return bridge_client_refused(reply, what, err);
	}
	return true;
}

static bool start_session(
	struct bridge_client *client, const char *uname, const char *aname, struct lane_error *err)
{
	uint64_t deadline_ns = bridge_client_deadline(client->timeout_ms);
	struct wire_message reply;
	struct wire_message version = {
		.type = WIRE_TVERSION, .msize = MSIZE, .version = wire_text(WIRE_VERSION)};
	if (!bridge_client_call(client, &version, &reply, deadline_ns, "version", err)) {
		return false;
	}
	if (!wire_text_equals(&reply.version, WIRE_VERSION) || reply.msize > MSIZE ||
		reply.msize < MSIZE_MIN) {
		return protocol_error(client, "version", "the other end does not speak 9P2000.L", err);
	}
	client->msize = reply.msize;
	struct wire_message attach = {
		.type = WIRE_TATTACH,
		.fid = ROOT_FID,
		.auth_fid = WIRE_NOFID,
		.uname = wire_text(uname),
		.aname = wire_text(aname),
		.n_uname = WIRE_NONUNAME,
	};
	if (bridge_client_call(client, &attach, &reply, deadline_ns, "attach", err)) {
		return true;
	}
	if (reply.type == WIRE_RLERROR && err != NULL) {
		/* It is the attach that was refused, or cannot be answered yet. */
		const char *code = reply.error == EAGAIN ? "BRIDGE_BUSY" : "BRIDGE_REFUSED";
		return lane_error_set_errno(err, code, (int)reply.error, "attach refused");
	}
	return false;
}

/** On a socket that is connected or about to be; takes it and `tls` over. */
static struct bridge_client *make_client(int fd, struct bridge_tls *tls, const char *host)
{
	struct bridge_client *client = base_alloc(1, sizeof(*client));
	client->channel = bridge_channel_open(fd, tls, host);
	client->tls = tls;
	client->timeout_ms = TIMEOUT_MS;
	client->msize = MSIZE;
	client->next_fid = ROOT_FID + 1;
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
	if (!wait_ready(client, POLLOUT, deadline_ns, what, err)) {
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
		if (!wait_ready(client, client->channel.receive_waits, deadline_ns, what, err)) {
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
