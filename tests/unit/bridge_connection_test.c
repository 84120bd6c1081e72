/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/clock.h"
#include "base/memory.h"
#include "bridge/connection.h"
#include "bridge/fid.h"
#include "bridge/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TEXT_SIZE = 256 << 10,
	STEP_NS = 2000000,
	/** Several times what a step of a test may take longer than it should. */
	PATIENCE_MS = 600,
};

/** One connection in a loop of ours; `fd` is the client's end, which never blocks. */
struct bed {
	struct bridge_loop *loop;
	struct bridge_node *root;
	struct bridge_stream stream;
	struct bridge_connection *connection;
	int fd;
	bool closed;
	unsigned detached;
	struct bridge_traffic traffic;
	struct base_buffer spare;
};

static ssize_t follow_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	struct bed *bed = node->context;
	size_t got = bridge_stream_read(&bed->stream, offset, &fid->skew, bytes, size);
	return got > 0 ? (ssize_t)got : -EAGAIN;
}

static const struct bridge_file_kind follow_kind = {.mode = 0444, .read = follow_read};

static void on_detached(void *context, struct bridge_attach *attach)
{
	(void)attach;
	((struct bed *)context)->detached++;
}

static void on_closed(void *context, struct bridge_connection *connection)
{
	(void)connection;
	((struct bed *)context)->closed = true;
}

/** Lets the loop run until nothing has happened for a while. */
static void settle(struct bed *bed)
{
	for (int i = 0; i < 3; i++) {
		assert_true(bridge_loop_wait(bed->loop, base_clock_boottime_ns() + STEP_NS, NULL));
	}
}

static void send_bytes(struct bed *bed, const void *bytes, size_t size)
{
	assert_int_equal(send(bed->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT), size);
}

static void put(struct bed *bed, struct wire_message message)
{
	uint8_t frame[512];
	size_t size = wire_encode(&message, frame, sizeof(frame));
	assert_true(size > 0);
	send_bytes(bed, frame, size);
}

/** The next reply; type 0 when there is none. Its data is not kept. */
static struct wire_message get(struct bed *bed)
{
	static uint8_t frame[BRIDGE_MSIZE_MAX];
	struct wire_message reply = {.type = 0};
	if (recv(bed->fd, frame, 4, MSG_PEEK | MSG_DONTWAIT) != 4) {
		return reply;
	}
	size_t size = wire_frame_size(frame);
	assert_true(size >= WIRE_HEADER_SIZE && size <= sizeof(frame));
	for (size_t got = 0; got < size;) {
		ssize_t count = recv(bed->fd, frame + got, size - got, MSG_DONTWAIT);
		if (count > 0) {
			got += (size_t)count;
		} else {
			assert_false(bed->closed);
			settle(bed);
		}
	}
	assert_int_equal(wire_decode(frame, size, &reply), WIRE_OK);
	return reply;
}

static struct wire_message ask(struct bed *bed, struct wire_message message)
{
	put(bed, message);
	settle(bed);
	struct wire_message reply = get(bed);
	assert_int_equal(reply.type, message.type + 1);
	assert_int_equal(reply.tag, message.tag);
	return reply;
}

static struct wire_message read_of(uint16_t tag, uint32_t fid, uint32_t count)
{
	return (struct wire_message){.type = WIRE_TREAD, .tag = tag, .fid = fid, .count = count};
}

static struct wire_message flush_of(uint16_t tag, uint16_t old_tag)
{
	return (struct wire_message){.type = WIRE_TFLUSH, .tag = tag, .old_tag = old_tag};
}

static void open_file(struct bed *bed, const char *name, uint32_t fid)
{
	ask(bed,
		(struct wire_message){.type = WIRE_TWALK,
			.fid = 0,
			.new_fid = fid,
			.name_count = 1,
			.names = {wire_text(name)}});
	ask(bed, (struct wire_message){.type = WIRE_TLOPEN, .fid = fid});
}

static void start_session(struct bed *bed, uint32_t msize)
{
	ask(bed,
		(struct wire_message){.type = WIRE_TVERSION,
			.tag = WIRE_NOTAG,
			.msize = msize,
			.version = wire_text(WIRE_VERSION)});
	ask(bed,
		(struct wire_message){.type = WIRE_TATTACH,
			.fid = 0,
			.auth_fid = WIRE_NOFID,
			.uname = wire_text(""),
			.aname = wire_text(""),
			.n_uname = WIRE_NONUNAME});
}

static int setup(void **state)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	bed->fd = pair[0];
	bed->loop = bridge_loop_create(NULL);
	bed->stream.size_max = 4096;
	bed->root = bridge_node_root();
	bridge_node_add(bed->root, "follow", &follow_kind, bed);
	BASE_FREE char *text = base_alloc(TEXT_SIZE, 1);
	bridge_node_add_text(bed->root, "text", text, TEXT_SIZE);
	struct bridge_session_host host = {.root = bed->root,
		.detached = on_detached,
		.context = bed,
		.traffic = &bed->traffic,
		.spare = &bed->spare};
	struct bridge_peer peer = {.uid = geteuid()};
	const struct bridge_channel channel = bridge_channel_plain(pair[1]);
	bed->connection =
		bridge_connection_create(bed->loop, &channel, &host, &peer, on_closed, bed, NULL);
	assert_non_null(bed->connection);
	start_session(bed, BRIDGE_MSIZE_MAX);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	bridge_connection_destroy(bed->connection);
	bool released = bed->detached == 1;
	bridge_node_unlink(bed->root);
	bridge_stream_finish(&bed->stream);
	base_buffer_finish(&bed->spare);
	bridge_loop_destroy(bed->loop);
	close(bed->fd);
	free(bed);
	return released ? 0 : -1;
}

static void a_frame_of_impossible_size_closes(void **state)
{
	struct bed *bed = *state;
	static const uint8_t frame[] = {6, 0, 0, 0, WIRE_TCLUNK, 0, 0};
	send_bytes(bed, frame, sizeof(frame));
	settle(bed);
	assert_true(bed->closed);
}

static void a_frame_over_msize_closes_before_it_is_there(void **state)
{
	struct bed *bed = *state;
	static const uint8_t frame[] = {1, 0, 0x10, 0, WIRE_TWRITE, 0, 0};
	send_bytes(bed, frame, sizeof(frame));
	settle(bed);
	assert_true(bed->closed);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
	struct bed *bed = *state;
	uint8_t frame[64];
	struct wire_message getattr = {.type = WIRE_TGETATTR, .tag = 9, .fid = 0};
	size_t size = wire_encode(&getattr, frame, sizeof(frame));
	for (size_t i = 0; i < size; i++) {
		assert_int_equal(get(bed).type, 0);
		send_bytes(bed, frame + i, 1);
		settle(bed);
	}
	assert_int_equal(get(bed).type, WIRE_RGETATTR);
}

/** What does not block is answered in the order in which it came, so that a request may build on
 * those before it; a read that waits holds nobody up. */
static void a_flight_is_answered_in_order_and_at_once(void **state)
{
	struct bed *bed = *state;
	const struct wire_message requests[] = {
		read_of(1, 1, 8),
		{.type = WIRE_TWALK, .new_fid = 2, .name_count = 1, .names = {wire_text("text")}},
		{.type = WIRE_TLOPEN, .fid = 2},
		read_of(4, 2, 100),
		{.type = WIRE_TCLUNK, .fid = 2},
		{.type = WIRE_TCLUNK, .fid = 2},
	};
	static const uint8_t replies[] = {
		0, WIRE_RWALK, WIRE_RLOPEN, WIRE_RREAD, WIRE_RCLUNK, WIRE_RLERROR};
	open_file(bed, "follow", 1);
	uint8_t frames[512];
	size_t size = 0;
	for (size_t i = 0; i < sizeof(replies); i++) {
		struct wire_message request = requests[i];
		request.tag = (uint16_t)(i + 1);
		size += wire_encode(&request, frames + size, sizeof(frames) - size);
	}
	send_bytes(bed, frames, size);
	/* One turn, at the end of which the replies go out. */
	for (int i = 0; i < 2; i++) {
		assert_true(bridge_loop_wait(bed->loop, base_clock_boottime_ns() + STEP_NS, NULL));
	}
	for (uint16_t i = 1; i < sizeof(replies); i++) {
		struct wire_message reply = get(bed);
		assert_int_equal(reply.type, replies[i]);
		assert_int_equal(reply.tag, i + 1);
	}
	bridge_stream_add(&bed->stream, "news", 4);
	bridge_connection_wake(bed->connection);
	settle(bed);
	assert_int_equal(get(bed).tag, 1);
}

static void a_half_close_is_answered_first(void **state)
{
	struct bed *bed = *state;
	put(bed, (struct wire_message){.type = WIRE_TGETATTR, .tag = 9, .fid = 0});
	shutdown(bed->fd, SHUT_WR);
	settle(bed);
	assert_int_equal(get(bed).type, WIRE_RGETATTR);
	assert_true(bed->closed);
}

static void a_client_that_leaves_ends_its_waiting_reads(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "follow", 1);
	put(bed, read_of(5, 1, 10));
	settle(bed);
	assert_false(bed->closed);
	close(bed->fd);
	settle(bed);
	assert_true(bed->closed);
	bed->fd = dup(STDERR_FILENO);
}

/** Replies that nobody reads: no more requests are taken, and all come once they are read. */
static void unread_replies_stop_the_requests(void **state)
{
	struct bed *bed = *state;
	enum { REQUESTS = 64 };
	open_file(bed, "text", 1);
	for (uint16_t tag = 0; tag < REQUESTS; tag++) {
		put(bed, read_of(tag, 1, TEXT_SIZE));
	}
	settle(bed);
	for (uint16_t tag = 0; tag < REQUESTS; tag++) {
		struct wire_message reply = get(bed);
		assert_int_equal(reply.tag, tag);
		assert_int_equal(reply.data.size, TEXT_SIZE);
		settle(bed);
	}
	assert_int_equal(get(bed).type, 0);
}

/* Its replies are never all taken, and what is taken is given back all the same. */
static void a_reader_that_asks_ahead_costs_no_more_with_time(void **state)
{
	struct bed *bed = *state;
	enum { AHEAD = 16, REPLIES = 100 };
	open_file(bed, "text", 1);
	for (uint16_t tag = 0; tag < AHEAD; tag++) {
		put(bed, read_of(tag, 1, TEXT_SIZE));
	}
	for (uint16_t tag = 0; tag < REPLIES; tag++) {
		settle(bed);
		assert_int_equal(get(bed).tag, tag);
		put(bed, read_of((uint16_t)(tag + AHEAD), 1, TEXT_SIZE));
		assert_true(bed->traffic.buffered_bytes <= 8 << 20);
	}
	assert_false(bed->closed);
}

/* What a client asks for is mostly far more than there is. */
static void the_memory_of_replies_is_had_once(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "text", 1);
	assert_int_equal(ask(bed, read_of(1, 1, TEXT_SIZE)).data.size, TEXT_SIZE);
	const char *memory = bed->spare.data;
	assert_non_null(memory);
	for (uint16_t tag = 2; tag < 6; tag++) {
		struct wire_message end = read_of(tag, 1, TEXT_SIZE);
		end.offset = TEXT_SIZE - tag;
		assert_int_equal(ask(bed, end).data.size, tag);
		assert_ptr_equal(bed->spare.data, memory);
	}
	assert_true(bed->traffic.buffered_bytes < 16 << 10);
}

static void fill_window(struct bed *bed)
{
	open_file(bed, "follow", 1);
	for (uint16_t tag = 100; tag < 100 + BRIDGE_WAITING_MAX; tag++) {
		put(bed, read_of(tag, 1, 10));
	}
	settle(bed);
	assert_int_equal(get(bed).type, 0);
}

/** A window full of waiting reads: the next request is held back, but a Tflush is seen behind it.
 */
static void a_full_window_still_sees_flush(void **state)
{
	struct bed *bed = *state;
	fill_window(bed);
	put(bed, (struct wire_message){.type = WIRE_TGETATTR, .tag = 1, .fid = 0});
	put(bed, read_of(2, 1, 10));
	put(bed, read_of(3, 1, 10));
	settle(bed);
	assert_int_equal(get(bed).type, 0);
	/* One that is held back is taken out of the line, never answered. */
	put(bed, flush_of(4, 3));
	settle(bed);
	assert_int_equal(get(bed).tag, 4);
	assert_int_equal(get(bed).type, 0);
	/* Room for one: the getattr passes, the read takes the place. */
	put(bed, flush_of(5, 100));
	settle(bed);
	assert_int_equal(get(bed).tag, 5);
	assert_int_equal(get(bed).type, WIRE_RGETATTR);
	assert_int_equal(get(bed).type, 0);
	bridge_stream_add(&bed->stream, "news", 4);
	bridge_connection_wake(bed->connection);
	settle(bed);
	unsigned answered = 0;
	for (struct wire_message reply; (reply = get(bed)).type != 0; answered++) {
		assert_int_equal(reply.type, WIRE_RREAD);
		assert_true(reply.tag == 2 || (reply.tag > 100 && reply.tag < 100 + BRIDGE_WAITING_MAX));
	}
	assert_int_equal(answered, BRIDGE_WAITING_MAX);
}

static void news_let_held_requests_go_on(void **state)
{
	struct bed *bed = *state;
	fill_window(bed);
	put(bed, (struct wire_message){.type = WIRE_TGETATTR, .tag = 1, .fid = 0});
	settle(bed);
	bridge_stream_add(&bed->stream, "news", 4);
	bridge_connection_wake(bed->connection);
	settle(bed);
	struct wire_message last = {.type = 0};
	for (struct wire_message reply; (reply = get(bed)).type != 0;) {
		last = reply;
	}
	assert_int_equal(last.tag, 1);
}

static void requests_without_end_behind_a_full_window_close(void **state)
{
	struct bed *bed = *state;
	fill_window(bed);
	for (int i = 0; i < 20000 && !bed->closed; i++) {
		uint8_t frame[64];
		struct wire_message request = {.type = WIRE_TGETATTR, .tag = 1, .fid = 0};
		size_t size = wire_encode(&request, frame, sizeof(frame));
		if (send(bed->fd, frame, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			settle(bed);
		}
	}
	settle(bed);
	assert_true(bed->closed);
}

static void version_forgets_held_requests(void **state)
{
	struct bed *bed = *state;
	fill_window(bed);
	put(bed, (struct wire_message){.type = WIRE_TGETATTR, .tag = 1, .fid = 0});
	settle(bed);
	assert_int_equal(bed->detached, 0);
	start_session(bed, 8192);
	assert_int_equal(bed->detached, 1);
	bed->detached = 0;
	assert_int_equal(get(bed).type, 0);
}

/** Lets so much time pass in the loop. */
static void pass_ms(struct bed *bed, unsigned ms)
{
	uint64_t until_ns = base_clock_boottime_ns() + ms * UINT64_C(1000000);
	while (base_clock_boottime_ns() < until_ns && !bed->closed) {
		assert_true(bridge_loop_wait(bed->loop, until_ns, NULL));
	}
}

static void a_frame_that_never_ends_closes(void **state)
{
	struct bed *bed = *state;
	/* One that comes late, but whole, and one that trickles in; idling costs nothing. */
	static const uint8_t flush[9] = {9, 0, 0, 0, WIRE_TFLUSH, 1, 0, 2, 0};
	bridge_connection_patience(bed->connection, PATIENCE_MS);
	for (int i = 0; i < 3; i++) {
		send_bytes(bed, flush, 5);
		pass_ms(bed, PATIENCE_MS / 5);
		send_bytes(bed, flush + 5, 4);
		pass_ms(bed, PATIENCE_MS / 5);
		assert_int_equal(get(bed).type, WIRE_RFLUSH);
	}
	pass_ms(bed, PATIENCE_MS + 100);
	assert_false(bed->closed);
	for (size_t i = 0; i < 8 && !bed->closed; i++) {
		send_bytes(bed, flush + i, 1);
		pass_ms(bed, PATIENCE_MS / 5);
	}
	assert_true(bed->closed);
}

static void replies_that_nobody_reads_close(void **state)
{
	struct bed *bed = *state;
	start_session(bed, BRIDGE_MSIZE_MAX);
	bed->detached = 0;
	open_file(bed, "text", 1);
	/* Who reads on is waited for. */
	bridge_connection_patience(bed->connection, PATIENCE_MS);
	for (uint16_t tag = 1; tag <= 12; tag++) {
		put(bed, read_of(tag, 1, TEXT_SIZE));
	}
	for (uint16_t tag = 1; tag <= 12; tag++) {
		pass_ms(bed, PATIENCE_MS / 10);
		assert_int_equal(get(bed).tag, tag);
	}
	pass_ms(bed, PATIENCE_MS + 100);
	assert_false(bed->closed);
	uint64_t start_ns = base_clock_boottime_ns();
	for (uint16_t tag = 1; tag <= 12; tag++) {
		put(bed, read_of(tag, 1, TEXT_SIZE));
	}
	pass_ms(bed, 5000);
	assert_true(bed->closed);
	assert_true(base_clock_boottime_ns() - start_ns >= PATIENCE_MS * UINT64_C(1000000));
}

static void who_holds_much_memory_that_is_short_closes(void **state)
{
	struct bed *bed = *state;
	bed->traffic.buffered_max = 512 << 10;
	open_file(bed, "text", 1);
	/* Small requests hold little. */
	for (uint16_t tag = 1; tag < 20; tag++) {
		ask(bed, read_of(tag, 1, 100));
	}
	assert_false(bed->closed);
	assert_true(bed->traffic.buffered_bytes < 64 << 10);
	for (uint16_t tag = 1; tag < 20; tag++) {
		put(bed, read_of(tag, 1, TEXT_SIZE));
	}
	settle(bed);
	assert_true(bed->closed);
	bridge_connection_destroy(bed->connection);
	bed->connection = NULL;
	assert_int_equal(bed->traffic.buffered_bytes, 0);
	assert_int_equal(bed->traffic.cut_off, 1);
}

static void a_handshake_that_never_ends_closes(void **state)
{
	struct bed *bed = *state;
	struct bridge_tls *tls = bridge_tls_create(&(struct bridge_tls_files){NULL}, true, NULL);
	assert_non_null(tls);
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	const struct bridge_channel channel = bridge_channel_open(pair[1], tls, NULL);
	const struct bridge_session_host host = {
		.root = bed->root, .detached = on_detached, .context = bed};
	const struct bridge_peer peer = {.uid = geteuid()};
	struct bridge_connection *connection =
		bridge_connection_create(bed->loop, &channel, &host, &peer, on_closed, bed, NULL);
	assert_non_null(connection);
	bridge_connection_patience(connection, PATIENCE_MS);
	bridge_connection_wake(connection);
	assert_null(bridge_connection_session(connection));
	/* The head of a record of a handshake that is to be 512 bytes long. */
	static const uint8_t head[] = {22, 3, 1, 2, 0, 1};
	for (size_t i = 0; i < sizeof(head); i++) {
		assert_int_equal(send(pair[0], head + i, 1, MSG_NOSIGNAL), 1);
		pass_ms(bed, 10);
		assert_false(bed->closed);
	}
	pass_ms(bed, 5000);
	assert_true(bed->closed);
	bridge_connection_destroy(connection);
	bridge_tls_destroy(tls);
	close(pair[0]);
	bed->closed = false;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED_WITH("connection@a-frame-of-impossible-size-closes",
			a_frame_of_impossible_size_closes, setup, teardown),
		NAMED_WITH("connection@a-frame-over-msize-closes-before-it-is-there",
			a_frame_over_msize_closes_before_it_is_there, setup, teardown),
		NAMED_WITH("connection@a-frame-may-come-byte-by-byte", a_frame_may_come_byte_by_byte, setup,
			teardown),
		NAMED_WITH("connection@a-flight-is-answered-in-order-and-at-once",
			a_flight_is_answered_in_order_and_at_once, setup, teardown),
		NAMED_WITH("connection@a-half-close-is-answered-first", a_half_close_is_answered_first,
			setup, teardown),
		NAMED_WITH("connection@a-client-that-leaves-ends-its-waiting-reads",
			a_client_that_leaves_ends_its_waiting_reads, setup, teardown),
		NAMED_WITH("connection@unread-replies-stop-the-requests", unread_replies_stop_the_requests,
			setup, teardown),
		NAMED_WITH("connection@a-reader-that-asks-ahead-costs-no-more-with-time",
			a_reader_that_asks_ahead_costs_no_more_with_time, setup, teardown),
		NAMED_WITH("connection@the-memory-of-replies-is-had-once",
			the_memory_of_replies_is_had_once, setup, teardown),
		NAMED_WITH("connection@a-full-window-still-sees-flush", a_full_window_still_sees_flush,
			setup, teardown),
		NAMED_WITH("connection@news-let-held-requests-go-on", news_let_held_requests_go_on, setup,
			teardown),
		NAMED_WITH("connection@requests-without-end-behind-a-full-window-close",
			requests_without_end_behind_a_full_window_close, setup, teardown),
		NAMED_WITH("connection@a-frame-that-never-ends-closes", a_frame_that_never_ends_closes,
			setup, teardown),
		NAMED_WITH("connection@replies-that-nobody-reads-close", replies_that_nobody_reads_close,
			setup, teardown),
		NAMED_WITH("connection@who-holds-much-memory-that-is-short-closes",
			who_holds_much_memory_that_is_short_closes, setup, teardown),
		NAMED_WITH("connection@a-handshake-that-never-ends-closes",
			a_handshake_that_never_ends_closes, setup, teardown),
		NAMED_WITH("connection@version-forgets-held-requests", version_forgets_held_requests, setup,
			teardown),
	};
	return cmocka_run_group_tests_name("bridge_connection", tests, NULL, NULL);
}
