/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is kept of a child's stdout and stderr. */
enum { CHILD_LOG_MAX = 65536 };
/* How long a killed child may take to be gone before it counts as unkillable. */
enum { CHILD_GRACE_MS = 2000 };

bool base_write_all(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;
	while (size > 0) {
		ssize_t written = write(fd, at, size);
		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written < 0) {
			return false;
		}
		at += written;
		size -= (size_t)written;
	}
	return true;
}

void base_child_detach(pid_t parent)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		_exit(127);
	}
	struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	for (int signal_number = 1; signal_number < NSIG; signal_number++) {
		signal(signal_number, SIG_DFL);
	}
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* One running child, as the parent sees it. */
struct child {
	const struct base_child_task *task;
	struct base_child_outcome *outcome;
	pid_t pid;
	int pidfd;
	int output_fd;
	int log_fd;
	uint64_t started_ns;
	uint64_t deadline_ns;
	bool killed;
	bool done;
};

static _Noreturn void child_become(
	const struct base_child_task *task, pid_t parent, int output_fd, int log_fd)
{
	base_child_detach(parent);
	int null_fd = open("/dev/null", O_RDONLY);
	dup2(null_fd, STDIN_FILENO);
	dup2(task->run ? log_fd : output_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	if (task->run) {
		_exit(task->run(task->context, output_fd));
	}
	execvpe(task->argv[0], (char *const *)task->argv,
		task->environment != NULL ? task->environment : environ);
	dprintf(STDERR_FILENO, "%s: %s\n", task->argv[0], strerror(errno));
	_exit(127);
}

static bool child_start(struct child *child, struct lane_error *err)
{
	const struct base_child_task *task = child->task;
	int output[2] = {-1, -1};
	int log[2] = {-1, -1};
	/* What stdio holds now would be printed twice. */
	fflush(NULL);
	pid_t parent = getpid();
	if (pipe2(output, O_CLOEXEC) == 0 && pipe2(log, O_CLOEXEC) == 0) {
		child->started_ns = base_clock_monotonic_ns();
		child->pid = fork();
		if (child->pid == 0) {
			child_become(task, parent, output[1], log[1]);
		}
	}
	int cause = errno;
	base_cleanup_close(&output[1]);
	base_cleanup_close(&log[1]);
	child->output_fd = output[0];
	child->log_fd = log[0];
	if (child->pid > 0) {
		/* Both sides set the group, so that it exists whoever comes first. */
		setpgid(child->pid, child->pid);
		child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
		cause = errno;
	}
	if (child->pidfd < 0) {
		return lane_error_set_errno(err, "CHILD_START", cause, "cannot start %s", task->name);
	}
	fcntl(child->output_fd, F_SETFL, O_NONBLOCK);
	fcntl(child->log_fd, F_SETFL, O_NONBLOCK);
	child->deadline_ns = child->started_ns + (uint64_t)task->timeout_ms * 1000000u;
	return true;
}

static void child_kill(struct child *child)
{
	if (child->pid > 0) {
		kill(-child->pid, SIGKILL);
		kill(child->pid, SIGKILL);
	}
}

/* Reads what is there into a bounded buffer. False once the pipe is at its end. */
static bool child_drain(int fd, struct base_buffer *into, size_t max, bool *overflow)
{
	char bytes[16384];
	for (;;) {
		ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got < 0) {
			return errno == EAGAIN || errno == EINTR;
		}
		if (got == 0) {
			return false;
		}
		size_t room = max - into->size;
		base_buffer_add(into, bytes, (size_t)got < room ? (size_t)got : room);
		if ((size_t)got > room) {
			*overflow = true;
		}
	}
}

static void child_read(struct child *child)
{
	struct base_child_outcome *outcome = child->outcome;
	bool log_overflow = false;
	if (child->output_fd >= 0 &&
		!child_drain(child->output_fd, &outcome->output, child->task->output_max,
			&outcome->output_truncated)) {
		base_cleanup_close(&child->output_fd);
	}
	if (child->log_fd >= 0 &&
		!child_drain(child->log_fd, &outcome->log, CHILD_LOG_MAX, &log_overflow)) {
		base_cleanup_close(&child->log_fd);
	}
	if (outcome->output_truncated) {
		child_kill(child);
	}
}

static char child_kernel_state(pid_t pid)
{
	char path[64];
	char text[512] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	BASE_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got <= 0) {
		return 0;
	}
	/* "pid (comm) S ...": the name may hold anything, so the last ')' counts. */
	const char *close_paren = strrchr(text, ')');
	return close_paren && close_paren[1] == ' ' ? close_paren[2] : (char)0;
}

static void child_finish(struct child *child, enum base_child_end end, int status)
{
	struct base_child_outcome *outcome = child->outcome;
	/* What it started goes with it, and lets go of the pipes. */
	child_kill(child);
	child_read(child);
	outcome->end = end;
	outcome->status = status;
	outcome->duration_ms = (base_clock_monotonic_ns() - child->started_ns) / 1000000u;
	if (child->pidfd >= 0) {
		siginfo_t info;
		/* An unkillable one is left to init; WNOHANG because it would block us for ever. */
		waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG);
	}
	base_cleanup_close(&child->output_fd);
	base_cleanup_close(&child->log_fd);
	base_cleanup_close(&child->pidfd);
	child->done = true;
}

static void child_check(struct child *child)
{
	siginfo_t info = {0};
	child_read(child);
	/* WNOWAIT: while it is not reaped its number is its own, so the group can still be killed. */
	if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid != 0) {
		enum base_child_end end = BASE_CHILD_SIGNALED;
		if (info.si_code == CLD_EXITED) {
			end = BASE_CHILD_EXITED;
		} else if (child->killed) {
			end = BASE_CHILD_TIMEOUT;
		}
		child_finish(child, end, info.si_status);
		return;
	}
	uint64_t now_ns = base_clock_monotonic_ns();
	if (now_ns < child->deadline_ns) {
		return;
	}
	if (!child->killed) {
		child->killed = true;
		child->deadline_ns = now_ns + CHILD_GRACE_MS * 1000000ull;
		child_kill(child);
		return;
	}
	child->outcome->kernel_state = child_kernel_state(child->pid);
	child_finish(child, BASE_CHILD_UNKILLABLE, SIGKILL);
}

/* Sleeps until a child has something to tell or a deadline comes. */
static void child_wait(const struct child *children, size_t count, struct pollfd *fds)
{
	uint64_t deadline_ns = UINT64_MAX;
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		const struct child *child = &children[i];
		if (child->done) {
			continue;
		}
		deadline_ns = child->deadline_ns < deadline_ns ? child->deadline_ns : deadline_ns;
		fds[used++] = (struct pollfd){.fd = child->pidfd, .events = POLLIN};
		fds[used++] = (struct pollfd){.fd = child->output_fd, .events = POLLIN};
		fds[used++] = (struct pollfd){.fd = child->log_fd, .events = POLLIN};
	}
	uint64_t now_ns = base_clock_monotonic_ns();
	uint64_t wait_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / 1000000u + 1 : 0;
	poll(fds, (nfds_t)used, wait_ms > 60000 ? 60000 : (int)wait_ms);
}

bool base_child_run(const struct base_child_task *tasks, size_t count,
	struct base_child_outcome *outcomes, struct lane_error *err)
{
	BASE_FREE struct child *children = base_alloc(count, sizeof(*children));
	BASE_FREE struct pollfd *fds = base_alloc(count * 3, sizeof(*fds));
	memset(outcomes, 0, count * sizeof(*outcomes));
	bool started = true;
	size_t running = 0;
	for (size_t i = 0; i < count; i++) {
		children[i] = (struct child){.task = &tasks[i],
			.outcome = &outcomes[i],
			.pid = -1,
			.pidfd = -1,
			.output_fd = -1,
			.log_fd = -1};
		started = started && child_start(&children[i], err);
		if (children[i].pidfd >= 0) {
			running++;
		} else {
			child_finish(&children[i], BASE_CHILD_EXITED, 127);
		}
	}
	for (size_t i = 0; !started && i < count; i++) {
		child_kill(&children[i]);
	}
	while (running > 0) {
		child_wait(children, count, fds);
		for (size_t i = 0; i < count; i++) {
			if (!children[i].done) {
				child_check(&children[i]);
				running -= children[i].done;
			}
		}
	}
	for (size_t i = 0; !started && i < count; i++) {
		base_child_outcome_finish(&outcomes[i]);
	}
	return started;
}

void base_child_outcome_finish(struct base_child_outcome *outcome)
{
	if (outcome) {
		base_buffer_finish(&outcome->output);
		base_buffer_finish(&outcome->log);
	}
}

const char *base_child_end_name(enum base_child_end end)
{
	static const char *const names[] = {"exit", "signal", "timeout", "unkillable"};
	return names[end];
}

char *base_child_describe(const struct base_child_outcome *outcome)
{
	unsigned long long ms = outcome->duration_ms;
	switch (outcome->end) {
	case BASE_CHILD_EXITED:
		return base_format("exited with %d after %llu ms", outcome->status, ms);
	case BASE_CHILD_SIGNALED: {
		const char *name = sigabbrev_np(outcome->status);
		return name ? base_format("killed by SIG%s after %llu ms", name, ms)
					: base_format("killed by signal %d after %llu ms", outcome->status, ms);
	}
	case BASE_CHILD_TIMEOUT:
		return base_format("did not answer and was killed after %llu ms", ms);
	case BASE_CHILD_UNKILLABLE:
		break;
	}
	return base_format("cannot be killed (kernel state %c) after %llu ms",
		outcome->kernel_state ? outcome->kernel_state : '?', ms);
}
