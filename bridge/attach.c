/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/attach.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNAME_MAX = 64 };

/** A name that can stand in a log line and in JSON as it is. */
static bool uname_valid(const struct wire_text *uname)
{
	if (uname->size > UNAME_MAX) {
		return false;
	}
	for (size_t i = 0; i < uname->size; i++) {
		char c = uname->bytes[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!word && (c == '\0' || strchr("-_.:@", c) == NULL)) {
			return false;
		}
	}
	return true;
}

static bool trusted(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static enum bridge_role role_of(const struct bridge_peer *peer, uint32_t n_uname)
{
	if (peer->queen) {
		return BRIDGE_ROLE_QUEEN;
	}
	/* The kernel client of a mount attaches again for every user (access=user) and names the user
	 * in n_uname: rights can be given up in this way, never gained. */
	bool itself = n_uname == WIRE_NONUNAME || trusted((uid_t)n_uname);
	return trusted(peer->uid) && itself ? BRIDGE_ROLE_QUEEN : BRIDGE_ROLE_OBSERVER;
}

struct bridge_attach *bridge_attach_create(struct bridge_session *session,
	const struct bridge_peer *peer, const struct wire_message *request, int *error)
{
	if (!uname_valid(&request->uname)) {
		*error = EINVAL;
		return NULL;
	}
	if (request->aname.size > 0 && !wire_text_equals(&request->aname, "/")) {
		*error = EACCES;
		return NULL;
	}
	struct bridge_attach *attach = base_alloc(1, sizeof(*attach));
	*attach = (struct bridge_attach){
		.session = session,
		.role = role_of(peer, request->n_uname),
		.references = 1,
	};
	const char *role = bridge_role_name(attach->role);
	bool plain = request->uname.size == 0 || wire_text_equals(&request->uname, role);
	attach->subject = plain
		? base_strdup(role)
		: base_format("%s:%.*s", role, (int)request->uname.size, request->uname.bytes);
	return attach;
}

void bridge_attach_destroy(struct bridge_attach *attach)
{
	if (attach != NULL) {
		free(attach->subject);
		free(attach);
	}
}

const char *bridge_role_name(enum bridge_role role)
{
	static const char *const names[] = {
		[BRIDGE_ROLE_OBSERVER] = "observer",
		[BRIDGE_ROLE_WORKER] = "worker-gpu",
		[BRIDGE_ROLE_QUEEN] = "queen",
	};
	return names[role];
}

bool bridge_attach_sees_subject(const struct bridge_attach *attach, const char *subject)
{
	return attach == NULL || attach->role != BRIDGE_ROLE_WORKER ||
		strcmp(attach->subject, subject) == 0;
}

bool bridge_attach_sees(const struct bridge_attach *attach, const struct bridge_node *node)
{
	if (attach->role == BRIDGE_ROLE_WORKER && node->withheld) {
		return false;
	}
	return attach->role == BRIDGE_ROLE_QUEEN || node->owner == NULL ||
		strcmp(node->owner, attach->subject) == 0;
}
