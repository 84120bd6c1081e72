/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/jwks.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	/** The program's own limit is 10 s; the kernel's alarm ends it whatever it does. */
	DEADLINE_S = 15,
};

/** One issuer with a URL. */
struct fetch {
	struct bridge_jwks *jwks;
	size_t index;
	/** When the last one was started; 0: never. */
	uint64_t started_ns;
	/** 0 while nothing is under way. */
	pid_t pid;
	struct bridge_source process;
};

struct bridge_jwks {
	struct lease_policy *policy;
	struct bridge_loop *loop;
	struct fetch *fetches;
	size_t count;
};

/* Only what is safe after a fork. */
static _Noreturn void become_fetcher(
	const char *path, const struct lease_issuer *issuer, pid_t parent)
{
	base_child_detach(parent);
	int null_fd = open("/dev/null", O_RDONLY);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		_exit(127);
	}
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
	alarm(DEADLINE_S);
	execl(path, path, issuer->url, issuer->file, (char *)NULL);
	dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

static void end_fetch(struct fetch *fetch)
{
	if (fetch->pid > 0) {
		bridge_loop_remove(fetch->jwks->loop, &fetch->process);
		close(fetch->process.fd);
		fetch->pid = 0;
	}
}

static void process_ready(void *context, uint32_t events)
{
	(void)events;
	struct fetch *fetch = context;
	const struct lease_issuer *issuer = lease_policy_issuer(fetch->jwks->policy, fetch->index);
	int status = 0;
	if (waitpid(fetch->pid, &status, WNOHANG) != fetch->pid) {
		return;
	}
	end_fetch(fetch);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		base_log(BASE_LOG_WARNING, "%s: keys could not be fetched%s, those in %s stay",
			issuer->name, WIFSIGNALED(status) ? " in time" : "", issuer->file);
	} else if (!lease_policy_reload(fetch->jwks->policy, fetch->index, &err)) {
		base_log(BASE_LOG_WARNING, "%s: keys stay as they are: %s", issuer->name,
			lane_error_message(&err));
	} else {
		base_log(BASE_LOG_INFO, "%s: keys fetched from %s", issuer->name, issuer->url);
	}
}

static bool watch(struct fetch *fetch, struct lane_error *err)
{
	fetch->process = (struct bridge_source){
		.fd = (int)syscall(SYS_pidfd_open, fetch->pid, 0),
		.ready = process_ready,
		.context = fetch,
	};
	if (fetch->process.fd < 0) {
		return lane_error_set_errno(err, "CHILD_START", errno, "no pidfd");
	}
	if (!bridge_loop_add(fetch->jwks->loop, &fetch->process, EPOLLIN, err)) {
		close(fetch->process.fd);
		return false;
	}
	return true;
}

static void start(struct fetch *fetch, uint64_t now_ns)
{
	const struct lease_issuer *issuer = lease_policy_issuer(fetch->jwks->policy, fetch->index);
	BASE_FREE char *path = base_file_libexec("gpu-lane-fetch-jwks");
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	pid_t parent = getpid();
	fetch->started_ns = now_ns;
	fetch->pid = fork();
	if (fetch->pid == 0) {
		become_fetcher(path, issuer, parent);
	}
	if (fetch->pid < 0) {
		lane_error_set_errno(&err, "CHILD_START", errno, "%s", path);
	} else if (!watch(fetch, &err)) {
		kill(fetch->pid, SIGKILL);
		waitpid(fetch->pid, NULL, 0);
	} else {
		return;
	}
	fetch->pid = 0;
	base_log(
		BASE_LOG_WARNING, "%s: keys cannot be fetched: %s", issuer->name, lane_error_message(&err));
}

struct bridge_jwks *bridge_jwks_create(struct lease_policy *policy, struct bridge_loop *loop)
{
	struct bridge_jwks *jwks = base_alloc(1, sizeof(*jwks));
	*jwks = (struct bridge_jwks){.policy = policy, .loop = loop};
	const struct lease_issuer *issuer;
	for (size_t i = 0; (issuer = lease_policy_issuer(policy, i)) != NULL; i++) {
		if (issuer->url != NULL) {
			jwks->fetches = base_realloc(jwks->fetches, jwks->count + 1, sizeof(*jwks->fetches));
			jwks->fetches[jwks->count++] = (struct fetch){.jwks = jwks, .index = i};
		}
	}
	for (size_t i = 0; i < jwks->count; i++) {
		start(&jwks->fetches[i], base_clock_boottime_ns());
	}
	return jwks;
}

void bridge_jwks_destroy(struct bridge_jwks *jwks)
{
	if (jwks == NULL) {
		return;
	}
	for (size_t i = 0; i < jwks->count; i++) {
		struct fetch *fetch = &jwks->fetches[i];
		if (fetch->pid > 0) {
			kill(fetch->pid, SIGKILL);
			waitpid(fetch->pid, NULL, 0);
			end_fetch(fetch);
		}
	}
	free(jwks->fetches);
	free(jwks);
}

static bool older(const struct fetch *fetch, uint64_t age_s, uint64_t now_ns)
{
	return now_ns - fetch->started_ns >= age_s * NS_PER_S;
}

void bridge_jwks_refresh(struct bridge_jwks *jwks)
{
	uint64_t now_ns = base_clock_boottime_ns();
	for (size_t i = 0; i < jwks->count; i++) {
		struct fetch *fetch = &jwks->fetches[i];
		const struct lease_issuer *issuer = lease_policy_issuer(jwks->policy, fetch->index);
		if (fetch->pid == 0 && older(fetch, issuer->max_age_s, now_ns)) {
			start(fetch, now_ns);
		}
	}
}

bool bridge_jwks_miss(struct bridge_jwks *jwks)
{
	uint64_t now_ns = base_clock_boottime_ns();
	bool under_way = false;
	for (size_t i = 0; i < jwks->count; i++) {
		struct fetch *fetch = &jwks->fetches[i];
		const struct lease_issuer *issuer = lease_policy_issuer(jwks->policy, fetch->index);
		if (fetch->pid == 0 && older(fetch, issuer->min_age_s, now_ns)) {
			start(fetch, now_ns);
		}
		under_way = under_way || fetch->pid > 0;
	}
	return under_way;
}
