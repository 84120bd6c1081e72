/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has one call of a program fail (LD_PRELOAD): LANE_TORTURE is "<function>:<n>", and call n of that
 * function fails, counted from the first connection that the program accepts; then the file that
 * LANE_TORTURE_FIRED names is made. With 0 none fails, and at the end the number of calls is in the
 * file that LANE_TORTURE_CALLS names. Children of the program are left alone.
 *
 * For a program that is shut into a sandbox LANE_TORTURE_ONCE names a file instead: calls are
 * counted from the start, those of the program's own code alone and not its libraries', and none
 * fails once the file has anything in it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
	bool read, armed;
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
	char text[24];
	size_t at = sizeof(text);
	for (unsigned long left = plan.calls; at == sizeof(text) || left > 0; left /= 10) {
		text[--at] = (char)('0' + left % 10);
	}
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	syscall(SYS_write, fd, text + at, sizeof(text) - at);
	syscall(SYS_close, fd);
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
	if (!plan.armed || strcmp(function, plan.function) != 0 || getpid() != plan.process ||
		++plan.calls != plan.fails_at) {
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

/** One function whose call may fail with this errno. */
#define TORTURE(type, name, parameters, arguments, failure, cause)                                 \
	type name parameters                                                                           \
	{                                                                                              \
		static __typeof__(&(name)) next;                                                           \
		if (next == NULL) {                                                                        \
			next = NEXT(name);                                                                     \
		}                                                                                          \
		if (fails(#name, __builtin_return_address(0))) {                                           \
			errno = cause;                                                                         \
			return failure;                                                                        \
		}                                                                                          \
		return next arguments;                                                                     \
	}

TORTURE(ssize_t, send, (int fd, const void *bytes, size_t size, int flags),
	(fd, bytes, size, flags), -1, ECONNRESET)
TORTURE(ssize_t, recv, (int fd, void *bytes, size_t size, int flags), (fd, bytes, size, flags), -1,
	ECONNRESET)
TORTURE(int, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags),
	(fd, address, size, flags), -1, EMFILE)
TORTURE(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
	(fd, level, name, value, size), -1, ENOBUFS)
TORTURE(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
	(epoll, operation, fd, event), -1, ENOSPC)
TORTURE(int, epoll_wait, (int epoll, struct epoll_event *events, int most, int timeout),
	(epoll, events, most, timeout), -1, EINTR)
TORTURE(int, timerfd_create, (int clock, int flags), (clock, flags), -1, EMFILE)
TORTURE(ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size), -1, EIO)
TORTURE(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size), -1, ENOSPC)
TORTURE(int, fdatasync, (int fd), (fd), -1, EIO)
TORTURE(pid_t, fork, (void), (), -1, EAGAIN)
TORTURE(int, socketpair, (int domain, int type, int protocol, int fds[2]),
	(domain, type, protocol, fds), -1, EMFILE)
TORTURE(int, memfd_create, (const char *name, unsigned flags), (name, flags), -1, EMFILE)
TORTURE(int, ftruncate, (int fd, off_t size), (fd, size), -1, ENOSPC)
TORTURE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags),
	-1, ENOBUFS)
TORTURE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags), -1,
	ECONNRESET)
TORTURE(ssize_t, pread, (int fd, void *bytes, size_t size, off_t offset), (fd, bytes, size, offset),
	-1, EIO)
TORTURE(int, setrlimit, (__rlimit_resource_t resource, const struct rlimit *limit),
	(resource, limit), -1, EPERM)

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
