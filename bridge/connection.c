/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/connection.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/spare.h"
#include "bridge/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
	/** Bytes asked of the socket at a time, over what the frame at hand still lacks. */
	READ_CHUNK = 64 << 10,
	/** Requests are not handled while this much of replies is unread. One of msize comes on top. */
	OUTPUT_MAX = 1 << 20,
	/** Requests held back behind a full window of waiting reads; who sends more is cut off. */
	HELD_MAX = 256 << 10,
	/** How long a frame may take from its first byte to its last, and how long a client that has
	   replies to read may take less than PROGRESS bytes of them. */
	PATIENCE_MS = 30000,
	PROGRESS = 64 << 10,
	/** Who holds less than this is let be when all together hold too much. */
	SHARE = 256 << 10,
};

struct bridge_connection {
	struct bridge_loop *loop;
	struct bridge_channel channel;
	struct bridge_source source;
	uint32_t watched;
	/** NULL while the handshake of TLS goes on. */
	struct bridge_session *session;
	/** What it will be made from, and what its peer's names point into. */
	struct bridge_session_host host;
	struct bridge_peer peer;
	const char **names;
	/** Not yet looked at. */
	struct base_buffer in;
	/** Whole frames that came while the window of waiting reads was full. */
	struct base_buffer held;
	/** Replies; those before `sent` are gone. */
	struct base_buffer out;
	size_t sent;
	/** What comes behind them: while there is anything, no request is handled. */
	struct bridge_view view;
	/** Since when the frame at hand is not complete, and since when less than PROGRESS bytes of the
	   replies have been taken; 0: it is not so. */
	uint64_t frame_since_ns, unread_since_ns;
	size_t progress;
	uint64_t patience_ns;
	/** Ends the patience. It is made for the first client that needs it, and set while it runs. */
	struct bridge_source timer;
	bool timer_set;
	/** Sends the replies, once what they say is on disk. */
	struct bridge_task flush;
	/** What it counts for in the memory of all. */
	size_t buffered;
	/** A wake came while the output was full. */
	bool wake_missed;
	/** No more input will come. */
	bool eof;
	bool closed;
	void (*on_closed)(void *context, struct bridge_connection *connection);
	void *context;
};

static void leave_loop(struct bridge_connection *connection)
{
	bridge_loop_cancel(connection->loop, &connection->flush);
	bridge_loop_remove(connection->loop, &connection->source);
	if (connection->timer.fd >= 0) {
		bridge_loop_remove(connection->loop, &connection->timer);
	}
}

static void close_connection(struct bridge_connection *connection)
{
	if (!connection->closed) {
		connection->closed = true;
		leave_loop(connection);
		connection->on_closed(connection->context, connection);
	}
}

/** Closes for what the client did. The log says it once a second, whoever comes how often. */
static void cut_off(struct bridge_connection *connection, const char *why)
{
	struct bridge_traffic *traffic = connection->host.traffic;
	enum base_log_level level = BASE_LOG_WARNING;
	if (traffic != NULL) {
		uint64_t now_ns = base_clock_boottime_ns();
		bool told = traffic->told_ns != 0 && now_ns - traffic->told_ns < 1000 * NS_PER_MS;
		level = told ? BASE_LOG_DEBUG : BASE_LOG_WARNING;
		traffic->told_ns = told ? traffic->told_ns : now_ns;
		traffic->cut_off++;
	}
	const struct bridge_peer *peer = &connection->peer;
	if (peer->address[0] != '\0') {
		base_log(level, "client at %s closed: %s", peer->address, why);
	} else {
		base_log(level, "client of user %d closed: %s", (int)peer->uid, why);
	}
	close_connection(connection);
}

/** What the client has still to take. */
static size_t unread_bytes(const struct bridge_connection *connection)
{
	return connection->out.size - connection->sent + connection->view.size;
}

static bool output_full(const struct bridge_connection *connection)
{
	return connection->view.size > 0 || unread_bytes(connection) >= OUTPUT_MAX;
}

/** Empties a buffer, and gives a large one back: idle connections are cheap. */
static void empty_buffer(struct bridge_connection *connection, struct base_buffer *buffer)
{
	if (buffer->capacity > BRIDGE_SPARE_MIN) {
		bridge_spare_keep(connection->host.spare, buffer);
	} else {
		base_buffer_clear(buffer);
	}
}

/** As send(2), of the replies and then of what is in view. */
static ssize_t send_some(struct bridge_connection *connection)
{
	const struct base_buffer *out = &connection->out;
	if (connection->sent == out->size) {
		return bridge_view_send(&connection->view, &connection->channel);
	}
	ssize_t count = bridge_channel_send(
		&connection->channel, out->data + connection->sent, out->size - connection->sent);
	connection->sent += count > 0 ? (size_t)count : 0;
	return count;
}

/** Sends what the socket takes. */
static void send_output(struct bridge_connection *connection)
{
	struct base_buffer *out = &connection->out;
	struct bridge_traffic *traffic = connection->host.traffic;
	while (unread_bytes(connection) > 0 && !connection->closed) {
		ssize_t count = send_some(connection);
		if (count < 0 && errno == EAGAIN) {
			if (traffic != NULL) {
				traffic->short_writes++;
			}
			/* A client that reads as fast as it asks never empties it. */
			if (connection->sent >= OUTPUT_MAX) {
				base_buffer_consume(out, connection->sent);
				connection->sent = 0;
			}
			return;
		}
		if (count < 0 && errno != EINTR) {
			close_connection(connection);
		} else if (count > 0) {
			connection->progress += (size_t)count;
			if (traffic != NULL) {
				traffic->sent_bytes += (size_t)count;
			}
		}
	}
	connection->sent = 0;
	connection->unread_since_ns = 0;
	empty_buffer(connection, out);
}

/** Takes one piece of input. */
static void receive_input(struct bridge_connection *connection)
{
	struct base_buffer *in = &connection->in;
	size_t room = READ_CHUNK;
	if (in->size >= 4) {
		size_t frame = wire_frame_size((const uint8_t *)in->data);
		room = frame > in->size + room ? frame - in->size : room;
	}
	char *bytes = base_buffer_reserve(in, room);
	ssize_t count = bridge_channel_receive(&connection->channel, bytes, room);
	if (count > 0) {
		in->size += (size_t)count;
		in->data[in->size] = '\0';
		if (connection->host.traffic != NULL) {
			connection->host.traffic->received_bytes += (size_t)count;
		}
	} else if (count == 0) {
		connection->eof = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		close_connection(connection);
	}
}

/** Bytes of the whole frame at the beginning; 0: more has to come. *bad: it can never be one. */
static size_t whole_frame(
	const struct bridge_connection *connection, const char *bytes, size_t size, bool *bad)
{
	if (size < 4) {
		return 0;
	}
	uint32_t frame = wire_frame_size((const uint8_t *)bytes);
	*bad = frame < WIRE_HEADER_SIZE || frame > bridge_session_msize(connection->session);
	return *bad || size < frame ? 0 : frame;
}

static void handle_frame(struct bridge_connection *connection, const char *bytes, size_t size)
{
	if (!bridge_session_handle(
			connection->session, (const uint8_t *)bytes, size, &connection->out)) {
		cut_off(connection, "it sends what only a server sends");
	}
}

/** A request that a Tflush names and that is still held will not be handled at all. */
static void flush_held(struct bridge_connection *connection, const char *flush, size_t flush_size)
{
	struct wire_message message;
	if (wire_decode((const uint8_t *)flush, flush_size, &message) != WIRE_OK) {
		return;
	}
	uint16_t tag = message.old_tag;
	struct base_buffer *held = &connection->held;
	for (size_t offset = 0, size; offset < held->size; offset += size) {
		size = wire_frame_size((const uint8_t *)held->data + offset);
		wire_decode((const uint8_t *)held->data + offset, size, &message);
		if (message.tag == tag) {
			held->size -= size;
			memmove(held->data + offset, held->data + offset + size, held->size - offset);
			return;
		}
	}
}

/**
 * Handles one new frame, or holds it back: with a full window of waiting reads only Tflush can make
 * room, so it has to be seen behind the others, and they are not answered with an error, which a
 * kernel mount would show to programs as EBUSY.
 */
static void take_frame(struct bridge_connection *connection, const char *bytes, size_t size)
{
	uint8_t type = (uint8_t)bytes[4];
	if (type == WIRE_TFLUSH) {
		flush_held(connection, bytes, size);
	} else if (type == WIRE_TVERSION) {
		base_buffer_finish(&connection->held);
	} else if (connection->held.size > 0 || bridge_session_full(connection->session)) {
		base_buffer_add(&connection->held, bytes, size);
		if (connection->held.size > HELD_MAX) {
			cut_off(connection, "it goes on sending behind a full window of waiting reads");
		}
		return;
	}
	handle_frame(connection, bytes, size);
}

static void release_held(struct bridge_connection *connection)
{
	struct base_buffer *held = &connection->held;
	while (held->size > 0 && !connection->closed && !output_full(connection) &&
		!bridge_session_full(connection->session)) {
		size_t size = wire_frame_size((const uint8_t *)held->data);
		handle_frame(connection, held->data, size);
		base_buffer_consume(held, size);
	}
	if (held->size == 0) {
		base_buffer_finish(held);
	}
}

/** Handles whole frames until there are none, or too much output. */
static void handle_input(struct bridge_connection *connection)
{
	struct base_buffer *in = &connection->in;
	size_t done = 0;
	bool bad = false;
	while (done < in->size && !connection->closed && !output_full(connection)) {
		size_t size = whole_frame(connection, in->data + done, in->size - done, &bad);
		if (size == 0) {
			break;
		}
		connection->frame_since_ns = 0;
		take_frame(connection, in->data + done, size);
		release_held(connection);
		done += size;
	}
	if (bad) {
		cut_off(connection, "it sends a frame of a size that cannot be");
	}
	if (done == in->size) {
		empty_buffer(connection, in);
	} else {
		base_buffer_consume(in, done);
	}
}

static void wake_session(struct bridge_connection *connection)
{
	connection->wake_missed = output_full(connection);
	if (!connection->wake_missed) {
		bridge_session_wake(connection->session, &connection->out);
		release_held(connection);
	}
}

/** Watches for what can go on now. */
static void watch(struct bridge_connection *connection)
{
	const struct bridge_channel *channel = &connection->channel;
	uint32_t wanted = unread_bytes(connection) > 0 ? channel->send_waits : 0;
	if (!connection->eof && !output_full(connection)) {
		wanted |= channel->receive_waits;
	}
	if (wanted != connection->watched) {
		connection->watched = wanted;
		bridge_loop_change(connection->loop, &connection->source, wanted);
	}
}

/** When the patience with this client ends; UINT64_MAX: it owes nothing. */
static uint64_t patience_ends(const struct bridge_connection *connection)
{
	uint64_t since = UINT64_MAX;
	if (connection->frame_since_ns != 0) {
		since = connection->frame_since_ns;
	}
	if (connection->unread_since_ns != 0 && connection->unread_since_ns < since) {
		since = connection->unread_since_ns;
	}
	return since == UINT64_MAX ? since : since + connection->patience_ns;
}

static void set_timer(struct bridge_connection *connection, uint64_t deadline_ns)
{
	struct itimerspec when = {.it_value = {.tv_sec = (time_t)(deadline_ns / (1000 * NS_PER_MS)),
								  .tv_nsec = (long)(deadline_ns % (1000 * NS_PER_MS))}};
	connection->timer_set =
		timerfd_settime(connection->timer.fd, TFD_TIMER_ABSTIME, &when, NULL) == 0;
}

/** It is not stopped when all is well again: looking at it late is cheaper than a call a frame. */
static void timer_ready(void *context, uint32_t events)
{
	(void)events;
	struct bridge_connection *connection = context;
	uint64_t expirations;
	if (read(connection->timer.fd, &expirations, sizeof(expirations)) < 0) {
		return;
	}
	uint64_t deadline_ns = patience_ends(connection);
	connection->timer_set = false;
	if (deadline_ns <= base_clock_boottime_ns()) {
		cut_off(connection,
			connection->session == NULL           ? "it does not finish its TLS handshake"
				: connection->frame_since_ns != 0 ? "it does not finish its request"
												  : "it does not read its replies");
	} else if (deadline_ns != UINT64_MAX) {
		set_timer(connection, deadline_ns);
	} else {
		bridge_loop_remove(connection->loop, &connection->timer);
		base_cleanup_close(&connection->timer.fd);
		connection->timer.fd = -1;
	}
}

static bool make_timer(struct bridge_connection *connection)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	connection->timer.fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (connection->timer.fd >= 0 &&
		!bridge_loop_add(connection->loop, &connection->timer, EPOLLIN, &err)) {
		base_cleanup_close(&connection->timer.fd);
		connection->timer.fd = -1;
	}
	return connection->timer.fd >= 0;
}

/** Notes what the client owes. One that we cannot watch, with descriptors run out, is let go. */
static void mind_debts(struct bridge_connection *connection)
{
	bool part = connection->session == NULL ||
		(connection->in.size > 0 && !connection->eof && !output_full(connection));
	bool unread = unread_bytes(connection) > 0;
	if (!part) {
		connection->frame_since_ns = 0;
	}
	if (!part && !unread) {
		return;
	}
	uint64_t now_ns = base_clock_boottime_ns();
	if (part && connection->frame_since_ns == 0) {
		connection->frame_since_ns = now_ns;
	}
	if (unread && (connection->unread_since_ns == 0 || connection->progress >= PROGRESS)) {
		connection->unread_since_ns = now_ns;
		connection->progress = 0;
	}
	if (connection->timer_set) {
		return;
	}
	if (connection->timer.fd < 0 && !make_timer(connection)) {
		close_connection(connection);
		return;
	}
	set_timer(connection, patience_ends(connection));
}

/** Handles what is there; what comes of it is sent with the replies of all others. */
static void serve(struct bridge_connection *connection)
{
	if (connection->wake_missed) {
		wake_session(connection);
	}
	release_held(connection);
	handle_input(connection);
	if (!connection->closed) {
		bridge_loop_defer(connection->loop, &connection->flush);
	}
}

/** Counts the memory that the client makes us hold. */
static void mind_memory(struct bridge_connection *connection)
{
	struct bridge_traffic *traffic = connection->host.traffic;
	if (traffic == NULL) {
		return;
	}
	size_t before = connection->buffered;
	connection->buffered = connection->in.capacity + connection->held.capacity +
		connection->out.capacity + bridge_view_kept(&connection->view);
	traffic->buffered_bytes = traffic->buffered_bytes - before + connection->buffered;
	if (traffic->buffered_max != 0 && traffic->buffered_bytes > traffic->buffered_max &&
		connection->buffered > SHARE && !connection->closed) {
		cut_off(connection, "it holds memory that is short");
	}
}

/** Sends as long as the socket takes it. What was not handled for want of room is now. */
static void flush(void *context)
{
	struct bridge_connection *connection = context;
	bool stopped = output_full(connection);
	send_output(connection);
	if (stopped && !output_full(connection) && !connection->closed) {
		serve(connection);
		return;
	}
	bool finished = connection->eof && unread_bytes(connection) == 0 &&
		!bridge_session_waits(connection->session);
	if (finished) {
		close_connection(connection);
	}
	mind_memory(connection);
	if (!connection->closed) {
		mind_debts(connection);
	}
	if (!connection->closed) {
		watch(connection);
	}
}

static void start_session(struct bridge_connection *connection)
{
	if (connection->channel.ssl != NULL) {
		connection->names =
			bridge_channel_names(&connection->channel, &connection->peer.name_count);
		connection->peer.names = connection->names;
	}
	connection->session = bridge_session_create(&connection->host, &connection->peer);
}

/** Goes on with the handshake; the session begins when it is over. */
static void shake(struct bridge_connection *connection)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_channel_shake(&connection->channel, &err)) {
		cut_off(connection, lane_error_message(&err));
	} else if (connection->channel.shaking) {
		mind_debts(connection);
	} else {
		connection->frame_since_ns = 0;
		start_session(connection);
	}
	if (!connection->closed) {
		watch(connection);
	}
}

static void socket_ready(void *context, uint32_t events)
{
	struct bridge_connection *connection = context;
	if (connection->session == NULL) {
		shake(connection);
		return;
	}
	bool gone = (events & EPOLLERR) != 0;
	if ((events & connection->channel.receive_waits) != 0) {
		receive_input(connection);
	} else if ((events & EPOLLHUP) != 0) {
		gone = true;
	}
	if (gone) {
		close_connection(connection);
	}
	if (!connection->closed) {
		serve(connection);
	}
}

struct bridge_connection *bridge_connection_create(struct bridge_loop *loop,
	const struct bridge_channel *channel, const struct bridge_session_host *host,
	const struct bridge_peer *peer,
	void (*closed)(void *context, struct bridge_connection *connection), void *context,
	struct lane_error *err)
{
	struct bridge_connection *connection = base_alloc(1, sizeof(*connection));
	*connection = (struct bridge_connection){
		.loop = loop,
		.channel = *channel,
		.source = {.fd = channel->fd, .ready = socket_ready, .context = connection},
		.watched = channel->receive_waits,
		.host = *host,
		.peer = *peer,
		.timer = {.fd = -1, .ready = timer_ready, .context = connection},
		.flush = {.run = flush, .context = connection},
		.patience_ns = PATIENCE_MS * NS_PER_MS,
		.on_closed = closed,
		.context = context,
	};
	if (!bridge_loop_add(loop, &connection->source, connection->watched, err)) {
		bridge_channel_close(&connection->channel);
		free(connection);
		return NULL;
	}
	if (channel->ssl == NULL) {
		connection->host.view = &connection->view;
		start_session(connection);
	} else {
		mind_debts(connection);
	}
	return connection;
}

void bridge_connection_destroy(struct bridge_connection *connection)
{
	if (connection == NULL) {
		return;
	}
	if (!connection->closed) {
		leave_loop(connection);
	}
	base_cleanup_close(&connection->timer.fd);
	bridge_view_close(&connection->view);
	bridge_session_destroy(connection->session);
	free(connection->names);
	base_buffer_finish(&connection->in);
	base_buffer_finish(&connection->held);
	base_buffer_finish(&connection->out);
	if (connection->host.traffic != NULL) {
		connection->host.traffic->buffered_bytes -= connection->buffered;
	}
	bridge_channel_close(&connection->channel);
	free(connection);
}

void bridge_connection_wake(struct bridge_connection *connection)
{
	if (!connection->closed && connection->session != NULL &&
		bridge_session_waits(connection->session)) {
		wake_session(connection);
		serve(connection);
	}
}

const struct bridge_session *bridge_connection_session(const struct bridge_connection *connection)
{
	return connection->session;
}

void bridge_connection_patience(struct bridge_connection *connection, unsigned patience_ms)
{
	connection->patience_ns = patience_ms * NS_PER_MS;
	if (connection->timer_set) {
		set_timer(connection, patience_ends(connection));
	}
}
