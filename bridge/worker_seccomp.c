/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef __O_TMPFILE
#define __O_TMPFILE 020000000
#endif

/**
 * A deny-list: drivers compile code and use many ioctls, differently each, so that a list of what
 * one may do would break the next. Names that this libseccomp or this machine does not know are
 * passed over.
 */
static const char *const denied[] = {
	/* New programs, other processes. fork: see rules. */
	"execve",
	"execveat",
	"fork",
	"vfork",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"process_madvise",
	"pidfd_open",
	"pidfd_getfd",
	"pidfd_send_signal",
	"tkill",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	"kcmp",
	"setpgid",
	"setsid",
	"unshare",
	"setns",
	/* Sockets; the one to the bridge is there already. */
	"socket",
	"socketpair",
	"connect",
	"bind",
	"listen",
	"accept",
	"accept4",
	"socketcall",
	/* Files: made, changed, renamed, watched. */
	"creat",
	"openat2",
	"open_by_handle_at",
	"name_to_handle_at",
	"mkdir",
	"mkdirat",
	"rmdir",
	"unlink",
	"unlinkat",
	"rename",
	"renameat",
	"renameat2",
	"link",
	"linkat",
	"symlink",
	"symlinkat",
	"mknod",
	"mknodat",
	"truncate",
	"truncate64",
	"chmod",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"chown",
	"fchown",
	"lchown",
	"fchownat",
	"utime",
	"utimes",
	"utimensat",
	"futimesat",
	"setxattr",
	"lsetxattr",
	"fsetxattr",
	"setxattrat",
	"removexattr",
	"lremovexattr",
	"fremovexattr",
	"removexattrat",
	"fanotify_init",
	"inotify_init",
	"inotify_init1",
	"chroot",
	/* Mounts. */
	"mount",
	"umount",
	"umount2",
	"pivot_root",
	"move_mount",
	"open_tree",
	"open_tree_attr",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"mount_setattr",
	"swapon",
	"swapoff",
	"quotactl",
	"quotactl_fd",
	/* Parts of the kernel that are large, new, or known for their holes. */
	"bpf",
	"userfaultfd",
	"perf_event_open",
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	"keyctl",
	"add_key",
	"request_key",
	"mq_open",
	"msgget",
	"semget",
	"shmget",
	"lookup_dcookie",
	"modify_ldt",
	"uselib",
	"ustat",
	"vmsplice",
	"remap_file_pages",
	/* An administrator's. */
	"acct",
	"adjtimex",
	"clock_adjtime",
	"clock_settime",
	"settimeofday",
	"stime",
	"delete_module",
	"finit_module",
	"init_module",
	"ioperm",
	"iopl",
	"kexec_file_load",
	"kexec_load",
	"reboot",
	"sethostname",
	"setdomainname",
	"syslog",
	"vhangup",
	"nfsservctl",
	"personality",
	"setuid",
	"setgid",
	"setreuid",
	"setregid",
	"setresuid",
	"setresgid",
	"setfsuid",
	"setfsgid",
	"setgroups",
	"capset",
};

/** System calls that are denied for some arguments. */
struct rule {
	const char *name;
	struct scmp_arg_cmp argument;
};

static bool deny_all(scmp_filter_ctx filter, struct lane_error *err)
{
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		int number = seccomp_syscall_resolve_name(denied[i]);
		if (number == __NR_SCMP_ERROR) {
			continue;
		}
		int status = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
		if (status < 0) {
			return lane_error_set_errno(err, "WORKER_SANDBOX", -status, "filter of %s", denied[i]);
		}
	}
	return true;
}

static bool deny_some(
	scmp_filter_ctx filter, const struct rule *rules, size_t count, struct lane_error *err)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(rules[i].name);
		int status = number == __NR_SCMP_ERROR
			? 0
			: seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, 1, &rules[i].argument);
		if (status < 0) {
			return lane_error_set_errno(
				err, "WORKER_SANDBOX", -status, "filter of %s", rules[i].name);
		}
	}
	return true;
}

/** Opening a file is denied with these flags; `mask` selects the bits that are compared. */
static bool deny_open(
	scmp_filter_ctx filter, scmp_datum_t mask, scmp_datum_t flags, struct lane_error *err)
{
	const struct rule rules[] = {
		{"open", SCMP_A1(SCMP_CMP_MASKED_EQ, mask, flags)},
		{"openat", SCMP_A2(SCMP_CMP_MASKED_EQ, mask, flags)},
	};
	return deny_some(filter, rules, sizeof(rules) / sizeof(rules[0]), err);
}

static bool add_rules(scmp_filter_ctx filter, bool files_guarded, struct lane_error *err)
{
	const scmp_datum_t self = (scmp_datum_t)getpid();
	const struct rule rules[] = {
		/* Signals to others, and threads are all that may be made. */
		{"kill", SCMP_A0_32(SCMP_CMP_NE, (uint32_t)self)},
		{"tgkill", SCMP_A0_32(SCMP_CMP_NE, (uint32_t)self)},
		{"clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)},
		/* It dies with the bridge; limits of other processes of the same user are theirs. */
		{"prctl", SCMP_A0_32(SCMP_CMP_EQ, PR_SET_PDEATHSIG)},
		{"prlimit64", SCMP_A0_32(SCMP_CMP_NE, 0)},
		/* Typing into the terminal of whoever started the bridge. */
		{"ioctl", SCMP_A1_32(SCMP_CMP_EQ, TIOCSTI)},
		{"ioctl", SCMP_A1_32(SCMP_CMP_EQ, TIOCLINUX)},
	};
	if (!deny_all(filter, err) ||
		!deny_some(filter, rules, sizeof(rules) / sizeof(rules[0]), err) ||
		!deny_open(filter, O_CREAT, O_CREAT, err) || !deny_open(filter, O_TRUNC, O_TRUNC, err) ||
		!deny_open(filter, __O_TMPFILE, __O_TMPFILE, err)) {
		return false;
	}
	if (!files_guarded &&
		(!deny_open(filter, O_ACCMODE, O_WRONLY, err) ||
			!deny_open(filter, O_ACCMODE, O_RDWR, err) ||
			!deny_open(filter, O_ACCMODE, O_ACCMODE, err))) {
		return false;
	}
	/* Its flags lie behind a pointer; with ENOSYS libc goes back to clone. */
	int clone3 = seccomp_syscall_resolve_name("clone3");
	int status =
		clone3 == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3, 0);
	return status == 0 || lane_error_set_errno(err, "WORKER_SANDBOX", -status, "filter of clone3");
}

bool worker_seccomp_enter(bool files_guarded, struct lane_error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (filter == NULL) {
		return lane_error_set(err, "WORKER_SANDBOX", "seccomp_init");
	}
	/* System calls of another architecture (32 bits) have other numbers: that kills. */
	bool good = add_rules(filter, files_guarded, err);
	if (good) {
		int status = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
		status = status < 0 ? status : seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
		status = status < 0 ? status : seccomp_load(filter);
		good =
			status == 0 || lane_error_set_errno(err, "WORKER_SANDBOX", -status, "seccomp filter");
	}
	seccomp_release(filter);
	return good;
}
