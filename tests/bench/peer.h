/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "bridge/wire.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * A 9P2000.L server to be measured, and the smallest client that can: all servers get the same
 * bytes from the same code. What goes wrong ends the program with status 1 and a line, because a
 * figure of a server that answers with errors means nothing.
 */
struct peer {
	/** What the figures are printed under. */
	const char *name;
	/** Path of its unix socket; NULL for "raw", which is no server: a process of ours that answers
	 * with as many bytes and looks at none of them. */
	const char *socket;
	const char *aname;
	/** File to read, from the root of the attach; NULL for none. */
	const char *file;
};

enum {
	/** Sizes of Tgetattr and Rgetattr. */
	PEER_REQUEST_SIZE = 19,
	PEER_REPLY_SIZE = 160,
	PEER_MSIZE = 1 << 20,
	PEER_ROOT_FID = 1,
	PEER_FILE_FID = 2,
};

_Noreturn void peer_die(const char *what, const char *detail);

/** Parses "NAME" (raw) or "NAME,SOCKET,ANAME[,FILE]". Cuts `text` up and keeps pointers into it. */
struct peer peer_parse(char *text);

/** A connected session: version and attach are done. msize is what the server agreed to. */
int peer_connect(const struct peer *peer, uint32_t *msize);
/** Opens `file` for reading. */
void peer_open(int fd, const struct peer *peer, uint32_t fid);

/** Tgetattr of the root. */
void peer_getattr(uint16_t tag, uint8_t frame[PEER_REQUEST_SIZE]);
void peer_write(int fd, const void *bytes, size_t size);
/** Reads a whole frame; its size. `frame` has room for `capacity` bytes. */
size_t peer_read_frame(int fd, uint8_t *frame, size_t capacity);

/** Starts the process behind "raw" for one connection: answers each request of a Tgetattr's size
 * with a reply of an Rgetattr's. */
int peer_raw_echo(pid_t *child);
/** The same for many connections, on a unix socket of the abstract namespace. Its name is written
 * to `address` (with a leading '@'). */
pid_t peer_raw_server(char *address, size_t size);
/** A process that writes one byte when it is ready, then `bytes` bytes (a multiple of PEER_MSIZE)
 * in pieces of PEER_MSIZE, and exits. */
int peer_raw_source(uint64_t bytes, pid_t *child);
void peer_raw_end(pid_t child);

uint64_t peer_now_ns(void);

#endif
