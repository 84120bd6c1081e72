/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
	/** Opening a device; a cold shader cache or a busy machine takes its time. */
	START_TIMEOUT_MS = 30000,
	/** From SIGKILL to being reaped; more means uninterruptible sleep in the kernel. */
	KILL_GRACE_MS = 1500,
	/** Between two looks at an ended process that cannot be reaped. */
	REAP_AGAIN_MS = 100,
};

static uint64_t from_now_ns(uint64_t ms)
{
	return base_clock_boottime_ns() + ms * NS_PER_MS;
}

static void release_memory(struct bridge_slot *slot)
{
	slot->tenant->running_bytes -= slot->memory_bytes;
	slot->memory_bytes = 0;
}

/** Ends the slot's job with what came of it. */
static void end_run(struct bridge_slot *slot, const struct bridge_run_end *end)
{
	struct bridge_run *run = slot->run;
	slot->run = NULL;
	if (slot->state != BRIDGE_SLOT_STUCK) {
		release_memory(slot);
	}
	bridge_run_finish(run, slot->tenant->gpu->archive, end);
}

static void fail_run(struct bridge_slot *slot, const char *state, const char *detail)
{
	end_run(slot, &(struct bridge_run_end){.state = state, .detail = detail, .result = -1});
}

static const char *done_detail(const struct bridge_worker_event *event)
{
	if (event->text != NULL && event->text[0] != '\0') {
		return event->text;
	}
	return strcmp(event->state, "OK") == 0 ? "completed" : "";
}

static void job_done(struct bridge_slot *slot, const struct bridge_worker_event *event)
{
	if (slot->state != BRIDGE_SLOT_BUSY) {
		bridge_slot_kill(slot, "ERR WORKER", "worker reported a job that it does not have");
		return;
	}
	slot->state = BRIDGE_SLOT_IDLE;
	slot->deadline_ns = UINT64_MAX;
	end_run(slot,
		&(struct bridge_run_end){
			.state = event->state,
			.detail = done_detail(event),
			.result = bridge_worker_take_result(slot->worker),
			.timing = event->detail,
		});
	if (strcmp(event->state, "ERR DEVICE-LOST") == 0) {
		/* Its VkDevice is of no more use; the next job gets a fresh process. */
		bridge_slot_kill(slot, "ERR WORKER", "device lost");
		bridge_health_lost(slot->tenant->gpu, slot->generation, "device lost");
	}
}

/** Handles what the worker has sent; false once it has nothing more to say. */
static bool handle_event(struct bridge_slot *slot)
{
	struct bridge_worker_event event = {.kind = BRIDGE_WORKER_NOTHING};
	bridge_worker_read(slot->worker, &event);
	bool more = event.kind != BRIDGE_WORKER_NOTHING && event.kind != BRIDGE_WORKER_GONE;
	switch (event.kind) {
	case BRIDGE_WORKER_NOTHING:
		break;
	case BRIDGE_WORKER_READY:
		if (slot->state == BRIDGE_SLOT_STARTING) {
			slot->state = BRIDGE_SLOT_IDLE;
			slot->deadline_ns = UINT64_MAX;
			slot->opened = true;
		}
		break;
	case BRIDGE_WORKER_DONE:
		job_done(slot, &event);
		break;
	case BRIDGE_WORKER_GONE:
		bridge_slot_kill(slot, NULL, event.text);
		break;
	}
	bridge_worker_event_finish(&event);
	return more;
}

static bool talks(const struct bridge_slot *slot)
{
	return slot->state < BRIDGE_SLOT_KILLED;
}

static void socket_ready(void *context, uint32_t events)
{
	(void)events;
	struct bridge_slot *slot = context;
	slot->tenant->gpu->stirred = true;
	while (talks(slot) && handle_event(slot)) {}
}

/** How it ended: why we killed it, or what the kernel and the socket say. Caller frees. */
static char *end_text(const struct bridge_slot *slot, const char *reaped)
{
	if (slot->reason == NULL || reaped == NULL) {
		const char *text = slot->reason != NULL ? slot->reason : reaped;
		return base_strdup(text != NULL ? text : "worker gone");
	}
	return slot->verdict != NULL ? base_strdup(slot->reason)
								 : base_format("%s; %s", reaped, slot->reason);
}

/**
 * A worker that never opened its device takes the job it was started for with it: each job costs at
 * most one start that fails, so a device that cannot be opened is told, not tried for ever.
 */
static void start_failed(struct bridge_tenant *tenant, const char *reason)
{
	base_log(BASE_LOG_WARNING, "%s: worker did not start: %s", tenant->gpu->card.id, reason);
	struct bridge_run *run = bridge_tenant_take(tenant);
	if (run != NULL) {
		bridge_tenant_fail(tenant, run, "ERR WORKER", reason);
	}
}

/** Its process has ended, by our hand or not. */
static void process_ready(void *context, uint32_t events)
{
	struct bridge_slot *slot = context;
	/* A result that it sent just before counts. */
	socket_ready(slot, events);
	BASE_FREE char *reaped = NULL;
	if (!bridge_worker_reap(slot->worker, &reaped)) {
		/* Ended, and kept as a zombie by a debugger. Its descriptor stays ready: look away. */
		bridge_loop_change(slot->tenant->gpu->loop, &slot->process, 0);
		slot->reap_ns = from_now_ns(REAP_AGAIN_MS);
		return;
	}
	const char *verdict = slot->verdict != NULL ? slot->verdict : "ERR WORKER";
	slot->tenant->gpu->workers_failed += strcmp(verdict, "ERR WORKER") == 0;
	BASE_FREE char *text = end_text(slot, reaped);
	if (slot->tenant == &slot->tenant->gpu->checker) {
		bridge_health_checked(slot->tenant->gpu, text);
	} else if (slot->run != NULL) {
		fail_run(slot, verdict, text);
	} else if (!slot->opened && strcmp(verdict, "ERR WORKER") == 0) {
		start_failed(slot->tenant, text);
	}
	bridge_slot_destroy(slot);
}

static bool watch(struct bridge_slot *slot, struct lane_error *err)
{
	struct bridge_loop *loop = slot->tenant->gpu->loop;
	slot->socket = (struct bridge_source){
		.fd = bridge_worker_socket(slot->worker), .ready = socket_ready, .context = slot};
	slot->process = (struct bridge_source){
		.fd = bridge_worker_pidfd(slot->worker), .ready = process_ready, .context = slot};
	if (!bridge_loop_add(loop, &slot->socket, EPOLLIN, err)) {
		return false;
	}
	if (!bridge_loop_add(loop, &slot->process, EPOLLIN, err)) {
		bridge_loop_remove(loop, &slot->socket);
		return false;
	}
	return true;
}

bool bridge_slot_start(struct bridge_tenant *tenant, struct lane_error *err)
{
	const struct bridge_worker_plan plan = {
		.device_uuid = tenant->gpu->card.uuid,
		.check = tenant == &tenant->gpu->checker,
		.memory_bytes = tenant->lease != NULL ? (uint64_t)tenant->lease->mem_mb << 20 : 0,
		.cgroups = tenant->gpu->cgroups,
	};
	struct bridge_worker *worker = bridge_worker_start(&plan, err);
	if (worker == NULL) {
		return false;
	}
	struct bridge_slot *slot = base_alloc(1, sizeof(*slot));
	*slot = (struct bridge_slot){
		.tenant = tenant,
		.worker = worker,
		.state = BRIDGE_SLOT_STARTING,
		.generation = tenant->gpu->health.generation,
		.deadline_ns = from_now_ns(START_TIMEOUT_MS),
		.reap_ns = UINT64_MAX,
	};
	if (!watch(slot, err)) {
		bridge_worker_destroy(worker);
		free(slot);
		return false;
	}
	slot->next = tenant->slots;
	tenant->slots = slot;
	tenant->slot_count++;
	tenant->gpu->workers_started++;
	return true;
}

void bridge_slot_run(struct bridge_slot *slot, struct bridge_run *run)
{
	slot->run = run;
	slot->state = BRIDGE_SLOT_BUSY;
	slot->memory_bytes = run->job.memory_bytes;
	slot->tenant->running_bytes += slot->memory_bytes;
	slot->deadline_ns = from_now_ns(run->job.timeout_ms);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_worker_submit(slot->worker, &run->job, &err)) {
		bridge_slot_kill(slot, "ERR WORKER", lane_error_message(&err));
		return;
	}
	bridge_run_enter(run, "RUNNING", "scheduled");
}

void bridge_slot_kill(struct bridge_slot *slot, const char *verdict, const char *reason)
{
	if (!talks(slot)) {
		return;
	}
	slot->verdict = verdict;
	slot->reason = reason != NULL ? base_strdup(reason) : NULL;
	slot->state = BRIDGE_SLOT_KILLED;
	slot->deadline_ns = from_now_ns(KILL_GRACE_MS);
	bridge_loop_remove(slot->tenant->gpu->loop, &slot->socket);
	bridge_worker_kill(slot->worker);
}

/** SIGKILL did not help: the job is told, but memory and stream stay taken, and nobody else is let
 * in until it is reaped after all and the GPU has been checked. */
static void become_stuck(struct bridge_slot *slot)
{
	struct bridge_gpu *gpu = slot->tenant->gpu;
	slot->state = BRIDGE_SLOT_STUCK;
	slot->deadline_ns = UINT64_MAX;
	BASE_FREE char *stuck =
		base_format("worker %ld cannot be killed", (long)bridge_worker_pid(slot->worker));
	base_log(BASE_LOG_ERROR, "%s: %s: its memory stays taken until it ends", gpu->card.id, stuck);
	if (slot->run != NULL) {
		BASE_FREE char *detail = base_format(
			"%s; %s, GPU quarantined", slot->reason != NULL ? slot->reason : "worker gone", stuck);
		fail_run(slot, slot->verdict != NULL ? slot->verdict : "ERR WORKER", detail);
	}
	bridge_health_stuck(gpu, stuck);
}

static void expire(struct bridge_slot *slot)
{
	BASE_FREE char *reason = NULL;
	switch (slot->state) {
	case BRIDGE_SLOT_STARTING:
		reason = base_format("worker has not opened its device after %d ms", START_TIMEOUT_MS);
		bridge_slot_kill(slot, "ERR WORKER", reason);
		break;
	case BRIDGE_SLOT_BUSY:
		reason = base_format("stopped after timeout_ms %u", slot->run->job.timeout_ms);
		bridge_slot_kill(slot, "ERR TIMEOUT", reason);
		break;
	case BRIDGE_SLOT_KILLED:
		become_stuck(slot);
		break;
	case BRIDGE_SLOT_IDLE:
	case BRIDGE_SLOT_STUCK:
		break;
	}
}

void bridge_slot_advance(struct bridge_slot *slot, uint64_t now_ns)
{
	if (slot->reap_ns <= now_ns) {
		slot->reap_ns = UINT64_MAX;
		bridge_loop_change(slot->tenant->gpu->loop, &slot->process, EPOLLIN);
	}
	if (slot->deadline_ns <= now_ns) {
		expire(slot);
	}
}

uint64_t bridge_slot_next_ns(const struct bridge_slot *slot)
{
	return slot->reap_ns < slot->deadline_ns ? slot->reap_ns : slot->deadline_ns;
}

void bridge_slot_destroy(struct bridge_slot *slot)
{
	struct bridge_tenant *tenant = slot->tenant;
	if (slot->run != NULL) {
		fail_run(slot, slot->verdict != NULL ? slot->verdict : "ERR WORKER", "worker gone");
	}
	struct bridge_slot **link = &tenant->slots;
	while (*link != slot) {
		link = &(*link)->next;
	}
	*link = slot->next;
	tenant->slot_count--;
	if (talks(slot)) {
		bridge_loop_remove(tenant->gpu->loop, &slot->socket);
	}
	bridge_loop_remove(tenant->gpu->loop, &slot->process);
	bridge_worker_destroy(slot->worker);
	release_memory(slot);
	free(slot->reason);
	free(slot);
}
