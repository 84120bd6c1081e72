/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_LOOP_H
#define BRIDGE_LOOP_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/** The one thread's event loop: level-triggered epoll, and a timerfd on CLOCK_BOOTTIME so that
 * suspend counts. */
struct bridge_loop;

/** A descriptor to watch; lives in its owner's struct. */
struct bridge_source {
	int fd;
	/** `events` are those of epoll. May remove any source, its own too. */
	void (*ready)(void *context, uint32_t events);
	void *context;
};

/** Something to do once what is ready has been looked at; lives in its owner's struct. */
struct bridge_task {
	void (*run)(void *context);
	void *context;
	/** The loop's own. */
	struct bridge_task *next;
	bool queued;
};

/** Errors: LOOP_FAILED. */
struct bridge_loop *bridge_loop_create(struct lane_error *err);
void bridge_loop_destroy(struct bridge_loop *loop);

/** Begins to watch. Errors: LOOP_FAILED (out of watches). */
bool bridge_loop_add(struct bridge_loop *loop, struct bridge_source *source, uint32_t events,
	struct lane_error *err);
/** Watches for other events. */
void bridge_loop_change(struct bridge_loop *loop, struct bridge_source *source, uint32_t events);
/** Stops watching; what has already been seen of it is not delivered any more. Call before closing
 * fd. */
void bridge_loop_remove(struct bridge_loop *loop, struct bridge_source *source);

/**
 * Runs `task` at the beginning of the next bridge_loop_wait. `settle`, see below, runs before all
 * of them. For one that is queued already nothing changes.
 */
void bridge_loop_defer(struct bridge_loop *loop, struct bridge_task *task);
/** Takes a task back, if it is queued. */
void bridge_loop_cancel(struct bridge_loop *loop, struct bridge_task *task);
/** What is called once before the tasks of a turn: they tell the world what has become true, so it
 * has to be on disk by then. */
void bridge_loop_settle(struct bridge_loop *loop, void (*settle)(void *context), void *context);
/** Makes the next wait return at once. */
void bridge_loop_hurry(struct bridge_loop *loop);

/**
 * Runs what was deferred, then waits until a source is ready or `deadline_ns` (CLOCK_BOOTTIME;
 * UINT64_MAX: never) has come, and calls what is ready. Does not wait when a task has been deferred
 * again. Errors: LOOP_FAILED.
 */
bool bridge_loop_wait(struct bridge_loop *loop, uint64_t deadline_ns, struct lane_error *err);

#endif
