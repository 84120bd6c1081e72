/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client.h"

#include "base/file.h"
#include "base/memory.h"

#include <string.h>
#include <time.h>

#define NS_PER_MS 1000000L

enum {
	TICKET_SIZE_MAX = 16 << 10,
	/** A bridge that does not know the key of a ticket yet asks for some patience. */
	CONNECT_TRIES = 6,
	CONNECT_PAUSE_MS = 500,
};

/** The ticket without white space around it; "" for NULL. Caller frees; NULL on failure. */
static char *read_ticket(const char *file, struct lane_error *err)
{
	if (file == NULL) {
		return base_strdup("");
	}
	const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (!base_file_read(path, TICKET_SIZE_MAX, &text, err)) {
		return NULL;
	}
	const char *start = text.data != NULL ? text.data : "";
	start += strspn(start, " \t\r\n");
	size_t size = strcspn(start, " \t\r\n");
	if (size == 0) {
		lane_error_set(err, "USAGE", "%s: holds no ticket", file);
		return NULL;
	}
	return base_strndup(start, size);
}

struct bridge_client *bridge_client_connect_with(
	const char *address, const char *uname, const char *ticket_file, struct lane_error *err)
{
	BASE_FREE char *ticket = read_ticket(ticket_file, err);
	for (unsigned tries = 1; ticket != NULL; tries++) {
		LANE_ERROR_AUTO cause = LANE_ERROR_INIT;
		struct bridge_client *client = bridge_client_connect(address, uname, ticket, &cause);
		if (client != NULL) {
			return client;
		}
		if (tries == CONNECT_TRIES || !lane_error_is(&cause, "BRIDGE_BUSY")) {
			lane_error_set(err, cause.code, "%s", lane_error_message(&cause));
			return NULL;
		}
		nanosleep(&(struct timespec){.tv_nsec = CONNECT_PAUSE_MS * NS_PER_MS}, NULL);
	}
	return NULL;
}
