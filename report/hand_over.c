/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/child.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char program[] = "gpu-report";

/* The document in memory, as a file that can be read from its start. -1 with errno. */
static int open_document(const cJSON *document)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(document, 0, &text);
	int fd = memfd_create("report", MFD_CLOEXEC);
	if (fd >= 0 && !base_write_all(fd, text.data, text.size)) {
		base_cleanup_close(&fd);
	}
	return fd;
}

static _Noreturn void become_program(const char *path, pid_t parent, int document, bool commands)
{
	base_child_detach(parent);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (dup2(document, STDIN_FILENO) < 0 || (!commands && dup2(null, STDOUT_FILENO) < 0)) {
		_exit(LANE_EXIT_UNKNOWN);
	}
	execl(path, program, "github", "/proc/self/fd/0", (char *)NULL);
	base_log(BASE_LOG_WARNING, "nothing is posted: %s: %s", path, strerror(errno));
	_exit(LANE_EXIT_UNKNOWN);
}

void report_github_post(const cJSON *document, bool commands)
{
	BASE_FREE char *path = base_file_program(program);
	BASE_CLOSE int fd = open_document(document);
	pid_t parent = getpid();
	/* What stdio holds now would be printed twice. */
	fflush(NULL);
	pid_t child = fd < 0 ? -1 : fork();
	if (child == 0) {
		become_program(path, parent, fd, commands);
	}
	if (child < 0) {
		base_log(BASE_LOG_WARNING, "nothing is posted: %s: %s", path, strerror(errno));
		return;
	}
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
	if (WIFSIGNALED(status)) {
		base_log(BASE_LOG_WARNING, "not all is posted: %s was killed by signal %d", path,
			WTERMSIG(status));
	}
}
