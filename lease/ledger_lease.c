/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/ledger.h"

#include <string.h>

/** Leases on their way between the table and the journal. */

#define NS_PER_MS UINT64_C(1000000)

cJSON *lease_ledger_lease_json(const struct lease_ledger_lease *lease, const char *end)
{
	cJSON *one = base_json_new_object();
	base_json_add_string(one, "gpu", lease->gpu);
	base_json_add_number(one, "lease", (double)lease->id);
	base_json_add_number(one, "epoch", (double)lease->epoch);
	base_json_add_string(one, "state", lease->state);
	base_json_add_string(one, "end", end);
	base_json_add_string(one, "subject", lease->subject);
	base_json_add_number(one, "mem_mb", lease->mem_mb);
	base_json_add_number(one, "streams", lease->streams);
	base_json_add_number(one, "ttl_s", lease->ttl_s);
	base_json_add_number(one, "priority", lease->priority);
	base_json_add_bool(one, "exclusive", lease->exclusive);
	base_json_add_bool(one, "keep", lease->keep);
	base_json_add_bool(one, "preemptible", lease->preemptible);
	base_json_add_bool(one, "preempted", lease->preempted);
	base_json_add_number(one, "expires_wall_ms", (double)lease->expires_wall_ms);
	base_json_add_number(one, "expires_boot_ms", (double)lease->expires_boot_ms);
	base_json_add_string(one, "boot_id", lease->boot_id);
	return one;
}

cJSON *lease_ledger_record(const struct lease_ledger *ledger, const char *gpu,
	const struct lease *lease, bool keep, const struct lease_moment *now)
{
	uint64_t left_ms = lease->expires_ns > now->boottime_ns
		? (lease->expires_ns - now->boottime_ns) / NS_PER_MS
		: 0;
	struct lease_ledger_lease one = {
		.gpu = gpu,
		.subject = lease->subject,
		.id = lease->id,
		.epoch = lease->epoch,
		.state = lease_state_name(lease->state),
		.mem_mb = lease->mem_mb,
		.ttl_s = lease->ttl_s,
		.streams = lease->streams,
		.priority = lease->priority,
		.exclusive = lease->exclusive,
		.keep = keep,
		.preemptible = lease->preemptible,
		.preempted = lease->preempted,
		.expires_wall_ms = now->wall_ms + left_ms,
		.expires_boot_ms = now->boottime_ns / NS_PER_MS + left_ms,
	};
	memcpy(one.boot_id, ledger->boot_id, sizeof(one.boot_id));
	return lease_ledger_lease_json(&one, lease_end_name(lease->end));
}

bool lease_ledger_restore(const struct lease_ledger *ledger, const struct lease_ledger_lease *lease,
	struct lease_table *table, void *owner, const struct lease_moment *now, struct lease **restored,
	struct lane_error *err)
{
	struct lease_restored left = {
		.id = lease->id,
		.epoch = lease->epoch,
		.left_ns = lease_ledger_remaining_ns(ledger, lease, now->boottime_ns, now->wall_ms),
		.preempted = lease->preempted,
	};
	if (strcmp(lease->state, "ACTIVE") != 0 || left.left_ns == 0) {
		return lane_error_set(err, "LEASE_NOT_ACTIVE", "it is over");
	}
	struct lease_request request = {
		.subject = lease->subject,
		.mem_mb = lease->mem_mb,
		.streams = lease->streams,
		.ttl_s = lease->ttl_s,
		.priority = lease->priority,
		.exclusive = lease->exclusive,
		.preemptible = lease->preemptible,
		.owner = owner,
	};
	return lease_table_restore(table, &request, &left, now->boottime_ns, restored, err);
}
