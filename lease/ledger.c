/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/ledger.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)
#define MS_PER_S UINT64_C(1000)
#define WHOLE_MAX 9007199254740991.0
#define KEY_COUNT(keys) (sizeof(keys) / sizeof((keys)[0]))

static const struct base_json_key lease_keys[] = {
	{"gpu", BASE_JSON_STRING, true, 0, 0},
	{"lease", BASE_JSON_INTEGER, true, 1, WHOLE_MAX},
	{"epoch", BASE_JSON_INTEGER, true, 0, WHOLE_MAX},
	{"event", BASE_JSON_STRING, false, 0, 0},
	{"state", BASE_JSON_STRING, true, 0, 0},
	{"end", BASE_JSON_STRING, true, 0, 0},
	{"subject", BASE_JSON_STRING, true, 0, 0},
	{"mem_mb", BASE_JSON_INTEGER, true, 1, UINT32_MAX},
	{"streams", BASE_JSON_INTEGER, true, 1, UINT8_MAX},
	{"ttl_s", BASE_JSON_INTEGER, true, 1, UINT32_MAX},
	{"priority", BASE_JSON_INTEGER, true, 0, UINT8_MAX},
	{"exclusive", BASE_JSON_BOOL, true, 0, 0},
	{"keep", BASE_JSON_BOOL, true, 0, 0},
	/* Journals from before there was preemption have neither. */
	{"preemptible", BASE_JSON_BOOL, false, 0, 0},
	{"preempted", BASE_JSON_BOOL, false, 0, 0},
	{"expires_wall_ms", BASE_JSON_INTEGER, true, 0, WHOLE_MAX},
	{"expires_boot_ms", BASE_JSON_INTEGER, true, 0, WHOLE_MAX},
	{"boot_id", BASE_JSON_STRING, true, 0, 0},
};
static const struct base_json_key job_keys[] = {
	{"gpu", BASE_JSON_STRING, true, 0, 0},
	{"job", BASE_JSON_STRING, true, 0, 0},
	{"subject", BASE_JSON_STRING, true, 0, 0},
	{"state", BASE_JSON_STRING, true, 0, 0},
};
static const struct base_json_key gpu_keys[] = {
	{"gpu", BASE_JSON_STRING, true, 0, 0},
	{"next_lease", BASE_JSON_INTEGER, true, 1, WHOLE_MAX},
	{"next_epoch", BASE_JSON_INTEGER, true, 1, WHOLE_MAX},
};
static const struct base_json_key revoke_keys[] = {
	{"ticket", BASE_JSON_STRING, true, 0, 0},
	{"by", BASE_JSON_STRING, false, 0, 0},
};
static const struct base_json_key start_keys[] = {
	{"version", BASE_JSON_STRING, true, 0, 0},
	{"boot_id", BASE_JSON_STRING, true, 0, 0},
};
static const struct base_json_key snapshot_keys[] = {
	{"boot_id", BASE_JSON_STRING, true, 0, 0},
	{"gpus", BASE_JSON_ARRAY, true, 0, 0},
	{"leases", BASE_JSON_ARRAY, true, 0, 0},
	{"jobs", BASE_JSON_ARRAY, true, 0, 0},
	{"revoked", BASE_JSON_ARRAY, true, 0, 0},
};

static const char *static_state(const char *name)
{
	static const char *const names[] = {"QUEUED", "ACTIVE", "ENDING", "ENDED"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0) {
			return names[i];
		}
	}
	return NULL;
}

static void put_boot_id(char boot_id[LEASE_BOOT_ID_SIZE], const char *text)
{
	snprintf(boot_id, LEASE_BOOT_ID_SIZE, "%s", text);
}

static struct lease_ledger_gpu *gpu_of(struct lease_ledger *ledger, const char *id)
{
	for (size_t i = 0; i < ledger->gpu_count; i++) {
		if (strcmp(ledger->gpus[i].id, id) == 0) {
			return &ledger->gpus[i];
		}
	}
	ledger->gpus = base_realloc(ledger->gpus, ledger->gpu_count + 1, sizeof(*ledger->gpus));
	struct lease_ledger_gpu *gpu = &ledger->gpus[ledger->gpu_count++];
	*gpu = (struct lease_ledger_gpu){.id = base_strdup(id), .next_lease = 1, .next_epoch = 1};
	return gpu;
}

static struct lease_ledger_lease *lease_of(const struct lease_ledger_gpu *gpu, uint64_t id)
{
	for (size_t i = 0; i < gpu->lease_count; i++) {
		if (gpu->leases[i].id == id) {
			return &gpu->leases[i];
		}
	}
	return NULL;
}

static void remove_lease(struct lease_ledger_gpu *gpu, struct lease_ledger_lease *lease)
{
	free(lease->subject);
	gpu->lease_count--;
	size_t after = (size_t)(&gpu->leases[gpu->lease_count] - lease);
	memmove(lease, lease + 1, after * sizeof(*lease));
}

static struct lease_ledger_lease *add_lease(struct lease_ledger_gpu *gpu)
{
	gpu->leases = base_realloc(gpu->leases, gpu->lease_count + 1, sizeof(*gpu->leases));
	gpu->leases[gpu->lease_count] = (struct lease_ledger_lease){.gpu = gpu->id};
	return &gpu->leases[gpu->lease_count++];
}

static void put_lease(struct lease_ledger *ledger, const cJSON *one, const char *state)
{
	struct lease_ledger_gpu *gpu = gpu_of(ledger, base_json_string(one, "gpu", ""));
	uint64_t id = base_json_uint(one, "lease", 0);
	uint64_t epoch = base_json_uint(one, "epoch", 0);
	gpu->next_lease = id >= gpu->next_lease ? id + 1 : gpu->next_lease;
	gpu->next_epoch = epoch >= gpu->next_epoch ? epoch + 1 : gpu->next_epoch;
	struct lease_ledger_lease *lease = lease_of(gpu, id);
	if (strcmp(state, "ENDED") == 0) {
		if (lease != NULL) {
			remove_lease(gpu, lease);
		}
		return;
	}
	lease = lease != NULL ? lease : add_lease(gpu);
	free(lease->subject);
	*lease = (struct lease_ledger_lease){
		.gpu = gpu->id,
		.subject = base_strdup(base_json_string(one, "subject", "")),
		.id = id,
		.epoch = epoch,
		.state = state,
		.mem_mb = (uint32_t)base_json_uint(one, "mem_mb", 0),
		.ttl_s = (uint32_t)base_json_uint(one, "ttl_s", 0),
		.streams = (uint8_t)base_json_uint(one, "streams", 0),
		.priority = (uint8_t)base_json_uint(one, "priority", 0),
		.exclusive = base_json_bool(one, "exclusive", false),
		.keep = base_json_bool(one, "keep", false),
		.preemptible = base_json_bool(one, "preemptible", false),
		.preempted = base_json_bool(one, "preempted", false),
		.expires_wall_ms = base_json_uint(one, "expires_wall_ms", 0),
		.expires_boot_ms = base_json_uint(one, "expires_boot_ms", 0),
	};
	put_boot_id(lease->boot_id, base_json_string(one, "boot_id", ""));
}

static bool apply_lease(struct lease_ledger *ledger, const struct base_json *payload,
	const cJSON *one, struct lane_error *err)
{
	if (!base_json_check(payload, one, "$", lease_keys, KEY_COUNT(lease_keys), err)) {
		return false;
	}
	const char *state = static_state(base_json_string(one, "state", ""));
	if (state == NULL) {
		return base_json_error(payload, one, err, "no state of a lease");
	}
	put_lease(ledger, one, state);
	return true;
}

static void remove_job(struct lease_ledger *ledger, const char *gpu, const char *id)
{
	for (size_t i = 0; i < ledger->job_count; i++) {
		struct lease_ledger_job *job = &ledger->jobs[i];
		if (strcmp(job->gpu, gpu) == 0 && strcmp(job->job, id) == 0) {
			free(job->gpu);
			free(job->job);
			free(job->subject);
			ledger->job_count--;
			memmove(job, job + 1, (ledger->job_count - i) * sizeof(*job));
			return;
		}
	}
}

static bool apply_job(struct lease_ledger *ledger, const struct base_json *payload,
	const cJSON *one, struct lane_error *err)
{
	if (!base_json_check(payload, one, "$", job_keys, KEY_COUNT(job_keys), err)) {
		return false;
	}
	const char *gpu = base_json_string(one, "gpu", "");
	const char *id = base_json_string(one, "job", "");
	remove_job(ledger, gpu, id);
	if (strcmp(base_json_string(one, "state", ""), "QUEUED") == 0) {
		ledger->jobs = base_realloc(ledger->jobs, ledger->job_count + 1, sizeof(*ledger->jobs));
		ledger->jobs[ledger->job_count++] = (struct lease_ledger_job){
			.gpu = base_strdup(gpu),
			.job = base_strdup(id),
			.subject = base_strdup(base_json_string(one, "subject", "")),
		};
	}
	return true;
}

static bool apply_revoke(struct lease_ledger *ledger, const struct base_json *payload,
	const cJSON *one, struct lane_error *err)
{
	if (!base_json_check(payload, one, "$", revoke_keys, KEY_COUNT(revoke_keys), err)) {
		return false;
	}
	const char *ticket = base_json_string(one, "ticket", "");
	if (!lease_ledger_is_revoked(ledger, ticket)) {
		ledger->revoked =
			base_realloc(ledger->revoked, ledger->revoked_count + 1, sizeof(*ledger->revoked));
		ledger->revoked[ledger->revoked_count++].ticket = base_strdup(ticket);
	}
	return true;
}

static bool apply_gpu(struct lease_ledger *ledger, const struct base_json *payload,
	const cJSON *one, struct lane_error *err)
{
	if (!base_json_check(payload, one, "$", gpu_keys, KEY_COUNT(gpu_keys), err)) {
		return false;
	}
	struct lease_ledger_gpu *gpu = gpu_of(ledger, base_json_string(one, "gpu", ""));
	gpu->next_lease = base_json_uint(one, "next_lease", 1);
	gpu->next_epoch = base_json_uint(one, "next_epoch", 1);
	return true;
}

static bool apply_start(struct lease_ledger *ledger, const struct base_json *payload,
	const cJSON *one, struct lane_error *err)
{
	if (!base_json_check(payload, one, "$", start_keys, KEY_COUNT(start_keys), err)) {
		return false;
	}
	put_boot_id(ledger->boot_id, base_json_string(one, "boot_id", ""));
	return true;
}

static bool apply_snapshot(struct lease_ledger *ledger, const struct base_json *payload,
	const cJSON *root, struct lane_error *err)
{
	static const struct {
		const char *key;
		bool (*apply)(struct lease_ledger *ledger, const struct base_json *payload,
			const cJSON *one, struct lane_error *err);
	} parts[] = {
		{"gpus", apply_gpu},
		{"leases", apply_lease},
		{"jobs", apply_job},
		{"revoked", apply_revoke},
	};
	if (!base_json_check(payload, root, "$", snapshot_keys, KEY_COUNT(snapshot_keys), err)) {
		return false;
	}
	struct lease_ledger whole = {.gpu_count = 0};
	put_boot_id(whole.boot_id, base_json_string(root, "boot_id", ""));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const cJSON *one = base_json_get(root, parts[i].key)->child;
		for (; one != NULL; one = one->next) {
			if (!parts[i].apply(&whole, payload, one, err)) {
				lease_ledger_finish(&whole);
				return false;
			}
		}
	}
	lease_ledger_finish(ledger);
	*ledger = whole;
	return true;
}

bool lease_ledger_apply(struct lease_ledger *ledger, uint32_t type, const struct base_json *payload,
	struct lane_error *err)
{
	switch ((enum lease_record_type)type) {
	case LEASE_RECORD_START:
		return apply_start(ledger, payload, payload->root, err);
	case LEASE_RECORD_SNAPSHOT:
		return apply_snapshot(ledger, payload, payload->root, err);
	case LEASE_RECORD_LEASE:
		return apply_lease(ledger, payload, payload->root, err);
	case LEASE_RECORD_JOB:
		return apply_job(ledger, payload, payload->root, err);
	case LEASE_RECORD_REVOKE:
		return apply_revoke(ledger, payload, payload->root, err);
	case LEASE_RECORD_ATTACH:
	case LEASE_RECORD_CONTROL:
	case LEASE_RECORD_STOP:
		return true;
	}
	return lane_error_set(err, "JSON_INVALID", "record type %u is not known", type);
}

cJSON *lease_ledger_snapshot(const struct lease_ledger *ledger)
{
	cJSON *root = base_json_new_object();
	base_json_add_string(root, "boot_id", ledger->boot_id);
	cJSON *gpus = base_json_add_array(root, "gpus");
	for (size_t i = 0; i < ledger->gpu_count; i++) {
		cJSON *one = base_json_add_object(gpus, NULL);
		base_json_add_string(one, "gpu", ledger->gpus[i].id);
		base_json_add_number(one, "next_lease", (double)ledger->gpus[i].next_lease);
		base_json_add_number(one, "next_epoch", (double)ledger->gpus[i].next_epoch);
	}
	cJSON *leases = base_json_add_array(root, "leases");
	for (size_t i = 0; i < ledger->gpu_count; i++) {
		const struct lease_ledger_gpu *gpu = &ledger->gpus[i];
		for (size_t l = 0; l < gpu->lease_count; l++) {
			base_json_add_node(leases, NULL, lease_ledger_lease_json(&gpu->leases[l], ""));
		}
	}
	cJSON *jobs = base_json_add_array(root, "jobs");
	for (size_t i = 0; i < ledger->job_count; i++) {
		cJSON *one = base_json_add_object(jobs, NULL);
		base_json_add_string(one, "gpu", ledger->jobs[i].gpu);
		base_json_add_string(one, "job", ledger->jobs[i].job);
		base_json_add_string(one, "subject", ledger->jobs[i].subject);
		base_json_add_string(one, "state", "QUEUED");
	}
	cJSON *revoked = base_json_add_array(root, "revoked");
	for (size_t i = 0; i < ledger->revoked_count; i++) {
		cJSON *one = base_json_add_object(revoked, NULL);
		base_json_add_string(one, "ticket", ledger->revoked[i].ticket);
	}
	return root;
}

void lease_ledger_finish(struct lease_ledger *ledger)
{
	while (ledger->job_count > 0) {
		remove_job(ledger, ledger->jobs[0].gpu, ledger->jobs[0].job);
	}
	for (size_t i = 0; i < ledger->gpu_count; i++) {
		struct lease_ledger_gpu *gpu = &ledger->gpus[i];
		for (size_t l = 0; l < gpu->lease_count; l++) {
			free(gpu->leases[l].subject);
		}
		free(gpu->leases);
		free(gpu->id);
	}
	for (size_t i = 0; i < ledger->revoked_count; i++) {
		free(ledger->revoked[i].ticket);
	}
	free(ledger->gpus);
	free(ledger->jobs);
	free(ledger->revoked);
	*ledger = (struct lease_ledger){.gpu_count = 0};
}

const struct lease_ledger_gpu *lease_ledger_gpu(const struct lease_ledger *ledger, const char *id)
{
	for (size_t i = 0; i < ledger->gpu_count; i++) {
		if (strcmp(ledger->gpus[i].id, id) == 0) {
			return &ledger->gpus[i];
		}
	}
	return NULL;
}

const struct lease_ledger_lease *lease_ledger_lease(
	const struct lease_ledger *ledger, const char *gpu, uint64_t id)
{
	const struct lease_ledger_gpu *its = lease_ledger_gpu(ledger, gpu);
	return its != NULL ? lease_of(its, id) : NULL;
}

bool lease_ledger_is_revoked(const struct lease_ledger *ledger, const char *ticket)
{
	for (size_t i = 0; i < ledger->revoked_count; i++) {
		if (strcmp(ledger->revoked[i].ticket, ticket) == 0) {
			return true;
		}
	}
	return false;
}

uint64_t lease_ledger_remaining_ns(const struct lease_ledger *ledger,
	const struct lease_ledger_lease *lease, uint64_t boottime_ns, uint64_t wall_ms)
{
	uint64_t left_ms = lease->ttl_s * MS_PER_S;
	uint64_t wall_left = lease->expires_wall_ms > wall_ms ? lease->expires_wall_ms - wall_ms : 0;
	left_ms = wall_left < left_ms ? wall_left : left_ms;
	if (strcmp(lease->boot_id, ledger->boot_id) == 0) {
		uint64_t boot_ms = boottime_ns / NS_PER_MS;
		uint64_t boot_left =
			lease->expires_boot_ms > boot_ms ? lease->expires_boot_ms - boot_ms : 0;
		left_ms = boot_left < left_ms ? boot_left : left_ms;
	}
	return left_ms * NS_PER_MS;
}
