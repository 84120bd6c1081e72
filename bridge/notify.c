/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/notify.h"

#include "base/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NS_PER_US UINT64_C(1000)

/** A decimal number in 1..max; 0 for anything else. */
static uint64_t number(const char *name, uint64_t max)
{
	const char *text = getenv(name);
	size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
	if (digits == 0 || digits > 18 || text[digits] != '\0') {
		return 0;
	}
	uint64_t value = strtoull(text, NULL, 10);
	return value <= max ? value : 0;
}

void bridge_notify(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = path != NULL ? strlen(path) : 0;
	if (size < 2 || size > sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@')) {
		return;
	}
	memcpy(address.sun_path, path, size);
	if (path[0] == '@') {
		/* An abstract address: a NUL and exactly these bytes. */
		address.sun_path[0] = '\0';
	}
	BASE_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		ssize_t sent =
			sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (const struct sockaddr *)&address,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
		(void)sent;
	}
}

/** Whether a variable that names the process it is for, if it is there, names us. */
static bool is_for_us(const char *name)
{
	return getenv(name) == NULL || number(name, INT32_MAX) == (uint64_t)getpid();
}

uint64_t bridge_notify_watchdog_ns(void)
{
	if (!is_for_us("WATCHDOG_PID")) {
		return 0;
	}
	return number("WATCHDOG_USEC", UINT64_MAX / NS_PER_US) * NS_PER_US / 2;
}

bool bridge_notify_inherited(size_t *count, struct lane_error *err)
{
	*count = 0;
	const char *text = getenv("LISTEN_FDS");
	if (text == NULL || getenv("LISTEN_PID") == NULL || !is_for_us("LISTEN_PID") ||
		strcmp(text, "0") == 0) {
		return true;
	}
	*count = (size_t)number("LISTEN_FDS", BRIDGE_INHERITED_MAX);
	for (size_t i = 0; i < *count; i++) {
		/* Not for our children, of whom the first is started before anything is served. */
		fcntl(BRIDGE_INHERITED_FIRST + (int)i, F_SETFD, FD_CLOEXEC);
	}
	return *count > 0 ||
		lane_error_set(err, "USAGE", "LISTEN_FDS is '%s': not a number from 1 to %d", text,
			BRIDGE_INHERITED_MAX);
}

bool bridge_notify_is_named(size_t index, const char *name)
{
	const char *names = getenv("LISTEN_FDNAMES");
	for (; names != NULL && index > 0; index--) {
		names = strchr(names, ':');
		names = names != NULL ? names + 1 : NULL;
	}
	size_t size = strlen(name);
	return names != NULL && strcspn(names, ":") == size && memcmp(names, name, size) == 0;
}
