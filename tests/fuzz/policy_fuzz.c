/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy, and behind a NUL the claims of a ticket: they are signed with the operator's key and
 * with an issuer's, both of which lie beside the policy. Whatever is said, who gets in is a word
 * with a role, and does so only by what the policy holds.
 */
#include "base/file.h"
#include "base/memory.h"
#include "lease/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_S = 1700000000 };

#define PUBLIC                                                                                     \
	"\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static const char secret[] =
	"{" PUBLIC ",\"kid\":\"a\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}";
static const struct {
	const char *name, *text;
} files[] = {
	{"own.jwk", "{" PUBLIC ",\"kid\":\"own\"}"},
	{"jwks.json", "{\"keys\":[{\"kty\":\"EC\"},{" PUBLIC ",\"kid\":\"theirs\"}]}"},
};
static char folder[] = "/tmp/policy-fuzz-XXXXXX";

static void remove_folder(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		BASE_FREE char *path = base_format("%s/%s", folder, files[i].name);
		unlink(path);
	}
	rmdir(folder);
}

static void make_folder(void)
{
	static bool made;
	if (made) {
		return;
	}
	made = true;
	if (mkdtemp(folder) == NULL || atexit(remove_folder) != 0) {
		abort();
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		BASE_FREE char *path = base_format("%s/%s", folder, files[i].name);
		if (!base_file_write(path, files[i].text, strlen(files[i].text), NULL)) {
			abort();
		}
	}
}

static void check_rights(struct lease_rights *rights, bool given)
{
	if (given &&
		(rights->subject == NULL || strlen(rights->subject) > LEASE_SUBJECT_MAX ||
			strpbrk(rights->subject, " \n\"\\") != NULL || lease_role_name(rights->role) == NULL)) {
		abort();
	}
	lease_rights_finish(rights);
}

static void present(
	const struct lease_policy *policy, const char *kid, const uint8_t *claims, size_t size)
{
	BASE_JSON_AUTO json = {.name = NULL};
	struct lease_key key;
	if (!base_json_parse("jwk", secret, sizeof(secret) - 1, &json, NULL) ||
		!lease_key_from_json(&json, json.root, &key, NULL)) {
		abort();
	}
	BASE_FREE char *header = base_format("{\"alg\":\"EdDSA\",\"kid\":\"%s\"}", kid);
	BASE_BUFFER_AUTO token = BASE_BUFFER_INIT;
	uint8_t signature[64];
	lease_base64url_encode(header, strlen(header), &token);
	base_buffer_add_text(&token, ".");
	lease_base64url_encode(claims, size, &token);
	if (!lease_key_sign(&key, token.data, token.size, signature)) {
		abort();
	}
	base_buffer_add_text(&token, ".");
	lease_base64url_encode(signature, sizeof(signature), &token);
	lease_key_finish(&key);
	struct lease_rights rights;
	bool given = lease_policy_ticket(policy, token.data, token.size, NOW_S, &rights, NULL);
	if (given && rights.expires_s <= NOW_S) {
		abort();
	}
	check_rights(&rights, given);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"dns:runner.test", "subject:CN=runner"};
	make_folder();
	BASE_FREE char *path = base_format("%s/policy.json", folder);
	const uint8_t *claims = size > 0 ? memchr(data, 0, size) : NULL;
	size_t policy_size = claims != NULL ? (size_t)(claims - data) : size;
	BASE_FREE char *text = base_strndup((const char *)data, policy_size);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_policy *policy = lease_policy_parse(path, text, policy_size, &err);
	if (policy == NULL) {
		if (!lane_error_is(&err, "JSON_INVALID") && !lane_error_is(&err, "FILE_READ")) {
			abort();
		}
		return 0;
	}
	if (claims != NULL) {
		present(policy, "own", claims + 1, size - policy_size - 1);
		present(policy, "theirs", claims + 1, size - policy_size - 1);
	}
	struct lease_rights rights = {.subject = NULL};
	check_rights(&rights, lease_policy_user(policy, 1000, &rights));
	check_rights(&rights, lease_policy_certificate(policy, names, 2, &rights));
	if (lease_policy_sharing(policy)->age_s == 0 || lease_policy_sharing(policy)->grace_s == 0) {
		abort();
	}
	lease_policy_destroy(policy);
	return 0;
}
