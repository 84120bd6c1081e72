/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/policy_state.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** The keys of a policy: the operator's own, and those of issuers. */

enum {
	KEY_SIZE_MAX = 64 << 10,
	ISSUERS_MAX = 16,
	MIN_AGE_S = 60,
	MAX_AGE_S = 3600,
};

static bool id_taken(const struct lease_policy *policy, const char *id)
{
	for (size_t i = 0; i < policy->signer_count; i++) {
		if (strcmp(policy->signers[i].key.id, id) == 0) {
			return true;
		}
	}
	return false;
}

/** Takes over the key. */
static void add_signer(
	struct lease_policy *policy, const struct lease_key *key, const struct lease_issuer *issuer)
{
	policy->signers =
		base_realloc(policy->signers, policy->signer_count + 1, sizeof(*policy->signers));
	policy->signers[policy->signer_count++] = (struct lease_signer){
		.key = *key,
		.issuer = issuer != NULL ? base_strdup(issuer->name) : NULL,
		.audience = base_strdup(issuer != NULL ? issuer->audience : LEASE_AUDIENCE),
	};
}

static void signer_finish(struct lease_signer *signer)
{
	lease_key_finish(&signer->key);
	free(signer->issuer);
	free(signer->audience);
}

static char *path_beside(const struct lease_policy *policy, const char *name)
{
	return base_format("%s%s", name[0] == '/' ? "" : policy->folder, name);
}

bool lease_policy_own_key(struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	if (!cJSON_IsString(node)) {
		return base_json_error(&policy->json, node, err, "keys holds something that is no path");
	}
	BASE_FREE char *path = path_beside(policy, node->valuestring);
	lease_policy_add_file(policy, path);
	BASE_JSON_AUTO json = {.name = NULL};
	struct lease_key key;
	if (!base_json_load(path, KEY_SIZE_MAX, &json, err) ||
		!lease_key_from_json(&json, json.root, &key, err)) {
		return false;
	}
	bool taken = id_taken(policy, key.id);
	if (taken || key.algorithm != LEASE_EDDSA) {
		base_json_error(&json, json.root, err, "%s",
			taken ? "two keys have this kid" : "a key of our own must be Ed25519");
		lease_key_finish(&key);
		return false;
	}
	add_signer(policy, &key, NULL);
	return true;
}

/**
 * Adds the keys of a set. Those that nothing here can use (an issuer may have some for others) are
 * passed over, and so is one whose kid another signer has: what an issuer publishes must not shut
 * out a key that was there before.
 */
static size_t add_set(
	struct lease_policy *policy, const struct base_json *set, const struct lease_issuer *issuer)
{
	size_t count = 0;
	const cJSON *keys = base_json_get(set->root, "keys");
	const cJSON *one = keys != NULL ? keys->child : NULL;
	for (; one != NULL && count < LEASE_ISSUER_KEYS_MAX; one = one->next) {
		struct lease_key key;
		if (!lease_key_from_json(set, one, &key, NULL)) {
			continue;
		}
		if (id_taken(policy, key.id)) {
			lease_key_finish(&key);
			continue;
		}
		add_signer(policy, &key, issuer);
		count++;
	}
	return count;
}

bool lease_jwks_check(const struct base_json *set, struct lane_error *err)
{
	const cJSON *keys = base_json_get(set->root, "keys");
	if (!cJSON_IsArray(keys)) {
		return base_json_error(set, set->root, err, "no JSON Web Key Set: keys is missing");
	}
	for (const cJSON *one = keys->child; one != NULL; one = one->next) {
		struct lease_key key;
		if (lease_key_from_json(set, one, &key, NULL)) {
			lease_key_finish(&key);
			return true;
		}
	}
	return base_json_error(set, keys, err,
		"holds no key that can be used: Ed25519, or public RSA of 2048 bits or more, with a kid");
}

static bool load_set(
	const struct lease_issuer *issuer, struct base_json *set, struct lane_error *err)
{
	return base_json_load(issuer->file, LEASE_JWKS_SIZE_MAX, set, err) &&
		lease_jwks_check(set, err);
}

/** "https://..." to anywhere, "http://" to this machine alone: keys decide who gets in. */
static bool url_valid(const char *url)
{
	static const char *const beginnings[] = {
		"https://", "http://127.0.0.1:", "http://127.0.0.1/", "http://[::1]:", "http://[::1]/"};
	size_t size = strlen(url);
	for (size_t i = 0; i < size; i++) {
		/* '@' would make what stands before it a user name. */
		if (url[i] <= ' ' || url[i] > '~' || url[i] == '@' || url[i] == '\\') {
			return false;
		}
	}
	for (size_t i = 0; size <= LEASE_URL_MAX && i < LEASE_KEY_COUNT(beginnings); i++) {
		size_t length = strlen(beginnings[i]);
		if (strncmp(url, beginnings[i], length) == 0 && size > length) {
			return true;
		}
	}
	return false;
}

bool lease_policy_issuer_keys(
	struct lease_policy *policy, const cJSON *node, struct lane_error *err)
{
	const char *url = base_json_string(node, "jwks_url", NULL);
	if (url != NULL && !url_valid(url)) {
		return base_json_error(&policy->json, node, err,
			"jwks_url is neither https:// nor http:// to 127.0.0.1 or [::1]");
	}
	if (policy->issuer_count == ISSUERS_MAX) {
		return base_json_error(&policy->json, node, err, "more than %d issuers", ISSUERS_MAX);
	}
	const char *name = base_json_string(node, "issuer", "");
	for (size_t i = 0; i < policy->issuer_count; i++) {
		if (strcmp(policy->issuers[i].name, name) == 0) {
			return base_json_error(&policy->json, node, err, "the issuer %s is there twice", name);
		}
	}
	policy->issuers =
		base_realloc(policy->issuers, policy->issuer_count + 1, sizeof(*policy->issuers));
	struct lease_issuer *issuer = &policy->issuers[policy->issuer_count++];
	*issuer = (struct lease_issuer){
		.name = base_strdup(name),
		.audience = base_strdup(base_json_string(node, "audience", "")),
		.file = path_beside(policy, base_json_string(node, "jwks", "")),
		.url = url != NULL ? base_strdup(url) : NULL,
		.min_age_s = (uint32_t)base_json_uint(node, "jwks_min_age_s", MIN_AGE_S),
		.max_age_s = (uint32_t)base_json_uint(node, "jwks_max_age_s", MAX_AGE_S),
	};
	if (url == NULL) {
		lease_policy_add_file(policy, issuer->file);
	}
	/* With a URL the file is what was fetched last: nothing yet, at first. */
	if (url != NULL && access(issuer->file, F_OK) != 0 && errno == ENOENT) {
		return true;
	}
	BASE_JSON_AUTO set = {.name = NULL};
	if (!load_set(issuer, &set, err)) {
		return false;
	}
	return add_set(policy, &set, issuer) > 0 ||
		base_json_error(&set, set.root, err, "every kid in it is that of another key");
}

static void remove_signers(struct lease_policy *policy, const struct lease_issuer *issuer)
{
	size_t kept = 0;
	for (size_t i = 0; i < policy->signer_count; i++) {
		struct lease_signer *signer = &policy->signers[i];
		if (signer->issuer != NULL && strcmp(signer->issuer, issuer->name) == 0) {
			signer_finish(signer);
		} else {
			policy->signers[kept++] = *signer;
		}
	}
	policy->signer_count = kept;
}

bool lease_policy_reload(struct lease_policy *policy, size_t index, struct lane_error *err)
{
	const struct lease_issuer *issuer = &policy->issuers[index];
	BASE_JSON_AUTO set = {.name = NULL};
	if (!load_set(issuer, &set, err)) {
		return false;
	}
	remove_signers(policy, issuer);
	add_set(policy, &set, issuer);
	return true;
}

const struct lease_issuer *lease_policy_issuer(const struct lease_policy *policy, size_t index)
{
	return index < policy->issuer_count ? &policy->issuers[index] : NULL;
}

void lease_policy_keys_finish(struct lease_policy *policy)
{
	for (size_t i = 0; i < policy->signer_count; i++) {
		signer_finish(&policy->signers[i]);
	}
	for (size_t i = 0; i < policy->issuer_count; i++) {
		free(policy->issuers[i].name);
		free(policy->issuers[i].audience);
		free(policy->issuers[i].file);
		free(policy->issuers[i].url);
	}
	free(policy->signers);
	free(policy->issuers);
}
