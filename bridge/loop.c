/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/loop.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 };
#define NS_PER_S UINT64_C(1000000000)

struct bridge_loop {
	int epoll;
	struct bridge_source timer;
	/** What the timer is set to. */
	uint64_t deadline_ns;
	/** Seen and not yet delivered: batch[next..count). */
	struct epoll_event batch[BATCH];
	int next, count;
	/** What is to be run, oldest first. */
	struct bridge_task *first, **last;
	void (*settle)(void *context);
	void *settle_context;
	bool hurry;
};

static void timer_ready(void *context, uint32_t events)
{
	(void)events;
	struct bridge_loop *loop = context;
	uint64_t expirations;
	/* Only to make it unreadable again; whoever set the deadline looks at the clock. */
	if (read(loop->timer.fd, &expirations, sizeof(expirations)) > 0) {
		loop->deadline_ns = UINT64_MAX;
	}
}

struct bridge_loop *bridge_loop_create(struct lane_error *err)
{
	struct bridge_loop *loop = base_alloc(1, sizeof(*loop));
	loop->deadline_ns = UINT64_MAX;
	loop->last = &loop->first;
	loop->timer = (struct bridge_source){.ready = timer_ready, .context = loop};
	loop->timer.fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0 || loop->timer.fd < 0) {
		lane_error_set_errno(err, "LOOP_FAILED", errno, "epoll or timerfd");
		bridge_loop_destroy(loop);
		return NULL;
	}
	if (!bridge_loop_add(loop, &loop->timer, EPOLLIN, err)) {
		bridge_loop_destroy(loop);
		return NULL;
	}
	return loop;
}

void bridge_loop_destroy(struct bridge_loop *loop)
{
	if (loop != NULL) {
		base_cleanup_close(&loop->timer.fd);
		base_cleanup_close(&loop->epoll);
		free(loop);
	}
}

bool bridge_loop_add(
	struct bridge_loop *loop, struct bridge_source *source, uint32_t events, struct lane_error *err)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event) < 0) {
		return lane_error_set_errno(
			err, "LOOP_FAILED", errno, "cannot watch descriptor %d", source->fd);
	}
	return true;
}

void bridge_loop_change(struct bridge_loop *loop, struct bridge_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	/* Fails only for a descriptor that is not watched: a defect of the caller. */
	epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

void bridge_loop_remove(struct bridge_loop *loop, struct bridge_source *source)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	for (int i = loop->next; i < loop->count; i++) {
		if (loop->batch[i].data.ptr == source) {
			loop->batch[i].data.ptr = NULL;
		}
	}
}

void bridge_loop_defer(struct bridge_loop *loop, struct bridge_task *task)
{
	if (!task->queued) {
		task->queued = true;
		task->next = NULL;
		*loop->last = task;
		loop->last = &task->next;
	}
}

void bridge_loop_cancel(struct bridge_loop *loop, struct bridge_task *task)
{
	struct bridge_task **link = &loop->first;
	while (task->queued && *link != task) {
		link = &(*link)->next;
	}
	if (task->queued) {
		*link = task->next;
		loop->last = task->next == NULL ? link : loop->last;
		task->queued = false;
	}
}

void bridge_loop_settle(struct bridge_loop *loop, void (*settle)(void *context), void *context)
{
	loop->settle = settle;
	loop->settle_context = context;
}

void bridge_loop_hurry(struct bridge_loop *loop)
{
	loop->hurry = true;
}

/** Runs what is queued now; what it queues itself comes next time. */
static void run_tasks(struct bridge_loop *loop)
{
	if (loop->first == NULL) {
		return;
	}
	if (loop->settle != NULL) {
		loop->settle(loop->settle_context);
	}
	struct bridge_task end = {.queued = false};
	bridge_loop_defer(loop, &end);
	while (loop->first != &end) {
		struct bridge_task *task = loop->first;
		bridge_loop_cancel(loop, task);
		task->run(task->context);
	}
	bridge_loop_cancel(loop, &end);
}

static void set_timer(struct bridge_loop *loop, uint64_t deadline_ns)
{
	if (deadline_ns == loop->deadline_ns) {
		return;
	}
	loop->deadline_ns = deadline_ns;
	struct itimerspec when = {.it_value = {0}};
	if (deadline_ns != UINT64_MAX) {
		/* All zero would disarm it. */
		uint64_t at = deadline_ns > 0 ? deadline_ns : 1;
		when.it_value.tv_sec = (time_t)(at / NS_PER_S);
		when.it_value.tv_nsec = (long)(at % NS_PER_S);
	}
	timerfd_settime(loop->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

bool bridge_loop_wait(struct bridge_loop *loop, uint64_t deadline_ns, struct lane_error *err)
{
	run_tasks(loop);
	set_timer(loop, deadline_ns);
	loop->next = 0;
	int timeout_ms = loop->hurry || loop->first != NULL ? 0 : -1;
	loop->hurry = false;
	do {
		loop->count = epoll_wait(loop->epoll, loop->batch, BATCH, timeout_ms);
	} while (loop->count < 0 && errno == EINTR);
	if (loop->count < 0) {
		loop->count = 0;
		return lane_error_set_errno(err, "LOOP_FAILED", errno, "epoll_wait");
	}
	while (loop->next < loop->count) {
		struct epoll_event event = loop->batch[loop->next++];
		struct bridge_source *source = event.data.ptr;
		if (source != NULL) {
			source->ready(source->context, event.events);
		}
	}
	loop->next = 0;
	loop->count = 0;
	return true;
}
