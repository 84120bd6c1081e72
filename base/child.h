/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

/** How a child process ended. */
enum base_child_end {
	/** exit(status). */
	BASE_CHILD_EXITED,
	/** Killed by signal `status`, not by us. */
	BASE_CHILD_SIGNALED,
	/** Did not end before its deadline; killed and reaped. */
	BASE_CHILD_TIMEOUT,
	/** Killed, but not gone within the grace time: uninterruptible sleep in the kernel (D state).
	 */
	BASE_CHILD_UNKILLABLE,
};

struct base_child_task {
	/** For messages: "vulkan". */
	const char *name;
	/**
	 * Runs in a forked child; writes its result to `out_fd` and returns the exit status. The child
	 * leaves through _exit, so nothing of the parent's is flushed or torn down twice. stdout and
	 * stderr of the child both go to the captured log, since drivers print to both.
	 */
	int (*run)(void *context, int out_fd);
	void *context;
	/** Used instead of `run` when that is NULL: program (searched in PATH) and arguments. Its
	 * stdout is the output. */
	const char *const *argv;
	/** Of that program, ending in NULL; NULL: ours. */
	char *const *environment;
	/** From the start of the child; 0 is not allowed. */
	unsigned timeout_ms;
	/** Bytes of output kept; a child that writes more is killed and `output_truncated` set. */
	size_t output_max;
};

struct base_child_outcome {
	enum base_child_end end;
	/** Exit status or signal number. */
	int status;
	/** Kernel state of an unkillable child ('D'), or 0. */
	char kernel_state;
	uint64_t duration_ms;
	bool output_truncated;
	/** What the child wrote to out_fd. */
	struct base_buffer output;
	/** What it printed (last 64 KiB are dropped beyond that: the first lines tell the cause). */
	struct base_buffer log;
};

/**
 * Runs all tasks at once, each in its own process group that dies with us, and fills one
 * outcome a task. Kills the group at its deadline. False only when a child could not be started
 * (CHILD_START); the others are killed and reaped then. The calling process must be
 * single-threaded.
 */
bool base_child_run(const struct base_child_task *tasks, size_t count,
	struct base_child_outcome *outcomes, struct lane_error *err);
void base_child_outcome_finish(struct base_child_outcome *outcome);

/** "exit", "signal", "timeout", "unkillable". */
const char *base_child_end_name(enum base_child_end end);
/** One line about it: "killed by SIGSEGV after 31 ms". Caller frees. */
char *base_child_describe(const struct base_child_outcome *outcome);

/**
 * In a freshly forked child: own process group, dies with `parent`, no core dump, signals and mask
 * reset. Call first.
 */
void base_child_detach(pid_t parent);

/** Writes all bytes, retrying on EINTR. False with errno set. */
bool base_write_all(int fd, const void *bytes, size_t size);

#endif
