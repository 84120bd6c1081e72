/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/policy.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { POLICY_SIZE_MAX = 1 << 20, JWKS_SIZE_MAX = 1 << 20, SUBJECT_MAX = 200, GPUS_MAX = 64 };

#define KEY_COUNT(keys) (sizeof(keys) / sizeof((keys)[0]))

/** Which tickets of an issuer get which rights: all of `match` must be in the claims. */
struct rule {
	char *issuer;
	cJSON *match;
	struct lease_rights rights;
};

struct user {
	uid_t uid;
	struct lease_rights rights;
};

struct lease_policy {
	struct base_json json;
	/** Folder of the file, with its slash; "" for the current one. */
	char *folder;
	struct lease_signer *signers;
	size_t signer_count;
	struct rule *rules;
	size_t rule_count;
	struct user *users;
	size_t user_count;
};

static const struct base_json_key max_keys[] = {
	{"mem_mb", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
	{"streams", BASE_JSON_INTEGER, false, 1, UINT8_MAX},
	{"ttl_s", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
	{"priority", BASE_JSON_INTEGER, false, 0, UINT8_MAX},
};

/** A word that can stand in a log line as it is. */
static bool subject_valid(const char *text)
{
	size_t size = strlen(text);
	for (size_t i = 0; i < size; i++) {
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\') {
			return false;
		}
	}
	return size > 0 && size <= SUBJECT_MAX;
}

static bool take_role(const char *name, enum lease_role *role)
{
	for (enum lease_role one = LEASE_ROLE_OBSERVER; one <= LEASE_ROLE_QUEEN; one++) {
		if (strcmp(lease_role_name(one), name) == 0) {
			*role = one;
			return true;
		}
	}
	return false;
}

static bool take_gpus(const cJSON *gpus, struct lease_rights *rights)
{
	if (gpus == NULL) {
		return true;
	}
	rights->gpus = base_alloc(GPUS_MAX, sizeof(*rights->gpus));
	for (const cJSON *one = gpus->child; one != NULL; one = one->next) {
		if (!cJSON_IsString(one) || !subject_valid(one->valuestring) ||
			rights->gpu_count == GPUS_MAX) {
			return false;
		}
		rights->gpus[rights->gpu_count++] = base_strdup(one->valuestring);
	}
	return true;
}

/** role, gpus and max of a rule, a user or a ticket of ours. */
static bool take_rights(const struct base_json *json, const cJSON *node,
	struct lease_rights *rights, struct lane_error *err)
{
	const cJSON *max = base_json_get(node, "max");
	if (!take_role(base_json_string(node, "role", ""), &rights->role)) {
		return base_json_error(json, node, err, "role is none of observer, worker-gpu, queen");
	}
	if (!take_gpus(base_json_get(node, "gpus"), rights)) {
		return base_json_error(json, node, err, "gpus holds something that is no id");
	}
	if (max != NULL && !base_json_check(json, max, "$.max", max_keys, KEY_COUNT(max_keys), err)) {
		return false;
	}
	rights->max = (struct lease_maxima){
		.mem_mb = (uint32_t)base_json_uint(max, "mem_mb", UINT32_MAX),
		.streams = (uint32_t)base_json_uint(max, "streams", UINT32_MAX),
		.ttl_s = (uint32_t)base_json_uint(max, "ttl_s", UINT32_MAX),
		.priority = (uint32_t)base_json_uint(max, "priority", UINT32_MAX),
	};
	return true;
}

static bool add_signer(struct lease_policy *policy, const struct base_json *json, const cJSON *node,
	const struct lease_signer *like, struct lane_error *err)
{
	struct lease_key key;
	if (!lease_key_from_json(json, node, &key, err)) {
		return false;
	}
	for (size_t i = 0; i < policy->signer_count; i++) {
		if (strcmp(policy->signers[i].key.id, key.id) == 0) {
			base_json_error(json, node, err, "two keys have the kid %s", key.id);
			lease_key_finish(&key);
			return false;
		}
	}
	policy->signers =
		base_realloc(policy->signers, policy->signer_count + 1, sizeof(*policy->signers));
	policy->signers[policy->signer_count++] = (struct lease_signer){
		.key = key,
		.issuer = like->issuer != NULL ? base_strdup(like->issuer) : NULL,
		.audience = base_strdup(like->audience),
	};
	return true;
}

static bool load_beside(const struct lease_policy *policy, const char *name, struct base_json *json,
	struct lane_error *err)
{
	BASE_FREE char *path = base_format("%s%s", name[0] == '/' ? "" : policy->folder, name);
	return base_json_load(path, JWKS_SIZE_MAX, json, err);
}

static bool add_own_key(struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	static const struct lease_signer own = {.audience = (char *)LEASE_AUDIENCE};
	BASE_JSON_AUTO json = {.name = NULL};
	if (!cJSON_IsString(node)) {
		return base_json_error(&policy->json, node, err, "keys holds something that is no path");
	}
	if (!load_beside(policy, node->valuestring, &json, err)) {
		return false;
	}
	if (!add_signer(policy, &json, json.root, &own, err)) {
		return false;
	}
	if (policy->signers[policy->signer_count - 1].key.algorithm != LEASE_EDDSA) {
		return base_json_error(&json, json.root, err, "a key of our own must be Ed25519");
	}
	return true;
}

static bool add_rule(
	struct lease_policy *policy, const char *issuer, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"match", BASE_JSON_OBJECT, true, 0, 0},
		{"role", BASE_JSON_STRING, true, 0, 0},
		{"gpus", BASE_JSON_ARRAY, false, 0, 0},
		{"max", BASE_JSON_OBJECT, false, 0, 0},
	};
	const struct base_json *json = &policy->json;
	if (!base_json_check(json, node, "$.issuers[].rules[]", keys, KEY_COUNT(keys), err)) {
		return false;
	}
	const cJSON *match = base_json_get(node, "match");
	if (match->child == NULL) {
		return base_json_error(json, match, err, "a rule that matches nothing matches everybody");
	}
	for (const cJSON *claim = match->child; claim != NULL; claim = claim->next) {
		if (!cJSON_IsString(claim)) {
			return base_json_error(json, claim, err, "a claim is matched with a string");
		}
	}
	policy->rules = base_realloc(policy->rules, policy->rule_count + 1, sizeof(*policy->rules));
	struct rule *rule = &policy->rules[policy->rule_count++];
	*rule = (struct rule){.issuer = base_strdup(issuer), .match = cJSON_Duplicate(match, true)};
	return take_rights(json, node, &rule->rights, err);
}

static bool add_issuer(struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"issuer", BASE_JSON_STRING, true, 0, 0},
		{"audience", BASE_JSON_STRING, true, 0, 0},
		{"jwks", BASE_JSON_STRING, true, 0, 0},
		{"rules", BASE_JSON_ARRAY, true, 0, 0},
	};
	if (!base_json_check(&policy->json, node, "$.issuers[]", keys, KEY_COUNT(keys), err)) {
		return false;
	}
	struct lease_signer like = {
		.issuer = (char *)base_json_string(node, "issuer", ""),
		.audience = (char *)base_json_string(node, "audience", ""),
	};
	BASE_JSON_AUTO jwks = {.name = NULL};
	if (!load_beside(policy, base_json_string(node, "jwks", ""), &jwks, err)) {
		return false;
	}
	const cJSON *set = base_json_get(jwks.root, "keys");
	if (!cJSON_IsArray(set)) {
		return base_json_error(&jwks, jwks.root, err, "no JSON Web Key Set: keys is missing");
	}
	for (const cJSON *one = set->child; one != NULL; one = one->next) {
		if (!add_signer(policy, &jwks, one, &like, err)) {
			return false;
		}
	}
	for (const cJSON *one = base_json_get(node, "rules")->child; one != NULL; one = one->next) {
		if (!add_rule(policy, like.issuer, one, err)) {
			return false;
		}
	}
	return true;
}

static bool add_user(struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"uid", BASE_JSON_INTEGER, true, 0, UINT32_MAX - 1.0},
		{"subject", BASE_JSON_STRING, true, 0, 0},
		{"role", BASE_JSON_STRING, true, 0, 0},
		{"gpus", BASE_JSON_ARRAY, false, 0, 0},
		{"max", BASE_JSON_OBJECT, false, 0, 0},
	};
	if (!base_json_check(&policy->json, node, "$.users[]", keys, KEY_COUNT(keys), err)) {
		return false;
	}
	const char *subject = base_json_string(node, "subject", "");
	if (!subject_valid(subject)) {
		return base_json_error(&policy->json, node, err, "subject is no word");
	}
	policy->users = base_realloc(policy->users, policy->user_count + 1, sizeof(*policy->users));
	struct user *user = &policy->users[policy->user_count++];
	*user = (struct user){.uid = (uid_t)base_json_uint(node, "uid", 0)};
	bool good = take_rights(&policy->json, node, &user->rights, err);
	user->rights.subject = base_format("%s:%s", lease_role_name(user->rights.role), subject);
	return good;
}

static bool read_policy(struct lease_policy *policy, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"schema", BASE_JSON_STRING, true, 0, 0},
		{"keys", BASE_JSON_ARRAY, false, 0, 0},
		{"issuers", BASE_JSON_ARRAY, false, 0, 0},
		{"users", BASE_JSON_ARRAY, false, 0, 0},
	};
	static const struct {
		const char *name;
		bool (*add)(struct lease_policy *policy, const cJSON *node, struct lane_error *err);
	} parts[] = {{"keys", add_own_key}, {"issuers", add_issuer}, {"users", add_user}};
	const cJSON *root = policy->json.root;
	if (!base_json_check(&policy->json, root, "$", keys, KEY_COUNT(keys), err)) {
		return false;
	}
	if (strcmp(base_json_string(root, "schema", ""), "gpu-lane-policy/v1") != 0) {
		return base_json_error(&policy->json, root, err, "schema is not gpu-lane-policy/v1");
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const cJSON *list = base_json_get(root, parts[i].name);
		const cJSON *one = list != NULL ? list->child : NULL;
		for (; one != NULL; one = one->next) {
			if (!parts[i].add(policy, one, err)) {
				return false;
			}
		}
	}
	return true;
}

struct lease_policy *lease_policy_load(const char *path, struct lane_error *err)
{
	struct lease_policy *policy = base_alloc(1, sizeof(*policy));
	const char *slash = strrchr(path, '/');
	policy->folder = base_strndup(path, slash != NULL ? (size_t)(slash - path) + 1 : 0);
	if (!base_json_load(path, POLICY_SIZE_MAX, &policy->json, err) || !read_policy(policy, err)) {
		lease_policy_destroy(policy);
		return NULL;
	}
	return policy;
}

void lease_policy_destroy(struct lease_policy *policy)
{
	if (policy == NULL) {
		return;
	}
	for (size_t i = 0; i < policy->signer_count; i++) {
		lease_key_finish(&policy->signers[i].key);
		free(policy->signers[i].issuer);
		free(policy->signers[i].audience);
	}
	for (size_t i = 0; i < policy->rule_count; i++) {
		free(policy->rules[i].issuer);
		cJSON_Delete(policy->rules[i].match);
		lease_rights_finish(&policy->rules[i].rights);
	}
	for (size_t i = 0; i < policy->user_count; i++) {
		lease_rights_finish(&policy->users[i].rights);
	}
	free(policy->signers);
	free(policy->rules);
	free(policy->users);
	free(policy->folder);
	base_json_finish(&policy->json);
	free(policy);
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
	return base_json_check(claims, claims->root, "$", keys, KEY_COUNT(keys), err) &&
		take_rights(claims, claims->root, rights, err);
}

static bool matches(const struct rule *rule, const char *issuer, const cJSON *claims)
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
		const struct rule *rule = &policy->rules[i];
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
	if (why == NULL && (!subject_valid(subject) || (id != NULL && !subject_valid(id)))) {
		why = "sub or jti is no word";
	}
	if (why == NULL) {
		rights->subject = base_format("%s:%s", lease_role_name(rights->role), subject);
		rights->ticket = id != NULL ? base_strdup(id) : NULL;
		rights->expires_s = ticket.expires_s;
	}
	lease_ticket_finish(&ticket);
	return why == NULL || lane_error_set(err, "TICKET_REFUSED", "%s", why);
}

bool lease_policy_user(const struct lease_policy *policy, uid_t uid, struct lease_rights *rights)
{
	for (size_t i = 0; i < policy->user_count; i++) {
		if (policy->users[i].uid == uid) {
			*rights = lease_rights_copy(&policy->users[i].rights);
			return true;
		}
	}
	return false;
}
