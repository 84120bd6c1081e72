/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "bridge/fid.h"
#include "bridge/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
	/** Kept of status and of lease. */
	STREAM_MAX = 1 << 20,
};

/** Wall clock, in milliseconds, of a time on CLOCK_BOOTTIME. */
static uint64_t wall_ms(uint64_t boottime_ns)
{
	int64_t from_now_ms =
		((int64_t)boottime_ns - (int64_t)base_clock_boottime_ns()) / (int64_t)NS_PER_MS;
	return base_clock_wall_ms() + (uint64_t)from_now_ms;
}

void bridge_lease_line(
	struct base_buffer *out, const struct lease *lease, const char *gpu_id, const char *state)
{
	BASE_JSON_FREE cJSON *line = base_json_new_object();
	base_json_add_string(line, "schema", "gpu-lease/v1");
	base_json_add_string(line, "state", state);
	base_json_add_string(line, "gpu_id", gpu_id);
	base_json_add_string(line, "worker_id", lease->subject);
	base_json_add_number(line, "mem_mb", lease->mem_mb);
	base_json_add_number(line, "streams", lease->streams);
	base_json_add_number(line, "ttl_s", lease->ttl_s);
	base_json_add_number(line, "priority", lease->priority);
	base_json_add_number(line, "lease_id", (double)lease->id);
	base_json_add_number(line, "epoch", (double)lease->epoch);
	base_json_add_number(line, "granted_ms", (double)wall_ms(lease->granted_ns));
	base_json_add_number(line, "expires_ms", (double)wall_ms(lease->expires_ns));
	base_json_write(line, 0, out);
}

static void write_lease(struct bridge_gpu *gpu, const struct lease *lease, const char *state)
{
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	bridge_lease_line(&line, lease, gpu->card.id, state);
	bridge_stream_add(&gpu->leased, line.data, line.size);
}

/** A line of status about a lease; the "job" is its holder, as in Cohesix. */
static void write_lease_status(
	struct bridge_gpu *gpu, const struct lease *lease, const char *state, const char *how)
{
	BASE_FREE char *detail = base_format("%slease=%llu epoch=%llu", how,
		(unsigned long long)lease->id, (unsigned long long)lease->epoch);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	bridge_status_line(&text, lease->subject, state, detail);
	bridge_stream_add(&gpu->status, text.data, text.size);
}

/** A lease that waited is granted: the ctl file that asked for it says so, and events wakes who
 * waits. */
static void tell_grant(struct bridge_tenant *tenant, const struct lease *lease)
{
	BASE_FREE char *reply = base_format("OK LEASE lease=%llu epoch=%llu expires_in_s=%u\n",
		(unsigned long long)lease->id, (unsigned long long)lease->epoch, lease->ttl_s);
	if (tenant->attach != NULL) {
		bridge_session_reply(tenant->attach, lease->id, reply);
	}
	write_lease_status(tenant->gpu, lease, "LEASE-GRANTED", "");
}

/** A preempted lease ends soon: its holder has the grace to bring its work to an end. */
static void tell_preemption(struct bridge_tenant *tenant, const struct lease *lease)
{
	uint64_t now_ns = base_clock_boottime_ns();
	uint64_t left_ns = lease->expires_ns > now_ns ? lease->expires_ns - now_ns : 0;
	BASE_FREE char *how =
		base_format("ends_in_ms=%llu ", (unsigned long long)(left_ns / NS_PER_MS));
	write_lease_status(tenant->gpu, lease, "LEASE-PREEMPTING", how);
}

static void lease_changed(void *context, const struct lease *lease)
{
	struct bridge_gpu *gpu = context;
	struct bridge_tenant *tenant = lease->owner;
	bridge_record_lease(gpu->archive->record, gpu->card.id, lease, tenant->keep);
	switch (lease->state) {
	case LEASE_QUEUED:
		tenant->waited = true;
		break;
	case LEASE_ACTIVE:
		write_lease(gpu, lease, lease_state_text(lease));
		if (lease->preempted && !tenant->warned) {
			tenant->warned = true;
			tell_preemption(tenant, lease);
		}
		if (tenant->waited) {
			tenant->waited = false;
			tell_grant(tenant, lease);
		}
		break;
	case LEASE_ENDING:
		break;
	case LEASE_ENDED:
		if (lease->epoch != 0) {
			BASE_FREE char *how = base_format("%s ", lease_end_name(lease->end));
			write_lease(gpu, lease, "RELEASED");
			write_lease_status(gpu, lease, "LEASE-ENDED", how);
		}
		tenant->lease = NULL;
		break;
	}
}

/** As status, but waits at the end instead of saying that it is the end. */
static ssize_t events_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	ssize_t got = bridge_stream_file.read(node, fid, offset, bytes, size);
	return got == 0 && size > 0 ? -EAGAIN : got;
}

static uint64_t events_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	return bridge_stream_file.size(node, fid);
}

/** What is known of the device, and how it is now. */
static void write_facts(struct bridge_gpu *gpu, struct base_buffer *out)
{
	cJSON_DeleteItemFromObjectCaseSensitive(gpu->card.facts, "health");
	cJSON *health = base_json_add_object(gpu->card.facts, "health");
	base_json_add_string(health, "state", bridge_health_state(gpu));
	if (gpu->health.reason != NULL) {
		base_json_add_string(health, "reason", gpu->health.reason);
	} else {
		base_json_add_null(health, "reason");
	}
	base_json_add_number(health, "losses", gpu->health.losses);
	bridge_card_facts(&gpu->card, out);
}

static uint64_t facts_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)fid;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	write_facts(node->context, &text);
	return text.size;
}

/** What was there when the reader began, so that its pieces fit together. */
static ssize_t facts_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	if (offset == 0) {
		base_buffer_clear(&fid->replies);
		write_facts(node->context, &fid->replies);
	}
	return bridge_fid_read_kept(fid, offset, bytes, size);
}

static void publish(struct bridge_gpu *gpu, struct bridge_node *directory)
{
	static const struct bridge_file_kind facts_file = {
		.mode = 0444, .size = facts_size, .read = facts_read};
	static const struct bridge_file_kind events_file = {
		.mode = 0444, .size = events_size, .read = events_read};
	struct bridge_node *own = bridge_node_add(directory, gpu->card.id, NULL, NULL);
	own->gpu = gpu->card.id;
	BASE_BUFFER_AUTO info = BASE_BUFFER_INIT;
	bridge_card_info(&gpu->card, &info);
	bridge_node_add_text(own, "info", info.data, info.size);
	bridge_node_add(own, "facts", &facts_file, gpu);
	bridge_node_add(own, "ctl", &bridge_ctl_file, gpu);
	bridge_node_add(own, "lease", &bridge_stream_file, &gpu->leased);
	bridge_node_add(own, "job", &bridge_job_file, gpu);
	bridge_node_add(own, "status", &bridge_stream_file, &gpu->status);
	bridge_node_add(own, "events", &events_file, &gpu->status);
}

struct bridge_gpu *bridge_gpu_create(struct bridge_card *card, struct bridge_loop *loop,
	struct bridge_archive *archive, struct bridge_node *directory)
{
	struct bridge_gpu *gpu = base_alloc(1, sizeof(*gpu));
	*gpu = (struct bridge_gpu){
		.card = *card,
		.loop = loop,
		.archive = archive,
		.status.size_max = STREAM_MAX,
		.leased.size_max = STREAM_MAX,
	};
	gpu->checker.gpu = gpu;
	*card = (struct bridge_card){.id = NULL};
	struct lease_observer observer = {.changed = lease_changed, .context = gpu};
	const struct lease_ledger *ledger = bridge_record_ledger(archive->record);
	const struct lease_ledger_gpu *before =
		ledger != NULL ? lease_ledger_gpu(ledger, gpu->card.id) : NULL;
	gpu->leases = lease_table_create(&gpu->card.capacity, before != NULL ? before->next_lease : 1,
		before != NULL ? before->next_epoch : 1, &observer);
	if (before != NULL) {
		bridge_gpu_restore(gpu, ledger);
	}
	publish(gpu, directory);
	return gpu;
}

static void free_tenant(struct bridge_gpu *gpu, struct bridge_tenant *tenant)
{
	struct bridge_tenant **link = &gpu->tenants;
	while (*link != tenant) {
		link = &(*link)->next;
	}
	*link = tenant->next;
	free(tenant);
}

void bridge_gpu_destroy(struct bridge_gpu *gpu)
{
	if (gpu == NULL) {
		return;
	}
	for (struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		bridge_tenant_cancel(tenant, "ERR CANCELLED", "bridge stopped");
		for (struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			bridge_slot_kill(slot, "ERR CANCELLED", "bridge stopped");
		}
	}
	while (gpu->tenants != NULL) {
		while (gpu->tenants->slots != NULL) {
			bridge_slot_destroy(gpu->tenants->slots);
		}
		free_tenant(gpu, gpu->tenants);
	}
	while (gpu->checker.slots != NULL) {
		bridge_slot_destroy(gpu->checker.slots);
	}
	free(gpu->health.reason);
	lease_table_destroy(gpu->leases);
	bridge_stream_finish(&gpu->status);
	bridge_stream_finish(&gpu->leased);
	bridge_card_finish(&gpu->card);
	free(gpu);
}

struct bridge_tenant *bridge_gpu_tenant(
	const struct bridge_gpu *gpu, const struct bridge_attach *attach)
{
	struct bridge_tenant *tenant = gpu->tenants;
	while (tenant != NULL &&
		(tenant->attach != attach || tenant->lease == NULL ||
			tenant->lease->state == LEASE_ENDING)) {
		tenant = tenant->next;
	}
	return tenant;
}

struct bridge_tenant *bridge_gpu_tenant_by_id(
	const struct bridge_gpu *gpu, const struct bridge_attach *attach, uint64_t id)
{
	struct lease *lease = lease_table_find(gpu->leases, id);
	if (lease == NULL || lease->state == LEASE_ENDING) {
		return NULL;
	}
	struct bridge_tenant *tenant = lease->owner;
	bool left = tenant->attach == NULL && strcmp(lease->subject, attach->rights.subject) == 0;
	return tenant->attach == attach || left ? tenant : NULL;
}

struct bridge_tenant *bridge_gpu_admit(struct bridge_gpu *gpu, struct bridge_attach *attach)
{
	struct bridge_tenant *tenant = base_alloc(1, sizeof(*tenant));
	tenant->gpu = gpu;
	tenant->attach = attach;
	struct bridge_tenant **link = &gpu->tenants;
	while (*link != NULL) {
		link = &(*link)->next;
	}
	*link = tenant;
	return tenant;
}

void bridge_gpu_share(struct bridge_gpu *gpu, const struct lease_rules *rules)
{
	gpu->stirred = true;
	lease_table_rules(gpu->leases, rules);
}

void bridge_gpu_leave(struct bridge_gpu *gpu, struct bridge_attach *attach)
{
	gpu->stirred = true;
	for (struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		if (tenant->attach != attach) {
			continue;
		}
		bool stays = tenant->keep && tenant->lease != NULL && tenant->lease->state == LEASE_ACTIVE;
		if (tenant->lease != NULL && !stays) {
			lease_table_end(
				gpu->leases, tenant->lease, LEASE_END_RELEASED, base_clock_boottime_ns());
		}
		for (struct bridge_run *run = tenant->first; run != NULL; run = run->next) {
			run->attach = NULL;
		}
		for (struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			if (slot->run != NULL) {
				slot->run->attach = NULL;
			}
		}
		tenant->attach = NULL;
	}
}

/** What the end of a lease means for its jobs. */
static const struct {
	const char *state, *detail;
} endings[] = {
	[LEASE_END_NONE] = {"ERR CANCELLED", "lease over"},
	[LEASE_END_RELEASED] = {"ERR CANCELLED", "lease released"},
	[LEASE_END_EXPIRED] = {"ERR LEASE-EXPIRED", "lease expired"},
	[LEASE_END_REVOKED] = {"ERR LEASE-EXPIRED", "lease revoked"},
	[LEASE_END_PREEMPTED] = {"ERR LEASE-EXPIRED", "lease preempted"},
};

/** The lease is marked as over: fids first, then waiting jobs, then workers; its capacity follows
 * when they are reaped. */
static void settle(struct bridge_tenant *tenant)
{
	enum lease_end end = tenant->lease->end;
	tenant->settled = true;
	if (tenant->attach != NULL && end != LEASE_END_RELEASED) {
		bridge_session_revoke(tenant->attach, tenant->gpu);
	}
	bridge_tenant_cancel(tenant, endings[end].state, endings[end].detail);
	for (struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
		bridge_slot_kill(slot, endings[end].state, endings[end].detail);
	}
}

/** Brings one tenant forward; true when room for others has come of it. `tenant` may be freed. */
static bool pump_tenant(struct bridge_gpu *gpu, struct bridge_tenant *tenant, uint64_t now_ns)
{
	for (struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
		bridge_slot_advance(slot, now_ns);
	}
	bool freed = false;
	if (tenant->lease != NULL && tenant->lease->state == LEASE_ENDING) {
		if (!tenant->settled) {
			settle(tenant);
		}
		freed = tenant->slots == NULL;
		if (freed) {
			lease_table_reaped(gpu->leases, tenant->lease, now_ns);
		}
	}
	if (tenant->lease == NULL) {
		free_tenant(gpu, tenant);
	} else if (tenant->lease->state == LEASE_ACTIVE && gpu->health.reason == NULL) {
		bridge_tenant_dispatch(tenant);
	}
	return freed;
}

static uint64_t find_due_ns(const struct bridge_gpu *gpu)
{
	uint64_t next_ns = lease_table_next_ns(gpu->leases);
	uint64_t health_ns = bridge_health_next_ns(gpu);
	next_ns = health_ns < next_ns ? health_ns : next_ns;
	for (const struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		for (const struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			uint64_t slot_ns = bridge_slot_next_ns(slot);
			next_ns = slot_ns < next_ns ? slot_ns : next_ns;
		}
	}
	return next_ns;
}

uint64_t bridge_gpu_pump(struct bridge_gpu *gpu, uint64_t now_ns)
{
	if (!gpu->stirred && now_ns < gpu->due_ns) {
		return gpu->due_ns;
	}
	gpu->stirred = false;
	lease_table_advance(gpu->leases, now_ns);
	bridge_health_advance(gpu, now_ns);
	bool again;
	do {
		again = false;
		for (struct bridge_tenant *tenant = gpu->tenants, *next; tenant != NULL; tenant = next) {
			next = tenant->next;
			again = pump_tenant(gpu, tenant, now_ns) || again;
		}
	} while (again);
	gpu->due_ns = find_due_ns(gpu);
	return gpu->due_ns;
}

size_t bridge_gpu_reset(struct bridge_gpu *gpu)
{
	size_t count = 0;
	for (struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		count += bridge_tenant_cancel(tenant, "ERR CANCELLED", "GPU reset");
		for (struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			count += slot->state == BRIDGE_SLOT_BUSY;
			bridge_slot_kill(slot, "ERR CANCELLED", "GPU reset");
		}
	}
	bridge_health_reopen(gpu, "GPU reset");
	return count;
}

void bridge_gpu_drain(struct bridge_gpu *gpu)
{
	gpu->draining = true;
	gpu->stirred = true;
	/* Who waits is not granted any more either. */
	bridge_gpu_cordon(gpu, gpu->cordoned);
	for (struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		bridge_tenant_cancel(tenant, "ERR CANCELLED", "bridge is stopping");
	}
}

bool bridge_gpu_runs(const struct bridge_gpu *gpu)
{
	for (const struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		for (const struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			if (slot->run != NULL) {
				return true;
			}
		}
	}
	return false;
}

bool bridge_gpu_has_workers(const struct bridge_gpu *gpu)
{
	for (const struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		for (const struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			if (slot->state != BRIDGE_SLOT_STUCK) {
				return true;
			}
		}
	}
	return false;
}
