/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_wire calls ROUNDS CALLS PEER...
 *        bench_wire flood ROUNDS MILLISECONDS CLIENTS DEPTH PEER...
 *        bench_wire read ROUNDS MIB WINDOW PEER...
 *        bench_wire idle CLIENTS PID PEER
 *
 * Measures servers of 9P2000.L with one client (peer.h says what a PEER is), in turns, so that a
 * slow second of the machine falls on all of them; a first round is not counted. One line a peer:
 *
 * calls  NAME MICROSECONDS QUARTILE1 QUARTILE3 of a Tgetattr that waits for the one before
 * flood  NAME REQUESTS/S QUARTILE1 QUARTILE3 P50 P99 with DEPTH Tgetattr on the way on each of
 *        CLIENTS connections; the last two in microseconds from the write to the reply
 * read   NAME MB/S QUARTILE1 QUARTILE3 FIRST of a file of MIB MiB with WINDOW Tread on the way; the
 *        last is of the round that is not counted, in which a server meets the file
 * idle   NAME KIB of resident memory that CLIENTS attached sessions cost the process PID
 */
#include "peer.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	PEERS_MAX = 8,
	ROUNDS_MAX = 100,
	DEPTH_MAX = 64,
	CLIENTS_MAX = 20000,
	EVENTS_MAX = 256,
	/** Microseconds up to which a latency is counted exactly. */
	LATENCY_MAX = 1 << 20,
};

struct figure {
	struct peer peer;
	double values[ROUNDS_MAX];
	/** Of read. */
	double first;
	/** Of flood: replies by microseconds, over all rounds. */
	uint32_t *latencies;
};

static int compare_doubles(const void *a, const void *b)
{
	const double *left = a;
	const double *right = b;
	return (*left > *right) - (*left < *right);
}

static void figure_print(struct figure *figure, size_t rounds)
{
	qsort(figure->values, rounds, sizeof(double), compare_doubles);
	printf("%s %.2f %.2f %.2f", figure->peer.name, figure->values[rounds / 2],
		figure->values[rounds / 4], figure->values[rounds - 1 - rounds / 4]);
}

/* The latency below which `fraction` of the replies came. */
static unsigned percentile(const uint32_t *latencies, double fraction)
{
	uint64_t total = 0, seen = 0;
	for (unsigned i = 0; i < LATENCY_MAX; i++) {
		total += latencies[i];
	}
	for (unsigned i = 0; i < LATENCY_MAX; i++) {
		seen += latencies[i];
		if ((double)seen >= fraction * (double)total) {
			return i;
		}
	}
	return LATENCY_MAX;
}

static double calls_measure(int fd, size_t calls)
{
	uint8_t request[PEER_REQUEST_SIZE], reply[PEER_REPLY_SIZE];
	peer_getattr(0, request);
	uint64_t start = peer_now_ns();
	for (size_t i = 0; i < calls; i++) {
		peer_write(fd, request, sizeof(request));
		if (peer_read_frame(fd, reply, sizeof(reply)) != PEER_REPLY_SIZE) {
			peer_die("Tgetattr", "another size of reply");
		}
	}
	return (double)(peer_now_ns() - start) / 1e3 / (double)calls;
}

static void calls(struct figure *figures, size_t count, size_t rounds, size_t calls)
{
	int sockets[PEERS_MAX];
	pid_t children[PEERS_MAX] = {0};
	for (size_t i = 0; i < count; i++) {
		uint32_t msize;
		sockets[i] = figures[i].peer.socket != NULL ? peer_connect(&figures[i].peer, &msize)
													: peer_raw_echo(&children[i]);
	}
	for (size_t round = 0; round <= rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			double value = calls_measure(sockets[i], calls);
			if (round > 0) {
				figures[i].values[round - 1] = value;
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		close(sockets[i]);
		if (children[i] > 0) {
			peer_raw_end(children[i]);
		}
		figure_print(&figures[i], rounds);
		putchar('\n');
	}
}

struct stream {
	int fd;
	uint8_t in[4 * PEER_REPLY_SIZE];
	size_t have;
	uint64_t sent_ns[DEPTH_MAX];
};

static void stream_send(struct stream *stream, const uint16_t *tags, size_t count)
{
	uint8_t out[DEPTH_MAX * PEER_REQUEST_SIZE];
	uint64_t now = peer_now_ns();
	for (size_t i = 0; i < count; i++) {
		peer_getattr(tags[i], out + i * PEER_REQUEST_SIZE);
		stream->sent_ns[tags[i]] = now;
	}
	peer_write(stream->fd, out, count * PEER_REQUEST_SIZE);
}

/* Takes the replies that are there and, while there is `more` to do, sends as many requests. The
 * number of replies. */
static size_t stream_turn(struct stream *stream, size_t depth, bool more, uint32_t *latencies)
{
	ssize_t got = read(stream->fd, stream->in + stream->have, sizeof(stream->in) - stream->have);
	if (got <= 0) {
		peer_die("flood", got == 0 ? "the server hung up" : strerror(errno));
	}
	stream->have += (size_t)got;
	uint16_t tags[DEPTH_MAX];
	size_t count = 0, used = 0;
	uint64_t now = peer_now_ns();
	for (; stream->have - used >= PEER_REPLY_SIZE; used += PEER_REPLY_SIZE) {
		const uint8_t *reply = stream->in + used;
		uint16_t tag = (uint16_t)(reply[5] | reply[6] << 8);
		if (wire_frame_size(reply) != PEER_REPLY_SIZE || tag >= depth || count == DEPTH_MAX) {
			peer_die("flood", "a reply to nothing that was asked");
		}
		uint64_t us = (now - stream->sent_ns[tag]) / 1000;
		latencies[us < LATENCY_MAX ? us : LATENCY_MAX - 1]++;
		tags[count++] = tag;
	}
	stream->have -= used;
	memmove(stream->in, stream->in + used, stream->have);
	if (more) {
		stream_send(stream, tags, count);
	}
	return count;
}

static double flood_measure(
	const struct peer *peer, size_t clients, size_t depth, uint64_t ms, uint32_t *latencies)
{
	struct stream *streams = calloc(clients, sizeof(*streams));
	int loop = epoll_create1(EPOLL_CLOEXEC);
	if (streams == NULL || loop < 0) {
		peer_die("flood", strerror(errno));
	}
	for (size_t i = 0; i < clients; i++) {
		uint32_t msize;
		streams[i].fd = peer_connect(peer, &msize);
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
		epoll_ctl(loop, EPOLL_CTL_ADD, streams[i].fd, &event);
	}
	uint16_t tags[DEPTH_MAX];
	for (uint16_t tag = 0; tag < depth; tag++) {
		tags[tag] = tag;
	}
	uint64_t start = peer_now_ns(), replies = 0;
	for (size_t i = 0; i < clients; i++) {
		stream_send(&streams[i], tags, depth);
	}
	/* Every reply is taken before the end: diod dies of one that it cannot write. */
	size_t waiting = clients * depth;
	while (waiting > 0) {
		bool more = peer_now_ns() - start < ms * 1000000;
		struct epoll_event events[EVENTS_MAX];
		int ready = epoll_wait(loop, events, EVENTS_MAX, 10000);
		if (ready <= 0) {
			peer_die(peer->name, ready == 0 ? "no reply in 10 s" : strerror(errno));
		}
		for (int i = 0; i < ready; i++) {
			size_t count = stream_turn(events[i].data.ptr, depth, more, latencies);
			replies += count;
			waiting -= more ? 0 : count;
		}
	}
	double seconds = (double)(peer_now_ns() - start) / 1e9;
	for (size_t i = 0; i < clients; i++) {
		close(streams[i].fd);
	}
	close(loop);
	free(streams);
	return (double)replies / seconds;
}

static void flood(
	struct figure *figures, size_t count, size_t rounds, uint64_t ms, size_t clients, size_t depth)
{
	char address[64];
	pid_t child = peer_raw_server(address, sizeof(address));
	for (size_t i = 0; i < count; i++) {
		figures[i].latencies = calloc(LATENCY_MAX, sizeof(uint32_t));
		if (figures[i].latencies == NULL) {
			peer_die("flood", strerror(errno));
		}
	}
	for (size_t round = 0; round <= rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			struct figure *figure = &figures[i];
			struct peer peer = figure->peer;
			peer.socket = peer.socket != NULL ? peer.socket : address;
			double value = flood_measure(&peer, clients, depth, ms, figure->latencies);
			if (round > 0) {
				figure->values[round - 1] = value;
			} else {
				memset(figure->latencies, 0, LATENCY_MAX * sizeof(uint32_t));
			}
		}
	}
	peer_raw_end(child);
	for (size_t i = 0; i < count; i++) {
		figure_print(&figures[i], rounds);
		printf(" %u %u\n", percentile(figures[i].latencies, 0.5),
			percentile(figures[i].latencies, 0.99));
		free(figures[i].latencies);
	}
}

static void send_read(int fd, uint16_t tag, uint64_t offset, uint32_t count)
{
	uint8_t frame[64];
	struct wire_message request = {
		.type = WIRE_TREAD, .tag = tag, .fid = PEER_FILE_FID, .offset = offset, .count = count};
	peer_write(fd, frame, wire_encode(&request, frame, sizeof(frame)));
}

static void read_exactly(int fd, uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t got = read(fd, bytes, size);
		if (got <= 0) {
			peer_die("read", got == 0 ? "the server hung up" : strerror(errno));
		}
		bytes += got;
		size -= (size_t)got;
	}
}

/* Reads `size` bytes of the file with `window` requests on the way, answered in any order. */
static void read_9p(int fd, uint64_t size, uint32_t msize, size_t window, uint8_t *frame)
{
	uint32_t chunk = msize - WIRE_IO_HEADER_SIZE;
	uint32_t expected[DEPTH_MAX] = {0};
	uint64_t asked = 0, had = 0;
	size_t started = 0;
	while (had < size) {
		uint16_t tag = (uint16_t)started;
		if (started == window || asked == size) {
			read_exactly(fd, frame, WIRE_READ_HEADER_SIZE);
			tag = (uint16_t)(frame[5] | frame[6] << 8);
			if (frame[4] != WIRE_RREAD || tag >= started ||
				wire_frame_size(frame) != WIRE_READ_HEADER_SIZE + expected[tag]) {
				peer_die("read", "an error or a short read");
			}
			read_exactly(fd, frame, expected[tag]);
			had += expected[tag];
		} else {
			started++;
		}
		if (asked < size) {
			expected[tag] = size - asked < chunk ? (uint32_t)(size - asked) : chunk;
			send_read(fd, tag, asked, expected[tag]);
			asked += expected[tag];
		}
	}
}

static double read_measure(const struct peer *peer, uint64_t size, size_t window, uint8_t *frame)
{
	pid_t child = 0;
	uint32_t msize;
	uint64_t start;
	int fd;
	if (peer->socket != NULL) {
		fd = peer_connect(peer, &msize);
		peer_open(fd, peer, PEER_FILE_FID);
		start = peer_now_ns();
		read_9p(fd, size, msize, window, frame);
	} else {
		fd = peer_raw_source(size, &child);
		read_exactly(fd, frame, 1);
		start = peer_now_ns();
		for (uint64_t had = 0; had < size; had += PEER_MSIZE) {
			read_exactly(fd, frame, PEER_MSIZE);
		}
	}
	double seconds = (double)(peer_now_ns() - start) / 1e9;
	close(fd);
	if (child > 0) {
		peer_raw_end(child);
	}
	return (double)size / 1e6 / seconds;
}

static void read_file(
	struct figure *figures, size_t count, size_t rounds, uint64_t mib, size_t window)
{
	uint8_t *frame = malloc(PEER_MSIZE);
	if (frame == NULL) {
		peer_die("read", strerror(errno));
	}
	for (size_t round = 0; round <= rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			double value = read_measure(&figures[i].peer, mib << 20, window, frame);
			*(round > 0 ? &figures[i].values[round - 1] : &figures[i].first) = value;
		}
	}
	free(frame);
	for (size_t i = 0; i < count; i++) {
		figure_print(&figures[i], rounds);
		printf(" %.2f\n", figures[i].first);
	}
}

static long resident_kib(const char *pid)
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	FILE *status = fopen(path, "r");
	if (status == NULL) {
		peer_die(path, strerror(errno));
	}
	long kib = -1;
	while (fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "VmRSS:", 6) == 0) {
			kib = strtol(line + 6, NULL, 10);
		}
	}
	fclose(status);
	return kib;
}

static void idle(const struct peer *peer, size_t clients, const char *pid)
{
	long before = resident_kib(pid);
	for (size_t i = 0; i < clients; i++) {
		uint32_t msize;
		peer_connect(peer, &msize);
	}
	printf("%s %ld\n", peer->name, resident_kib(pid) - before);
}

static size_t number(const char *text, size_t max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*end != '\0' || value == 0 || value > max) {
		peer_die(text, "not a number in range");
	}
	return value;
}

int main(int argc, char **argv)
{
	static struct figure figures[PEERS_MAX];
	const char *mode = argc > 1 ? argv[1] : "";
	int fixed = strcmp(mode, "flood") == 0                        ? 6
		: strcmp(mode, "read") == 0                               ? 5
		: strcmp(mode, "calls") == 0 || strcmp(mode, "idle") == 0 ? 4
																  : argc;
	if (argc <= fixed || argc - fixed > PEERS_MAX) {
		fprintf(stderr,
			"usage: bench_wire calls ROUNDS CALLS PEER... | flood ROUNDS MILLISECONDS "
			"CLIENTS DEPTH PEER... | read ROUNDS MIB WINDOW PEER... | "
			"idle CLIENTS PID PEER\n");
		return 64;
	}
	size_t count = (size_t)(argc - fixed);
	for (size_t i = 0; i < count; i++) {
		figures[i].peer = peer_parse(argv[fixed + (int)i]);
	}
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* A server that hangs up is to be named. */
	signal(SIGPIPE, SIG_IGN);
	if (fixed == 6) {
		flood(figures, count, number(argv[2], ROUNDS_MAX), number(argv[3], 60000),
			number(argv[4], CLIENTS_MAX), number(argv[5], DEPTH_MAX));
	} else if (fixed == 5) {
		read_file(figures, count, number(argv[2], ROUNDS_MAX), number(argv[3], 4096),
			number(argv[4], DEPTH_MAX));
	} else if (strcmp(mode, "calls") == 0) {
		calls(figures, count, number(argv[2], ROUNDS_MAX), number(argv[3], SIZE_MAX));
	} else {
		idle(&figures[0].peer, number(argv[2], CLIENTS_MAX), argv[3]);
	}
	return 0;
}
