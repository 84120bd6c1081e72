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
/** The same from the text that the file holds. Errors: JSON_INVALID; FILE_READ for its keys. */
struct lease_policy *lease_policy_parse(
	const char *path, const char *text, size_t size, struct lane_error *err);
void lease_policy_destroy(struct lease_policy *policy);

/** The files that it was read from, from 0 on, the policy itself first; not those that are fetched.
 * NULL behind the last. Borrowed. */
const char *lease_policy_file(const struct lease_policy *policy, size_t index);

/** How it wants GPUs to be shared out. Borrowed. */
const struct lease_rules *lease_policy_sharing(const struct lease_policy *policy);

enum { LEASE_JWKS_SIZE_MAX = 256 << 10, LEASE_ISSUER_KEYS_MAX = 64, LEASE_URL_MAX = 1024 };

/** Somebody else whose tickets are good. */
struct lease_issuer {
	/** `iss` and `aud` of its tickets. */
	char *name, *audience;
	/** File with its keys, a JSON Web Key Set (RFC 7517). */
	char *file;
	/** Where the file can be fetched anew: https, or http on this machine; NULL: nowhere. */
	char *url;
	/** It is fetched again for a key that nobody knows when it is at least so old, and in any case
	 * when a ticket comes and it is older than this. */
	uint32_t min_age_s, max_age_s;
};
/** The issuers from 0 on; NULL behind the last. Borrowed. */
const struct lease_issuer *lease_policy_issuer(const struct lease_policy *policy, size_t index);
/** Reads an issuer's file again. On failure its keys stay as they were. Errors: FILE_READ,
 * JSON_INVALID. */
bool lease_policy_reload(struct lease_policy *policy, size_t index, struct lane_error *err);
/** Whether this is a JSON Web Key Set with at least one key that can be used. Errors: JSON_INVALID.
 */
bool lease_jwks_check(const struct base_json *set, struct lane_error *err);

/** Rights of a ticket. Errors: TICKET_REFUSED; TICKET_KEY_UNKNOWN when no key of the policy is the
 * one that it names. Finish the rights in every case. */
bool lease_policy_ticket(const struct lease_policy *policy, const char *text, size_t size,
	uint64_t now_s, struct lease_rights *rights, struct lane_error *err);
/** Rights of a user of this machine; false when the policy does not name it. */
bool lease_policy_user(const struct lease_policy *policy, uid_t uid, struct lease_rights *rights);
/** Rights of the holder of a verified certificate with these names ("dns:..", see the policy's
 * `certificates`); false when the policy knows none of them. */
bool lease_policy_certificate(const struct lease_policy *policy, const char *const *names,
	size_t count, struct lease_rights *rights);

#endif
