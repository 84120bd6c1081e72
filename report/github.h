/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_GITHUB_H
#define REPORT_GITHUB_H

/* How a report gets to GitHub. Limits and rules: GitHub's REST reference and actions/runner. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Posts the results of one step, which share its budget of workflow commands, through three
 * outlets, each on its own: workflow commands on stdout, the step summary file, one check run a
 * result. Everything comes from the runner's environment (GITHUB_*). Failures are warnings on
 * stderr.
 */
void github_post(const cJSON *const *documents, size_t count);

/** What the runner tells a step (GITHUB_*); NULL where it does not. Borrowed from the environment.
 */
struct github_environment {
	const char *api_url;
	const char *server_url;
	const char *repository;
	const char *workspace;
	const char *workflow_ref;
	const char *event_name;
	const char *event_path;
	const char *sha;
	const char *summary_path;
	const char *output_path;
	const char *run_id;
	const char *run_attempt;
	const char *job;
	/** Secret: goes into one header to api_url's host and nowhere else. */
	const char *token;
	/** GPU_LANE_APP_ID and GPU_LANE_APP_KEY_FILE: a GitHub App, which goes before the token. */
	const char *app_id;
	const char *app_key_path;
	/** GPU_LANE_GITHUB_TIMEOUT_S: how long one check run may take in all. */
	unsigned timeout_s;
};
/** Errors: USAGE (GPU_LANE_GITHUB_TIMEOUT_S is no number); the rest is filled all the same. */
bool github_environment_read(struct github_environment *environment, struct lane_error *err);
/** Whether `repository` is owner/name of letters that need no escaping in a path. */
bool github_environment_has_repository(const struct github_environment *environment);

/** Where an annotation goes: a file of the repository. */
struct github_place {
	/** Relative to the repository's root. Owned. */
	char *path;
	uint64_t line;
	/** Whether it is the declared place and not the stand-in. */
	bool exact;
};
/**
 * The place of a finding's `where` when that is a file below the workspace; else line 1 of the
 * workflow file, since a check run takes no annotation without a file.
 */
struct github_place github_place_find(
	const struct github_environment *environment, const cJSON *where);

/**
 * The commit that a check run belongs to: of a pull request its head, not the merge commit that
 * GITHUB_SHA is. `sha` has room for 64 hex digits. Errors: GITHUB_EVENT.
 */
bool github_event_sha(
	const struct github_environment *environment, char sha[65], struct lane_error *err);

/** Annotations that the runner keeps of one level and step; it drops further ones unseen. */
enum { GITHUB_COMMANDS_MAX = 10 };
/** Adds workflow commands of all documents, worst first; the rest is counted in a last notice. */
void github_commands(const struct github_environment *environment, const cJSON *const *documents,
	size_t count, struct base_buffer *out);

/** Bytes of a step's summary; a larger one is dropped whole by the runner. */
#define GITHUB_SUMMARY_MAX ((size_t)1024 * 1024)
/** Appends the report to the step's summary, shortened to what fits. Errors: FILE_WRITE. */
bool github_summary(
	const struct github_environment *environment, const cJSON *document, struct lane_error *err);

/**
 * Appends the step output check-url, the page of a check run; nothing where no GITHUB_OUTPUT is.
 * Errors: FILE_WRITE.
 */
bool github_output_check_url(
	const struct github_environment *environment, uint64_t id, struct lane_error *err);

/** Annotations of one request. */
enum { GITHUB_ANNOTATIONS_MAX = 50 };
struct github_client;
/**
 * Creates the check run with all annotations, within the client's budget of time. Errors:
 * GITHUB_EVENT, GITHUB_DENIED, GITHUB_NOT_FOUND, GITHUB_REFUSED, GITHUB_RATE_LIMITED,
 * GITHUB_UNREACHABLE, and those of github_client_login.
 */
bool github_check_run(struct github_client *client, const struct github_environment *environment,
	const cJSON *document, struct lane_error *err);

#endif
