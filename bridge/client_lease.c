/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX = 1024, EVENTS_CHUNK = 16 << 10 };

static char *gpu_path(const char *gpu, const char *name)
{
	return base_format("/gpu/%s/%s", gpu, name);
}

static struct bridge_file *open_gpu(struct bridge_client *client, const char *gpu, const char *name,
	unsigned flags, struct lane_error *err)
{
	BASE_FREE char *path = gpu_path(gpu, name);
	return bridge_file_open(client, path, flags, err);
}

/** Reads the replies that are there; an empty text when there is none. */
static bool read_reply(struct bridge_file *ctl, char reply[REPLY_MAX], struct lane_error *err)
{
	size_t got = 0;
	if (!bridge_file_read(ctl, 0, reply, REPLY_MAX - 1, &got, err)) {
		return false;
	}
	reply[got] = '\0';
	return true;
}

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

/** One command that has one reply, on a file of its own. */
static bool command(struct bridge_client *client, const char *gpu, const char *line,
	struct bridge_grant *grant, struct lane_error *err)
{
	struct bridge_file *ctl = open_gpu(client, gpu, "ctl", BRIDGE_READ | BRIDGE_WRITE, err);
	if (ctl == NULL) {
		return false;
	}
	char reply[REPLY_MAX];
	bool good = bridge_file_write(ctl, line, strlen(line), err) && read_reply(ctl, reply, err) &&
		parse_grant(ctl->path, reply, grant, err);
	bridge_file_close(ctl);
	return good;
}

/** Waits on events until ctl says that the queued lease is granted. */
static bool await_grant(struct bridge_file *ctl, struct bridge_file *events, uint64_t offset,
	uint64_t deadline_ns, struct bridge_grant *grant, struct lane_error *err)
{
	for (;;) {
		char chunk[EVENTS_CHUNK];
		char reply[REPLY_MAX];
		size_t got = 0;
		if (!read_reply(ctl, reply, err)) {
			return false;
		}
		if (reply[0] != '\0') {
			return parse_grant(ctl->path, reply, grant, err);
		}
		if (!bridge_file_read_once(events, offset, chunk, sizeof(chunk), deadline_ns, &got, err)) {
			return false;
		}
		offset += got;
	}
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

static bool acquire(struct bridge_file *ctl, struct bridge_file *events,
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
	uint64_t offset = 0;
	/* Where events end before the request: what comes of it is behind that. */
	if (!bridge_file_size(events, &offset, err) ||
		!bridge_file_write(ctl, line, strlen(line), err) || !read_reply(ctl, reply, err)) {
		return false;
	}
	if (strncmp(reply, "QUEUED ", 7) != 0) {
		return parse_grant(ctl->path, reply, grant, err);
	}
	LANE_ERROR_AUTO cause = LANE_ERROR_INIT;
	if (await_grant(ctl, events, offset, deadline_ns, grant, &cause)) {
		return true;
	}
	if (lane_error_is(&cause, "BRIDGE_TIMEOUT")) {
		return give_up(ctl, reply_number(reply, "lease"), request->wait_ms, err);
	}
	return lane_error_set(err, cause.code, "%s", lane_error_message(&cause));
}

bool bridge_client_acquire(struct bridge_client *client, const char *gpu,
	const struct bridge_lease_request *request, struct bridge_grant *grant, struct lane_error *err)
{
	struct bridge_file *ctl = open_gpu(client, gpu, "ctl", BRIDGE_READ | BRIDGE_WRITE, err);
	if (ctl == NULL) {
		return false;
	}
	struct bridge_file *events = open_gpu(client, gpu, "events", BRIDGE_READ, err);
	bool good = events != NULL && acquire(ctl, events, request, grant, err);
	bridge_file_close(events);
	bridge_file_close(ctl);
	return good;
}

bool bridge_client_renew(struct bridge_client *client, const char *gpu, uint64_t lease,
	uint32_t ttl_s, struct lane_error *err)
{
	struct bridge_grant grant;
	BASE_FREE char *line =
		base_format("RENEW lease=%llu ttl_s=%u\n", (unsigned long long)lease, ttl_s);
	return command(client, gpu, line, &grant, err);
}

bool bridge_client_release(
	struct bridge_client *client, const char *gpu, uint64_t lease, struct lane_error *err)
{
	struct bridge_grant grant;
	BASE_FREE char *line = base_format("RELEASE lease=%llu\n", (unsigned long long)lease);
	return command(client, gpu, line, &grant, err);
}

bool bridge_client_revoke(
	struct bridge_client *client, const char *gpu, uint64_t lease, struct lane_error *err)
{
	struct bridge_grant grant;
	BASE_FREE char *line = base_format("REVOKE lease=%llu\n", (unsigned long long)lease);
	return command(client, gpu, line, &grant, err);
}
