/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_CHANNEL_H
#define BRIDGE_CHANNEL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * A connected stream socket that never blocks, plain or with TLS on top. What a call that would
 * block waits for is kept, as events of poll(2), which are those of epoll: TLS may have to write
 * before it can read, and the other way round.
 */
struct bridge_channel {
	int fd;
	/** NULL: plain. Owned. */
	struct ssl_st *ssl;
	/** The handshake of TLS is not over: nothing can be received or sent yet. */
	bool shaking;
	/** What a receive, and a send, that gave EAGAIN wait for. */
	uint32_t receive_waits, send_waits;
	/** What TLS did not like when a call gave EPROTO. Static. */
	const char *complaint;
};

/** Certificates of one side of TLS 1.2 or 1.3, and whose certificates it trusts (channel_tls.c). */
struct bridge_tls;

/** PEM files; each may be NULL. */
struct bridge_tls_files {
	/** The certificate with its chain, and its key: a listener has to have both. */
	const char *certificate, *key;
	/**
	 * Whose certificates are good. A listener without it asks clients for none; with it, who has
	 * none does not get in. A client without it trusts what the system does.
	 */
	const char *authority;
	/** Which certificates of clients its authorities have taken back: lists that are good now, or
	 * nobody gets in. Wants `authority`. */
	const char *revoked;
};

/** Errors: USAGE with the file that is wrong. */
struct bridge_tls *bridge_tls_create(
	const struct bridge_tls_files *files, bool listener, struct lane_error *err);
/** Its files from 0 on; NULL behind the last. Borrowed. */
const char *bridge_tls_file(const struct bridge_tls *tls, size_t index);
/** Reads its files again, for the channels that are opened from now on; on failure all stays as it
 * was. Errors: as above. */
bool bridge_tls_reload(struct bridge_tls *tls, struct lane_error *err);
/** When its own certificate, which a listener has, is over: seconds since the epoch. */
int64_t bridge_tls_expires_s(const struct bridge_tls *tls);
/** All of its channels must be closed. */
void bridge_tls_destroy(struct bridge_tls *tls);

/** A channel on a socket, which it takes over. */
struct bridge_channel bridge_channel_plain(int fd);
/** The same with TLS: for a listener when `host` is NULL, else for a client that wants the
 * certificate of this name or address. NULL `tls`: plain. */
struct bridge_channel bridge_channel_open(int fd, struct bridge_tls *tls, const char *host);
void bridge_channel_close(struct bridge_channel *channel);

/** Brings the handshake forward; `shaking` says whether it is over. False: it failed. */
bool bridge_channel_shake(struct bridge_channel *channel, struct lane_error *err);
/** As recv(2) with MSG_DONTWAIT. At least BRIDGE_RECORD_MAX bytes have to be asked for, or poll(2)
 * does not see what is left. */
ssize_t bridge_channel_receive(struct bridge_channel *channel, void *bytes, size_t size);
/** As send(2) with MSG_DONTWAIT; after EAGAIN the same bytes have to come again, more may follow.
 */
ssize_t bridge_channel_send(struct bridge_channel *channel, const void *bytes, size_t size);

/** Largest piece that TLS hands over at a time. */
enum { BRIDGE_RECORD_MAX = 16 << 10 };

/**
 * What the verified certificate at the other end calls its holder, as struct bridge_peer wants it:
 * a NULL-terminated array in one piece, which the caller frees; *count is 0 without one.
 */
const char **bridge_channel_names(const struct bridge_channel *channel, size_t *count);

#endif
