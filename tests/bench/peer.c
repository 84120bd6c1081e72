/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 8192, EVENTS_MAX = 256 };

void peer_die(const char *what, const char *detail)
{
	fprintf(stderr, "bench: %s: %s\n", what, detail);
	exit(1);
}

uint64_t peer_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct peer peer_parse(char *text)
{
	struct peer peer = {.name = strsep(&text, ",")};
	peer.socket = strsep(&text, ",");
	peer.aname = strsep(&text, ",");
	peer.file = text;
	return peer;
}

void peer_write(int fd, const void *bytes, size_t size)
{
	const char *left = bytes;
	while (size > 0) {
		ssize_t written = write(fd, left, size);
		if (written < 0) {
			peer_die("write", strerror(errno));
		}
		left += written;
		size -= (size_t)written;
	}
}

size_t peer_read_frame(int fd, uint8_t *frame, size_t capacity)
{
	size_t have = 0, size = WIRE_HEADER_SIZE;
	/* One read(2) mostly has it all: the other end owes nothing beyond this frame. */
	while (have < size) {
		ssize_t got = read(fd, frame + have, capacity - have);
		if (got <= 0) {
			peer_die("read", got == 0 ? "the server hung up" : strerror(errno));
		}
		have += (size_t)got;
		if (have >= WIRE_HEADER_SIZE) {
			size = wire_frame_size(frame);
		}
		if (size > capacity || size < WIRE_HEADER_SIZE) {
			peer_die("read", "a frame larger than the session's");
		}
	}
	return have;
}

static void call(
	int fd, const struct peer *peer, const struct wire_message *request, struct wire_message *reply)
{
	uint8_t frame[FRAME_MAX];
	size_t size = wire_encode(request, frame, sizeof(frame));
	peer_write(fd, frame, size);
	size = peer_read_frame(fd, frame, sizeof(frame));
	if (wire_decode(frame, size, reply) != WIRE_OK || reply->type != request->type + 1) {
		peer_die(peer->name,
			reply->type == WIRE_RLERROR ? strerror((int)reply->error)
										: wire_type_name(reply->type));
	}
}

static int connect_unix(const struct peer *peer)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	size_t size = strlen(peer->socket);
	if (size >= sizeof(place.sun_path)) {
		peer_die(peer->socket, "longer than a socket's path may be");
	}
	memcpy(place.sun_path, peer->socket, size);
	if (place.sun_path[0] == '@') {
		place.sun_path[0] = '\0';
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&place, length) < 0) {
		peer_die(peer->socket, strerror(errno));
	}
	return fd;
}

int peer_connect(const struct peer *peer, uint32_t *msize)
{
	int fd = connect_unix(peer);
	*msize = PEER_MSIZE;
	if (peer->socket[0] == '@') {
		return fd;
	}
	struct wire_message reply;
	struct wire_message version = {.type = WIRE_TVERSION,
		.tag = WIRE_NOTAG,
		.msize = PEER_MSIZE,
		.version = wire_text(WIRE_VERSION)};
	call(fd, peer, &version, &reply);
	*msize = reply.msize;
	struct wire_message attach = {.type = WIRE_TATTACH,
		.fid = PEER_ROOT_FID,
		.auth_fid = WIRE_NOFID,
		.uname = wire_text("root"),
		.aname = wire_text(peer->aname),
		.n_uname = (uint32_t)getuid()};
	call(fd, peer, &attach, &reply);
	return fd;
}

void peer_open(int fd, const struct peer *peer, uint32_t fid)
{
	struct wire_message reply;
	struct wire_message walk = {.type = WIRE_TWALK, .fid = PEER_ROOT_FID, .new_fid = fid};
	for (const char *name = peer->file; name != NULL;) {
		const char *slash = strchr(name, '/');
		size_t size = slash != NULL ? (size_t)(slash - name) : strlen(name);
		if (walk.name_count == WIRE_WALK_MAX) {
			peer_die(peer->file, "too deep");
		}
		walk.names[walk.name_count++] = (struct wire_text){name, (uint16_t)size};
		name = slash != NULL ? slash + 1 : NULL;
	}
	uint16_t names = walk.name_count;
	call(fd, peer, &walk, &reply);
	if (reply.qid_count != names) {
		peer_die(peer->file, "not there");
	}
	struct wire_message open = {.type = WIRE_TLOPEN, .fid = fid, .flags = WIRE_OPEN_READ};
	call(fd, peer, &open, &reply);
}

void peer_getattr(uint16_t tag, uint8_t frame[PEER_REQUEST_SIZE])
{
	struct wire_message request = {
		.type = WIRE_TGETATTR, .tag = tag, .fid = PEER_ROOT_FID, .mask = 0x7ff};
	if (wire_encode(&request, frame, PEER_REQUEST_SIZE) != PEER_REQUEST_SIZE) {
		peer_die("Tgetattr", "has another size");
	}
}

/* Answers the whole requests of a connection; false when it is at its end. */
static bool echo(int fd)
{
	uint8_t in[64 * PEER_REQUEST_SIZE];
	uint8_t out[64 * PEER_REPLY_SIZE] = {0};
	ssize_t got = read(fd, in, sizeof(in));
	if (got <= 0 || got % PEER_REQUEST_SIZE != 0) {
		return false;
	}
	size_t count = (size_t)got / PEER_REQUEST_SIZE;
	for (size_t i = 0; i < count; i++) {
		uint8_t *reply = out + i * PEER_REPLY_SIZE;
		reply[0] = PEER_REPLY_SIZE;
		reply[4] = WIRE_RGETATTR;
		memcpy(reply + 5, in + i * PEER_REQUEST_SIZE + 5, 2);
	}
	peer_write(fd, out, count * PEER_REPLY_SIZE);
	return true;
}

/* A child with one end of a socket pair; its number is 0 in the child. */
static int fork_with_socket(pid_t *child)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || (*child = fork()) < 0) {
		peer_die("raw", strerror(errno));
	}
	close(ends[*child == 0 ? 0 : 1]);
	return ends[*child == 0 ? 1 : 0];
}

int peer_raw_echo(pid_t *child)
{
	int fd = fork_with_socket(child);
	if (*child == 0) {
		while (echo(fd)) {}
		_exit(0);
	}
	return fd;
}

int peer_raw_source(uint64_t bytes, pid_t *child)
{
	int fd = fork_with_socket(child);
	if (*child == 0) {
		/* As much memory as is sent: a result does not come from the cache of the CPU either. */
		char *source = malloc(bytes);
		if (source == NULL) {
			peer_die("raw", strerror(errno));
		}
		memset(source, 1, bytes);
		char ready = 1;
		peer_write(fd, &ready, 1);
		for (uint64_t sent = 0; sent < bytes; sent += PEER_MSIZE) {
			peer_write(fd, source + sent, PEER_MSIZE);
		}
		_exit(0);
	}
	return fd;
}

static _Noreturn void serve(int listener)
{
	int loop = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
	epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		struct epoll_event events[EVENTS_MAX];
		int count = epoll_wait(loop, events, EVENTS_MAX, -1);
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;
			if (fd == listener) {
				fd = accept(listener, NULL, NULL);
				event.data.fd = fd;
				epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
			} else if (!echo(fd)) {
				close(fd);
			}
		}
	}
}

pid_t peer_raw_server(char *address, size_t size)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	int length = snprintf(address, size, "@gpu-lane-bench-%d", (int)getpid());
	memcpy(place.sun_path + 1, address + 1, (size_t)length - 1);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t place_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length);
	if (listener < 0 || bind(listener, (const struct sockaddr *)&place, place_size) < 0 ||
		listen(listener, SOMAXCONN) < 0) {
		peer_die("raw", strerror(errno));
	}
	pid_t child = fork();
	if (child == 0) {
		serve(listener);
	}
	close(listener);
	return child;
}

void peer_raw_end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}
