/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_ACCESS_H
#define BRIDGE_ACCESS_H

#include "bridge/attach.h"
#include "bridge/loop.h"
#include "bridge/record.h"

/**
 * Who gets in with what: tickets against the policy and the list of revoked ones, attach handles,
 * and a brake on who fails too often. Functions take NULL: nothing is proven then.
 */
struct bridge_access;

/** `policy` is taken over; NULL: no ticket is good. `record` and `loop` are borrowed. */
struct bridge_access *bridge_access_create(
	struct lease_policy *policy, struct bridge_record *record, struct bridge_loop *loop);
void bridge_access_destroy(struct bridge_access *access);

/** Rights of a ticket, or of "handle:<32 hex digits>", which is good once: 0, EACCES, or EAGAIN
 * while the peer has to wait, or the key of the ticket is being fetched. */
int bridge_access_prove(struct bridge_access *access, const struct bridge_peer *peer,
	const char *text, size_t size, struct lease_rights *rights);
/** Rights that the policy gives a peer without a ticket: as the holder of a certificate, or, when
 * it is `itself` that attaches, as a user of this machine. False when it does not name it. */
bool bridge_access_own(struct bridge_access *access, const struct bridge_peer *peer, bool itself,
	struct lease_rights *rights);
/** The files of the policy, as of lease_policy_file; none without a policy. */
const char *bridge_access_file(const struct bridge_access *access, size_t index);
/** Reads the policy again, with its keys. Who has attached keeps the rights that it had then. On
 * failure all stays as it was. Errors: those of lease_policy_load. */
bool bridge_access_reload(struct bridge_access *access, struct lane_error *err);
/** How GPUs are to be shared out. */
const struct lease_rules *bridge_access_sharing(const struct bridge_access *access);
bool bridge_access_is_revoked(
	const struct bridge_access *access, const struct lease_rights *rights);

/**
 * Publishes /ticket (write a ticket: the attach has its rights from then on), /handle (reading
 * makes a handle with the rights of the attach) and /revoke (for the queen: a line is the id of a
 * ticket). `revoked` is called after one was noted.
 */
void bridge_access_publish(struct bridge_access *access, struct bridge_node *root,
	void (*revoked)(void *context, const char *ticket), void *context);

#endif
