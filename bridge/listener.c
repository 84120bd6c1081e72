/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/listener.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, SOCKET_MODE = 0660, FOLDER_MODE = 0755 };

bool bridge_listener_valid(const char *text, struct lane_error *err)
{
	struct bridge_address address;
	struct sockaddr_storage place = {.ss_family = AF_UNSPEC};
	socklen_t size = 0;
	return bridge_address_parse(text, &address, err) &&
		(address.transport == BRIDGE_UNIX ||
			bridge_address_resolve(&address, false, &place, &size, err));
}

static bool open_inet(
	const struct bridge_address *address, struct bridge_listener *listener, struct lane_error *err)
{
	struct sockaddr_storage place = {.ss_family = AF_UNSPEC};
	socklen_t size = 0;
	if (!bridge_address_resolve(address, false, &place, &size, err)) {
		return false;
	}
	int fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Connections of a bridge before us may still be dying; a live one is refused all the same. */
	const int on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, (const struct sockaddr *)&place, size) != 0 || listen(fd, BACKLOG) != 0) {
		int cause = errno;
		BASE_FREE char *text = bridge_address_text(address);
		lane_error_set_errno(err, "LISTEN_FAILED", cause, "%s", text);
		base_cleanup_close(&fd);
		return false;
	}
	*listener = (struct bridge_listener){.fd = fd, .transport = address->transport};
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

static bool open_unix(const char *path, struct bridge_listener *listener, struct lane_error *err)
{
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

bool bridge_listener_open(
	const char *text, struct bridge_listener *listener, struct lane_error *err)
{
	struct bridge_address address;
	if (!bridge_address_parse(text, &address, err)) {
		return false;
	}
	return address.transport == BRIDGE_UNIX ? open_unix(address.path, listener, err)
											: open_inet(&address, listener, err);
}

/** What kind of socket it is; false: none that can be accepted from. */
static bool identify(int fd, struct sockaddr_storage *place)
{
	int listening = 0;
	int type = 0;
	socklen_t size = sizeof(int);
	socklen_t place_size = sizeof(*place);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0 &&
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
		getsockname(fd, (struct sockaddr *)place, &place_size) == 0 &&
		(place->ss_family == AF_UNIX || place->ss_family == AF_INET ||
			place->ss_family == AF_INET6) &&
		fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

bool bridge_listener_inherit(
	int fd, bool tls, struct bridge_listener *listener, struct lane_error *err)
{
	struct sockaddr_storage place = {.ss_family = AF_UNSPEC};
	if (!identify(fd, &place)) {
		close(fd);
		return lane_error_set(
			err, "LISTEN_FAILED", "descriptor %d is no listening stream socket", fd);
	}
	bool inet = place.ss_family != AF_UNIX;
	if (inet && !tls && !bridge_address_is_loopback((const struct sockaddr *)&place)) {
		close(fd);
		return lane_error_set(err, "LISTEN_FAILED",
			"descriptor %d: without encryption only addresses of this machine; one named \"tls\" "
			"is served with TLS",
			fd);
	}
	enum bridge_transport transport = tls ? BRIDGE_TLS : BRIDGE_TCP;
	*listener = (struct bridge_listener){.fd = fd, .transport = inet ? transport : BRIDGE_UNIX};
	return true;
}

int bridge_listener_accept(const struct bridge_listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0 && listener->transport != BRIDGE_UNIX) {
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
