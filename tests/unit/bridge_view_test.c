/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/clock.h"
#include "base/memory.h"
#include "bridge/connection.h"
#include "bridge/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/** Not a multiple of anything. */
	FILE_SIZE = (1 << 20) + 4321,
	FILE_FID = 1,
	REPLY_MAX = WIRE_READ_HEADER_SIZE + FILE_SIZE,
	SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW,
};

/** A file of sealed bytes behind a connection; `fd` is the client's end, which never blocks. */
struct bed {
	struct bridge_loop *loop;
	struct bridge_node *root, *file;
	struct bridge_connection *connection;
	struct bridge_traffic traffic;
	int fd;
	bool closed;
	uint8_t *content, *reply;
};

static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 2654435761u >> 13);
}

static struct bridge_node *add_file(struct bed *bed, const char *name, int seals)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(pwrite(fd, bed->content, FILE_SIZE, 0), FILE_SIZE);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return bridge_node_add_fd(bed->root, name, fd, FILE_SIZE);
}

static void on_detached(void *context, struct bridge_attach *attach)
{
	(void)context;
	(void)attach;
}

static void on_closed(void *context, struct bridge_connection *connection)
{
	(void)connection;
	((struct bed *)context)->closed = true;
}

static void turn(struct bed *bed)
{
	assert_true(bridge_loop_wait(bed->loop, base_clock_boottime_ns() + 1000000, NULL));
}

static void put(struct bed *bed, struct wire_message message)
{
	uint8_t frame[256];
	size_t size = wire_encode(&message, frame, sizeof(frame));
	assert_int_equal(send(bed->fd, frame, size, MSG_NOSIGNAL | MSG_DONTWAIT), size);
}

static void put_read(struct bed *bed, uint16_t tag, uint64_t offset, uint32_t count)
{
	put(bed,
		(struct wire_message){
			.type = WIRE_TREAD, .tag = tag, .fid = FILE_FID, .offset = offset, .count = count});
}

/** Exactly so many bytes. */
static void take(struct bed *bed, uint8_t *bytes, size_t size)
{
	for (unsigned idle = 0; size > 0;) {
		ssize_t count = recv(bed->fd, bytes, size, MSG_DONTWAIT);
		if (count <= 0) {
			assert_true(++idle < 5000);
			turn(bed);
			continue;
		}
		bytes += count;
		size -= (size_t)count;
		idle = 0;
	}
}

/** The next reply. Its data lies in bed->reply. */
static struct wire_message get(struct bed *bed)
{
	struct wire_message reply;
	take(bed, bed->reply, WIRE_HEADER_SIZE);
	size_t size = wire_frame_size(bed->reply);
	assert_true(size >= WIRE_HEADER_SIZE && size <= REPLY_MAX);
	take(bed, bed->reply + WIRE_HEADER_SIZE, size - WIRE_HEADER_SIZE);
	assert_int_equal(wire_decode(bed->reply, size, &reply), WIRE_OK);
	return reply;
}

static void expect_error(struct bed *bed, uint16_t tag, uint32_t error)
{
	struct wire_message reply = get(bed);
	assert_int_equal(reply.type, WIRE_RLERROR);
	assert_int_equal(reply.tag, tag);
	assert_int_equal(reply.error, error);
}

static void expect_content(struct bed *bed, uint16_t tag, uint64_t offset, size_t size)
{
	struct wire_message reply = get(bed);
	assert_int_equal(reply.type, WIRE_RREAD);
	assert_int_equal(reply.tag, tag);
	assert_int_equal(reply.data.size, size);
	assert_int_equal(size > 0 ? memcmp(reply.data.bytes, bed->content + offset, size) : 0, 0);
}

static void ask(struct bed *bed, struct wire_message message)
{
	put(bed, message);
	assert_int_equal(get(bed).type, message.type + 1);
}

static void open_file(struct bed *bed, const char *name)
{
	ask(bed,
		(struct wire_message){.type = WIRE_TVERSION,
			.tag = WIRE_NOTAG,
			.msize = BRIDGE_MSIZE_MAX,
			.version = wire_text(WIRE_VERSION)});
	ask(bed,
		(struct wire_message){.type = WIRE_TATTACH,
			.auth_fid = WIRE_NOFID,
			.uname = wire_text(""),
			.aname = wire_text(""),
			.n_uname = WIRE_NONUNAME});
	ask(bed,
		(struct wire_message){
			.type = WIRE_TWALK, .new_fid = FILE_FID, .name_count = 1, .names = {wire_text(name)}});
	ask(bed, (struct wire_message){.type = WIRE_TLOPEN, .fid = FILE_FID});
}

static int setup(void **state)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	bed->content = base_alloc(FILE_SIZE, 1);
	bed->reply = base_alloc(REPLY_MAX, 1);
	for (uint64_t i = 0; i < FILE_SIZE; i++) {
		bed->content[i] = byte_at(i);
	}
	bed->loop = bridge_loop_create(NULL);
	bed->root = bridge_node_root();
	bed->file = add_file(bed, "sealed", SEALS);
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	bed->fd = pair[0];
	/* A reply is never taken at once. */
	const int small = 1;
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	const struct bridge_session_host host = {
		.root = bed->root, .detached = on_detached, .traffic = &bed->traffic};
	const struct bridge_peer peer = {.uid = geteuid()};
	const struct bridge_channel channel = bridge_channel_plain(pair[1]);
	bed->connection =
		bridge_connection_create(bed->loop, &channel, &host, &peer, on_closed, bed, NULL);
	assert_non_null(bed->connection);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	bridge_connection_destroy(bed->connection);
	bridge_node_unlink(bed->root);
	bridge_loop_destroy(bed->loop);
	close(bed->fd);
	free(bed->content);
	free(bed->reply);
	free(bed);
	return 0;
}

static void covers_what_is_there(void **state)
{
	struct bed *bed = *state;
	struct bridge_view view = {.size = 0};
	assert_true(bridge_view_open(&view, bed->file, 4097, 150001));
	assert_int_equal(view.size, 150001);
	assert_ptr_equal(bed->file->views, &view);
	bridge_view_close(&view);
	assert_null(bed->file->views);
	assert_true(bridge_view_open(&view, bed->file, 7, SIZE_MAX));
	assert_int_equal(view.size, FILE_SIZE - 7);
	bridge_view_close(&view);
	assert_true(bridge_view_open(&view, bed->file, FILE_SIZE - BRIDGE_VIEW_MIN, SIZE_MAX));
	bridge_view_close(&view);
	assert_false(bridge_view_open(&view, bed->file, 0, BRIDGE_VIEW_MIN - 1));
	assert_false(bridge_view_open(&view, bed->file, FILE_SIZE - BRIDGE_VIEW_MIN + 1, SIZE_MAX));
	assert_false(bridge_view_open(&view, bed->file, FILE_SIZE, SIZE_MAX));
	assert_false(bridge_view_open(&view, bed->file, UINT64_MAX, SIZE_MAX));
	assert_null(bed->file->views);
}

static void content_that_may_change_is_copied(void **state)
{
	struct bed *bed = *state;
	static const int too_few[] = {
		0, SEALS & ~F_SEAL_WRITE, SEALS & ~F_SEAL_SHRINK, SEALS & ~F_SEAL_GROW};
	struct bridge_view view;
	for (size_t i = 0; i < sizeof(too_few) / sizeof(too_few[0]); i++) {
		struct bridge_node *file = add_file(bed, "changing", too_few[i]);
		assert_false(bridge_view_open(&view, file, 0, FILE_SIZE));
	}
	open_file(bed, "changing");
	put_read(bed, 1, 1, 200000);
	expect_content(bed, 1, 1, 200000);
}

/* What is left of a view, through a socket. */
static void expect_sent(struct bed *bed, struct bridge_view *view, uint64_t offset)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	struct bridge_channel channel = bridge_channel_plain(pair[1]);
	while (view->size > 0) {
		ssize_t count = bridge_view_send(view, &channel);
		assert_true(count > 0);
		assert_int_equal(recv(pair[0], bed->reply, (size_t)count, MSG_WAITALL), count);
		assert_int_equal(memcmp(bed->reply, bed->content + offset, (size_t)count), 0);
		offset += (size_t)count;
	}
	bridge_channel_close(&channel);
	close(pair[0]);
}

static void outlives_its_node(void **state)
{
	struct bed *bed = *state;
	struct bridge_view views[3];
	for (size_t i = 0; i < 3; i++) {
		assert_true(bridge_view_open(&views[i], bed->file, 1000 * i + 1, 300000));
		assert_int_equal(bridge_view_kept(&views[i]), 0);
	}
	bridge_view_close(&views[1]);
	bridge_node_unlink(bed->file);
	for (size_t i = 0; i < 3; i += 2) {
		assert_int_equal(bridge_view_kept(&views[i]), 300000);
		expect_sent(bed, &views[i], 1000 * i + 1);
		assert_int_equal(bridge_view_kept(&views[i]), 0);
	}
}

static void what_cannot_be_read_is_not_sent(void **state)
{
	struct bed *bed = *state;
	struct bridge_view view;
	assert_true(bridge_view_open(&view, bed->file, 0, FILE_SIZE));
	int unreadable = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(dup3(unreadable, bed->file->fd, O_CLOEXEC), bed->file->fd);
	close(unreadable);
	bridge_node_retire(bed->file);
	struct bridge_channel channel = bridge_channel_plain(bed->fd);
	assert_int_equal(bridge_view_send(&view, &channel), -1);
	assert_int_equal(errno, EIO);
	bridge_view_close(&view);
}

static void replies_keep_order_and_content(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "sealed");
	static const struct {
		uint64_t offset;
		uint32_t count, size;
	} reads[] = {
		{0, 1, 1},
		{3, 900001, 900001},
		{FILE_SIZE, 1 << 20, 0},
		{FILE_SIZE - BRIDGE_VIEW_MIN, 1 << 20, BRIDGE_VIEW_MIN},
		{FILE_SIZE - BRIDGE_VIEW_MIN + 1, 1 << 20, BRIDGE_VIEW_MIN - 1},
		{4095, BRIDGE_VIEW_MIN + 1, BRIDGE_VIEW_MIN + 1},
		{4096, UINT32_MAX, BRIDGE_MSIZE_MAX - WIRE_IO_HEADER_SIZE},
		{77, 65537, 65537},
	};
	enum { READS = sizeof(reads) / sizeof(reads[0]) };
	for (uint16_t i = 0; i < READS; i++) {
		put_read(bed, i, reads[i].offset, reads[i].count);
		put(bed, (struct wire_message){.type = WIRE_TGETATTR, .tag = 100 + i, .fid = FILE_FID});
		put(bed, (struct wire_message){.type = WIRE_TFLUSH, .tag = 200 + i, .old_tag = i});
	}
	for (uint16_t i = 0; i < READS; i++) {
		expect_content(bed, i, reads[i].offset, reads[i].size);
		struct wire_message reply = get(bed);
		assert_int_equal(reply.type, WIRE_RGETATTR);
		assert_int_equal(reply.tag, 100 + i);
		/* What is on its way is not taken back. */
		reply = get(bed);
		assert_int_equal(reply.type, WIRE_RFLUSH);
		assert_int_equal(reply.tag, 200 + i);
	}
	assert_true(bed->traffic.short_writes > 0);
}

static void a_file_that_goes_ends_behind_the_reply(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "sealed");
	put_read(bed, 1, 5, 1000000);
	put_read(bed, 2, 5, 1000000);
	take(bed, bed->reply, 1);
	assert_true(bed->traffic.buffered_bytes < 500000);
	bridge_node_retire(bed->file);
	bridge_node_unlink(bed->file);
	uint8_t rest[WIRE_READ_HEADER_SIZE - 1];
	take(bed, rest, sizeof(rest));
	take(bed, bed->reply, 300000);
	assert_int_equal(memcmp(bed->reply, bed->content + 5, 300000), 0);
	/* What is left is ours to hold, and counts. */
	assert_in_range(bed->traffic.buffered_bytes, 500000, 1000000);
	take(bed, bed->reply, 700000);
	assert_int_equal(memcmp(bed->reply, bed->content + 300005, 700000), 0);
	expect_error(bed, 2, ESTALE);
	assert_true(bed->traffic.buffered_bytes < 500000);
}

static void a_half_close_is_answered_first(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "sealed");
	put_read(bed, 1, 1, 500000);
	shutdown(bed->fd, SHUT_WR);
	expect_content(bed, 1, 1, 500000);
	for (unsigned i = 0; i < 5000 && !bed->closed; i++) {
		turn(bed);
	}
	assert_true(bed->closed);
}

static void who_does_not_read_it_is_cut_off(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "sealed");
	bridge_connection_patience(bed->connection, 50);
	put_read(bed, 1, 0, FILE_SIZE);
	for (unsigned i = 0; i < 5000 && !bed->closed; i++) {
		turn(bed);
	}
	assert_true(bed->closed);
	assert_int_equal(bed->traffic.cut_off, 1);
}

static void who_leaves_takes_it_along(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "sealed");
	put_read(bed, 1, 0, FILE_SIZE);
	take(bed, bed->reply, 100000);
	assert_non_null(bed->file->views);
	shutdown(bed->fd, SHUT_RDWR);
	for (unsigned i = 0; i < 5000 && !bed->closed; i++) {
		turn(bed);
	}
	assert_true(bed->closed);
	bridge_connection_destroy(bed->connection);
	bed->connection = NULL;
	assert_null(bed->file->views);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED_WITH("view@covers-what-is-there", covers_what_is_there, setup, teardown),
		NAMED_WITH("view@content-that-may-change-is-copied", content_that_may_change_is_copied,
			setup, teardown),
		NAMED_WITH("view@outlives-its-node", outlives_its_node, setup, teardown),
		NAMED_WITH("view@what-cannot-be-read-is-not-sent", what_cannot_be_read_is_not_sent, setup,
			teardown),
		NAMED_WITH(
			"view@replies-keep-order-and-content", replies_keep_order_and_content, setup, teardown),
		NAMED_WITH("view@a-file-that-goes-ends-behind-the-reply",
			a_file_that_goes_ends_behind_the_reply, setup, teardown),
		NAMED_WITH(
			"view@a-half-close-is-answered-first", a_half_close_is_answered_first, setup, teardown),
		NAMED_WITH("view@who-does-not-read-it-is-cut-off", who_does_not_read_it_is_cut_off, setup,
			teardown),
		NAMED_WITH("view@who-leaves-takes-it-along", who_leaves_takes_it_along, setup, teardown),
	};
	return cmocka_run_group_tests_name("bridge_view", tests, NULL, NULL);
}
