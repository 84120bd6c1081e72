/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_POLICY_STATE_H
#define LEASE_POLICY_STATE_H

#include "lease/policy.h"

/** Private to the policy: what a file comes to, for the files that share the work on it. */

#define LEASE_KEY_COUNT(keys) (sizeof(keys) / sizeof((keys)[0]))

/** Which tickets of an issuer get which rights: all of `match` must be in the claims. */
struct lease_rule {
	char *issuer;
	cJSON *match;
	struct lease_rights rights;
};

struct lease_user {
	uid_t uid;
	struct lease_rights rights;
};

/** Who has a client certificate with this name in it. */
struct lease_certificate {
	char *name;
	struct lease_rights rights;
};

/** What each subject that matches may have: a whole subject, or its beginning and '*'. */
struct lease_quota_rule {
	char *subject;
	struct lease_quota quota;
};

struct lease_policy {
	struct base_json json;
	/** Folder of the file, with its slash; "" for the current one. */
	char *folder;
	/** Its own path, and those of the keys and sets that it names and that are not fetched. */
	char **files;
	size_t file_count;
	struct lease_signer *signers;
	size_t signer_count;
	struct lease_issuer *issuers;
	size_t issuer_count;
	struct lease_rule *rules;
	size_t rule_count;
	struct lease_user *users;
	size_t user_count;
	struct lease_certificate *certificates;
	size_t certificate_count;
	struct lease_quota_rule *quotas;
	size_t quota_count;
	struct lease_rules sharing;
};

/** Notes that the policy is made of this file too. */
void lease_policy_add_file(struct lease_policy *policy, const char *path);
/** One path of `keys` (policy_keys.c). Errors: FILE_READ, JSON_INVALID. */
bool lease_policy_own_key(struct lease_policy *policy, const cJSON *node, struct lane_error *err);
/** The keys of one of `issuers`, not its rules. Errors: FILE_READ, JSON_INVALID. */
bool lease_policy_issuer_keys(
	struct lease_policy *policy, const cJSON *node, struct lane_error *err);
void lease_policy_keys_finish(struct lease_policy *policy);
/** Reads role, gpus and max (policy_rights.c). Errors: JSON_INVALID. */
bool lease_rights_read(const struct base_json *json, const cJSON *node, struct lease_rights *rights,
	struct lane_error *err);
/** One of `rules`, `users`, `certificates`, `quotas`. Errors: JSON_INVALID. */
bool lease_policy_rule(
	struct lease_policy *policy, const char *issuer, const cJSON *node, struct lane_error *err);
bool lease_policy_add_user(struct lease_policy *policy, const cJSON *node, struct lane_error *err);
bool lease_policy_add_certificate(
	struct lease_policy *policy, const cJSON *node, struct lane_error *err);
bool lease_policy_add_quota(struct lease_policy *policy, const cJSON *node, struct lane_error *err);
/** A word that can stand in a log line as it is. */
bool lease_subject_valid(const char *text);

#endif
