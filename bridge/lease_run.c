/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu_lease.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/** gpu-lease run: a lease around a command. */

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

enum {
	/** For one reply of the bridge: signals wait meanwhile. */
	REPLY_TIMEOUT_MS = 2000,
	/** Between two tries to reach a bridge that is gone. */
	RETRY_S = 1,
	/** Between two looks at whether the lease is still there, and need not go. */
	LOOK_S = 1,
	LEASES_SIZE_MAX = 4 << 20,
	EXIT_NOT_FOUND = 127,
	EXIT_NOT_STARTED = 126,
	EXIT_SIGNAL = 128,
};

struct holder {
	const struct lease_choice *choice;
	/** NULL while the bridge cannot be reached. */
	struct bridge_client *client;
	char *gpu;
	uint64_t lease;
	/** CLOCK_BOOTTIME: of the next renewal, and of the end of the lease if none succeeds. */
	uint64_t renew_ns, expires_ns;
	/** CLOCK_BOOTTIME: of the next look. */
	uint64_t look_ns;
	/** CLOCK_BOOTTIME: when the command has had its time to end; UINT64_MAX: it need not. */
	uint64_t kill_ns;
	pid_t child;
	bool lost;
};

static const int handed_on[] = {
	SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};

static void block_signals(sigset_t *taken, sigset_t *before)
{
	sigemptyset(taken);
	sigaddset(taken, SIGCHLD);
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++) {
		sigaddset(taken, handed_on[i]);
	}
	sigprocmask(SIG_BLOCK, taken, before);
}

/** The lease counts from before it was asked for, so that we never think that it lasts longer than
 * the bridge does. */
static void note_life(struct holder *holder, uint64_t asked_ns)
{
	uint64_t life_ns = holder->choice->ttl_s * NS_PER_S;
	holder->expires_ns = asked_ns + life_ns;
	holder->renew_ns = asked_ns + life_ns / 3;
}

static void lose(struct holder *holder, const char *why)
{
	base_log(BASE_LOG_ERROR, "lease %s/%llu is lost, stopping the command: %s", holder->gpu,
		(unsigned long long)holder->lease, why);
	holder->lost = true;
	holder->renew_ns = UINT64_MAX;
	holder->look_ns = UINT64_MAX;
	holder->kill_ns = base_clock_boottime_ns() + holder->choice->kill_after_s * NS_PER_S;
	kill(holder->child, SIGTERM);
}

static void kill_command(struct holder *holder)
{
	base_log(BASE_LOG_ERROR, "the command has not ended within %u s, killing it",
		holder->choice->kill_after_s);
	holder->kill_ns = UINT64_MAX;
	kill(holder->child, SIGKILL);
}

/** A bridge that was restarted knows the lease from its journal: the new session takes it over. */
static bool reconnect(struct holder *holder, struct lane_error *err)
{
	BASE_FREE char *gpu = NULL;
	struct lease_choice choice = *holder->choice;
	choice.gpu = holder->gpu;
	holder->client = lease_connect(&choice, &gpu, err);
	if (holder->client != NULL) {
		bridge_client_timeout(holder->client, REPLY_TIMEOUT_MS);
	}
	return holder->client != NULL;
}

static void renew(struct holder *holder)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	uint64_t now_ns = base_clock_boottime_ns();
	if ((holder->client != NULL || reconnect(holder, &err)) &&
		bridge_client_renew(
			holder->client, holder->gpu, holder->lease, holder->choice->ttl_s, &err)) {
		note_life(holder, now_ns);
		return;
	}
	bool refused = strncmp(err.code, "LEASE_", 6) == 0;
	if (refused || base_clock_boottime_ns() >= holder->expires_ns) {
		lose(holder, lane_error_message(&err));
		return;
	}
	base_log(BASE_LOG_WARNING, "cannot renew the lease: %s", lane_error_message(&err));
	bridge_client_destroy(holder->client);
	holder->client = NULL;
	holder->renew_ns = base_clock_boottime_ns() + RETRY_S * NS_PER_S;
}

/** A lease that was revoked is gone long before it is to be renewed. One that has to go for another
 * is still there for a while: the command gets that time. */
static void look(struct holder *holder)
{
	holder->look_ns = base_clock_boottime_ns() + LOOK_S * NS_PER_S;
	BASE_BUFFER_AUTO leases = BASE_BUFFER_INIT;
	if (holder->client == NULL ||
		!bridge_client_read_all(holder->client, "/proc/leases", LEASES_SIZE_MAX, &leases, NULL)) {
		return;
	}
	BASE_FREE char *its =
		base_format("gpu=%s lease=%llu ", holder->gpu, (unsigned long long)holder->lease);
	const char *line = NULL;
	for (char *rest = leases.data; (line = strsep(&rest, "\n")) != NULL;) {
		if (strncmp(line, its, strlen(its)) == 0) {
			break;
		}
	}
	if (line == NULL) {
		lose(holder, "it has ended");
	} else if (strstr(line, " state=PREEMPTING ") != NULL) {
		lose(holder, "a request of higher priority takes it");
	}
}

_Noreturn static void become_command(
	const struct lease_choice *choice, const sigset_t *mask, pid_t parent)
{
	/* Without us nobody renews: the command must not go on with a lease that ends under it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) {
		_exit(LEASE_EXIT_NONE);
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(choice->operands[0], choice->operands);
	int cause = errno;
	base_log(BASE_LOG_ERROR, "%s: %s", choice->operands[0], strerror(cause));
	_exit(cause == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_STARTED);
}

static void put_number(const char *name, uint64_t value)
{
	BASE_FREE char *text = base_format("%llu", (unsigned long long)value);
	setenv(name, text, 1);
}

static bool start_command(
	struct holder *holder, const struct bridge_grant *grant, const sigset_t *mask)
{
	BASE_FREE char *name = base_format("%s/%llu", holder->gpu, (unsigned long long)grant->lease);
	setenv("GPU_LANE_LEASE", name, 1);
	setenv("GPU_LANE_GPU", holder->gpu, 1);
	put_number("GPU_LANE_EPOCH", grant->epoch);
	if (holder->choice->bridge != NULL) {
		setenv("GPU_LANE_BRIDGE", holder->choice->bridge, 1);
	}
	fflush(NULL);
	pid_t parent = getpid();
	holder->child = fork();
	if (holder->child == 0) {
		become_command(holder->choice, mask, parent);
	}
	if (holder->child < 0) {
		base_log(BASE_LOG_ERROR, "cannot start a process: %s", strerror(errno));
	}
	return holder->child > 0;
}

/** Whether the command has ended; *status as of waitpid(2). */
static bool take_signal(const struct holder *holder, int signals, int *status)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return false;
	}
	if (info.ssi_signo == SIGCHLD) {
		return waitpid(holder->child, status, WNOHANG) == holder->child;
	}
	/* What the terminal sends has reached the whole process group, the command too. */
	if (info.ssi_code != SI_KERNEL) {
		kill(holder->child, (int)info.ssi_signo);
	}
	return false;
}

/** Renews and hands signals on until the command has ended: its status as of waitpid(2). */
static int hold(struct holder *holder, int signals)
{
	for (int status = 0;;) {
		uint64_t now_ns = base_clock_boottime_ns();
		if (holder->renew_ns <= now_ns) {
			renew(holder);
			continue;
		}
		if (holder->look_ns <= now_ns) {
			look(holder);
			continue;
		}
		if (holder->kill_ns <= now_ns) {
			kill_command(holder);
			continue;
		}
		uint64_t next_ns = holder->look_ns < holder->renew_ns ? holder->look_ns : holder->renew_ns;
		next_ns = holder->kill_ns < next_ns ? holder->kill_ns : next_ns;
		uint64_t left_ms = (next_ns - now_ns) / NS_PER_MS + 1;
		struct pollfd poller = {.fd = signals, .events = POLLIN};
		int ready = poll(&poller, 1, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
		if (ready > 0 && take_signal(holder, signals, &status)) {
			return status;
		}
	}
}

static int hold_around_command(struct holder *holder, const struct bridge_grant *grant)
{
	sigset_t taken, before;
	block_signals(&taken, &before);
	BASE_CLOSE int signals = signalfd(-1, &taken, SFD_CLOEXEC);
	if (signals < 0) {
		base_log(BASE_LOG_ERROR, "signalfd: %s", strerror(errno));
		return LEASE_EXIT_NONE;
	}
	if (!start_command(holder, grant, &before)) {
		return LEASE_EXIT_NONE;
	}
	int status = hold(holder, signals);
	if (holder->lost) {
		return LEASE_EXIT_NONE;
	}
	if (holder->client != NULL) {
		bridge_client_release(holder->client, holder->gpu, holder->lease, NULL);
	}
	return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

int lease_run(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct holder holder = {.choice = choice, .kill_ns = UINT64_MAX};
	struct bridge_grant grant = {.lease = 0};
	struct bridge_lease_request request = lease_request_of(choice);
	holder.client = lease_connect(choice, &holder.gpu, &err);
	uint64_t asked_ns = base_clock_boottime_ns();
	int status = LEASE_EXIT_NONE;
	if (holder.client == NULL ||
		!bridge_client_acquire(holder.client, holder.gpu, &request, &grant, &err)) {
		lease_fail(&err);
	} else {
		bridge_client_timeout(holder.client, REPLY_TIMEOUT_MS);
		holder.lease = grant.lease;
		note_life(&holder, asked_ns);
		holder.look_ns = asked_ns;
		if (request.wait_ms > 0) {
			/* It may have been granted long after it was asked for. */
			holder.renew_ns = 0;
		}
		status = hold_around_command(&holder, &grant);
	}
	bridge_client_destroy(holder.client);
	free(holder.gpu);
	return status;
}
