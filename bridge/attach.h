/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_ATTACH_H
#define BRIDGE_ATTACH_H

#include "bridge/node.h"
#include "lease/policy.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bridge_session;

struct bridge_access;

enum { BRIDGE_PEER_ADDRESS_SIZE = 46 };

/** Who is at the other end of a connection. */
struct bridge_peer {
	/** From SO_PEERCRED; (uid_t)-1 over TCP, where nobody has one. */
	uid_t uid;
	/** Where a TCP connection comes from, as "192.0.2.7", without its port; "" on a unix socket. */
	char address[BRIDGE_PEER_ADDRESS_SIZE];
	/**
	 * What the verified client certificate of TLS calls its holder: "dns:NAME", "uri:URI",
	 * "email:ADDRESS" (each a subject alternative name), "subject:CN=..,O=.." (RFC 2253) and
	 * "sha256:<64 hex digits>" of the certificate itself. Printable ASCII alone; a name that is not
	 * is left out. Borrowed from the connection, which outlives its session; none without one.
	 */
	const char *const *names;
	size_t name_count;
	/** All rights, whoever it is: the embedded bridge's own parent. */
	bool queen;
};

/** One Tattach: an identity within a connection. Leases and jobs belong to it; every fid walked
 * from it holds it. */
struct bridge_attach {
	struct bridge_session *session;
	/** Its subject is "queen" or "observer", with ":<uname>" when one was given; with a ticket or a
	 * user of the policy it is theirs. Owned. */
	struct lease_rights rights;
	/** What the rights were proven against, or NULL. Borrowed. */
	struct bridge_access *access;
	unsigned references;
};

/**
 * Rights of a Tattach, or NULL with *error an errno. An `aname` other than "" and "/" is a ticket
 * or an attach handle: EACCES when it is refused, or when `access` is NULL and nothing could check
 * it; EAGAIN after too many that were refused.
 */
struct bridge_attach *bridge_attach_create(struct bridge_session *session,
	const struct bridge_peer *peer, struct bridge_access *access,
	const struct wire_message *request, int *error);
void bridge_attach_destroy(struct bridge_attach *attach);

/** Whether the ticket that it came with was revoked: nothing is permitted any more. */
bool bridge_attach_is_revoked(const struct bridge_attach *attach);
/** Whether it may write to files of leases and jobs: no observer, and no ticket that was revoked.
 */
bool bridge_attach_writes(const struct bridge_attach *attach);
/** Whether what belongs to this subject may be seen. A NULL attach sees all. */
bool bridge_attach_sees_subject(const struct bridge_attach *attach, const char *subject);
/** Whether the node exists for this attach. */
bool bridge_attach_sees(const struct bridge_attach *attach, const struct bridge_node *node);

#endif
