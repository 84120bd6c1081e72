/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github.h"

#include "base/file.h"

#include <string.h>

/* GitHub caps a webhook's payload at 25 MB. */
#define EVENT_BYTES_MAX ((size_t)32 << 20)

/* Events whose commit is not GITHUB_SHA, and where the payload has it. */
static const struct {
	const char *event;
	const char *path;
} event_shas[] = {
	{"check_run", "check_run.head_sha"},
	{"check_suite", "check_suite.head_sha"},
	{"merge_group", "merge_group.head_sha"},
	{"pull_request", "pull_request.head.sha"},
	{"pull_request_review", "pull_request.head.sha"},
	{"pull_request_review_comment", "pull_request.head.sha"},
	{"pull_request_target", "pull_request.head.sha"},
	{"workflow_run", "workflow_run.head_sha"},
};

static bool is_sha(const char *text)
{
	size_t length = strspn(text, "0123456789abcdef");
	return text[length] == '\0' && (length == 40 || length == 64);
}

static bool take_sha(const char *from, const char *value, char sha[65], struct lane_error *err)
{
	if (!value || !is_sha(value)) {
		return lane_error_set(err, "GITHUB_EVENT", "%s holds no commit", from);
	}
	memcpy(sha, value, strlen(value) + 1);
	return true;
}

bool github_event_sha(
	const struct github_environment *environment, char sha[65], struct lane_error *err)
{
	const char *path = NULL;
	for (size_t i = 0; i < sizeof(event_shas) / sizeof(event_shas[0]); i++) {
		if (environment->event_name && strcmp(environment->event_name, event_shas[i].event) == 0) {
			path = event_shas[i].path;
		}
	}
	if (!path) {
		return take_sha("GITHUB_SHA", environment->sha, sha, err);
	}
	/* Never GITHUB_SHA instead: a check run on the merge commit would be seen by nobody. */
	if (!environment->event_path) {
		return lane_error_set(err, "GITHUB_EVENT", "GITHUB_EVENT_PATH is not set");
	}
	BASE_JSON_AUTO event = {0};
	if (!base_json_load(environment->event_path, EVENT_BYTES_MAX, &event, err)) {
		return lane_error_wrap(err, "event payload");
	}
	const cJSON *value = base_json_path(event.root, path);
	return take_sha(path, cJSON_IsString(value) ? value->valuestring : NULL, sha, err);
}
