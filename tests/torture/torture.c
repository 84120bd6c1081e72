/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has one call of a program fail (LD_PRELOAD): LANE_TORTURE is "<function>:<n>", and call n of that
 * function fails, counted from the first connection that the program accepts; then the file that
 * LANE_TORTURE_FIRED names is made. With 0 none fails, and at the end the number of calls is in the
 * file that LANE_TORTURE_CALLS names. Children of the program are left alone.
 *
 * "malloc:places" has each allocation fail whose stack of callers is a new one, in a copy of the
 * program that fork(2) makes there and then: it runs until it ends, or waits for the next event,
 * and does nothing meanwhile that anybody else can see. It may end with the line that memory is
 * out, or go on; the program itself goes on when that is known. The file that LANE_TORTURE_CALLS
 * names gets the number of calls, of places, of copies that ended so, and of those that did what
 * they must not, of which the first are on stderr.
 *
 * For a program that is shut into a sandbox LANE_TORTURE_ONCE names a file instead: calls are
 * counted from the start, those of the program's own code alone and not its libraries', and none
 * fails once the file has anything in it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

enum {
	/** Stacks that are told apart, by so many callers. */
	PLACES_MAX = 1 << 15,
	CALLERS_MAX = 64,
	/** Status of a copy that came as far as to wait for the next event. */
	WENT_ON = 77,
	COPY_PATIENCE_S = 20,
	SAID_MAX = 2000,
	TOLD_MAX = 10,
};

static struct {
	bool read, armed;
	/** Of "places": it is one of the copies, or looks at its own stack just now. */
	bool places, copy, looking;
	/** Hashes of the stacks that have been seen; 0: free. */
	uint64_t seen[PLACES_MAX];
	unsigned long seen_count, ended, bad;
	char function[32];
	unsigned long fails_at, calls;
	pid_t process;
	/** The program's own code. */
	const char *code, *code_end;
	/** Of LANE_TORTURE_ONCE, or -1. */
	int once;
} plan = {.once = -1};

/** Where the program itself lies: what is loaded first. */
static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
			plan.code = (const char *)(uintptr_t)(info->dlpi_addr + part->p_vaddr);
			plan.code_end = plan.code + part->p_memsz;
		}
	}
	return 1;
}

/** A file that is opened before the sandbox can be written in it. */
static void read_once(const char *path)
{
	char byte;
	plan.once = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	plan.armed = plan.once >= 0 && syscall(SYS_pread64, plan.once, &byte, 1, 0) == 0;
	dl_iterate_phdr(find_program, NULL);
}

/** Without anything that may allocate: malloc itself comes here. */
static void read_plan(void)
{
	/* A sanitizer calls before there is an environment. */
	if (environ == NULL) {
		return;
	}
	plan.read = true;
	const char *text = getenv("LANE_TORTURE");
	const char *colon = text != NULL ? strchr(text, ':') : NULL;
	if (colon == NULL || (size_t)(colon - text) >= sizeof(plan.function)) {
		return;
	}
	memcpy(plan.function, text, (size_t)(colon - text));
	plan.places = strcmp(colon + 1, "places") == 0;
	for (const char *digit = colon + 1; *digit >= '0' && *digit <= '9'; digit++) {
		plan.fails_at = plan.fails_at * 10 + (unsigned long)(*digit - '0');
	}
	plan.process = getpid();
	const char *once = getenv("LANE_TORTURE_ONCE");
	if (once != NULL) {
		read_once(once);
	}
}

/** Says how many calls there were, when that is all that is asked. */
__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("LANE_TORTURE_CALLS");
	if (path == NULL || plan.fails_at != 0 || getpid() != plan.process) {
		return;
	}
	char text[128];
	int size = snprintf(
		text, sizeof(text), "%lu %lu %lu %lu", plan.calls, plan.seen_count, plan.ended, plan.bad);
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	syscall(SYS_write, fd, text, (size_t)size);
	syscall(SYS_close, fd);
}

struct stack {
	uint64_t hash;
	int callers;
};

static _Unwind_Reason_Code add_caller(struct _Unwind_Context *context, void *of)
{
	struct stack *stack = of;
	stack->hash = (stack->hash ^ _Unwind_GetIP(context)) * UINT64_C(0x100000001b3);
	return ++stack->callers < CALLERS_MAX ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static bool is_new_place(void)
{
	struct stack stack = {.hash = UINT64_C(0xcbf29ce484222325)};
	_Unwind_Backtrace(add_caller, &stack);
	stack.hash += stack.hash == 0;
	size_t at = stack.hash >> 20 & (PLACES_MAX - 1);
	while (plan.seen[at] != 0 && plan.seen[at] != stack.hash) {
		at = (at + 1) & (PLACES_MAX - 1);
	}
	if (plan.seen[at] == stack.hash || plan.seen_count == PLACES_MAX / 2) {
		return false;
	}
	plan.seen[at] = stack.hash;
	plan.seen_count++;
	return true;
}

/** The copy from here on: whatever it says goes to `said`. */
static void become_copy(int said)
{
	plan.copy = true;
	syscall(SYS_dup3, said, STDERR_FILENO, 0);
	syscall(SYS_close, said);
	const struct rlimit none = {.rlim_cur = 0};
	syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL);
	alarm(COPY_PATIENCE_S);
}

static void judge(pid_t copy, int said)
{
	static char text[SAID_MAX + 1];
	size_t size = 0;
	for (ssize_t got; (got = syscall(SYS_read, said, text + size, SAID_MAX - size)) > 0;) {
		size += (size_t)got;
	}
	text[size] = '\0';
	syscall(SYS_close, said);
	int status = 0;
	waitpid(copy, &status, 0);
	bool ended =
		WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(text, "out of memory") != NULL;
	/* 0: it had been asked to stop before. */
	bool went_on =
		WIFEXITED(status) && (WEXITSTATUS(status) == WENT_ON || WEXITSTATUS(status) == 0);
	plan.ended += ended;
	if (!ended && !went_on && plan.bad++ < TOLD_MAX) {
		static char line[SAID_MAX + 128];
		int length = snprintf(
			line, sizeof(line), "torture: call %lu: status %#x: %s\n", plan.calls, status, text);
		syscall(SYS_write, STDERR_FILENO, line, (size_t)length);
	}
}

/** True in the copy, for which this allocation fails. */
static bool try_place(void)
{
	int said[2];
	plan.looking = true;
	bool copy = false;
	if (is_new_place() && syscall(SYS_pipe2, said, O_CLOEXEC) == 0) {
		/* Not fork(3): the C library must go by the number of the thread that it had, or a lock
		 * that is held here for writing is not given back by the copy. */
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
		if (pid == 0) {
			copy = true;
			become_copy(said[1]);
		} else {
			syscall(SYS_close, said[1]);
			judge(pid, said[0]);
		}
	}
	plan.looking = false;
	return copy;
}

/** Whether this call, which returns to `caller`, is the one that fails. */
static bool fails(const char *function, const void *caller)
{
	if (!plan.read) {
		read_plan();
	}
	if (plan.once < 0 && !plan.armed && strcmp(function, "accept4") == 0) {
		plan.armed = true;
	}
	if (plan.once >= 0 &&
		((const char *)caller < plan.code || (const char *)caller >= plan.code_end)) {
		return false;
	}
	if (!plan.armed || plan.looking || strcmp(function, plan.function) != 0 ||
		getpid() != plan.process) {
		return false;
	}
	++plan.calls;
	if (plan.places) {
		return try_place();
	}
	if (plan.calls != plan.fails_at) {
		return false;
	}
	if (plan.once >= 0) {
		syscall(SYS_write, plan.once, "x", 1);
		return true;
	}
	const char *path = getenv("LANE_TORTURE_FIRED");
	if (path != NULL) {
		syscall(SYS_close, (int)syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0600));
	}
	return true;
}

#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

/** A copy hears nothing. */
#define NOTHING_YET                                                                                \
	errno = EAGAIN;                                                                                \
	return -1

/** One function whose call may fail with this errno; `alone` is what it does in a copy. */
#define TORTURE(type, name, parameters, arguments, failure, cause, alone)                          \
	type name parameters                                                                           \
	{                                                                                              \
		static __typeof__(&(name)) next;                                                           \
		if (next == NULL) {                                                                        \
			next = NEXT(name);                                                                     \
		}                                                                                          \
		if (plan.copy) {                                                                           \
			alone;                                                                                 \
		}                                                                                          \
		if (fails(#name, __builtin_return_address(0))) {                                           \
			errno = cause;                                                                         \
			return failure;                                                                        \
		}                                                                                          \
		return next arguments;                                                                     \
	}

TORTURE(ssize_t, send, (int fd, const void *bytes, size_t size, int flags),
	(fd, bytes, size, flags), -1, ECONNRESET, return (ssize_t)size)
TORTURE(ssize_t, recv, (int fd, void *bytes, size_t size, int flags), (fd, bytes, size, flags), -1,
	ECONNRESET, NOTHING_YET)
TORTURE(int, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags),
	(fd, address, size, flags), -1, EMFILE, NOTHING_YET)
TORTURE(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
	(fd, level, name, value, size), -1, ENOBUFS, )
TORTURE(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
	(epoll, operation, fd, event), -1, ENOSPC, return 0)
TORTURE(int, epoll_wait, (int epoll, struct epoll_event *events, int most, int timeout),
	(epoll, events, most, timeout), -1, EINTR, _exit(WENT_ON))
TORTURE(int, timerfd_create, (int clock, int flags), (clock, flags), -1, EMFILE, )
TORTURE(ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size), -1, EIO, NOTHING_YET)
TORTURE(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size), -1, ENOSPC,
	if (fd != STDERR_FILENO) return (ssize_t)size)
TORTURE(int, fdatasync, (int fd), (fd), -1, EIO, return 0)
TORTURE(pid_t, fork, (void), (), -1, EAGAIN, NOTHING_YET)
TORTURE(int, socketpair, (int domain, int type, int protocol, int fds[2]),
	(domain, type, protocol, fds), -1, EMFILE, )
TORTURE(int, memfd_create, (const char *name, unsigned flags), (name, flags), -1, EMFILE, )
TORTURE(int, ftruncate, (int fd, off_t size), (fd, size), -1, ENOSPC, return 0)
TORTURE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags),
	-1, ENOBUFS, NOTHING_YET)
TORTURE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags), -1,
	ECONNRESET, NOTHING_YET)
TORTURE(ssize_t, pread, (int fd, void *bytes, size_t size, off_t offset), (fd, bytes, size, offset),
	-1, EIO, )
TORTURE(int, setrlimit, (__rlimit_resource_t resource, const struct rlimit *limit),
	(resource, limit), -1, EPERM, )
TORTURE(int, timerfd_settime,
	(int fd, int flags, const struct itimerspec *when, struct itimerspec *before),
	(fd, flags, when, before), -1, EINVAL, return 0)
TORTURE(int, renameat, (int folder, const char *from, int other, const char *to),
	(folder, from, other, to), -1, EIO, return 0)
TORTURE(int, unlinkat, (int folder, const char *name, int flags), (folder, name, flags), -1, EIO,
	return 0)

/* Only a program without a sanitizer can have its memory taken: LANE_TORTURE is never one of these
 * otherwise, and they are not even defined then. dlsym(3) may allocate before malloc is found, so
 * the C library's own names are called. */
#ifdef LANE_TORTURE_MEMORY
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
	if (fails("malloc", __builtin_return_address(0))) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (fails("malloc", __builtin_return_address(0))) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	if (fails("malloc", __builtin_return_address(0))) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(memory, size);
}
#endif
