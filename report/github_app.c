/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github_client.h"
#include "report/github_jwt.h"

#include "base/clock.h"
#include "base/memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/*
 * Who asks: GITHUB_TOKEN as it is, or a GitHub App. The App signs a token of its own, finds its
 * installation on the repository, and takes from there a token that may write this repository's
 * checks and nothing else. That one is kept in memory alone.
 */

enum {
	/* GitHub's tokens are good for an hour. */
	RENEW_S = 3000,
	/* A clock that is off by less is covered by the JWT's own margin. */
	SKEW_S = 30,
};

static bool has_code(const struct lane_error *err, const char *code)
{
	return strcmp(err->code, code) == 0;
}

static bool sign_in(struct github_client *client, const struct github_environment *environment,
	struct lane_error *err)
{
	uint64_t now_s = (uint64_t)((int64_t)(base_clock_wall_ms() / 1000) + client->ahead_s);
	char *jwt = github_jwt_create(environment->app_id, environment->app_key_path, now_s, err);
	if (!jwt) {
		return false;
	}
	bool done = github_client_authorize(client, jwt);
	OPENSSL_cleanse(jwt, strlen(jwt));
	free(jwt);
	return done ||
		lane_error_set(err, "GITHUB_APP_KEY", "%s: the signature is too long for a header",
			environment->app_key_path);
}

/* The installation on the repository. A refusal by a clock that differs is told from one by the
 * key. */
static bool find_installation(struct github_client *client,
	const struct github_environment *environment, struct base_json *answer, struct lane_error *err)
{
	BASE_FREE char *path = base_format("/repos/%s/installation", environment->repository);
	client->ahead_s = 0;
	if (!sign_in(client, environment, err)) {
		return false;
	}
	if (github_client_send(client, "GET", path, NULL, answer, err)) {
		return true;
	}
	if (has_code(err, "GITHUB_DENIED") && llabs(client->ahead_s) > SKEW_S) {
		lane_error_finish(err);
		return sign_in(client, environment, err) &&
			github_client_send(client, "GET", path, NULL, answer, err);
	}
	return false;
}

/* What the token may do: no more than is needed, whatever the App was given. */
static cJSON *wanted_rights(const struct github_environment *environment)
{
	cJSON *request = base_json_new_object();
	cJSON *repositories = base_json_add_array(request, "repositories");
	base_json_add_string(repositories, NULL, strchr(environment->repository, '/') + 1);
	base_json_add_string(base_json_add_object(request, "permissions"), "checks", "write");
	return request;
}

static bool take_token(struct github_client *client, const struct github_environment *environment,
	uint64_t installation, struct lane_error *err)
{
	BASE_FREE char *path =
		base_format("/app/installations/%llu/access_tokens", (unsigned long long)installation);
	BASE_JSON_FREE cJSON *request = wanted_rights(environment);
	BASE_JSON_AUTO answer = {0};
	if (!github_client_send(client, "POST", path, request, &answer, err)) {
		return false;
	}
	const char *token = base_json_string(answer.root, "token", "");
	return github_client_authorize(client, token) ||
		lane_error_set(err, "GITHUB_REFUSED", "POST %s: the answer holds no token", path);
}

static bool log_in_app(struct github_client *client, const struct github_environment *environment,
	struct lane_error *err)
{
	if (!environment->app_key_path) {
		return lane_error_set(
			err, "GITHUB_APP_KEY", "GPU_LANE_APP_ID is set, and GPU_LANE_APP_KEY_FILE is not");
	}
	BASE_JSON_AUTO answer = {0};
	if (!find_installation(client, environment, &answer, err)) {
		if (has_code(err, "GITHUB_NOT_FOUND")) {
			lane_error_finish(err);
			return lane_error_set(err, "GITHUB_APP_NOT_INSTALLED",
				"the App %s is not installed on %s, or there is no such repository",
				environment->app_id, environment->repository);
		}
		return lane_error_wrap(err, "GitHub App %s", environment->app_id);
	}
	uint64_t id = base_json_uint(answer.root, "id", 0);
	if (base_json_string(answer.root, "suspended_at", NULL)) {
		return lane_error_set(err, "GITHUB_DENIED",
			"GitHub App %s: its installation on %s is suspended", environment->app_id,
			environment->repository);
	}
	if (id == 0) {
		return lane_error_set(err, "GITHUB_REFUSED",
			"GitHub App %s: the installation on %s has no id", environment->app_id,
			environment->repository);
	}
	if (!take_token(client, environment, id, err)) {
		return lane_error_wrap(err, "GitHub App %s", environment->app_id);
	}
	client->renew_ns = base_clock_monotonic_ns() + RENEW_S * UINT64_C(1000000000);
	return true;
}

bool github_client_login(struct github_client *client, const struct github_environment *environment,
	struct lane_error *err)
{
	if (environment->app_id) {
		bool fresh = client->renew_ns > base_clock_monotonic_ns();
		return fresh || log_in_app(client, environment, err);
	}
	if (client->secret) {
		return true;
	}
	if (!environment->token) {
		return lane_error_set(
			err, "GITHUB_DENIED", "neither GITHUB_TOKEN nor a GitHub App (GPU_LANE_APP_ID) is set");
	}
	return github_client_authorize(client, environment->token) ||
		lane_error_set(err, "GITHUB_DENIED", "GITHUB_TOKEN holds more than one word");
}
