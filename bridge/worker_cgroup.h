/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_CGROUP_H
#define BRIDGE_WORKER_CGROUP_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Control groups (cgroup v2): each worker in one of its own, which bounds the host memory and the
 * processes it can have. Linux, Documentation/admin-guide/cgroup-v2.rst.
 */

/** The group below which those of the workers are made. */
struct worker_cgroups;
/** That of one worker. */
struct worker_cgroup;

/**
 * Takes the group of this process over, when it is ours alone: moves us into a leaf of it and hands
 * memory and pids to groups below. `mounts` are tried in turn for a cgroup2 file system, NULL last.
 * Errors: CGROUP_NONE, whose message says what is in the way; nothing has changed then.
 */
struct worker_cgroups *worker_cgroups_open(const char *const *mounts, struct lane_error *err);
/** All workers' groups must be gone. */
void worker_cgroups_close(struct worker_cgroups *groups);
/** Its folder. Borrowed. */
const char *worker_cgroups_path(const struct worker_cgroups *groups);

/** Makes one with this much host memory at most. Errors: WORKER_START. */
struct worker_cgroup *worker_cgroup_create(
	struct worker_cgroups *groups, uint64_t memory_max, struct lane_error *err);
/** In a child after fork: enters it. Only system calls. False with errno set. */
bool worker_cgroup_enter(const struct worker_cgroup *group);
/** SIGKILL to all in it. */
void worker_cgroup_kill(const struct worker_cgroup *group);
/** Whether the kernel killed somebody in it for want of memory. */
bool worker_cgroup_starved(const struct worker_cgroup *group);
/** Removes it; one that still has somebody in it stays, and is said. */
void worker_cgroup_destroy(struct worker_cgroup *group);

/** Where systems mount it: /sys/fs/cgroup, and beside version 1 at /sys/fs/cgroup/unified. */
extern const char *const worker_cgroup_mounts[];

#endif
