/* SPDX-License-Identifier: Apache-2.0 */
#include "client_bed.h"

#include "base/memory.h"
#include "bridge/client.h"
#include "bridge/server.h"
#include "bridge/wire.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/**
 * The client on a bridge with synthetic GPUs, and between the two a relay that counts how often the
 * client sends something, and that changes the replies to what it sends next.
 */

enum { MSIZE = 1 << 20, REPLIES_MAX = 64, WAIT_MS = 5000, PATIENCE_MS = 1000, SHORT_MS = 50 };

enum trick {
	HONEST,
	/** All replies at once, the last first. */
	BACKWARDS,
	BYTEWISE,
	/** Of one reply. */
	OTHER_TAG,
	OTHER_TYPE,
	ERROR_ZERO,
	TWICE,
	MISSING,
	CUT_SHORT,
	/** Rwalk, Rread, Rwrite: more than was asked for. */
	TOO_MUCH,
	/** An Rversion with this msize: what the relay calls small. */
	SMALL,
};

struct relay {
	int client, server;
	pthread_t thread;
	atomic_uint exchanges;
	/** Of the replies to the next request or flight: what happens to reply number `which`. */
	atomic_int trick;
	atomic_uint which;
	char *bytes;
	bool gone;
};

struct bed {
	pid_t server;
	struct relay relay;
	struct bridge_client *client;
};

static void send_all(int fd, const void *bytes, size_t size)
{
	const char *next = bytes;
	while (size > 0) {
		ssize_t count = send(fd, next, size, MSG_NOSIGNAL);
		if (count <= 0) {
			return;
		}
		next += count;
		size -= (size_t)count;
	}
}

/** Whole frames, as many as there are: their size, or 0 at the end. */
static size_t receive_frames(int fd, char *bytes)
{
	size_t have = 0, whole = 0;
	do {
		ssize_t count = recv(fd, bytes + have, 2 * MSIZE - have, 0);
		if (count <= 0) {
			return 0;
		}
		have += (size_t)count;
		while (
			have - whole >= 4 && have - whole >= wire_frame_size((const uint8_t *)bytes + whole)) {
			whole += wire_frame_size((const uint8_t *)bytes + whole);
		}
	} while (whole < have);
	return whole;
}

static size_t encode(const struct wire_message *message, uint8_t *frame)
{
	size_t size = wire_encode(message, frame, 2 * MSIZE);
	assert_true(size > 0);
	return size;
}

/** A reply of this type that says more than anybody asks for in these tests. */
static struct wire_message too_much(const struct wire_message *reply)
{
	static const uint8_t data[8192];
	struct wire_message more = *reply;
	more.qid_count = WIRE_WALK_MAX;
	more.count = UINT32_MAX;
	more.data = (struct wire_data){.bytes = data, .size = sizeof(data)};
	return more;
}

/** Sends one reply, as the trick has it. */
static void forward(struct relay *relay, enum trick trick, const char *frame, size_t size)
{
	uint8_t *changed = base_alloc(2 * MSIZE, 1);
	struct wire_message reply;
	wire_decode((const uint8_t *)frame, size, &reply);
	struct wire_message other = reply;
	switch (trick) {
	case BYTEWISE:
		for (size_t i = 0; i < size; i++) {
			send_all(relay->client, frame + i, 1);
		}
		break;
	case OTHER_TAG:
		other.tag ^= 0x4000;
		break;
	case OTHER_TYPE:
		other = (struct wire_message){.type = WIRE_RFSYNC, .tag = reply.tag};
		break;
	case ERROR_ZERO:
		other = (struct wire_message){.type = WIRE_RLERROR, .tag = reply.tag};
		break;
	case TWICE:
		memcpy(changed, frame, size);
		memcpy(changed + size, frame, size);
		send_all(relay->client, changed, 2 * size);
		break;
	case CUT_SHORT:
		send_all(relay->client, frame, size - 1);
		shutdown(relay->client, SHUT_RDWR);
		relay->gone = true;
		break;
	case TOO_MUCH:
		other = too_much(&reply);
		break;
	case SMALL:
		other.msize = 4096;
		break;
	case HONEST:
	case BACKWARDS:
	case MISSING:
		break;
	}
	if (trick != BYTEWISE && trick != TWICE && trick != MISSING && trick != CUT_SHORT) {
		send_all(relay->client, changed, encode(&other, changed));
	}
	free(changed);
}

/** What the bridge sends at a time. */
static void forward_replies(struct relay *relay, size_t size)
{
	size_t places[REPLIES_MAX];
	size_t count = 0;
	for (size_t at = 0; at < size && count < REPLIES_MAX;) {
		places[count++] = at;
		at += wire_frame_size((const uint8_t *)relay->bytes + at);
	}
	enum trick trick = (enum trick)atomic_exchange(&relay->trick, HONEST);
	bool all = trick == BACKWARDS || trick == BYTEWISE;
	for (size_t i = 0; i < count && !relay->gone; i++) {
		const char *frame = relay->bytes + places[trick == BACKWARDS ? count - 1 - i : i];
		bool meant = all || i == atomic_load(&relay->which);
		forward(relay, meant ? trick : HONEST, frame, wire_frame_size((const uint8_t *)frame));
	}
}

static void *run_relay(void *context)
{
	struct relay *relay = context;
	relay->bytes = base_alloc(2 * MSIZE, 1);
	while (!relay->gone) {
		struct pollfd fds[] = {
			{.fd = relay->client, .events = POLLIN}, {.fd = relay->server, .events = POLLIN}};
		poll(fds, 2, -1);
		if (fds[0].revents != 0) {
			size_t size = receive_frames(relay->client, relay->bytes);
			relay->gone = size == 0;
			atomic_fetch_add(&relay->exchanges, 1);
			send_all(relay->server, relay->bytes, size);
		}
		if (fds[1].revents != 0 && !relay->gone) {
			size_t size = receive_frames(relay->server, relay->bytes);
			relay->gone = size == 0;
			forward_replies(relay, size);
		}
	}
	close(relay->server);
	close(relay->client);
	free(relay->bytes);
	return NULL;
}

static int serve(int fd)
{
	struct bridge_server_config config = {.mocks = 2};
	struct bridge_server *server = bridge_server_create(&config, NULL);
	bool served = server != NULL && bridge_server_adopt(server, fd, true, NULL) &&
		bridge_server_run(server, true, NULL);
	bridge_server_destroy(server);
	return served ? 0 : 1;
}

static struct bed *make_bed(enum trick first)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	int near[2];
	int far[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, near), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, far), 0);
	bed->server = fork();
	assert_true(bed->server >= 0);
	if (bed->server == 0) {
		close(near[0]);
		close(near[1]);
		close(far[0]);
		free(bed);
		/* Not _exit: a leak of the server is to be seen by the sanitizer. */
		exit(serve(far[1]));
	}
	close(far[1]);
	bed->relay = (struct relay){.client = near[1], .server = far[0], .trick = (int)first};
	assert_int_equal(pthread_create(&bed->relay.thread, NULL, run_relay, &bed->relay), 0);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	bed->client = bridge_client_adopt(near[0], "worker-1", "", &err);
	assert_string_equal(err.code, "");
	assert_non_null(bed->client);
	return bed;
}

static int setup(void **state)
{
	*state = make_bed(HONEST);
	return 0;
}

static int setup_small(void **state)
{
	*state = make_bed(SMALL);
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	bridge_client_destroy(bed->client);
	pthread_join(bed->relay.thread, NULL);
	int status = 0;
	bool clean = waitpid(bed->server, &status, 0) == bed->server && WIFEXITED(status) &&
		WEXITSTATUS(status) == 0;
	free(bed);
	return clean ? 0 : -1;
}

/** How often the client has sent something since the last look. */
static unsigned exchanges(struct bed *bed)
{
	return atomic_exchange(&bed->relay.exchanges, 0);
}

static void play(struct bed *bed, enum trick trick, unsigned which)
{
	atomic_store(&bed->relay.which, which);
	atomic_store(&bed->relay.trick, (int)trick);
}

/** A descriptor with no module, which a mock GPU gets to see as ERR INVALID; `size` bytes long. */
static char *descriptor(const char *id, size_t size)
{
	BASE_FREE char *name = base_alloc(size + 1, 1);
	memset(name, 'x', size);
	return base_format("{\"job\":\"%s\",\"kernel\":\"vadd\",\"grid\":[1,1,1],\"block\":[1,1,1],"
					   "\"bytes_hash\":\"sha256:%064d\",\"inputs\":[\"/bundles/none\"],"
					   "\"outputs\":[\"%s\"],\"timeout_ms\":1000}",
		id, 0, name);
}

static void everything_takes_one_exchange(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_grant grant;
	struct bridge_client *client = bed->client;
	/* Version and attach. */
	assert_int_equal(exchanges(bed), 2);
	assert_good(bridge_client_acquire(client, "GPU-0", &small, &grant, &err), &err);
	assert_int_equal(exchanges(bed), 1);
	assert_good(bridge_client_renew(client, "GPU-0", grant.lease, 30, &err), &err);
	assert_int_equal(exchanges(bed), 1);

	BASE_FREE char *job = descriptor("one", 1);
	struct bridge_status last;
	assert_good(bridge_client_submit(client, "GPU-0", job, &err), &err);
	assert_int_equal(exchanges(bed), 1);
	/* A synthetic GPU has ended the job by then. */
	assert_good(bridge_client_wait(client, "GPU-0", "one", WAIT_MS, NULL, NULL, &last, &err), &err);
	assert_int_equal(exchanges(bed), 1);

	struct bridge_file *file = bridge_file_open(client, "/version", BRIDGE_READ, &err);
	assert_non_null(file);
	assert_int_equal(exchanges(bed), 1);
	bridge_file_close(file);
	assert_int_equal(exchanges(bed), 0);
	assert_good(bridge_client_release(client, "GPU-0", grant.lease, &err), &err);
	assert_int_equal(exchanges(bed), 1);
	struct bridge_lease_request patient = small;
	patient.wait_ms = WAIT_MS;
	assert_good(bridge_client_acquire(client, "GPU-0", &patient, &grant, &err), &err);
	assert_int_equal(exchanges(bed), 1);

	/* And one more to see the end. */
	BASE_FREE char *version = read_text(client, "/version");
	assert_int_equal(exchanges(bed), 2);
	BASE_JSON_FREE cJSON *names = NULL;
	assert_good(bridge_client_list(client, "/gpu", &names, &err), &err);
	assert_int_equal(exchanges(bed), 2);
}

static void the_first_refusal_is_told_and_no_fid_stays(void **state)
{
	struct bed *bed = *state;
	struct bridge_client *client = bed->client;
	struct bridge_grant grant;
	BASE_FREE char *job = descriptor("one", 1);
	for (int i = 0; i < 20; i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_false(bridge_client_acquire(client, "GPU-9", &small, &grant, &err));
		assert_string_equal(err.code, "BRIDGE_NOT_FOUND");
		assert_non_null(strstr(lane_error_message(&err), "/gpu/GPU-9/ctl"));
		assert_false(bridge_client_submit(client, "GPU-0", job, &err));
		assert_string_equal(err.code, "BRIDGE_DENIED");
		assert_non_null(strstr(lane_error_message(&err), "/gpu/GPU-0/job"));
		/* It is there, but a directory. */
		assert_null(bridge_file_open(client, "/gpu/GPU-0", BRIDGE_WRITE, &err));
		assert_string_equal(err.code, "BRIDGE_REFUSED");
		assert_non_null(strstr(lane_error_message(&err), "/gpu/GPU-0: "));
		/* Part of the way. */
		assert_null(bridge_file_open(client, "/version/x", BRIDGE_READ, &err));
		assert_string_equal(err.code, "BRIDGE_NOT_FOUND");
	}
	BASE_FREE char *sessions = read_text(client, "/proc/9p/session/active");
	/* The root and this file. */
	assert_non_null(strstr(sessions, " fids=2 waiting=0\n"));
}

static void what_does_not_fit_is_not_sent(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	exchanges(bed);
	BASE_FREE char *name = base_alloc(100000, 1);
	memset(name, 'a', 99999);
	name[0] = '/';
	assert_null(bridge_file_open(bed->client, name, BRIDGE_READ, &err));
	assert_string_equal(err.code, "BRIDGE_INVALID");
	memset(name, '/', 99999);
	for (size_t i = 1; i < 40; i += 2) {
		name[i] = 'a';
	}
	assert_null(bridge_file_open(bed->client, name, BRIDGE_READ, &err));
	assert_string_equal(err.code, "BRIDGE_INVALID");
	assert_int_equal(exchanges(bed), 0);
	BASE_FREE char *version = read_text(bed->client, "/version");
	assert_memory_equal(version, "gpu-lane ", 9);
}

/** More than a message carries: of a job line, and of what is read. */
static void what_is_larger_than_a_message_goes_in_pieces(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_client *client = bed->client;
	struct bridge_grant grant;
	struct bridge_status last;
	assert_good(bridge_client_acquire(client, "GPU-0", &small, &grant, &err), &err);
	for (int i = 0; i < 8; i++) {
		BASE_FREE char *id = base_format("job-%d", i);
		BASE_FREE char *job = descriptor(id, 10000);
		exchanges(bed);
		assert_good(bridge_client_submit(client, "GPU-0", job, &err), &err);
		assert_int_equal(exchanges(bed), 3);
		assert_good(
			bridge_client_wait(client, "GPU-0", id, WAIT_MS, NULL, NULL, &last, &err), &err);
		assert_string_equal(last.state, "ERR INVALID");
	}
	BASE_FREE char *metrics = read_text(client, "/metrics");
	assert_true(strlen(metrics) > 4096);
	assert_string_equal(metrics + strlen(metrics) - 6, "# EOF\n");
}

static void replies_may_come_in_any_order_and_in_any_piece(void **state)
{
	struct bed *bed = *state;
	static const enum trick tricks[] = {BACKWARDS, BYTEWISE};
	for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct bridge_grant grant = {.lease = 0};
		play(bed, tricks[i], 0);
		assert_good(bridge_client_acquire(bed->client, "GPU-0", &small, &grant, &err), &err);
		assert_int_equal(grant.lease, i + 1);
		play(bed, tricks[i], 0);
		assert_false(bridge_client_renew(bed->client, "GPU-9", grant.lease, 30, &err));
		assert_string_equal(err.code, "BRIDGE_NOT_FOUND");
		play(bed, tricks[i], 0);
		assert_good(bridge_client_release(bed->client, "GPU-0", grant.lease, &err), &err);
	}
}

/** What no honest bridge sends ends the session: each trick with each reply of a command. */
static void replies_that_cannot_be_are_not_believed(void **state)
{
	(void)state;
	static const struct {
		enum trick trick;
		const char *code;
	} tricks[] = {
		{OTHER_TAG, "BRIDGE_PROTOCOL"},
		{OTHER_TYPE, "BRIDGE_PROTOCOL"},
		{ERROR_ZERO, "BRIDGE_PROTOCOL"},
		{TWICE, "BRIDGE_PROTOCOL"},
		{CUT_SHORT, "BRIDGE_UNREACHABLE"},
	};
	for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		for (unsigned which = 0; which < 4; which++) {
			struct bed *bed = make_bed(HONEST);
			LANE_ERROR_AUTO err = LANE_ERROR_INIT;
			struct bridge_grant grant;
			play(bed, tricks[i].trick, which);
			assert_false(bridge_client_acquire(bed->client, "GPU-0", &small, &grant, &err));
			assert_string_equal(err.code, tricks[i].code);
			assert_non_null(strstr(lane_error_message(&err), "/gpu/GPU-0/ctl"));
			/* Nothing is asked any more. */
			exchanges(bed);
			assert_false(bridge_client_release(bed->client, "GPU-0", 1, &err));
			assert_string_equal(err.code, "BRIDGE_UNREACHABLE");
			assert_int_equal(exchanges(bed), 0);
			assert_int_equal(teardown((void *)&bed), 0);
		}
	}
}

static void more_than_was_asked_for_is_not_taken(void **state)
{
	(void)state;
	/* Rwalk, Rwrite, Rread of a command; Rlopen has nothing to say. */
	static const unsigned replies[] = {0, 2, 3};
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct bed *bed = make_bed(HONEST);
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct bridge_grant grant;
		play(bed, TOO_MUCH, replies[i]);
		assert_false(bridge_client_acquire(bed->client, "GPU-0", &small, &grant, &err));
		assert_string_equal(err.code, "BRIDGE_PROTOCOL");
		assert_int_equal(teardown((void *)&bed), 0);
	}
}

/** It is flushed; the others have their replies, and the session goes on. */
static void a_reply_that_does_not_come_times_out(void **state)
{
	struct bed *bed = *state;
	/* The first, and the last. */
	for (unsigned which = 0; which < 4; which += 3) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
		bridge_client_timeout(bed->client, PATIENCE_MS);
		play(bed, MISSING, which);
		assert_false(bridge_client_read_all(bed->client, "/version", 4096, &text, &err));
		assert_string_equal(err.code, "BRIDGE_TIMEOUT");
		assert_non_null(strstr(lane_error_message(&err), "/version"));
		bridge_client_timeout(bed->client, WAIT_MS);
		BASE_FREE char *version = read_text(bed->client, "/version");
		assert_memory_equal(version, "gpu-lane ", 9);
	}
	BASE_FREE char *sessions = read_text(bed->client, "/proc/9p/session/active");
	assert_non_null(strstr(sessions, " fids=2 waiting=0\n"));
}

/** A wait that is over when it begins still sees what is there. */
static void what_is_there_is_seen_without_waiting(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_grant grant;
	struct bridge_status last;
	BASE_FREE char *job = descriptor("one", 1);
	assert_good(bridge_client_acquire(bed->client, "GPU-0", &small, &grant, &err), &err);
	assert_good(bridge_client_submit(bed->client, "GPU-0", job, &err), &err);
	assert_good(bridge_client_wait(bed->client, "GPU-0", "one", 0, NULL, NULL, &last, &err), &err);
	assert_string_equal(last.state, "ERR INVALID");
	exchanges(bed);
	assert_false(
		bridge_client_wait(bed->client, "GPU-0", "two", SHORT_MS, NULL, NULL, &last, &err));
	assert_string_equal(err.code, "BRIDGE_TIMEOUT");
	/* The events that there are, those that do not come, and the flush. */
	assert_true(exchanges(bed) >= 3);
	assert_good(bridge_client_release(bed->client, "GPU-0", grant.lease, &err), &err);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED_WITH(
			"client@everything-takes-one-exchange", everything_takes_one_exchange, setup, teardown),
		NAMED_WITH("client@the-first-refusal-is-told-and-no-fid-stays",
			the_first_refusal_is_told_and_no_fid_stays, setup, teardown),
		NAMED_WITH(
			"client@what-does-not-fit-is-not-sent", what_does_not_fit_is_not_sent, setup, teardown),
		NAMED_WITH("client@what-is-larger-than-a-message-goes-in-pieces",
			what_is_larger_than_a_message_goes_in_pieces, setup_small, teardown),
		NAMED_WITH("client@replies-may-come-in-any-order-and-in-any-piece",
			replies_may_come_in_any_order_and_in_any_piece, setup, teardown),
		NAMED("client@replies-that-cannot-be-are-not-believed",
			replies_that_cannot_be_are_not_believed),
		NAMED("client@more-than-was-asked-for-is-not-taken", more_than_was_asked_for_is_not_taken),
		NAMED_WITH("client@a-reply-that-does-not-come-times-out",
			a_reply_that_does_not_come_times_out, setup, teardown),
		NAMED_WITH("client@what-is-there-is-seen-without-waiting",
			what_is_there_is_seen_without_waiting, setup, teardown),
	};
	return cmocka_run_group_tests_name("bridge_client", tests, NULL, NULL);
}
