/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/embedded.h"

#include "base/buffer.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	/** Beyond the deadline that the child has itself. */
	START_GRACE_MS = 2000,
	STOP_MS = 5000,
	REPORT_MAX = 8192,
};

/* What the child says over the pipe: this when it serves, "<CODE>\n<message>" when it cannot. */
static const char serving[] = "serving";

static int serve(const struct bridge_server_config *config, int socket, int report)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_server *server = bridge_server_create(config, &err);
	bool adopted = server && bridge_server_adopt(server, socket, true, &err);
	if (adopted) {
		base_write_all(report, serving, strlen(serving));
		close(report);
	}
	bool done = adopted && bridge_server_run(server, true, &err);
	if (!adopted) {
		BASE_FREE char *text = base_format("%s\n%s", err.code, lane_error_message(&err));
		base_write_all(report, text, strlen(text));
	} else if (!done) {
		base_log(BASE_LOG_ERROR, "embedded bridge: %s", lane_error_message(&err));
	}
	bridge_server_destroy(server);
	return done ? 0 : 1;
}

/* Reads what the child says until it closes the pipe; false at the deadline. */
static bool hear(int report, unsigned timeout_ms, struct base_buffer *said)
{
	uint64_t deadline_ns = base_clock_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
	for (;;) {
		uint64_t now_ns = base_clock_monotonic_ns();
		if (now_ns >= deadline_ns || said->size > REPORT_MAX) {
			return false;
		}
		struct pollfd poll_fd = {.fd = report, .events = POLLIN};
		if (poll(&poll_fd, 1, (int)((deadline_ns - now_ns) / 1000000) + 1) <= 0) {
			continue;
		}
		char bytes[512];
		ssize_t got = read(report, bytes, sizeof(bytes));
		if (got == 0) {
			return true;
		}
		if (got > 0) {
			base_buffer_add(said, bytes, (size_t)got);
		} else if (errno != EINTR) {
			return true;
		}
	}
}

static bool start_failed(struct embedded *embedded, bool in_time, const struct base_buffer *said,
	unsigned timeout_ms, struct lane_error *err)
{
	const char *text = said->data ? said->data : "";
	const char *line_end = strchr(text, '\n');
	if (line_end) {
		BASE_FREE char *code = base_strndup(text, (size_t)(line_end - text));
		lane_error_set(err, code, "%s", line_end + 1);
	} else if (!in_time) {
		lane_error_set(
			err, "BRIDGE_TIMEOUT", "the embedded bridge did not serve within %u ms", timeout_ms);
	} else {
		/* It closed the pipe without a word: it is ending, or about to. */
		int status = 0;
		pid_t pid = waitpid(embedded->pid, &status, 0);
		embedded->pid = 0;
		lane_error_set(err, "BRIDGE_DIED", "the embedded bridge ended with %s %d before it served",
			pid > 0 && WIFSIGNALED(status) ? "signal" : "exit status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	if (embedded->pid > 0) {
		kill(-embedded->pid, SIGKILL);
		embedded_stop(embedded);
	}
	return false;
}

bool embedded_start(const struct bridge_server_config *config, struct embedded *embedded,
	int *socket, struct lane_error *err)
{
	embedded->pid = 0;
	int sockets[2], pipes[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
		return lane_error_set_errno(err, "CHILD_START", errno, "socketpair");
	}
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		int cause = errno;
		close(sockets[0]);
		close(sockets[1]);
		return lane_error_set_errno(err, "CHILD_START", cause, "pipe");
	}
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		base_child_detach(parent);
		close(sockets[0]);
		close(pipes[0]);
		_exit(serve(config, sockets[1], pipes[1]));
	}
	int cause = errno;
	close(sockets[1]);
	close(pipes[1]);
	if (pid < 0) {
		close(sockets[0]);
		close(pipes[0]);
		return lane_error_set_errno(err, "CHILD_START", cause, "fork of the embedded bridge");
	}
	embedded->pid = pid;
	unsigned timeout_ms = config->timeout_ms + START_GRACE_MS;
	BASE_BUFFER_AUTO said = BASE_BUFFER_INIT;
	bool in_time = hear(pipes[0], timeout_ms, &said);
	close(pipes[0]);
	if (!in_time || !said.data || strcmp(said.data, serving) != 0) {
		close(sockets[0]);
		return start_failed(embedded, in_time, &said, timeout_ms, err);
	}
	*socket = sockets[0];
	return true;
}

char *embedded_ended(struct embedded *embedded, unsigned timeout_ms)
{
	uint64_t deadline_ns = base_clock_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
	int status = 0;
	while (embedded->pid > 0) {
		if (waitpid(embedded->pid, &status, WNOHANG) == embedded->pid) {
			embedded->pid = 0;
			return WIFSIGNALED(status) ? base_format("killed by signal %d", WTERMSIG(status))
									   : base_format("exit status %d", WEXITSTATUS(status));
		}
		if (base_clock_monotonic_ns() > deadline_ns) {
			break;
		}
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	return NULL;
}

void embedded_stop(struct embedded *embedded)
{
	BASE_FREE char *ended = embedded_ended(embedded, STOP_MS);
	if (!ended && embedded->pid > 0) {
		kill(-embedded->pid, SIGKILL);
		waitpid(embedded->pid, NULL, 0);
		embedded->pid = 0;
	}
}
