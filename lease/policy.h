/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_POLICY_H
#define LEASE_POLICY_H

#include "lease/table.h"
#include "lease/ticket.h"

#include <sys/types.h>

/** Who may do what: rights that a ticket or a user id stands for. */

enum lease_role {
	/** Reads what is not somebody's own. */
	LEASE_ROLE_OBSERVER,
	/** Leases and jobs of its own, on its GPUs and within its maxima. */
	LEASE_ROLE_WORKER,
	/** Everything. */
	LEASE_ROLE_QUEEN,
};

/** What one lease may ask for; UINT32_MAX where nothing is said. */
struct lease_maxima {
	uint32_t mem_mb, streams, ttl_s, priority;
};

struct lease_rights {
	enum lease_role role;
	/** A word: printable, without space, quote or backslash. Owned. */
	char *subject;
	/** Ids of GPUs, owned; NULL: all. */
	char **gpus;
	size_t gpu_count;
	struct lease_maxima max;
	/** Of all that the subject has of one GPU. */
	struct lease_quota quota;
	/** Seconds since the epoch; 0: for ever. */
	uint64_t expires_s;
	/** `jti` of the ticket, or NULL. Owned. */
	char *ticket;
	/** "" without a ticket. */
	char tid[LEASE_TID_SIZE];
};

void lease_rights_finish(struct lease_rights *rights);
/** A copy of its own. */
struct lease_rights lease_rights_copy(const struct lease_rights *rights);
bool lease_rights_cover_gpu(const struct lease_rights *rights, const char *gpu);
/** "observer", "worker-gpu", "queen". */
const char *lease_role_name(enum lease_role role);

/** The policy file. */
struct lease_policy;

/**
 * Loads a gpu-lane-policy/v1 document with the keys that it names (paths relative to its own
 * folder). Errors: FILE_READ, JSON_INVALID with file and line.
 */
struct lease_policy *lease_policy_load(const char *path, struct lane_error *err);
void lease_policy_destroy(struct lease_policy *policy);

/** Rights of a ticket. Errors: TICKET_REFUSED. Finish the rights in every case. */
bool lease_policy_ticket(const struct lease_policy *policy, const char *text, size_t size,
	uint64_t now_s, struct lease_rights *rights, struct lane_error *err);
/** Rights of a user of this machine; false when the policy does not name it. */
bool lease_policy_user(const struct lease_policy *policy, uid_t uid, struct lease_rights *rights);

#endif
