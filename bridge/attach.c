/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/attach.h"

#include "base/memory.h"
#include "bridge/access.h"

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

static enum lease_role role_of(const struct bridge_peer *peer, uint32_t n_uname)
{
	if (peer->queen) {
		return LEASE_ROLE_QUEEN;
	}
	/* The kernel client of a mount attaches again for every user (access=user) and names the user
	 * in n_uname: rights can be given up in this way, never gained. */
	bool itself = n_uname == WIRE_NONUNAME || trusted((uid_t)n_uname);
	return trusted(peer->uid) && itself ? LEASE_ROLE_QUEEN : LEASE_ROLE_OBSERVER;
}

/** Rights without a ticket: those of the peer itself. */
static void take_own_rights(struct bridge_attach *attach, const struct bridge_peer *peer,
	const struct wire_message *request)
{
	bool itself = request->n_uname == WIRE_NONUNAME || request->n_uname == peer->uid;
	struct lease_rights *rights = &attach->rights;
	if (!peer->queen && bridge_access_own(attach->access, peer, itself, rights)) {
		return;
	}
	/* Whom the policy names does not get more by naming somebody else. */
	struct lease_rights named = {.subject = NULL};
	bool is_named = !peer->queen && bridge_access_own(attach->access, peer, true, &named);
	lease_rights_finish(&named);
	rights->role = is_named ? LEASE_ROLE_OBSERVER : role_of(peer, request->n_uname);
	rights->max = (struct lease_maxima){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	const char *role = lease_role_name(rights->role);
	bool plain = request->uname.size == 0 || wire_text_equals(&request->uname, role);
	rights->subject = plain
		? base_strdup(role)
		: base_format("%s:%.*s", role, (int)request->uname.size, request->uname.bytes);
}

struct bridge_attach *bridge_attach_create(struct bridge_session *session,
	const struct bridge_peer *peer, struct bridge_access *access,
	const struct wire_message *request, int *error)
{
	if (!uname_valid(&request->uname)) {
		*error = EINVAL;
		return NULL;
	}
	struct bridge_attach *attach = base_alloc(1, sizeof(*attach));
	*attach = (struct bridge_attach){.session = session, .access = access, .references = 1};
	if (request->aname.size == 0 || wire_text_equals(&request->aname, "/")) {
		take_own_rights(attach, peer, request);
		return attach;
	}
	*error = bridge_access_prove(
		access, peer, request->aname.bytes, request->aname.size, &attach->rights);
	if (*error != 0) {
		bridge_attach_destroy(attach);
		return NULL;
	}
	return attach;
}

void bridge_attach_destroy(struct bridge_attach *attach)
{
	if (attach != NULL) {
		lease_rights_finish(&attach->rights);
		free(attach);
	}
}

bool bridge_attach_is_revoked(const struct bridge_attach *attach)
{
	return bridge_access_is_revoked(attach->access, &attach->rights);
}

bool bridge_attach_writes(const struct bridge_attach *attach)
{
	return attach->rights.role != LEASE_ROLE_OBSERVER && !bridge_attach_is_revoked(attach);
}

bool bridge_attach_sees_subject(const struct bridge_attach *attach, const char *subject)
{
	return attach == NULL || attach->rights.role != LEASE_ROLE_WORKER ||
		strcmp(attach->rights.subject, subject) == 0;
}

bool bridge_attach_sees(const struct bridge_attach *attach, const struct bridge_node *node)
{
	if (attach->rights.role == LEASE_ROLE_WORKER &&
		(node->withheld ||
			(node->gpu != NULL && !lease_rights_cover_gpu(&attach->rights, node->gpu)))) {
		return false;
	}
	return attach->rights.role == LEASE_ROLE_QUEEN || node->owner == NULL ||
		strcmp(node->owner, attach->rights.subject) == 0;
}
