/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_sandbox.h"

#include "base/log.h"
#include "base/memory.h"
#include "bridge/worker_landlock.h"
#include "bridge/worker_seccomp.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif

enum {
	THREADS_MAX = 1024,
	/** How long a driver's thread may take to be shut in. */
	THREAD_WAIT_MS = 500,
	/** Descriptors: a driver has a few for each buffer that it shares with the kernel. */
	DESCRIPTORS_MAX = 1024,
	/** The kernel has landlock_restrict_self(2) only since 5.13: no Landlock. */
	NO_RULES = -1,
};

/** Handed to each thread. */
struct shutting {
	int rules;
	/** errno of the first thing that failed in a thread, or 0. */
	_Atomic int failure;
	sem_t done;
	/** Threads that did not answer. */
	unsigned missed;
};

/**
 * Of the calling thread alone; capabilities and Landlock are a thread's. Only system calls: it runs
 * in a signal handler too.
 */
static int shut_thread(int rules)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2];
	memset(none, 0, sizeof(none));
	if (syscall(SYS_capset, &header, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		(rules != NO_RULES && syscall(SYS_landlock_restrict_self, rules, 0) != 0)) {
		return errno;
	}
	return 0;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_code != SI_QUEUE || info->si_pid != getpid()) {
		return;
	}
	int cause = errno;
	struct shutting *shutting = info->si_value.sival_ptr;
	int failure = shut_thread(shutting->rules);
	if (failure != 0) {
		atomic_store(&shutting->failure, failure);
	}
	sem_post(&shutting->done);
	errno = cause;
}

/** Whether a thread has answered, or has ended and needs it no more. */
static bool wait_thread(struct shutting *shutting, pid_t thread)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += THREAD_WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (sem_timedwait(&shutting->done, &until) != 0) {
		if (errno != EINTR) {
			return syscall(SYS_tgkill, getpid(), thread, 0) != 0;
		}
	}
	return true;
}

/** Runs on_signal in a thread. One that blocks the signal is left to seccomp, and said. */
static bool reach_thread(struct shutting *shutting, pid_t thread, struct lane_error *err)
{
	siginfo_t info = {.si_signo = SIGSYS, .si_code = SI_QUEUE};
	info.si_pid = getpid();
	info.si_value.sival_ptr = shutting;
	if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, SIGSYS, &info) != 0) {
		return errno == ESRCH ||
			lane_error_set_errno(err, "WORKER_SANDBOX", errno, "thread %d", (int)thread);
	}
	if (!wait_thread(shutting, thread)) {
		base_log(BASE_LOG_WARNING,
			"thread %d of the driver answers no signal: seccomp alone holds it", (int)thread);
		shutting->missed++;
	}
	return true;
}

/** Goes through the threads that are not in `seen` yet; *some: there were any. */
static bool shut_new_threads(
	struct shutting *shutting, pid_t *seen, size_t *count, bool *some, struct lane_error *err)
{
	DIR *folder = opendir("/proc/self/task");
	if (folder == NULL) {
		return lane_error_set_errno(err, "WORKER_SANDBOX", errno, "/proc/self/task");
	}
	bool good = true;
	*some = false;
	for (struct dirent *entry; good && (entry = readdir(folder)) != NULL;) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
		size_t i = 0;
		while (i < *count && seen[i] != thread) {
			i++;
		}
		if (thread <= 0 || i < *count) {
			continue;
		}
		if (*count == THREADS_MAX) {
			good = lane_error_set(
				err, "WORKER_SANDBOX", "the driver has more than %d threads", THREADS_MAX);
		} else {
			*some = true;
			seen[(*count)++] = thread;
			good = reach_thread(shutting, thread, err);
		}
	}
	closedir(folder);
	return good;
}

/**
 * Every thread that a driver has started, through a signal to each, as Landlock and capabilities
 * know no other way. SIGSYS is the one that Mesa's threads leave unblocked for sandboxes. New
 * threads inherit from their makers, so it is over when there is none left that has not been seen.
 * *all: none was missed.
 */
static bool shut_threads(int rules, bool *all, struct lane_error *err)
{
	struct shutting *shutting = base_alloc(1, sizeof(*shutting));
	shutting->rules = rules;
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct sigaction before;
	BASE_FREE pid_t *seen = base_alloc(THREADS_MAX, sizeof(*seen));
	size_t count = 1;
	/* Ourselves first: then our own new threads are shut in from the start. */
	seen[0] = (pid_t)syscall(SYS_gettid);
	int failure = shut_thread(rules);
	sem_init(&shutting->done, 0, 0);
	sigaction(SIGSYS, &action, &before);
	bool good = true;
	for (bool some = true; good && some && failure == 0;) {
		good = shut_new_threads(shutting, seen, &count, &some, err);
		failure = atomic_load(&shutting->failure);
	}
	*all = shutting->missed == 0;
	if (*all) {
		sigaction(SIGSYS, &before, NULL);
		sem_destroy(&shutting->done);
		free(shutting);
	} /* Else the signal is still on its way to somebody, who will need all of it. */
	return good &&
		(failure == 0 ||
			lane_error_set_errno(err, "WORKER_SANDBOX", failure, "Landlock or capabilities"));
}

static bool limit(struct lane_error *err)
{
	static const struct {
		int resource;
		const char *name;
		rlim_t most;
	} limits[] = {
		{RLIMIT_CORE, "core", 0},
		{RLIMIT_NOFILE, "open files", DESCRIPTORS_MAX},
		{RLIMIT_MSGQUEUE, "message queues", 0},
		{RLIMIT_RTPRIO, "real-time priority", 0},
	};
	/* No limit of the address space, which drivers reserve widely, nor of the file size, which
	   counts for memory files too. */
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit now;
		if (getrlimit((__rlimit_resource_t)limits[i].resource, &now) != 0) {
			continue;
		}
		rlim_t most = now.rlim_max < limits[i].most ? now.rlim_max : limits[i].most;
		now = (struct rlimit){.rlim_cur = most, .rlim_max = most};
		if (setrlimit((__rlimit_resource_t)limits[i].resource, &now) != 0) {
			return lane_error_set_errno(
				err, "WORKER_SANDBOX", errno, "limit of %s", limits[i].name);
		}
	}
	return true;
}

/** Whether the kernel has seccomp filters. */
static bool has_seccomp(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool worker_sandbox_enter(struct lane_error *err)
{
	int abi = worker_landlock_abi();
	BASE_CLOSE int rules = NO_RULES;
	if (abi > 0) {
		rules = worker_landlock_rules(abi, err);
		if (rules < 0) {
			return false;
		}
	}
	bool all = true;
	return limit(err) && shut_threads(rules, &all, err) &&
		(!has_seccomp() || worker_seccomp_enter(abi > 0 && all, err));
}

/** What each version of Landlock brought, and what is open without it. */
static const struct {
	int abi;
	const char *text;
} landlock_parts[] = {
	{1, "no Landlock (Linux 5.13): a worker can read every file that its user can read"},
	{4, "no TCP rules in Landlock (Linux 6.7): sockets are denied by seccomp alone"},
	{5, "no ioctl rules in Landlock (Linux 6.10): a worker can control devices that it can open"},
	{6, "no scopes in Landlock (Linux 6.12): signals are denied by seccomp alone"},
};

cJSON *worker_sandbox_describe(void)
{
	int abi = worker_landlock_abi();
	bool seccomp = has_seccomp();
	cJSON *sandbox = base_json_new_object();
	base_json_add_number(sandbox, "landlock_abi", abi);
	base_json_add_bool(sandbox, "seccomp", seccomp);
	cJSON *missing = base_json_add_array(sandbox, "missing");
	for (size_t i = 0; i < sizeof(landlock_parts) / sizeof(landlock_parts[0]); i++) {
		if (abi < landlock_parts[i].abi) {
			base_json_add_string(missing, NULL, landlock_parts[i].text);
			if (abi == 0) {
				break;
			}
		}
	}
	if (!seccomp) {
		base_json_add_string(
			missing, NULL, "no seccomp: a worker can start programs and open sockets");
	}
	return sandbox;
}
