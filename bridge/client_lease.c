/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX = 1024, EVENTS_CHUNK = 16 << 10 };

/** The number after "key=" in a reply; 0 when it is not there. */
static uint64_t reply_number(const char *reply, const char *key)
{
	BASE_FREE char *word = base_format(" %s=", key);
	const char *place = strstr(reply, word);
	return place != NULL ? strtoull(place + strlen(word), NULL, 10) : 0;
}

/** "OK LEASE ..." fills the grant; "ERR LEASE reason=.. detail=".."" fills the error. */
static bool parse_grant(
	const char *path, const char *reply, struct bridge_grant *grant, struct lane_error *err)
{
	static const struct {
		const char *reason, *code;
	} reasons[] = {
		{"busy", "LEASE_BUSY"},
		{"quota", "LEASE_QUOTA"},
		{"permission", "LEASE_PERMISSION"},
		{"invalid", "LEASE_INVALID"},
		{"cordoned", "LEASE_CORDONED"},
	};
	if (strncmp(reply, "OK ", 3) == 0) {
		*grant = (struct bridge_grant){
			.lease = reply_number(reply, "lease"),
			.epoch = reply_number(reply, "epoch"),
			.expires_in_s = (uint32_t)reply_number(reply, "expires_in_s"),
		};
		return true;
	}
	char reason[16] = "";
	const char *detail = strstr(reply, "detail=\"");
	if (strncmp(reply, "ERR ", 4) != 0 || detail == NULL ||
		sscanf(reply, "ERR %*s reason=%15s", reason) != 1) {
		return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: reply '%.80s'", path, reply);
	}
	detail += strlen("detail=\"");
	const char *code = "LEASE_INVALID";
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcmp(reasons[i].reason, reason) == 0) {
			code = reasons[i].code;
		}
	}
	return lane_error_set(err, code, "%s: %.*s", path, (int)strcspn(detail, "\"\n"), detail);
}

/** Adds a read of the replies that are there; `reply` becomes an empty text when there is none. */
static void add_reply(
	struct bridge_flight *flight, const struct bridge_file *ctl, char reply[REPLY_MAX])
{
	memset(reply, 0, REPLY_MAX);
	bridge_flight_read(flight, ctl, 0, reply, REPLY_MAX - 1);
}

/** Opens the file and writes one command to it that has one reply. */
static bool command(
	struct bridge_file *ctl, const char *line, char reply[REPLY_MAX], struct lane_error *err)
{
	struct bridge_flight flight;
	bridge_flight_begin(&flight, ctl->client, bridge_client_deadline(ctl->client->timeout_ms));
	bridge_flight_open(&flight, ctl, WIRE_OPEN_READ_WRITE);
	bridge_flight_write(&flight, ctl, line, strlen(line));
	add_reply(&flight, ctl, reply);
	return bridge_flight_land(&flight, err);
}

/** Waits on events until ctl says that the queued lease is granted. */
static bool await_grant(struct bridge_file *ctl, struct bridge_file *events, uint64_t deadline_ns,
	struct bridge_grant *grant, struct lane_error *err)
{
	struct bridge_client *client = ctl->client;
	char chunk[EVENTS_CHUNK];
	char reply[REPLY_MAX];
	struct bridge_flight flight;
	bridge_flight_begin(&flight, client, bridge_client_deadline(client->timeout_ms));
	bridge_flight_open(&flight, events, WIRE_OPEN_READ);
	/* Where events end before the reply is looked for: what comes after it is behind that. */
	const struct bridge_call *end = bridge_flight_size(&flight, events);
	add_reply(&flight, ctl, reply);
	if (!bridge_flight_land(&flight, err)) {
		return false;
	}
	for (uint64_t offset = end->value; reply[0] == '\0';) {
		size_t got = 0;
		if (!bridge_file_read_once(events, offset, chunk, sizeof(chunk), deadline_ns, &got, err)) {
			return false;
		}
		offset += got;
		bridge_flight_begin(&flight, client, bridge_client_deadline(client->timeout_ms));
		add_reply(&flight, ctl, reply);
		if (!bridge_flight_land(&flight, err)) {
			return false;
		}
	}
	return parse_grant(ctl->path, reply, grant, err);
}

static bool give_up(
	struct bridge_file *ctl, uint64_t lease, unsigned wait_ms, struct lane_error *err)
{
	/* It may have been granted this very moment; RELEASE ends it either way. */
	BASE_FREE char *line = base_format("RELEASE lease=%llu\n", (unsigned long long)lease);
	bridge_file_write(ctl, line, strlen(line), NULL);
	return lane_error_set(
		err, "LEASE_WAIT_TIMEOUT", "%s: not granted within %u ms", ctl->path, wait_ms);
}

static bool wait_in_queue(struct bridge_file *ctl, const char *gpu, uint64_t lease,
	unsigned wait_ms, uint64_t deadline_ns, struct bridge_grant *grant, struct lane_error *err)
{
	LANE_ERROR_AUTO cause = LANE_ERROR_INIT;
	struct bridge_file *events = bridge_file_of_gpu(ctl->client, gpu, "events");
	bool granted = await_grant(ctl, events, deadline_ns, grant, &cause);
	bridge_file_close(events);
	if (!granted && lane_error_is(&cause, "BRIDGE_TIMEOUT")) {
		return give_up(ctl, lease, wait_ms, err);
	}
	return granted || lane_error_set(err, cause.code, "%s", lane_error_message(&cause));
}

bool bridge_client_acquire(struct bridge_client *client, const char *gpu,
	const struct bridge_lease_request *request, struct bridge_grant *grant, struct lane_error *err)
{
	uint64_t deadline_ns = bridge_client_deadline(request->wait_ms);
	BASE_FREE char *line =
		base_format("LEASE mem_mb=%u streams=%u ttl_s=%u priority=%u queue=%d exclusive=%d"
					"%s%s\n",
			request->mem_mb, request->streams, request->ttl_s, request->priority,
			request->wait_ms > 0, request->exclusive, request->keep ? " keep=1" : "",
			request->preemptible ? " preemptible=1" : "");
	char reply[REPLY_MAX];
	struct bridge_file *ctl = bridge_file_of_gpu(client, gpu, "ctl");
	bool good = command(ctl, line, reply, err);
	if (good && strncmp(reply, "QUEUED ", 7) == 0) {
		good = wait_in_queue(
			ctl, gpu, reply_number(reply, "lease"), request->wait_ms, deadline_ns, grant, err);
	} else if (good) {
		good = parse_grant(ctl->path, reply, grant, err);
	}
	bridge_file_close(ctl);
	return good;
}

/** A command that is about one lease. */
static bool command_lease(
	struct bridge_client *client, const char *gpu, const char *line, struct lane_error *err)
{
	struct bridge_grant grant;
	char reply[REPLY_MAX];
	struct bridge_file *ctl = bridge_file_of_gpu(client, gpu, "ctl");
	bool good = command(ctl, line, reply, err) && parse_grant(ctl->path, reply, &grant, err);
	bridge_file_close(ctl);
	return good;
}

bool bridge_client_renew(struct bridge_client *client, const char *gpu, uint64_t lease,
	uint32_t ttl_s, struct lane_error *err)
{
	BASE_FREE char *line =
		base_format("RENEW lease=%llu ttl_s=%u\n", (unsigned long long)lease, ttl_s);
	return command_lease(client, gpu, line, err);
}

bool bridge_client_release(
	struct bridge_client *client, const char *gpu, uint64_t lease, struct lane_error *err)
{
	BASE_FREE char *line = base_format("RELEASE lease=%llu\n", (unsigned long long)lease);
	return command_lease(client, gpu, line, err);
}

bool bridge_client_revoke(
	struct bridge_client *client, const char *gpu, uint64_t lease, struct lane_error *err)
{
	BASE_FREE char *line = base_format("REVOKE lease=%llu\n", (unsigned long long)lease);
	return command_lease(client, gpu, line, err);
}
