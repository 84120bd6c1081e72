/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/listener.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, SOCKET_MODE = 0660, FOLDER_MODE = 0755 };

const char *bridge_address_path(const char *address, struct lane_error *err)
{
	if (strncmp(address, "tcp:", 4) == 0) {
		lane_error_set(err, "USAGE", "%s: this connects to unix:PATH alone", address);
		return NULL;
	}
	bool prefixed = strncmp(address, "unix:", 5) == 0;
	const char *path = prefixed ? address + 5 : address;
	struct sockaddr_un limit;
	if (*path == '\0' || (!prefixed && strchr(path, '/') == NULL)) {
		lane_error_set(err, "USAGE", "'%s' is no address: unix:PATH is", address);
		return NULL;
	}
	if (strlen(path) >= sizeof(limit.sun_path)) {
		lane_error_set(err, "USAGE", "%s: a socket path has at most %zu bytes", path,
			sizeof(limit.sun_path) - 1);
		return NULL;
	}
	return path;
}

/** Whether only this machine reaches an address. */
static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
		return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
	return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/**
 * Reads "tcp:HOST:PORT": a numeric address, the one of IPv6 in brackets, and a port. Names are not
 * looked up: what a name means today is not what its owner meant to open. What passes unencrypted
 * may not leave the machine.
 */
static bool tcp_address(
	const char *address, struct sockaddr_storage *place, socklen_t *size, struct lane_error *err)
{
	const char *host = address + strlen("tcp:");
	const char *colon = strrchr(host, ':');
	size_t length = colon != NULL ? (size_t)(colon - host) : 0;
	bool bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
	BASE_FREE char *name =
		bracketed ? base_strndup(host + 1, length - 2) : base_strndup(host, length);
	const struct addrinfo hints = {
		.ai_family = bracketed ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *found = NULL;
	if (length == 0 || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
		strtoul(colon + 1, NULL, 10) - 1 >= UINT16_MAX ||
		getaddrinfo(name, colon + 1, &hints, &found) != 0) {
		return lane_error_set(
			err, "USAGE", "'%s' is no address: tcp:127.0.0.1:PORT and tcp:[::1]:PORT are", address);
	}
	memcpy(place, found->ai_addr, found->ai_addrlen);
	*size = found->ai_addrlen;
	freeaddrinfo(found);
	return is_loopback((const struct sockaddr *)place) ||
		lane_error_set(err, "USAGE",
			"%s: without encryption only addresses of this machine (127.0.0.0/8, [::1])", address);
}

static bool is_tcp(const char *address)
{
	return strncmp(address, "tcp:", 4) == 0;
}

bool bridge_listener_valid(const char *address, struct lane_error *err)
{
	struct sockaddr_storage place = {.ss_family = AF_UNSPEC};
	socklen_t size = 0;
	return is_tcp(address) ? tcp_address(address, &place, &size, err)
						   : bridge_address_path(address, err) != NULL;
}

static bool open_tcp(const char *address, struct bridge_listener *listener, struct lane_error *err)
{
	struct sockaddr_storage place = {.ss_family = AF_UNSPEC};
	socklen_t size = 0;
	if (!tcp_address(address, &place, &size, err)) {
		return false;
	}
	int fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Connections of a bridge before us may still be dying; a live one is refused all the same. */
	const int on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, (const struct sockaddr *)&place, size) != 0 || listen(fd, BACKLOG) != 0) {
		lane_error_set_errno(err, "LISTEN_FAILED", errno, "%s", address);
		base_cleanup_close(&fd);
		return false;
	}
	*listener = (struct bridge_listener){.fd = fd};
	return true;
}

static struct sockaddr_un socket_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, path, strlen(path));
	return address;
}

/** Makes the folders above the socket. An error shows when bind(2) fails. */
static void make_folders(const char *path)
{
	BASE_FREE char *folder = base_strdup(path);
	for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(folder, FOLDER_MODE);
		*slash = '/';
	}
}

/** Whether somebody answers at the socket. */
static bool is_served(const struct sockaddr_un *address)
{
	BASE_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		errno != ECONNREFUSED;
}

/** Takes a socket away that a bridge left when it was killed; anything else in its place stays. */
static bool clear_place(const struct sockaddr_un *address, struct lane_error *err)
{
	const char *path = address->sun_path;
	struct stat status;
	if (lstat(path, &status) < 0) {
		return true;
	}
	if (!S_ISSOCK(status.st_mode)) {
		return lane_error_set(err, "LISTEN_FAILED", "%s: exists and is no socket", path);
	}
	if (is_served(address)) {
		return lane_error_set(err, "LISTEN_FAILED", "%s: another bridge listens there", path);
	}
	if (unlink(path) < 0) {
		return lane_error_set_errno(err, "LISTEN_FAILED", errno, "%s: cannot replace", path);
	}
	return true;
}

/**
 * Binds with the final permission bits from the first moment on: between bind(2) and a later
 * chmod(2) anybody could connect.
 */
static bool bind_and_listen(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0777 & ~SOCKET_MODE);
	int status = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int cause = errno;
	umask(mask);
	errno = cause;
	return status == 0 && listen(fd, BACKLOG) == 0;
}

bool bridge_listener_open(
	const char *address, struct bridge_listener *listener, struct lane_error *err)
{
	if (is_tcp(address)) {
		return open_tcp(address, listener, err);
	}
	const char *path = bridge_address_path(address, err);
	if (path == NULL) {
		return false;
	}
	struct sockaddr_un place = socket_address(path);
	make_folders(path);
	if (!clear_place(&place, err)) {
		return false;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || !bind_and_listen(fd, &place)) {
		lane_error_set_errno(err, "LISTEN_FAILED", errno, "%s", path);
		base_cleanup_close(&fd);
		return false;
	}
	*listener = (struct bridge_listener){.fd = fd, .path = base_strdup(path)};
	return true;
}

int bridge_listener_accept(const struct bridge_listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0 && listener->path == NULL) {
		/* Replies are small and each is waited for. It can fail only for what is no TCP. */
		const int on = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	return fd;
}

void bridge_listener_close(struct bridge_listener *listener)
{
	if (listener->path != NULL) {
		unlink(listener->path);
		free(listener->path);
	}
	base_cleanup_close(&listener->fd);
	*listener = (struct bridge_listener){.fd = -1};
}
