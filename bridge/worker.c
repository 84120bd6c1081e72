/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/worker_environment.h"
#include "bridge/worker_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a killed worker may take to be gone. */
enum { WORKER_GRACE_MS = 2000 };

struct bridge_worker {
	/** NULL: it has none. */
	struct worker_cgroup *cgroup;
	pid_t pid;
	int pidfd;
	int socket;
	bool ready;
	bool reaped;
	/** It broke the protocol or closed its socket: nothing is read from it any more. */
	bool gone;
	/** The job in work; its pointers are NULL. */
	bool busy;
	struct bridge_job job;
	/** Memfd of the job in work, then of the last one that ended OK; or -1. */
	int result;
};

/* What a child needs to become a worker, made before the fork. */
struct birth {
	const char *path;
	const struct bridge_worker_plan *plan;
	char *const *environment;
	const struct worker_cgroup *cgroup;
	int socket;
	pid_t parent;
};

/* Only what is safe after a fork. */
static _Noreturn void worker_become(const struct birth *birth)
{
	const struct bridge_worker_plan *plan = birth->plan;
	const char *path = birth->path;
	int worker_socket = birth->socket;
	char *const argv[] = {(char *)path, (char *)"--device", (char *)plan->device_uuid,
		plan->check ? (char *)"--check" : NULL, NULL};
	base_child_detach(birth->parent);
	if (birth->cgroup != NULL && !worker_cgroup_enter(birth->cgroup)) {
		dprintf(STDERR_FILENO, "%s: cannot enter its control group: %s\n", path, strerror(errno));
		_exit(127);
	}
	int null_fd = open("/dev/null", O_RDONLY);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		_exit(127);
	}
	/* dup2 onto itself would keep the close-on-exec flag. */
	if (worker_socket == BRIDGE_WORKER_FD ? fcntl(worker_socket, F_SETFD, 0) < 0
										  : dup2(worker_socket, BRIDGE_WORKER_FD) < 0) {
		_exit(127);
	}
	syscall(SYS_close_range, BRIDGE_WORKER_FD + 1, ~0u, 0);
	execve(path, argv, birth->environment);
	dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

/* Forks; the process and its pidfd, or -1 with errno set and nobody left. */
static pid_t worker_fork(struct birth *birth, int *pidfd)
{
	birth->parent = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		worker_become(birth);
	}
	if (pid < 0) {
		return -1;
	}
	/* Both sides set the group, so that it exists whoever comes first. */
	setpgid(pid, pid);
	*pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (*pidfd < 0) {
		int cause = errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		errno = cause;
		return -1;
	}
	return pid;
}

/*
 * Host memory of a worker: the buffers themselves where the device has none of its own, staging of
 * the same size, what outputs are filled with and what the first sample gave, the result; and what
 * a driver takes for itself and its compiler.
 */
static uint64_t host_memory(uint64_t memory_bytes)
{
	const uint64_t driver = UINT64_C(1) << 30;
	uint64_t all = 0;
	return __builtin_mul_overflow(memory_bytes, 5, &all) || all > INT64_MAX - driver ? INT64_MAX
																					 : all + driver;
}

struct bridge_worker *bridge_worker_start(
	const struct bridge_worker_plan *plan, struct lane_error *err)
{
	BASE_FREE char *path = base_file_libexec("gpu-lane-worker");
	BASE_FREE char **environment = worker_environment();
	struct worker_cgroup *cgroup = NULL;
	if (plan->cgroups != NULL &&
		(cgroup = worker_cgroup_create(plan->cgroups, host_memory(plan->memory_bytes), err)) ==
			NULL) {
		return NULL;
	}
	int sockets[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
		lane_error_set_errno(err, "WORKER_START", errno, "socketpair for %s", path);
		worker_cgroup_destroy(cgroup);
		return NULL;
	}
	/* A whole reply must fit into one packet; the kernel doubles what is asked for. */
	int packet = BRIDGE_WORKER_REPLY_MAX;
	setsockopt(sockets[1], SOL_SOCKET, SO_SNDBUF, &packet, sizeof(packet));
	struct birth birth = {.path = path,
		.plan = plan,
		.environment = environment,
		.cgroup = cgroup,
		.socket = sockets[1]};
	int pidfd = -1;
	pid_t pid = worker_fork(&birth, &pidfd);
	int cause = errno;
	close(sockets[1]);
	if (pid < 0) {
		close(sockets[0]);
		worker_cgroup_destroy(cgroup);
		lane_error_set_errno(err, "WORKER_START", cause, "%s", path);
		return NULL;
	}
	struct bridge_worker *worker = base_alloc(1, sizeof(*worker));
	worker->cgroup = cgroup;
	worker->pid = pid;
	worker->pidfd = pidfd;
	worker->socket = sockets[0];
	worker->result = -1;
	return worker;
}

int bridge_worker_socket(const struct bridge_worker *worker)
{
	return worker->socket;
}

int bridge_worker_pidfd(const struct bridge_worker *worker)
{
	return worker->pidfd;
}

pid_t bridge_worker_pid(const struct bridge_worker *worker)
{
	return worker->pid;
}

/* A memfd that cannot change its size; with `bytes` it has them and cannot change at all. */
static int worker_memfd(const char *name, const void *bytes, uint64_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | (bytes ? F_SEAL_WRITE | F_SEAL_SEAL : 0);
	if (fd >= 0 && size <= INT64_MAX && ftruncate(fd, (off_t)size) == 0 &&
		(!bytes || base_write_all(fd, bytes, size)) && fcntl(fd, F_ADD_SEALS, seals) == 0) {
		return fd;
	}
	int cause = errno;
	base_cleanup_close(&fd);
	errno = cause;
	return -1;
}

static bool worker_send(
	int socket, const struct bridge_worker_request *request, int module, int result)
{
	int fds[2] = {module, result};
	union {
		char bytes[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = (void *)request, .iov_len = sizeof(*request)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	/* One request is on its way at a time, so that it always fits. */
	return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*request);
}

bool bridge_worker_submit(
	struct bridge_worker *worker, const struct bridge_job *job, struct lane_error *err)
{
	if (!worker->ready || worker->busy || worker->gone) {
		return lane_error_set(err, "WORKER_BUSY", "worker %d %s", (int)worker->pid,
			worker->gone       ? "is gone"
				: worker->busy ? "runs a job"
							   : "is not ready");
	}
	struct bridge_worker_request request;
	memset(&request, 0, sizeof(request));
	request.job = *job;
	request.job.id = request.job.kernel = request.job.bytes_hash = request.job.module_path = NULL;
	request.job.module = NULL;
	snprintf(request.kernel, sizeof(request.kernel), "%s", job->kernel);
	base_cleanup_close(&worker->result);
	BASE_CLOSE int module = worker_memfd("gpu-lane-module", job->module, job->module_size);
	worker->result = worker_memfd("gpu-lane-result", NULL, job->result_bytes);
	if (module < 0 || worker->result < 0 ||
		!worker_send(worker->socket, &request, module, worker->result)) {
		int cause = errno;
		base_cleanup_close(&worker->result);
		return lane_error_set_errno(
			err, "WORKER_SEND", cause, "job %s to worker %d", job->id, (int)worker->pid);
	}
	worker->busy = true;
	worker->job = request.job;
	return true;
}

static void event_gone(
	struct bridge_worker *worker, struct bridge_worker_event *event, const char *text)
{
	worker->gone = true;
	worker->busy = false;
	base_cleanup_close(&worker->result);
	event->kind = BRIDGE_WORKER_GONE;
	event->text = base_strdup(text);
}

/* A text for people from a worker: one line of bounded length. */
static char *event_text(const char *text)
{
	char *line = base_strndup(text, BRIDGE_WORKER_TEXT_MAX);
	for (char *at = line; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f) {
			*at = '?';
		}
	}
	return line;
}

/* From here on nobody can change the result: it fails while the worker has it mapped for writing.
 */
static bool worker_seal_result(const struct bridge_worker *worker)
{
	return fcntl(worker->result, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0;
}

static void event_done(
	struct bridge_worker *worker, struct bridge_worker_event *event, const cJSON *reply)
{
	event->state = bridge_worker_state(base_json_string(reply, "state", ""));
	bool good = strcmp(event->state, "OK") == 0;
	if (good && !worker_seal_result(worker)) {
		event_gone(worker, event, "the worker holds on to the result");
		return;
	}
	if (!good) {
		base_cleanup_close(&worker->result);
	}
	event->kind = BRIDGE_WORKER_DONE;
	event->text = event_text(base_json_string(reply, "text", ""));
	worker->busy = false;
}

static void worker_event(struct bridge_worker *worker, struct bridge_worker_event *event,
	const char *packet, size_t size)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_JSON_FREE cJSON *reply = NULL;
	const struct bridge_job *job = worker->busy ? &worker->job : NULL;
	if (!bridge_worker_reply_parse(packet, size, job, &reply, &err)) {
		event_gone(worker, event, lane_error_message(&err));
		return;
	}
	const char *kind = base_json_string(reply, "kind", "");
	const char *detail = "timing";
	if (strcmp(kind, "done") == 0) {
		event_done(worker, event, reply);
	} else if (strcmp(kind, "ready") == 0 && !worker->ready) {
		worker->ready = true;
		event->kind = BRIDGE_WORKER_READY;
		event->text = base_strdup("");
		detail = "device";
	} else if (strcmp(kind, "failed") == 0) {
		BASE_FREE char *text = event_text(base_json_string(reply, "text", ""));
		event_gone(worker, event, text);
	} else {
		event_gone(worker, event, "the worker is ready twice");
	}
	if (event->kind != BRIDGE_WORKER_GONE && cJSON_IsObject(base_json_get(reply, detail))) {
		event->detail = cJSON_DetachItemFromObjectCaseSensitive(reply, detail);
	}
}

void bridge_worker_read(struct bridge_worker *worker, struct bridge_worker_event *event)
{
	*event = (struct bridge_worker_event){.kind = BRIDGE_WORKER_NOTHING};
	if (worker->gone) {
		event_gone(worker, event, "the worker is gone");
		return;
	}
	/* Not zeroed: little of it is used. */
	BASE_FREE char *packet = base_realloc(NULL, BRIDGE_WORKER_REPLY_MAX, 1);
	struct iovec part = {.iov_base = packet, .iov_len = BRIDGE_WORKER_REPLY_MAX};
	/* No room for control data: a descriptor that it sends is closed by the kernel. */
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t got;
	do {
		got = recvmsg(worker->socket, &message, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		return;
	}
	if (got < 0) {
		BASE_FREE char *text = base_format("socket of the worker: %s", strerror(errno));
		event_gone(worker, event, text);
	} else if (got == 0) {
		event_gone(worker, event, "the worker closed its socket");
	} else if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		event_gone(worker, event, "the worker sent more than a reply may hold");
	} else {
		worker_event(worker, event, packet, (size_t)got);
	}
}

void bridge_worker_event_finish(struct bridge_worker_event *event)
{
	if (event) {
		free(event->text);
		cJSON_Delete(event->detail);
		*event = (struct bridge_worker_event){.kind = BRIDGE_WORKER_NOTHING};
	}
}

int bridge_worker_take_result(struct bridge_worker *worker)
{
	if (worker->busy) {
		return -1;
	}
	int result = worker->result;
	worker->result = -1;
	return result;
}

void bridge_worker_kill(struct bridge_worker *worker)
{
	if (!worker->reaped) {
		kill(-worker->pid, SIGKILL);
		kill(worker->pid, SIGKILL);
		if (worker->cgroup != NULL) {
			worker_cgroup_kill(worker->cgroup);
		}
	}
}

bool bridge_worker_reap(struct bridge_worker *worker, char **text)
{
	siginfo_t info = {0};
	*text = NULL;
	if (worker->reaped) {
		*text = base_strdup("already reaped");
		return true;
	}
	/* Look before reaping: while the leader is a zombie, nobody else can get its group's number. */
	if (waitid(P_PIDFD, (id_t)worker->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		info.si_pid == 0) {
		return false;
	}
	kill(-worker->pid, SIGKILL);
	waitid(P_PIDFD, (id_t)worker->pidfd, &info, WEXITED | WNOHANG);
	worker->reaped = true;
	if (info.si_code == CLD_EXITED) {
		*text = base_format("worker %d exited with %d", (int)worker->pid, info.si_status);
	} else {
		const char *name = sigabbrev_np(info.si_status);
		bool starved = worker->cgroup != NULL && worker_cgroup_starved(worker->cgroup);
		*text = base_format("worker %d was killed by SIG%s%s", (int)worker->pid, name ? name : "?",
			starved ? ", out of the memory of its control group" : "");
	}
	return true;
}

void bridge_worker_destroy(struct bridge_worker *worker)
{
	if (!worker) {
		return;
	}
	BASE_FREE char *text = NULL;
	if (!worker->reaped) {
		bridge_worker_kill(worker);
		struct pollfd ended = {.fd = worker->pidfd, .events = POLLIN};
		poll(&ended, 1, WORKER_GRACE_MS);
		if (!bridge_worker_reap(worker, &text)) {
			base_log(BASE_LOG_WARNING, "worker %d cannot be killed", (int)worker->pid);
		}
	}
	worker_cgroup_destroy(worker->cgroup);
	close(worker->socket);
	close(worker->pidfd);
	base_cleanup_close(&worker->result);
	free(worker);
}
