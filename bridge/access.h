/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_ACCESS_H
#define BRIDGE_ACCESS_H

#include "bridge/attach.h"
#include "bridge/record.h"

/**
 * Who gets in with what: tickets against the policy and the list of revoked ones, attach handles,
 * and a brake on who fails too often. Functions take NULL: nothing is proven then.
 */
struct bridge_access;

/** `policy` is taken over; NULL: no ticket is good. `record` is borrowed. */
struct bridge_access *bridge_access_create(
	struct lease_policy *policy, struct bridge_record *record);
void bridge_access_destroy(struct bridge_access *access);

/** Rights of a ticket, or of "handle:<32 hex digits>", which is good once: 0, EACCES, or EAGAIN
 * while the peer has to wait. */
int bridge_access_prove(struct bridge_access *access, const struct bridge_peer *peer,
	const char *text, size_t size, struct lease_rights *rights);
/** Rights that the policy gives a user of this machine; false when it does not name it. */
bool bridge_access_user(struct bridge_access *access, uid_t uid, struct lease_rights *rights);
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
