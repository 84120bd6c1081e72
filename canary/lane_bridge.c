/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/choice.h"
#include "canary/embedded.h"
#include "canary/lane.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_MAX = 1 << 20 };

/** Through a bridge: the embedded one or a running one. */
struct bridge_lane {
	struct canary_lane lane;
	struct embedded embedded;
	struct bridge_client *client;
	/** "GPU-0". Owned. */
	char *gpu;
	struct bridge_lease_request request;
	struct bridge_grant grant;
	bool leased;
	uint64_t wait_ms;
	/** CLOCK_BOOTTIME of the grant or the last renewal. */
	uint64_t renewed_ns;
};

static struct bridge_lane *self(struct canary_lane *lane)
{
	return (struct bridge_lane *)lane;
}

/*
 * When the connection is gone, the end of our own bridge is the cause, and says more. A process
 * that is killed loses its socket a moment before it can be waited for.
 */
static bool explain(struct bridge_lane *lane, struct lane_error *err)
{
	if (lane_error_is(err, "BRIDGE_UNREACHABLE")) {
		BASE_FREE char *ended = embedded_ended(&lane->embedded, 1000);
		if (ended) {
			return lane_error_set(err, "BRIDGE_DIED", "the embedded bridge ended: %s", ended);
		}
	}
	return false;
}

static bool read_json(
	struct bridge_lane *lane, const char *path, struct base_json *json, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	return bridge_client_read_all(lane->client, path, DOCUMENT_MAX, &text, err) &&
		base_json_parse(path, text.data ? text.data : "", text.size, json, err);
}

/* Describes every GPU of the bridge and takes the chosen one. */
static bool choose(struct bridge_lane *lane, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *names = NULL;
	if (!bridge_client_list(lane->client, "/gpu", &names, err)) {
		return false;
	}
	BASE_JSON_FREE cJSON *devices = base_json_new_array();
	const cJSON *name;
	cJSON_ArrayForEach(name, names)
	{
		BASE_FREE char *path = base_format("/gpu/%s/facts", name->valuestring);
		BASE_JSON_AUTO json = {0};
		if (!read_json(lane, path, &json, err)) {
			return false;
		}
		base_json_add_node(devices, NULL, json.root);
		json.root = NULL;
	}
	size_t index;
	if (!choice_apply(lane->lane.options.choice, devices, &index, err)) {
		return false;
	}
	lane->gpu = base_strdup(cJSON_GetArrayItem(names, (int)index)->valuestring);
	lane->lane.device = cJSON_DetachItemFromArray(devices, (int)index);
	return true;
}

static bool lease(
	struct canary_lane *lane, const struct bridge_lease_request *request, struct lane_error *err)
{
	struct bridge_lane *own = self(lane);
	uint64_t start_ns = base_clock_boottime_ns();
	own->request = *request;
	/* The reply to a request that may wait comes late. */
	bridge_client_timeout(own->client, request->wait_ms + lane->options.timeout_ms);
	own->leased = bridge_client_acquire(own->client, own->gpu, request, &own->grant, err);
	bridge_client_timeout(own->client, lane->options.timeout_ms);
	own->renewed_ns = base_clock_boottime_ns();
	own->wait_ms = (own->renewed_ns - start_ns) / 1000000;
	return own->leased || explain(own, err);
}

static cJSON *lease_report(const struct canary_lane *lane)
{
	const struct bridge_lane *own = (const struct bridge_lane *)lane;
	if (!own->leased) {
		return NULL;
	}
	cJSON *report = base_json_new_object();
	base_json_add_number(report, "id", (double)own->grant.lease);
	base_json_add_number(report, "epoch", (double)own->grant.epoch);
	base_json_add_string(report, "gpu", own->gpu);
	base_json_add_number(report, "mem_mb", own->request.mem_mb);
	base_json_add_number(report, "streams", own->request.streams);
	base_json_add_number(report, "ttl_s", own->request.ttl_s);
	base_json_add_number(report, "priority", own->request.priority);
	base_json_add_number(report, "wait_ms", (double)own->wait_ms);
	base_json_add_string(report, "bridge",
		lane->options.mode == CANARY_EMBEDDED ? "embedded" : lane->options.address);
	return report;
}

/* Renews at a third of the TTL, so that two renewals may fail before the lease is lost. */
static bool keep(struct bridge_lane *lane, struct lane_error *err)
{
	uint64_t now_ns = base_clock_boottime_ns();
	if (now_ns - lane->renewed_ns < (uint64_t)lane->request.ttl_s * 1000000000 / 3) {
		return true;
	}
	lane->renewed_ns = now_ns;
	return bridge_client_renew(
		lane->client, lane->gpu, lane->grant.lease, lane->request.ttl_s, err);
}

static void see_state(void *context, const struct bridge_status *status)
{
	struct canary_job *end = context;
	/* Every piece of a wait tells the whole story again. */
	if (strcmp(status->state, "RUNNING") == 0 && end->running_ns == end->submitted_ns) {
		end->running_ns = base_clock_monotonic_ns();
	}
}

/* Waits for the terminal state, in pieces. The job's own timeout is the bridge's; ours is a grace
 * on top. */
static bool wait_for_end(
	struct bridge_lane *lane, const char *job, struct canary_job *end, struct lane_error *err)
{
	uint64_t deadline_ns =
		base_clock_boottime_ns() + 2 * (uint64_t)lane->lane.options.timeout_ms * 1000000;
	for (;;) {
		struct bridge_status last = {0};
		if (bridge_client_wait(
				lane->client, lane->gpu, job, CANARY_TICK_MS, see_state, end, &last, err)) {
			canary_job_end(end, last.state, last.detail);
			return true;
		}
		if (!lane_error_is(err, "BRIDGE_TIMEOUT")) {
			return explain(lane, err);
		}
		if (canary_interrupt_raised(lane->lane.options.interrupt)) {
			return lane_error_set(err, "CANARY_INTERRUPTED", "a signal came while job %s ran", job);
		}
		if (base_clock_boottime_ns() > deadline_ns) {
			return lane_error_wrap(err, "job %s has no end", job);
		}
		lane_error_finish(err);
		canary_lane_tick(&lane->lane);
		if (!keep(lane, err)) {
			return explain(lane, err);
		}
	}
}

static bool read_result(struct bridge_lane *lane, const char *job, size_t size,
	struct canary_job *end, struct lane_error *err)
{
	BASE_FREE char *path = base_format("/worker/%s/result", job);
	struct bridge_file *file = bridge_file_open(lane->client, path, BRIDGE_READ, err);
	if (!file) {
		return false;
	}
	/* One byte more than is due, so that a longer result is noticed. */
	BASE_FREE char *bytes = base_alloc(size + 1, 1);
	size_t have = 0, got = 0;
	bool read;
	do {
		read = bridge_file_read(file, have, bytes + have, size + 1 - have, &got, err);
		have += got;
	} while (read && got > 0 && have <= size);
	bridge_file_close(file);
	if (!read) {
		return false;
	}
	if (have != size) {
		BASE_FREE char *detail = base_format("result of %s%zu bytes, expected %zu",
			have > size ? "more than " : "", have > size ? size : have, size);
		canary_job_end(end, "ERR WORKER", detail);
		return true;
	}
	end->result = (uint32_t *)(void *)bytes;
	bytes = NULL;
	return true;
}

static bool run(struct canary_lane *lane, const char *job, const char *descriptor,
	size_t result_bytes, struct canary_job *end, cJSON **timing, struct lane_error *err)
{
	struct bridge_lane *own = self(lane);
	end->submitted_ns = end->running_ns = base_clock_monotonic_ns();
	if (!keep(own, err) || !bridge_client_submit(own->client, own->gpu, descriptor, err)) {
		return explain(own, err);
	}
	if (!wait_for_end(own, job, end, err)) {
		return false;
	}
	end->ended_ns = base_clock_monotonic_ns();
	end->wall_ns = end->ended_ns - end->submitted_ns;
	if (strcmp(end->state, "OK") != 0) {
		return true;
	}
	BASE_FREE char *path = base_format("/worker/%s/timing", job);
	BASE_JSON_AUTO document = {0};
	if (!read_json(own, path, &document, err) || !read_result(own, job, result_bytes, end, err)) {
		return explain(own, err);
	}
	*timing = document.root;
	document.root = NULL;
	return true;
}

static void close_lane(struct canary_lane *lane)
{
	struct bridge_lane *own = self(lane);
	if (own->leased) {
		/* The end of the session would release it too; this way a running bridge logs a release. */
		bridge_client_release(own->client, own->gpu, own->grant.lease, NULL);
	}
	bridge_client_destroy(own->client);
	embedded_stop(&own->embedded);
	free(own->gpu);
}

static bool connect_embedded(struct bridge_lane *lane, struct lane_error *err)
{
	const struct canary_lane_options *options = &lane->lane.options;
	struct bridge_server_config config = {
		.allow_software = options->choice->allow_software,
		.timeout_ms = options->timeout_ms,
	};
	int socket = -1;
	if (!embedded_start(&config, &lane->embedded, &socket, err)) {
		return false;
	}
	lane->client = bridge_client_adopt(socket, "canary", "", err);
	return lane->client || explain(lane, err);
}

struct canary_lane *canary_lane_open_bridge(
	const struct canary_lane_options *options, struct lane_error *err)
{
	static const struct canary_lane_kind kind = {
		.lease = lease,
		.run = run,
		.lease_report = lease_report,
		.close = close_lane,
	};
	struct bridge_lane *lane = base_alloc(1, sizeof(*lane));
	lane->lane = (struct canary_lane){.kind = &kind, .options = *options};
	bool connected;
	if (options->mode == CANARY_EMBEDDED) {
		connected = connect_embedded(lane, err);
	} else {
		lane->client = bridge_client_connect_with(options->address, "canary", options->ticket, err);
		connected = lane->client;
	}
	if (connected) {
		bridge_client_timeout(lane->client, options->timeout_ms);
	}
	if (!connected || !(choose(lane, err) || explain(lane, err))) {
		canary_lane_close(&lane->lane);
		return NULL;
	}
	return &lane->lane;
}
