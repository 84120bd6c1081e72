/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/policy_state.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/** Who has which rights: what a policy, or a ticket of the operator's, says of it. */

enum { SUBJECT_MAX = 200, GPUS_MAX = 64 };

static const struct base_json_key max_keys[] = {
	{"mem_mb", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
	{"streams", BASE_JSON_INTEGER, false, 1, UINT8_MAX},
	{"ttl_s", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
	{"priority", BASE_JSON_INTEGER, false, 0, UINT8_MAX},
};

/** A word that can stand in a log line as it is. */
bool lease_subject_valid(const char *text)
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
		if (!cJSON_IsString(one) || !lease_subject_valid(one->valuestring) ||
			rights->gpu_count == GPUS_MAX) {
			return false;
		}
		rights->gpus[rights->gpu_count++] = base_strdup(one->valuestring);
	}
	return true;
}

/** role, gpus and max of a rule, a user or a ticket of ours. */
bool lease_rights_read(const struct base_json *json, const cJSON *node, struct lease_rights *rights,
	struct lane_error *err)
{
	const cJSON *max = base_json_get(node, "max");
	if (!take_role(base_json_string(node, "role", ""), &rights->role)) {
		return base_json_error(json, node, err, "role is none of observer, worker-gpu, queen");
	}
	if (!take_gpus(base_json_get(node, "gpus"), rights)) {
		return base_json_error(json, node, err, "gpus holds something that is no id");
	}
	if (max != NULL &&
		!base_json_check(json, max, "$.max", max_keys, LEASE_KEY_COUNT(max_keys), err)) {
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

bool lease_policy_rule(
	struct lease_policy *policy, const char *issuer, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"match", BASE_JSON_OBJECT, true, 0, 0},
		{"role", BASE_JSON_STRING, true, 0, 0},
		{"gpus", BASE_JSON_ARRAY, false, 0, 0},
		{"max", BASE_JSON_OBJECT, false, 0, 0},
	};
	const struct base_json *json = &policy->json;
	if (!base_json_check(json, node, "$.issuers[].rules[]", keys, LEASE_KEY_COUNT(keys), err)) {
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
	struct lease_rule *rule = &policy->rules[policy->rule_count++];
	*rule =
		(struct lease_rule){.issuer = base_strdup(issuer), .match = cJSON_Duplicate(match, true)};
	return lease_rights_read(json, node, &rule->rights, err);
}

/** The rights of somebody whom the policy names itself, under the subject that it gives. */
static bool read_named(struct lease_policy *policy, const cJSON *node, struct lease_rights *rights,
	struct lane_error *err)
{
	const char *subject = base_json_string(node, "subject", "");
	if (!lease_subject_valid(subject)) {
		return base_json_error(&policy->json, node, err, "subject is no word");
	}
	bool good = lease_rights_read(&policy->json, node, rights, err);
	rights->subject = base_format("%s:%s", lease_role_name(rights->role), subject);
	return good;
}

bool lease_policy_add_user(struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"uid", BASE_JSON_INTEGER, true, 0, UINT32_MAX - 1.0},
		{"subject", BASE_JSON_STRING, true, 0, 0},
		{"role", BASE_JSON_STRING, true, 0, 0},
		{"gpus", BASE_JSON_ARRAY, false, 0, 0},
		{"max", BASE_JSON_OBJECT, false, 0, 0},
	};
	if (!base_json_check(&policy->json, node, "$.users[]", keys, LEASE_KEY_COUNT(keys), err)) {
		return false;
	}
	policy->users = base_realloc(policy->users, policy->user_count + 1, sizeof(*policy->users));
	struct lease_user *user = &policy->users[policy->user_count++];
	*user = (struct lease_user){.uid = (uid_t)base_json_uint(node, "uid", 0)};
	return read_named(policy, node, &user->rights, err);
}

bool lease_policy_add_certificate(
	struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"name", BASE_JSON_STRING, true, 0, 0},
		{"subject", BASE_JSON_STRING, true, 0, 0},
		{"role", BASE_JSON_STRING, true, 0, 0},
		{"gpus", BASE_JSON_ARRAY, false, 0, 0},
		{"max", BASE_JSON_OBJECT, false, 0, 0},
	};
	static const char *const kinds[] = {"dns:", "uri:", "email:", "subject:", "sha256:"};
	if (!base_json_check(
			&policy->json, node, "$.certificates[]", keys, LEASE_KEY_COUNT(keys), err)) {
		return false;
	}
	const char *name = base_json_string(node, "name", "");
	bool known = false;
	for (size_t i = 0; i < LEASE_KEY_COUNT(kinds); i++) {
		size_t size = strlen(kinds[i]);
		known = known || (strncmp(name, kinds[i], size) == 0 && name[size] != '\0');
	}
	if (!known) {
		return base_json_error(
			&policy->json, node, err, "name is none of dns:, uri:, email:, subject:, sha256:");
	}
	policy->certificates = base_realloc(
		policy->certificates, policy->certificate_count + 1, sizeof(*policy->certificates));
	struct lease_certificate *one = &policy->certificates[policy->certificate_count++];
	*one = (struct lease_certificate){.name = base_strdup(name)};
	return read_named(policy, node, &one->rights, err);
}

bool lease_policy_add_quota(struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	static const struct base_json_key keys[] = {
		{"subject", BASE_JSON_STRING, true, 0, 0},
		{"mem_mb", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
		{"streams", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
		{"leases", BASE_JSON_INTEGER, false, 1, UINT32_MAX},
	};
	if (!base_json_check(&policy->json, node, "$.quotas[]", keys, LEASE_KEY_COUNT(keys), err)) {
		return false;
	}
	const char *subject = base_json_string(node, "subject", "");
	if (subject[0] == '\0' || strlen(subject) > LEASE_SUBJECT_MAX) {
		return base_json_error(&policy->json, node, err, "subject is empty or too long");
	}
	policy->quotas = base_realloc(policy->quotas, policy->quota_count + 1, sizeof(*policy->quotas));
	policy->quotas[policy->quota_count++] = (struct lease_quota_rule){
		.subject = base_strdup(subject),
		.quota =
			{
				.mem_mb = (uint32_t)base_json_uint(node, "mem_mb", 0),
				.streams = (uint32_t)base_json_uint(node, "streams", 0),
				.leases = (uint32_t)base_json_uint(node, "leases", 0),
			},
	};
	return true;
}
