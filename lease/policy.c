/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/policy_state.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { POLICY_SIZE_MAX = 1 << 20 };

static bool add_issuer(struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"issuer", BASE_JSON_STRING, true, 0, 0},
		{"audience", BASE_JSON_STRING, true, 0, 0},
		{"jwks", BASE_JSON_STRING, true, 0, 0},
		{"jwks_url", BASE_JSON_STRING, false, 0, 0},
		{"jwks_min_age_s", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
		{"jwks_max_age_s", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
		{"rules", BASE_JSON_ARRAY, true, 0, 0},
	};
	if (!base_json_check(&policy->json, node, "$.issuers[]", keys, LEASE_KEY_COUNT(keys), err) ||
		!lease_policy_issuer_keys(policy, node, err)) {
		return false;
	}
	const char *issuer = base_json_string(node, "issuer", "");
	for (const cJSON *one = base_json_get(node, "rules")->child; one != NULL; one = one->next) {
		if (!lease_policy_rule(policy, issuer, one, err)) {
			return false;
		}
	}
	return true;
}

/** How GPUs are shared out. */
static bool read_sharing(struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"age_s", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
		{"min_run_s", BASE_JSON_INTEGER, false, 0, UINT32_MAX},
		{"grace_s", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
	};
	policy->sharing = lease_rules_default;
	if (node == NULL) {
		return true;
	}
	if (!base_json_check(&policy->json, node, "$.sharing", keys, LEASE_KEY_COUNT(keys), err)) {
		return false;
	}
	const struct lease_rules *otherwise = &lease_rules_default;
	policy->sharing = (struct lease_rules){
		.age_s = (uint32_t)base_json_uint(node, "age_s", otherwise->age_s),
		.min_run_s = (uint32_t)base_json_uint(node, "min_run_s", otherwise->min_run_s),
		.grace_s = (uint32_t)base_json_uint(node, "grace_s", otherwise->grace_s),
	};
	return true;
}

static bool read_policy(struct lease_policy *policy, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"schema", BASE_JSON_STRING, true, 0, 0},
		{"keys", BASE_JSON_ARRAY, false, 0, 0},
		{"issuers", BASE_JSON_ARRAY, false, 0, 0},
		{"users", BASE_JSON_ARRAY, false, 0, 0},
		{"certificates", BASE_JSON_ARRAY, false, 0, 0},
		{"quotas", BASE_JSON_ARRAY, false, 0, 0},
		{"sharing", BASE_JSON_OBJECT, false, 0, 0},
	};
	static const struct {
		const char *name;
		bool (*add)(struct lease_policy *policy, const cJSON *node, struct lane_error *err);
	} parts[] = {{"keys", lease_policy_own_key}, {"issuers", add_issuer},
		{"users", lease_policy_add_user}, {"certificates", lease_policy_add_certificate},
		{"quotas", lease_policy_add_quota}};
	const cJSON *root = policy->json.root;
	if (!base_json_check(&policy->json, root, "$", keys, LEASE_KEY_COUNT(keys), err)) {
		return false;
	}
	if (strcmp(base_json_string(root, "schema", ""), "gpu-lane-policy/v1") != 0) {
		return base_json_error(&policy->json, root, err, "schema is not gpu-lane-policy/v1");
	}
	for (size_t i = 0; i < LEASE_KEY_COUNT(parts); i++) {
		const cJSON *list = base_json_get(root, parts[i].name);
		const cJSON *one = list != NULL ? list->child : NULL;
		for (; one != NULL; one = one->next) {
			if (!parts[i].add(policy, one, err)) {
				return false;
			}
		}
	}
	return read_sharing(policy, base_json_get(root, "sharing"), err);
}

void lease_policy_add_file(struct lease_policy *policy, const char *path)
{
	policy->files = base_realloc(policy->files, policy->file_count + 1, sizeof(*policy->files));
	policy->files[policy->file_count++] = base_strdup(path);
}

const char *lease_policy_file(const struct lease_policy *policy, size_t index)
{
	return index < policy->file_count ? policy->files[index] : NULL;
}

struct lease_policy *lease_policy_parse(
	const char *path, const char *text, size_t size, struct lane_error *err)
{
	struct lease_policy *policy = base_alloc(1, sizeof(*policy));
	const char *slash = strrchr(path, '/');
	policy->folder = base_strndup(path, slash != NULL ? (size_t)(slash - path) + 1 : 0);
	lease_policy_add_file(policy, path);
	if (!base_json_parse(path, text, size, &policy->json, err) || !read_policy(policy, err)) {
		lease_policy_destroy(policy);
		return NULL;
	}
	return policy;
}

struct lease_policy *lease_policy_load(const char *path, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	return base_file_read(path, POLICY_SIZE_MAX, &text, err)
		? lease_policy_parse(path, text.data != NULL ? text.data : "", text.size, err)
		: NULL;
}

void lease_policy_destroy(struct lease_policy *policy)
{
	if (policy == NULL) {
		return;
	}
	for (size_t i = 0; i < policy->rule_count; i++) {
		free(policy->rules[i].issuer);
		cJSON_Delete(policy->rules[i].match);
		lease_rights_finish(&policy->rules[i].rights);
	}
	for (size_t i = 0; i < policy->user_count; i++) {
		lease_rights_finish(&policy->users[i].rights);
	}
	for (size_t i = 0; i < policy->certificate_count; i++) {
		free(policy->certificates[i].name);
		lease_rights_finish(&policy->certificates[i].rights);
	}
	for (size_t i = 0; i < policy->quota_count; i++) {
		free(policy->quotas[i].subject);
	}
	for (size_t i = 0; i < policy->file_count; i++) {
		free(policy->files[i]);
	}
	lease_policy_keys_finish(policy);
	free(policy->files);
	free(policy->rules);
	free(policy->users);
	free(policy->certificates);
	free(policy->quotas);
	free(policy->folder);
	base_json_finish(&policy->json);
	free(policy);
}

/** The first quota that is said of the subject. */
static void give_quota(const struct lease_policy *policy, struct lease_rights *rights)
{
	for (size_t i = 0; i < policy->quota_count; i++) {
		const char *subject = policy->quotas[i].subject;
		size_t size = strlen(subject);
		bool begins = subject[size - 1] == '*';
		if (begins ? strncmp(rights->subject, subject, size - 1) == 0
				   : strcmp(rights->subject, subject) == 0) {
			rights->quota = policy->quotas[i].quota;
			return;
		}
	}
}

/** A ticket of ours says itself what it is for, and nothing else. */
static bool own_rights(
	const struct base_json *claims, struct lease_rights *rights, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"sub", BASE_JSON_STRING, true, 0, 0},
		{"role", BASE_JSON_STRING, true, 0, 0},
		{"gpus", BASE_JSON_ARRAY, false, 0, 0},
		{"max", BASE_JSON_OBJECT, false, 0, 0},
		{"aud", BASE_JSON_STRING | BASE_JSON_ARRAY, true, 0, 0},
		{"iat", BASE_JSON_INTEGER, true, 0, 0},
		{"nbf", BASE_JSON_INTEGER, false, 0, 0},
		{"exp", BASE_JSON_INTEGER, true, 0, 0},
		{"jti", BASE_JSON_STRING, true, 0, 0},
	};
	return base_json_check(claims, claims->root, "$", keys, LEASE_KEY_COUNT(keys), err) &&
		lease_rights_read(claims, claims->root, rights, err);
}

static bool matches(const struct lease_rule *rule, const char *issuer, const cJSON *claims)
{
	bool all = strcmp(rule->issuer, issuer) == 0;
	for (const cJSON *one = rule->match->child; all && one != NULL; one = one->next) {
		const char *value = base_json_string(claims, one->string, NULL);
		all = value != NULL && strcmp(value, one->valuestring) == 0;
	}
	return all;
}

/** A ticket of an issuer has the rights of the first rule that it matches, whatever it claims. */
static bool issued_rights(const struct lease_policy *policy, const struct lease_ticket *ticket,
	struct lease_rights *rights)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct lease_rule *rule = &policy->rules[i];
		if (matches(rule, ticket->signer->issuer, ticket->claims.root)) {
			struct lease_rights copy = lease_rights_copy(&rule->rights);
			memcpy(copy.tid, rights->tid, sizeof(copy.tid));
			*rights = copy;
			return true;
		}
	}
	return false;
}

bool lease_policy_ticket(const struct lease_policy *policy, const char *text, size_t size,
	uint64_t now_s, struct lease_rights *rights, struct lane_error *err)
{
	*rights = (struct lease_rights){.subject = NULL};
	lease_tid(text, size, rights->tid);
	struct lease_ticket ticket;
	LANE_ERROR_AUTO cause = LANE_ERROR_INIT;
	const char *why = NULL;
	if (!lease_ticket_verify(
			policy->signers, policy->signer_count, text, size, now_s, &ticket, &cause)) {
		why = lane_error_message(&cause);
	} else if (ticket.signer->issuer == NULL && !own_rights(&ticket.claims, rights, &cause)) {
		why = "its claims are not those of a ticket";
	} else if (ticket.signer->issuer != NULL && !issued_rights(policy, &ticket, rights)) {
		why = "no rule of the policy matches it";
	}
	const char *subject = base_json_string(ticket.claims.root, "sub", "");
	const char *id = base_json_string(ticket.claims.root, "jti", NULL);
	if (why == NULL &&
		(!lease_subject_valid(subject) || (id != NULL && !lease_subject_valid(id)))) {
		why = "sub or jti is no word";
	}
	if (why == NULL) {
		rights->subject = base_format("%s:%s", lease_role_name(rights->role), subject);
		rights->ticket = id != NULL ? base_strdup(id) : NULL;
		rights->expires_s = ticket.expires_s;
		give_quota(policy, rights);
	}
	lease_ticket_finish(&ticket);
	if (lane_error_is(&cause, "TICKET_KEY_UNKNOWN")) {
		return lane_error_set(err, "TICKET_KEY_UNKNOWN", "%s", why);
	}
	return why == NULL || lane_error_set(err, "TICKET_REFUSED", "%s", why);
}

bool lease_policy_user(const struct lease_policy *policy, uid_t uid, struct lease_rights *rights)
{
	for (size_t i = 0; i < policy->user_count; i++) {
		if (policy->users[i].uid == uid) {
			*rights = lease_rights_copy(&policy->users[i].rights);
			give_quota(policy, rights);
			return true;
		}
	}
	return false;
}

bool lease_policy_certificate(const struct lease_policy *policy, const char *const *names,
	size_t count, struct lease_rights *rights)
{
	for (size_t i = 0; i < policy->certificate_count; i++) {
		for (size_t n = 0; n < count; n++) {
			if (strcmp(policy->certificates[i].name, names[n]) == 0) {
				*rights = lease_rights_copy(&policy->certificates[i].rights);
				give_quota(policy, rights);
				return true;
			}
		}
	}
	return false;
}

const struct lease_rules *lease_policy_sharing(const struct lease_policy *policy)
{
	return &policy->sharing;
}
