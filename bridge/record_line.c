/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/record.h"

#include <string.h>

/** Every value is bounded and has been checked by whoever let it in: names of GPUs and subjects
 * are words, so that a line cannot be forged. */

static void lease_line(
	const cJSON *lease, const struct lease_ledger *before, struct base_buffer *out)
{
	const char *state = base_json_string(lease, "state", "");
	const char *gpu = base_json_string(lease, "gpu", "");
	const char *subject = base_json_string(lease, "subject", "");
	unsigned long long id = base_json_uint(lease, "lease", 0);
	unsigned long long epoch = base_json_uint(lease, "epoch", 0);
	const struct lease_ledger_lease *known = lease_ledger_lease(before, gpu, id);
	if (strcmp(state, "ACTIVE") == 0) {
		bool renewed = known != NULL && strcmp(known->state, "ACTIVE") == 0;
		base_buffer_print(out,
			"%s %s gpu=%s ttl=%llu streams=%llu mem_mb=%llu priority=%llu lease=%llu epoch=%llu",
			renewed ? "renewed" : "spawned", subject, gpu,
			(unsigned long long)base_json_uint(lease, "ttl_s", 0),
			(unsigned long long)base_json_uint(lease, "streams", 0),
			(unsigned long long)base_json_uint(lease, "mem_mb", 0),
			(unsigned long long)base_json_uint(lease, "priority", 0), id, epoch);
	} else if (strcmp(state, "ENDED") == 0 && epoch > 0) {
		base_buffer_print(out, "revoked %s: %s gpu=%s lease=%llu epoch=%llu", subject,
			base_json_string(lease, "end", ""), gpu, id, epoch);
	}
}

static void job_line(const cJSON *job, const struct lease_ledger *before, struct base_buffer *out)
{
	(void)before;
	base_buffer_print(out, "job %s gpu=%s subject=%s state=%s", base_json_string(job, "job", ""),
		base_json_string(job, "gpu", ""), base_json_string(job, "subject", ""),
		base_json_string(job, "state", ""));
}

static void attach_line(
	const cJSON *attach, const struct lease_ledger *before, struct base_buffer *out)
{
	(void)before;
	const char *reason = base_json_string(attach, "reason", NULL);
	base_buffer_print(out, "attach outcome=%s role=%s tid=%s subject=%s",
		base_json_bool(attach, "allowed", false) ? "allow" : "deny",
		base_json_string(attach, "role", ""), base_json_string(attach, "tid", ""),
		base_json_string(attach, "subject", ""));
	if (reason != NULL) {
		base_buffer_print(out, " reason=\"%s\"", reason);
	}
}

static void revoke_line(
	const cJSON *revoke, const struct lease_ledger *before, struct base_buffer *out)
{
	(void)before;
	base_buffer_print(out, "revoked ticket %s: by %s", base_json_string(revoke, "ticket", ""),
		base_json_string(revoke, "by", "?"));
}

static void control_line(
	const cJSON *control, const struct lease_ledger *before, struct base_buffer *out)
{
	(void)before;
	base_buffer_print(out, "host-write outcome=%s role=%s tid=%s path=%s control=%s subject=%s",
		base_json_bool(control, "allowed", false) ? "allow" : "deny",
		base_json_string(control, "role", ""), base_json_string(control, "tid", "none"),
		base_json_string(control, "path", ""), base_json_string(control, "verb", ""),
		base_json_string(control, "subject", ""));
}

static void start_line(
	const cJSON *start, const struct lease_ledger *before, struct base_buffer *out)
{
	(void)before;
	base_buffer_print(out, "lifecycle transition old=stopped new=running reason=start version=%s",
		base_json_string(start, "version", ""));
}

static void stop_line(const cJSON *stop, const struct lease_ledger *before, struct base_buffer *out)
{
	(void)stop;
	(void)before;
	base_buffer_add_text(out, "lifecycle transition old=running new=stopped reason=stop");
}

void bridge_record_line(
	uint32_t type, const cJSON *payload, const struct lease_ledger *before, struct base_buffer *out)
{
	static const struct {
		uint32_t type;
		void (*line)(
			const cJSON *payload, const struct lease_ledger *before, struct base_buffer *out);
	} lines[] = {
		{LEASE_RECORD_START, start_line},
		{LEASE_RECORD_LEASE, lease_line},
		{LEASE_RECORD_JOB, job_line},
		{LEASE_RECORD_ATTACH, attach_line},
		{LEASE_RECORD_REVOKE, revoke_line},
		{LEASE_RECORD_CONTROL, control_line},
		{LEASE_RECORD_STOP, stop_line},
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (lines[i].type == type) {
			lines[i].line(payload, before, out);
		}
	}
}
