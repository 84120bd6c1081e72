/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
	/** Asked of the socket while the size of the next frame is not known. */
	READ_AHEAD = 4096,
	/** Room for what a request has besides its data: a path. */
	NAMES_SIZE = 4096,
};

uint64_t bridge_client_deadline(unsigned timeout_ms)
{
	return base_clock_monotonic_ns() + timeout_ms * NS_PER_MS;
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

bool bridge_client_protocol_error(
	struct bridge_client *client, const char *what, const char *detail, struct lane_error *err)
{
	client->broken = true;
	return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: %s", what, detail);
}

static bool late(const char *what, struct lane_error *err)
{
	return lane_error_set(err, "BRIDGE_TIMEOUT", "%s: no reply in time", what);
}

bool bridge_client_ready(struct bridge_client *client, uint32_t events, uint64_t deadline_ns,
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
			return late(what, err);
		}
	}
}

/** Sends all that is to be sent, which gives closed files back. */
static bool send_out(
	struct bridge_client *client, uint64_t deadline_ns, const char *what, struct lane_error *err)
{
	const char *bytes = client->out.data;
	size_t size = client->out.size;
	while (size > 0) {
		ssize_t count = bridge_channel_send(&client->channel, bytes, size);
		if (count > 0) {
			bytes += count;
			size -= (size_t)count;
		} else if (count < 0 && errno == EAGAIN) {
			if (!bridge_client_ready(client, client->channel.send_waits, deadline_ns, what, err)) {
				/* Half a frame is out: nothing after it could be understood. */
				client->broken = true;
				return false;
			}
		} else if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			/* It has hung up, and may have said why: that is still to be read. */
			size = 0;
		} else if (count < 0 && errno != EINTR) {
			return lost(client, errno, what, err);
		}
	}
	base_buffer_clear(&client->out);
	client->closing_count = 0;
	return true;
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
			if (!bridge_client_ready(
					client, client->channel.receive_waits, deadline_ns, what, err)) {
				return false;
			}
		} else if (errno != EINTR) {
			return lost(client, errno, what, err);
		}
	}
	return true;
}

/** Receives one reply; what it points to is valid until the next. */
static bool receive_reply(struct bridge_client *client, struct wire_message *reply,
	uint64_t deadline_ns, const char *what, struct lane_error *err)
{
	base_buffer_consume(&client->in, client->taken);
	client->taken = 0;
	if (!fill_input(client, 4, deadline_ns, what, err)) {
		return false;
	}
	uint32_t size = wire_frame_size((const uint8_t *)client->in.data);
	if (size < WIRE_HEADER_SIZE || size > client->msize) {
		return bridge_client_protocol_error(client, what, "reply of impossible size", err);
	}
	if (!fill_input(client, size, deadline_ns, what, err)) {
		return false;
	}
	client->taken = size;
	if (wire_decode((const uint8_t *)client->in.data, size, reply) != WIRE_OK) {
		return bridge_client_protocol_error(client, what, "malformed reply", err);
	}
	return true;
}

/** Puts a request behind those that are to be sent; the tag that it got. */
static uint16_t put(struct bridge_flight *flight, const char *what, struct wire_message *request)
{
	struct bridge_client *client = flight->client;
	request->tag = WIRE_NOTAG;
	if (request->type != WIRE_TVERSION) {
		client->last_tag = (uint16_t)(client->last_tag + 1);
		client->last_tag = client->last_tag != WIRE_NOTAG ? client->last_tag : 0;
		request->tag = client->last_tag;
	}
	size_t room = WIRE_IO_HEADER_SIZE + NAMES_SIZE + request->data.size;
	uint8_t *frame = (uint8_t *)base_buffer_reserve(&client->out, room);
	size_t size = wire_encode(request, frame, room);
	if (size == 0 || size > client->msize) {
		flight->misfit = what;
	}
	client->out.size += size;
	flight->owed++;
	return request->tag;
}

struct bridge_call *bridge_flight_add(
	struct bridge_flight *flight, const char *what, struct wire_message *request, uint64_t most)
{
	struct bridge_call *call = flight->calls;
	while (call->type != 0) {
		call++;
	}
	*call = (struct bridge_call){
		.type = request->type,
		.tag = put(flight, what, request),
		.flush_tag = WIRE_NOTAG,
		.most = most,
		.what = what,
	};
	return call;
}

void bridge_flight_begin(
	struct bridge_flight *flight, struct bridge_client *client, uint64_t deadline_ns)
{
	*flight = (struct bridge_flight){.client = client, .deadline_ns = deadline_ns};
	/* What an earlier one could not send. */
	base_buffer_clear(&client->out);
	for (size_t i = 0; i < client->closing_count; i++) {
		struct wire_message clunk = {.type = WIRE_TCLUNK, .fid = client->closing[i]};
		bridge_flight_add(flight, "clunk", &clunk, 0);
	}
}

/** Takes back what has no reply. */
static void flush(struct bridge_flight *flight)
{
	flight->flushed = true;
	flight->deadline_ns = bridge_client_deadline(flight->client->timeout_ms);
	for (size_t i = 0; i < BRIDGE_FLIGHT_MAX; i++) {
		struct bridge_call *call = &flight->calls[i];
		if (call->type != 0 && !call->answered) {
			struct wire_message request = {.type = WIRE_TFLUSH, .old_tag = call->tag};
			call->flush_tag = put(flight, call->what, &request);
		}
	}
}

/** What a reply says, as struct bridge_call has it. */
static uint64_t value_of(const struct wire_message *reply)
{
	switch (reply->type) {
	case WIRE_RVERSION:
		return wire_text_equals(&reply->version, WIRE_VERSION) ? reply->msize : 0;
	case WIRE_RWALK:
		return reply->qid_count;
	case WIRE_RREAD:
	case WIRE_RREADDIR:
		return reply->data.size;
	case WIRE_RWRITE:
		return reply->count;
	case WIRE_RGETATTR:
		return reply->attributes.size;
	default:
		return 0;
	}
}

/** Takes the reply to a request; false when it cannot be one. */
static bool answer(struct bridge_call *call, const struct wire_message *reply)
{
	call->answered = true;
	if (reply->type == WIRE_RLERROR) {
		call->error = reply->error;
		return reply->error != 0;
	}
	call->value = value_of(reply);
	if (reply->type != call->type + 1 || call->value > call->most) {
		return false;
	}
	if (call->type == WIRE_TWALK && call->value < call->most) {
		call->error = ENOENT;
	}
	if (call->bytes != NULL && call->value > 0) {
		memcpy(call->bytes, reply->data.bytes, call->value);
	}
	return true;
}

/** What a tag stands for: a request, or the Tflush that takes it back. NULL: nobody has asked. */
static struct bridge_call *find_call(struct bridge_flight *flight, uint16_t tag)
{
	for (size_t i = 0; i < BRIDGE_FLIGHT_MAX; i++) {
		struct bridge_call *call = &flight->calls[i];
		bool waits = call->type != 0 && !call->answered && call->tag == tag;
		if (waits || (call->type != 0 && call->flush_tag != WIRE_NOTAG && call->flush_tag == tag)) {
			return call;
		}
	}
	return NULL;
}

/** Takes a reply to whatever it is for; false when it cannot be one. */
static bool settle(
	struct bridge_flight *flight, const struct wire_message *reply, struct bridge_call **settled)
{
	struct bridge_call *call = find_call(flight, reply->tag);
	bool good = false;
	if (call != NULL && call->tag == reply->tag) {
		flight->owed--;
		good = answer(call, reply);
		*settled = call;
	} else if (call != NULL) {
		flight->owed--;
		good = reply->type == WIRE_RFLUSH;
		call->flush_tag = WIRE_NOTAG;
		if (!call->answered) {
			flight->owed--;
			call->answered = call->timed_out = true;
			*settled = call;
		}
	}
	/* With the last reply there is nothing more to come. */
	return good && (flight->owed > 0 || flight->client->in.size == flight->client->taken);
}

/** What the next reply is likely to be for. */
static const char *awaited(const struct bridge_flight *flight)
{
	for (size_t i = 0; i < BRIDGE_FLIGHT_MAX; i++) {
		if (flight->calls[i].type != 0 && !flight->calls[i].answered) {
			return flight->calls[i].what;
		}
	}
	return "flush";
}

bool bridge_flight_next(
	struct bridge_flight *flight, struct bridge_call **settled, struct lane_error *err)
{
	struct bridge_client *client = flight->client;
	const char *what = awaited(flight);
	*settled = NULL;
	if (flight->misfit != NULL) {
		return lane_error_set(err, "BRIDGE_INVALID", "%s: name too long", flight->misfit);
	}
	if (client->broken) {
		return lost(client, 0, what, err);
	}
	if (!send_out(client, flight->deadline_ns, what, err)) {
		return false;
	}
	struct wire_message reply = {.type = 0};
	LANE_ERROR_AUTO cause = LANE_ERROR_INIT;
	if (receive_reply(client, &reply, flight->deadline_ns, what, &cause)) {
		return settle(flight, &reply, settled) ||
			bridge_client_protocol_error(client, what, "reply to another request", err);
	}
	if (lane_error_is(&cause, "BRIDGE_TIMEOUT") && client->attached && !flight->flushed) {
		flush(flight);
		return true;
	}
	client->broken = true;
	return lane_error_set(err, cause.code, "%s", lane_error_message(&cause));
}

static bool refused(const struct bridge_call *call, struct lane_error *err)
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
	const char *code = "BRIDGE_REFUSED";
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if ((uint32_t)codes[i].error == call->error) {
			code = codes[i].code;
		}
	}
	return lane_error_set_errno(err, code, (int)call->error, "%s", call->what);
}

bool bridge_flight_land(struct bridge_flight *flight, struct lane_error *err)
{
	for (struct bridge_call *settled; flight->owed > 0;) {
		if (!bridge_flight_next(flight, &settled, err)) {
			return false;
		}
	}
	for (size_t i = 0; i < BRIDGE_FLIGHT_MAX; i++) {
		const struct bridge_call *call = &flight->calls[i];
		if (call->type == WIRE_TCLUNK) {
			continue;
		}
		if (call->timed_out) {
			return late(call->what, err);
		}
		if (call->error != 0) {
			return refused(call, err);
		}
	}
	return true;
}
