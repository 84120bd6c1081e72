/* SPDX-License-Identifier: Apache-2.0 */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool opened(int fd)
{
	if (fd >= 0) {
		close(fd);
	}
	return fd >= 0;
}

static bool read_a_file(void)
{
	return opened(open("/etc/passwd", O_RDONLY));
}

static bool read_the_environment_of_the_bridge(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
	return opened(open(path, O_RDONLY));
}

static bool write_a_file(void)
{
	return opened(open("/etc/passwd", O_WRONLY));
}

static bool make_a_file(void)
{
	bool made = opened(open("/tmp/gpu-lane-escape", O_WRONLY | O_CREAT, 0600));
	unlink("/tmp/gpu-lane-escape");
	return made;
}

static bool make_a_file_in_dev(void)
{
	bool made = opened(open("/dev/shm/gpu-lane-escape", O_WRONLY | O_CREAT, 0600));
	unlink("/dev/shm/gpu-lane-escape");
	return made;
}

static bool change_a_mode(void)
{
	return chmod("/etc/passwd", 0644) == 0;
}

static bool open_a_socket(void)
{
	return opened(socket(AF_INET, SOCK_STREAM, 0)) || opened(socket(AF_UNIX, SOCK_STREAM, 0)) ||
		opened(socket(AF_NETLINK, SOCK_RAW, 0));
}

/** With a descriptor that is there already: only the filter can say no before looking at it. */
static bool connect_somewhere(void)
{
	const struct sockaddr anywhere = {.sa_family = AF_UNIX};
	return connect(STDERR_FILENO, &anywhere, sizeof(anywhere)) == 0 || errno != EPERM;
}

static bool make_a_process(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0) {
		_exit(0);
	}
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool be_traced(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool signal_the_bridge(void)
{
	return kill(getppid(), 0) == 0 || syscall(SYS_tkill, getppid(), 0) == 0 ||
		syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool read_memory_of_the_bridge(void)
{
	char byte;
	struct iovec here = {.iov_base = &byte, .iov_len = 1};
	errno = 0;
	/* EFAULT: it was let in, and there is nothing at that address. */
	return process_vm_readv(getppid(), &here, 1, &(struct iovec){.iov_len = 1}, 1, 0) >= 0 ||
		errno == EFAULT;
}

static bool take_a_descriptor_of_the_bridge(void)
{
	return opened((int)syscall(SYS_pidfd_open, getppid(), 0));
}

static bool change_limits_of_the_bridge(void)
{
	struct rlimit limit;
	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit) == 0;
}

static bool outlive_the_bridge(void)
{
	return prctl(PR_SET_PDEATHSIG, 0) == 0 || setsid() > 0;
}

static bool make_namespaces(void)
{
	return unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNS) == 0;
}

static bool use_risky_parts(void)
{
	char parameters[256] = {0};
	return opened((int)syscall(SYS_io_uring_setup, 4, parameters)) ||
		opened((int)syscall(SYS_userfaultfd, 1)) || syscall(SYS_keyctl, 0, -3, 0) >= 0 ||
		opened((int)syscall(SYS_inotify_init1, 0));
}

static bool keep_capabilities(void)
{
	return setpriority(PRIO_PROCESS, 0, -5) == 0;
}

static bool gain_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

static bool start_a_program(void)
{
	char *const argv[] = {"true", NULL};
	execve("/bin/true", argv, argv + 1);
	execve("/usr/bin/true", argv, argv + 1);
	return false;
}

static void *nothing(void *context)
{
	return context;
}

static bool no_threads(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0;
}

static bool no_code(void)
{
	void *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED || munmap(page, 4096) != 0;
}

static bool no_memory_file(void)
{
	return !opened((int)syscall(SYS_memfd_create, "escape", 0));
}

static bool no_device_node(void)
{
	return !opened(open("/dev/zero", O_RDWR)) || !opened(open("/usr", O_RDONLY | O_DIRECTORY));
}

static const struct {
	const char *name;
	bool (*wrong)(void);
} attempts[] = {
	{"reads a file", read_a_file},
	{"reads the bridge's environment", read_the_environment_of_the_bridge},
	{"writes a file", write_a_file},
	{"makes a file", make_a_file},
	{"makes a file in /dev/shm", make_a_file_in_dev},
	{"changes a mode", change_a_mode},
	{"opens a socket", open_a_socket},
	{"connects", connect_somewhere},
	{"makes a process", make_a_process},
	{"is traced", be_traced},
	{"signals the bridge", signal_the_bridge},
	{"reads the bridge's memory", read_memory_of_the_bridge},
	{"takes a descriptor of the bridge", take_a_descriptor_of_the_bridge},
	{"reaches the bridge's limits", change_limits_of_the_bridge},
	{"outlives the bridge", outlive_the_bridge},
	{"makes namespaces", make_namespaces},
	{"uses risky parts of the kernel", use_risky_parts},
	{"keeps capabilities", keep_capabilities},
	{"gains privileges", gain_privileges},
	{"cannot start a thread", no_threads},
	{"cannot compile", no_code},
	{"cannot make a memory file", no_memory_file},
	{"cannot open a device node", no_device_node},
	/* Last: nothing comes after success. */
	{"starts a program", start_a_program},
};

/* The thread from before, and what it found. */
static struct {
	pthread_t thread;
	sem_t go, done;
	bool wrong;
} early;

static bool try_all(const char *who)
{
	bool wrong = false;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (attempts[i].wrong()) {
			fprintf(stderr, "escape: %s %s\n", who, attempts[i].name);
			wrong = true;
		}
	}
	return wrong;
}

static void *early_run(void *context)
{
	sem_wait(&early.go);
	early.wrong = try_all("a thread from before");
	sem_post(&early.done);
	return context;
}

void escape_prepare(void)
{
	/* As Mesa's threads. */
	sigset_t all, before;
	sigfillset(&all);
	sigdelset(&all, SIGSYS);
	sem_init(&early.go, 0, 0);
	sem_init(&early.done, 0, 0);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (pthread_create(&early.thread, NULL, early_run, NULL) != 0) {
		abort();
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool escape_try(void)
{
	sem_post(&early.go);
	sem_wait(&early.done);
	return try_all("the worker") || early.wrong;
}
