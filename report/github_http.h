/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_GITHUB_HTTP_H
#define REPORT_GITHUB_HTTP_H

#include "report/github.h"

/** One answer. A zeroed value: none came. */
struct github_response {
	/** 0: no answer; `failure` says why. */
	long status;
	/** Headers, -1 when absent or no number: seconds, count, seconds since the epoch. */
	int64_t retry_after_s;
	int64_t rate_remaining;
	int64_t rate_reset_s;
	/** The server's clock, in seconds since the epoch. */
	int64_t date_s;
	/** Of a redirect; empty otherwise. */
	struct base_buffer location;
	/** At most 1 MiB. */
	struct base_buffer body;
	/** What the transport said. Owned. */
	char *failure;
};
void github_response_finish(struct github_response *response);

/**
 * Whether to send a request again after this answer, and how long to wait first, by the rules that
 * GitHub documents. `attempt` counts from 1; `now_s` is the wall time in seconds.
 */
bool github_response_retry(
	const struct github_response *response, unsigned attempt, uint64_t now_s, uint64_t *wait_s);

/** A connection to the API with a budget of time for everything done with it. */
struct github_client;
/** Errors: GITHUB_UNREACHABLE (GITHUB_API_URL cannot be used). */
struct github_client *github_client_create(
	const struct github_environment *environment, struct lane_error *err);
void github_client_destroy(struct github_client *client);
/** Begins a new budget of time. */
void github_client_start(struct github_client *client);
/**
 * Sends this secret from now on as the bearer. It is copied, wiped at the end, and taken out of
 * what a server says. False when it is no word that a header line can hold.
 */
bool github_client_authorize(struct github_client *client, const char *secret);
/**
 * Authorizes by the environment: as a GitHub App where one is configured, else with GITHUB_TOKEN.
 * Does nothing while that is good. Errors: GITHUB_DENIED, GITHUB_APP_KEY, GITHUB_APP_NOT_INSTALLED
 * and those of github_client_send.
 */
bool github_client_login(struct github_client *client, const struct github_environment *environment,
	struct lane_error *err);
/**
 * Sends JSON (NULL: no body) to a path below the API's address ("/repos/...") and waits for a 2xx
 * answer, again where that is allowed, within the budget. Redirects are followed on the same host
 * alone, so that the token stays there. Errors: see github_check_run.
 */
bool github_client_send(struct github_client *client, const char *method, const char *path,
	const cJSON *request, struct base_json *answer, struct lane_error *err);

#endif
