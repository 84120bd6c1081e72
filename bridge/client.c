/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/clock.h"
#include "base/memory.h"
#include "bridge/listener.h"

#include <errno.h>
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
	return lane_error_set_errno(err, "BRIDGE_UNREACHABLE", cause, "%s: connection lost", what);
}

/** Waits until the socket is ready. */
static bool wait_ready(struct bridge_client *client, short events, uint64_t deadline_ns,
	const char *what, struct lane_error *err)
{
	for (;;) {
		uint64_t now_ns = base_clock_monotonic_ns();
		uint64_t left_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / NS_PER_MS + 1 : 0;
		struct pollfd poller = {.fd = client->fd, .events = events};
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
		ssize_t count = send(client->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (count > 0) {
			bytes += count;
			size -= (size_t)count;
		} else if (count < 0 && errno == EAGAIN) {
			if (!wait_ready(client, POLLOUT, deadline_ns, what, err)) {
				/* Half a frame is out: nothing after it could be understood. */
				client->broken = true;
				return false;
			}
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
		ssize_t count = recv(client->fd, bytes, room, MSG_DONTWAIT);
		if (count > 0) {
			in->size += (size_t)count;
		} else if (count == 0) {
			return lost(client, 0, what, err);
		} else if (errno == EAGAIN) {
			if (!wait_ready(client, POLLIN, deadline_ns, what, err)) {
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
	struct wire_message reply;
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
		/* Whatever the errno: it is the attach that was refused. */
		return lane_error_set_errno(err, "BRIDGE_REFUSED", (int)reply.error, "attach refused");
	}
	return false;
}

struct bridge_client *bridge_client_adopt(
	int fd, const char *uname, const char *aname, struct lane_error *err)
{
	struct bridge_client *client = base_alloc(1, sizeof(*client));
	client->fd = fd;
	client->timeout_ms = TIMEOUT_MS;
	client->msize = MSIZE;
	client->next_fid = ROOT_FID + 1;
	if (!start_session(client, uname, aname, err)) {
		bridge_client_destroy(client);
		return NULL;
	}
	return client;
}

struct bridge_client *bridge_client_connect(
	const char *address, const char *uname, const char *aname, struct lane_error *err)
{
	const char *path = bridge_address_path(address, err);
	if (path == NULL) {
		return NULL;
	}
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	memcpy(place.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&place, sizeof(place)) < 0) {
		lane_error_set_errno(err, "BRIDGE_UNREACHABLE", errno, "unix:%s", path);
		base_cleanup_close(&fd);
		return NULL;
	}
	return bridge_client_adopt(fd, uname, aname, err);
}

void bridge_client_destroy(struct bridge_client *client)
{
	if (client == NULL) {
		return;
	}
	close(client->fd);
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
