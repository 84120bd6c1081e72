/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github.h"

#include "base/child.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool github_output_check_url(
	const struct github_environment *environment, uint64_t id, struct lane_error *err)
{
	const char *path = environment->output_path;
	if (!path) {
		return true;
	}
	/* The page by the number alone: an address that a server chose could hold a second output. */
	BASE_FREE char *line = base_format("check-url=%s/%s/runs/%llu\n", environment->server_url,
		environment->repository, (unsigned long long)id);
	BASE_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
	if (fd < 0 || !base_write_all(fd, line, strlen(line))) {
		return lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
	}
	return true;
}
