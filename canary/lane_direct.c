/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker.h"
#include "canary/choice.h"
#include "canary/lane.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A worker of our own, without lease and queue: what is left is what the bridge costs. */
struct direct_lane {
	struct canary_lane lane;
	struct bridge_worker *worker;
};

static struct direct_lane *self(struct canary_lane *lane)
{
	return (struct direct_lane *)lane;
}

/* Waits for one event. Its kind is never BRIDGE_WORKER_NOTHING. */
static bool wait_for_event(struct direct_lane *lane, unsigned timeout_ms,
	struct bridge_worker_event *event, struct lane_error *err)
{
	uint64_t deadline_ns = base_clock_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
	for (;;) {
		bridge_worker_read(lane->worker, event);
		if (event->kind != BRIDGE_WORKER_NOTHING) {
			return true;
		}
		bridge_worker_event_finish(event);
		uint64_t now_ns = base_clock_monotonic_ns();
		if (now_ns >= deadline_ns) {
			return lane_error_set(err, "WORKER_TIMEOUT", "worker %d: no answer within %u ms",
				(int)bridge_worker_pid(lane->worker), timeout_ms);
		}
		struct pollfd poll_fds[] = {
			{.fd = bridge_worker_socket(lane->worker), .events = POLLIN},
			{.fd = lane->lane.options.interrupt->fd, .events = POLLIN},
		};
		uint64_t left_ms = (deadline_ns - now_ns) / 1000000 + 1;
		if (poll(poll_fds, 2, left_ms < CANARY_TICK_MS ? (int)left_ms : CANARY_TICK_MS) == 0) {
			canary_lane_tick(&lane->lane);
		}
		if (canary_interrupt_raised(lane->lane.options.interrupt)) {
			return lane_error_set(err, "CANARY_INTERRUPTED", "a signal came while worker %d ran",
				(int)bridge_worker_pid(lane->worker));
		}
	}
}

static bool lease(
	struct canary_lane *lane, const struct bridge_lease_request *request, struct lane_error *err)
{
	(void)request;
	struct direct_lane *own = self(lane);
	const struct bridge_worker_plan plan = {
		.device_uuid = base_json_string(lane->device, "uuid", "")};
	own->worker = bridge_worker_start(&plan, err);
	if (!own->worker) {
		return false;
	}
	struct bridge_worker_event event = {0};
	if (!wait_for_event(own, lane->options.timeout_ms, &event, err)) {
		return false;
	}
	bool ready = event.kind == BRIDGE_WORKER_READY;
	if (!ready) {
		lane_error_set(err, "WORKER_CRASHED", "worker %d: %s", (int)bridge_worker_pid(own->worker),
			event.text ? event.text : "");
	}
	bridge_worker_event_finish(&event);
	return ready;
}

static cJSON *lease_report(const struct canary_lane *lane)
{
	(void)lane;
	return NULL;
}

static void take_result(struct direct_lane *lane, size_t size, struct canary_job *end)
{
	BASE_CLOSE int fd = bridge_worker_take_result(lane->worker);
	BASE_FREE char *bytes = base_alloc(size, 1);
	size_t have = 0;
	while (fd >= 0 && have < size) {
		ssize_t got = pread(fd, bytes + have, size - have, (off_t)have);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			break;
		}
		have += (size_t)got;
	}
	if (have != size) {
		BASE_FREE char *detail = base_format("result of %zu bytes, expected %zu", have, size);
		canary_job_end(end, "ERR WORKER", detail);
		return;
	}
	end->result = (uint32_t *)(void *)bytes;
	bytes = NULL;
}

/* Waits for the end of the job; the worker is untrusted, so its death and its timeout are ends of
 * the job too. */
static bool wait_for_end(struct direct_lane *lane, size_t result_bytes, struct canary_job *end,
	cJSON **timing, struct lane_error *err)
{
	struct bridge_worker_event event = {0};
	if (!wait_for_event(lane, lane->lane.options.timeout_ms, &event, err)) {
		if (!lane_error_is(err, "WORKER_TIMEOUT")) {
			return false;
		}
		canary_job_end(end, "ERR TIMEOUT", lane_error_message(err));
		lane_error_finish(err);
		bridge_worker_kill(lane->worker);
		return true;
	}
	bool done = event.kind == BRIDGE_WORKER_DONE;
	canary_job_end(end, done ? event.state : "ERR WORKER", event.text ? event.text : "");
	*timing = event.detail;
	event.detail = NULL;
	bridge_worker_event_finish(&event);
	if (strcmp(end->state, "OK") == 0) {
		take_result(lane, result_bytes, end);
	}
	return true;
}

static bool run(struct canary_lane *lane, const char *job, const char *descriptor,
	size_t result_bytes, struct canary_job *end, cJSON **timing, struct lane_error *err)
{
	(void)job;
	struct direct_lane *own = self(lane);
	struct bridge_job parsed = {0};
	end->submitted_ns = end->running_ns = base_clock_monotonic_ns();
	bool ran = bridge_job_parse(descriptor, strlen(descriptor), &parsed, err) &&
		bridge_worker_submit(own->worker, &parsed, err) &&
		wait_for_end(own, result_bytes, end, timing, err);
	end->ended_ns = base_clock_monotonic_ns();
	end->wall_ns = end->ended_ns - end->submitted_ns;
	bridge_job_finish(&parsed);
	return ran;
}

static void close_lane(struct canary_lane *lane)
{
	bridge_worker_destroy(self(lane)->worker);
}

struct canary_lane *canary_lane_open_direct(
	const struct canary_lane_options *options, struct lane_error *err)
{
	static const struct canary_lane_kind kind = {
		.lease = lease,
		.run = run,
		.lease_report = lease_report,
		.close = close_lane,
	};
	BASE_JSON_FREE cJSON *devices = NULL;
	size_t index;
	if (!bridge_worker_describe(options->timeout_ms, &devices, err) ||
		!choice_apply(options->choice, devices, &index, err)) {
		return NULL;
	}
	struct direct_lane *lane = base_alloc(1, sizeof(*lane));
	lane->lane = (struct canary_lane){
		.kind = &kind,
		.options = *options,
		.device = cJSON_DetachItemFromArray(devices, (int)index),
	};
	return &lane->lane;
}
