/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github.h"

#include <stdlib.h>
#include <string.h>

/* Seconds; the top is well below any job's timeout. */
enum { TIMEOUT_DEFAULT_S = 60, TIMEOUT_MAX_S = 600 };

/* An empty variable is as good as none. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

bool github_environment_read(struct github_environment *environment, struct lane_error *err)
{
	const char *api_url = variable("GITHUB_API_URL");
	const char *server_url = variable("GITHUB_SERVER_URL");
	*environment = (struct github_environment){
		.api_url = api_url ? api_url : "https://api.github.com",
		.server_url = server_url ? server_url : "https://github.com",
		.repository = variable("GITHUB_REPOSITORY"),
		.workspace = variable("GITHUB_WORKSPACE"),
		.workflow_ref = variable("GITHUB_WORKFLOW_REF"),
		.event_name = variable("GITHUB_EVENT_NAME"),
		.event_path = variable("GITHUB_EVENT_PATH"),
		.sha = variable("GITHUB_SHA"),
		.summary_path = variable("GITHUB_STEP_SUMMARY"),
		.output_path = variable("GITHUB_OUTPUT"),
		.run_id = variable("GITHUB_RUN_ID"),
		.run_attempt = variable("GITHUB_RUN_ATTEMPT"),
		.job = variable("GITHUB_JOB"),
		.token = variable("GITHUB_TOKEN"),
		.app_id = variable("GPU_LANE_APP_ID"),
		.app_key_path = variable("GPU_LANE_APP_KEY_FILE"),
		.timeout_s = TIMEOUT_DEFAULT_S,
	};
	const char *timeout = variable("GPU_LANE_GITHUB_TIMEOUT_S");
	if (!timeout) {
		return true;
	}
	char *end;
	unsigned long seconds = strtoul(timeout, &end, 10);
	if (timeout[0] < '0' || timeout[0] > '9' || *end || seconds < 1 || seconds > TIMEOUT_MAX_S) {
		return lane_error_set(err, "USAGE",
			"GPU_LANE_GITHUB_TIMEOUT_S wants a whole number in 1..%d, not \"%s\"", TIMEOUT_MAX_S,
			timeout);
	}
	environment->timeout_s = (unsigned)seconds;
	return true;
}

bool github_environment_has_repository(const struct github_environment *environment)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	const char *text = environment->repository ? environment->repository : "";
	size_t owner = strspn(text, letters);
	if (owner == 0 || text[0] == '.' || text[owner] != '/') {
		return false;
	}
	const char *name = text + owner + 1;
	return *name && name[strspn(name, letters)] == '\0' && strcmp(name, ".") != 0 &&
		strcmp(name, "..") != 0;
}
