/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/listener.h"

#include "base/memory.h"

#include <errno.h>
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
		lane_error_set(err, "USAGE", "%s: TCP is not part of this version, use unix:PATH", address);
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
	return accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

void bridge_listener_close(struct bridge_listener *listener)
{
	if (listener->path != NULL) {
		unlink(listener->path);
		close(listener->fd);
		free(listener->path);
	}
	*listener = (struct bridge_listener){.fd = -1};
}
