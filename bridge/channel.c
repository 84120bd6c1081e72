/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/channel.h"

#include "base/memory.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct bridge_channel bridge_channel_plain(int fd)
{
	return (struct bridge_channel){.fd = fd, .receive_waits = POLLIN, .send_waits = POLLOUT};
}

void bridge_channel_close(struct bridge_channel *channel)
{
	if (channel->ssl != NULL && !channel->shaking) {
		/* Says goodbye if the socket takes it; nobody waits for the answer. */
		SSL_shutdown(channel->ssl);
		ERR_clear_error();
	}
	SSL_free(channel->ssl);
	channel->ssl = NULL;
	base_cleanup_close(&channel->fd);
	channel->fd = -1;
}

/** What a failed call of OpenSSL comes to: 0 at the end of what the other side sends, or -1 with
 * errno; EAGAIN with what it waits for. */
static ssize_t outcome(struct bridge_channel *channel, int status, uint32_t *waits)
{
	int cause = errno;
	int error = SSL_get_error(channel->ssl, status);
	errno = EAGAIN;
	switch (error) {
	case SSL_ERROR_WANT_READ:
		*waits = POLLIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*waits = POLLOUT;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		errno = cause != 0 ? cause : ECONNRESET;
		return -1;
	default:
		channel->complaint = ERR_reason_error_string(ERR_peek_last_error());
		errno = EPROTO;
		return -1;
	}
}

ssize_t bridge_channel_receive(struct bridge_channel *channel, void *bytes, size_t size)
{
	if (channel->ssl == NULL) {
		return recv(channel->fd, bytes, size, MSG_DONTWAIT);
	}
	size_t count = 0;
	ERR_clear_error();
	errno = 0;
	int status = SSL_read_ex(channel->ssl, bytes, size, &count);
	return status > 0 ? (ssize_t)count : outcome(channel, status, &channel->receive_waits);
}

ssize_t bridge_channel_send(struct bridge_channel *channel, const void *bytes, size_t size)
{
	if (channel->ssl == NULL) {
		return send(channel->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	size_t count = 0;
	ERR_clear_error();
	errno = 0;
	int status = SSL_write_ex(channel->ssl, bytes, size, &count);
	if (status > 0) {
		return (ssize_t)count;
	}
	if (outcome(channel, status, &channel->send_waits) == 0) {
		errno = EPIPE;
	}
	return -1;
}

/** Why a handshake failed: what is wrong with the certificate says more than "failed". */
static const char *failure(const struct bridge_channel *channel)
{
	long verdict = SSL_get_verify_result(channel->ssl);
	if (verdict != X509_V_OK) {
		return X509_verify_cert_error_string(verdict);
	}
	return channel->complaint != NULL ? channel->complaint : "the other end hung up";
}

bool bridge_channel_shake(struct bridge_channel *channel, struct lane_error *err)
{
	if (!channel->shaking) {
		return true;
	}
	ERR_clear_error();
	errno = 0;
	int status = SSL_do_handshake(channel->ssl);
	if (status == 1) {
		channel->shaking = false;
		channel->receive_waits = POLLIN;
		channel->send_waits = POLLOUT;
		return true;
	}
	if (outcome(channel, status, &channel->receive_waits) != 0 && errno == EAGAIN) {
		return true;
	}
	return lane_error_set(err, "BRIDGE_UNREACHABLE", "TLS: %s", failure(channel));
}
