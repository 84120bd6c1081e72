/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_landlock.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Of Linux, include/uapi/linux/landlock.h: headers of a distribution are often older than the
 * kernel under them, so nothing is taken from there.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#endif

enum {
	CREATE_RULESET_VERSION = 1,
	RULE_PATH_BENEATH = 1,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_IOCTL_DEV = 1 << 15,
	/** Rights that a file that is no folder can have: execute, write, read, truncate, ioctl. */
	FS_OF_FILE = 1 << 0 | FS_WRITE_FILE | FS_READ_FILE | 1 << 14 | FS_IOCTL_DEV,
	NET_ALL = 0x3,
	SCOPE_ALL = 0x3,

	READ = FS_READ_FILE | FS_READ_DIR,
	DEVICE = READ | FS_WRITE_FILE | FS_IOCTL_DEV,
};

struct ruleset_attribute {
	uint64_t handled_access_fs;
	/** Since ABI 4. */
	uint64_t handled_access_net;
	/** Since ABI 6. */
	uint64_t scoped;
};

struct path_attribute {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

/**
 * What drivers open once a device is open: parts that they load when the first pipeline is made,
 * and their nodes. Patterns of glob(3); what is not there is passed over.
 */
static const struct {
	const char *pattern;
	uint64_t access;
} reachable[] = {
	{"/usr", READ},
	{"/lib*", READ},
	{"/opt", READ},
	{"/nix/store", READ},
	{"/run/opengl-driver*", READ},
	{"/etc/ld.so.cache", READ},
	{"/etc/vulkan", READ},
	{"/etc/nvidia", READ},
	{"/etc/drirc", READ},
	{"/proc/self", READ},
	{"/proc/cpuinfo", READ},
	{"/proc/meminfo", READ},
	{"/proc/driver/nvidia", READ},
	{"/sys/devices", READ},
	{"/sys/dev", READ},
	{"/sys/class/drm", READ},
	{"/sys/bus/pci", READ},
	{"/dev/null", DEVICE},
	{"/dev/zero", DEVICE},
	{"/dev/urandom", READ},
	{"/dev/dri", DEVICE},
	{"/dev/kfd", DEVICE},
	{"/dev/nvidia*", DEVICE},
};

int worker_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	return abi > 0 ? (int)abi : 0;
}

/** Every right on files that this version knows. */
static uint64_t access_of(int abi)
{
	static const int bits[] = {0, 13, 14, 15, 15, 16};
	enum { BITS = sizeof(bits) / sizeof(bits[0]) };
	return (UINT64_C(1) << bits[abi < BITS ? abi : BITS - 1]) - 1;
}

static bool allow(int ruleset, const char *path, uint64_t access, struct lane_error *err)
{
	BASE_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0) {
		return true;
	}
	struct path_attribute rule = {
		.allowed_access = S_ISDIR(status.st_mode) ? access : access & FS_OF_FILE,
		.parent_fd = fd,
	};
	return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0 ||
		lane_error_set_errno(err, "WORKER_SANDBOX", errno, "Landlock rule for %s", path);
}

static bool allow_pattern(int ruleset, const char *pattern, uint64_t access, struct lane_error *err)
{
	glob_t found;
	bool good = true;
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; good && i < found.gl_pathc; i++) {
			good = allow(ruleset, found.gl_pathv[i], access, err);
		}
		globfree(&found);
	}
	return good;
}

int worker_landlock_rules(int abi, struct lane_error *err)
{
	struct ruleset_attribute attribute = {
		.handled_access_fs = access_of(abi),
		.handled_access_net = abi >= 4 ? NET_ALL : 0,
		.scoped = abi >= 6 ? SCOPE_ALL : 0,
	};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attribute, sizeof(attribute), 0);
	if (ruleset < 0) {
		lane_error_set_errno(err, "WORKER_SANDBOX", errno, "Landlock of ABI %d", abi);
		return -1;
	}
	for (size_t i = 0; i < sizeof(reachable) / sizeof(reachable[0]); i++) {
		uint64_t access = reachable[i].access & attribute.handled_access_fs;
		if (!allow_pattern(ruleset, reachable[i].pattern, access, err)) {
			close(ruleset);
			return -1;
		}
	}
	return ruleset;
}
