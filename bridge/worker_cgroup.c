/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_cgroup.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/** Linux, include/uapi/linux/magic.h. */
#define CGROUP2_MAGIC 0x63677270

enum {
	/** Threads of a driver: the sandbox shuts in no more either. */
	PIDS_MAX = 1024,
	FILE_MAX = 64 << 10,
};

struct worker_cgroups {
	char *path;
	/** Of the worker that was started last. */
	unsigned long last;
};

struct worker_cgroup {
	char *path;
	/** Its cgroup.procs, open for a child to enter. */
	int procs;
};

const char *const worker_cgroup_mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", NULL};

static const char prefix[] = "gpu-lane-worker-";
static const char leaf[] = "gpu-lane-bridge";

static bool write_file(const char *folder, const char *name, const char *text)
{
	BASE_FREE char *path = base_format("%s/%s", folder, name);
	BASE_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool write_number(const char *folder, const char *name, uint64_t value)
{
	BASE_FREE char *text = base_format("%llu", (unsigned long long)value);
	return write_file(folder, name, text);
}

/** All of a small file; NULL when it cannot be read. Caller frees. */
static char *read_file(const char *folder, const char *name)
{
	BASE_FREE char *path = base_format("%s/%s", folder, name);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (!base_file_read(path, FILE_MAX, &text, NULL)) {
		return NULL;
	}
	base_buffer_add(&text, "", 1);
	return base_buffer_steal(&text);
}

/** Whether a list of words has this one. */
static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);
	for (const char *at = list; (at = strstr(at, word)) != NULL; at += size) {
		bool begins = at == list || at[-1] == ' ' || at[-1] == '\n';
		if (begins && (at[size] == '\0' || at[size] == ' ' || at[size] == '\n')) {
			return true;
		}
	}
	return false;
}

/** The folder of our own group, or NULL: no cgroup v2 is mounted there. Caller frees. */
static char *own_group(const char *mount)
{
	struct statfs system;
	if (statfs(mount, &system) != 0 || system.f_type != CGROUP2_MAGIC) {
		return NULL;
	}
	BASE_FREE char *groups = read_file("/proc/self", "cgroup");
	for (char *rest = groups, *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (strncmp(line, "0::/", 4) == 0) {
			return base_format("%s%s", mount, strcmp(line + 3, "/") == 0 ? "" : line + 3);
		}
	}
	return NULL;
}

/** Whether nobody but this process is in it. */
static bool is_ours_alone(const char *group)
{
	BASE_FREE char *procs = read_file(group, "cgroup.procs");
	BASE_FREE char *alone = base_format("%ld\n", (long)getpid());
	return procs != NULL && strcmp(procs, alone) == 0;
}

/** The root of all groups may have processes and children at once; no other. */
static bool is_root(const char *group)
{
	BASE_FREE char *events = base_format("%s/cgroup.events", group);
	return access(events, F_OK) != 0;
}

/** Hands the controllers on, after making way for that; undone when it fails. */
static bool hand_on(const char *group, struct lane_error *err)
{
	static const char controllers[] = "+memory +pids";
	if (is_root(group)) {
		return write_file(group, "cgroup.subtree_control", controllers) ||
			lane_error_set_errno(err, "CGROUP_NONE", errno, "%s/cgroup.subtree_control", group);
	}
	if (!is_ours_alone(group)) {
		return lane_error_set(err, "CGROUP_NONE",
			"other processes are in %s: a service with Delegate=yes has its own", group);
	}
	BASE_FREE char *own = base_format("%s/%s", group, leaf);
	if (mkdir(own, 0755) != 0 && errno != EEXIST) {
		return lane_error_set_errno(err, "CGROUP_NONE", errno, "%s", own);
	}
	if (!write_number(own, "cgroup.procs", (uint64_t)getpid())) {
		lane_error_set_errno(err, "CGROUP_NONE", errno, "%s/cgroup.procs", own);
		rmdir(own);
		return false;
	}
	if (!write_file(group, "cgroup.subtree_control", controllers)) {
		lane_error_set_errno(err, "CGROUP_NONE", errno, "%s/cgroup.subtree_control", group);
		write_number(group, "cgroup.procs", (uint64_t)getpid());
		rmdir(own);
		return false;
	}
	return true;
}

/** What workers of a bridge that was killed have left. */
static void remove_old(const char *group)
{
	DIR *folder = opendir(group);
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) == 0) {
			BASE_FREE char *path = base_format("%s/%s", group, entry->d_name);
			rmdir(path);
		}
	}
	if (folder != NULL) {
		closedir(folder);
	}
}

static bool open_group(const char *group, struct lane_error *err)
{
	BASE_FREE char *controllers = read_file(group, "cgroup.controllers");
	if (controllers == NULL || !has_word(controllers, "memory") || !has_word(controllers, "pids")) {
		return lane_error_set(err, "CGROUP_NONE", "%s has no memory and pids controllers", group);
	}
	if (!hand_on(group, err)) {
		return false;
	}
	remove_old(group);
	return true;
}

struct worker_cgroups *worker_cgroups_open(const char *const *mounts, struct lane_error *err)
{
	BASE_FREE char *group = NULL;
	for (; group == NULL && *mounts != NULL; mounts++) {
		group = own_group(*mounts);
	}
	if (group == NULL) {
		lane_error_set(err, "CGROUP_NONE", "no cgroup v2 is mounted");
		return NULL;
	}
	if (!open_group(group, err)) {
		return NULL;
	}
	struct worker_cgroups *groups = base_alloc(1, sizeof(*groups));
	groups->path = group;
	group = NULL;
	return groups;
}

void worker_cgroups_close(struct worker_cgroups *groups)
{
	if (groups != NULL) {
		free(groups->path);
		free(groups);
	}
}

const char *worker_cgroups_path(const struct worker_cgroups *groups)
{
	return groups->path;
}

static bool set_limits(const char *path, uint64_t memory_max)
{
	/* A kernel without swap accounting has no such file, and one killed in a worker is all. */
	return write_number(path, "memory.max", memory_max) &&
		write_number(path, "pids.max", PIDS_MAX) &&
		(write_number(path, "memory.swap.max", 0) || errno == ENOENT) &&
		(write_number(path, "memory.oom.group", 1) || errno == ENOENT);
}

struct worker_cgroup *worker_cgroup_create(
	struct worker_cgroups *groups, uint64_t memory_max, struct lane_error *err)
{
	struct worker_cgroup *group = base_alloc(1, sizeof(*group));
	group->path = base_format("%s/%s%ld-%lu", groups->path, prefix, (long)getpid(), ++groups->last);
	group->procs = -1;
	BASE_FREE char *procs = base_format("%s/cgroup.procs", group->path);
	if (mkdir(group->path, 0755) != 0 || !set_limits(group->path, memory_max) ||
		(group->procs = open(procs, O_WRONLY | O_CLOEXEC)) < 0) {
		lane_error_set_errno(err, "WORKER_START", errno, "control group %s", group->path);
		rmdir(group->path);
		free(group->path);
		free(group);
		return NULL;
	}
	return group;
}

bool worker_cgroup_enter(const struct worker_cgroup *group)
{
	return write(group->procs, "0", 1) == 1;
}

void worker_cgroup_kill(const struct worker_cgroup *group)
{
	/* Since Linux 5.14; before that the signal to its process group does. */
	write_file(group->path, "cgroup.kill", "1");
}

bool worker_cgroup_starved(const struct worker_cgroup *group)
{
	BASE_FREE char *events = read_file(group->path, "memory.events");
	const char *kills = events != NULL ? strstr(events, "\noom_kill ") : NULL;
	return kills != NULL && strtoull(kills + sizeof("\noom_kill ") - 1, NULL, 10) > 0;
}

void worker_cgroup_destroy(struct worker_cgroup *group)
{
	if (group != NULL) {
		close(group->procs);
		if (rmdir(group->path) != 0) {
			base_log(BASE_LOG_WARNING, "control group %s: %s", group->path, strerror(errno));
		}
		free(group->path);
		free(group);
	}
}
