/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_ATTACH_H
#define BRIDGE_ATTACH_H

#include "bridge/node.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bridge_session;

enum bridge_role {
	/** Reads what is not somebody's own. */
	BRIDGE_ROLE_OBSERVER,
	/** Leases and jobs of its own, on the GPUs and within the maxima of its ticket. */
	BRIDGE_ROLE_WORKER,
	/** Everything. */
	BRIDGE_ROLE_QUEEN,
};

/** Who is at the other end of a connection. */
struct bridge_peer {
	/** From SO_PEERCRED. */
	uid_t uid;
	/** All rights, whoever it is: the embedded bridge's own parent. */
	bool queen;
};

/** One Tattach: an identity within a connection. Leases and jobs belong to it; every fid walked
 * from it holds it. */
struct bridge_attach {
	struct bridge_session *session;
	enum bridge_role role;
	/** "queen", "observer", with ":<uname>" when one was given. Owned. */
	char *subject;
	unsigned references;
};

/**
 * Rights of a Tattach, or NULL with *error an errno. An `aname` other than "" and "/" would be a
 * ticket, which this version does not know: EACCES, rather than rights that the ticket may not have
 * meant.
 */
struct bridge_attach *bridge_attach_create(struct bridge_session *session,
	const struct bridge_peer *peer, const struct wire_message *request, int *error);
void bridge_attach_destroy(struct bridge_attach *attach);

/** "observer", "worker-gpu", "queen". */
const char *bridge_role_name(enum bridge_role role);
/** Whether what belongs to this subject may be seen. A NULL attach sees all. */
bool bridge_attach_sees_subject(const struct bridge_attach *attach, const char *subject);
/** Whether the node exists for this attach. */
bool bridge_attach_sees(const struct bridge_attach *attach, const struct bridge_node *node);

#endif
