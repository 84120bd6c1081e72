/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github_http.h"

#include "base/child.h"
#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

static void warn(const char *what, struct lane_error *err)
{
	base_log(BASE_LOG_WARNING, "%s: %s [%s]", what, lane_error_message(err), err->code);
	lane_error_finish(err);
}

static void post_commands(
	const struct github_environment *environment, const cJSON *const *documents, size_t count)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	github_commands(environment, documents, count, &text);
	fflush(stdout);
	if (text.size > 0 && !base_write_all(STDOUT_FILENO, text.data, text.size)) {
		lane_error_set(&err, "FILE_WRITE", "stdout");
		warn("no workflow commands", &err);
	}
}

void github_post(const cJSON *const *documents, size_t count)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct github_environment environment;
	if (!github_environment_read(&environment, &err)) {
		warn("the default is used", &err);
	}
	post_commands(&environment, documents, count);
	struct github_client *client = github_client_create(&environment, &err);
	if (!client) {
		warn("no check run", &err);
	}
	for (size_t i = 0; i < count; i++) {
		if (!github_summary(&environment, documents[i], &err)) {
			warn("no step summary", &err);
		}
		if (client && !github_check_run(client, &environment, documents[i], &err)) {
			warn("no check run, or not all of it", &err);
		}
	}
	github_client_destroy(client);
}
