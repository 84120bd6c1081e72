/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github.h"

#include "base/child.h"
#include "base/log.h"
#include "report/report.h"

#include <stdio.h>
#include <unistd.h>

static void warn(const char *what, struct lane_error *err)
{
	base_log(BASE_LOG_WARNING, "%s: %s [%s]", what, lane_error_message(err), err->code);
	lane_error_finish(err);
}

void report_github_post(const cJSON *document, bool commands)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct github_environment environment;
	if (!github_environment_read(&environment, &err)) {
		warn("the default is used", &err);
	}
	if (commands) {
		BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
		github_commands(&environment, document, &text);
		fflush(stdout);
		if (text.size > 0 && !base_write_all(STDOUT_FILENO, text.data, text.size)) {
			lane_error_set(&err, "FILE_WRITE", "stdout");
			warn("no workflow commands", &err);
		}
	}
	if (!github_summary(&environment, document, &err)) {
		warn("no step summary", &err);
	}
	if (!github_check_run(&environment, document, &err)) {
		warn("no check run, or not all of it", &err);
	}
}
