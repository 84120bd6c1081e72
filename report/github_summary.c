/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github.h"

#include "base/child.h"
#include "base/memory.h"
#include "report/document.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Less than this says nothing; it is better to leave the others' summary alone. */
enum { SUMMARY_MIN = 1024 };

bool github_summary(
	const struct github_environment *environment, const cJSON *document, struct lane_error *err)
{
	const char *path = environment->summary_path;
	if (!path) {
		return lane_error_set(err, "FILE_WRITE", "GITHUB_STEP_SUMMARY is not set");
	}
	BASE_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
	struct stat info;
	if (fd < 0 || fstat(fd, &info) != 0) {
		return lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
	}
	/* Other parts of the step write to the same file. */
	size_t used = info.st_size > 0 ? (size_t)info.st_size : 0;
	if (used + SUMMARY_MIN > GITHUB_SUMMARY_MAX) {
		return lane_error_set(err, "FILE_WRITE",
			"%s: %zu of %zu bytes are used: a longer summary would be dropped whole", path, used,
			GITHUB_SUMMARY_MAX);
	}
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_buffer_add_text(&text, "\n");
	report_markdown_render(document, GITHUB_SUMMARY_MAX - used - 2, &text);
	if (!base_write_all(fd, text.data, text.size)) {
		return lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
	}
	return true;
}
