/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/fid.h"
#include "bridge/gpu.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct bridge_run *bridge_tenant_take(struct bridge_tenant *tenant)
{
	struct bridge_run *run = tenant->first;
	if (run != NULL) {
		tenant->first = run->next;
		tenant->last = run->next != NULL ? tenant->last : NULL;
		tenant->queued--;
		run->next = NULL;
	}
	return run;
}

static void enqueue(struct bridge_tenant *tenant, struct bridge_run *run)
{
	*(tenant->last != NULL ? &tenant->last->next : &tenant->first) = run;
	tenant->last = run;
	tenant->queued++;
}

void bridge_tenant_fail(
	struct bridge_tenant *tenant, struct bridge_run *run, const char *state, const char *detail)
{
	bridge_run_finish(run, tenant->gpu->archive,
		&(struct bridge_run_end){.state = state, .detail = detail, .result = -1});
}

size_t bridge_tenant_cancel(struct bridge_tenant *tenant, const char *state, const char *detail)
{
	size_t count = 0;
	for (struct bridge_run *run; (run = bridge_tenant_take(tenant)) != NULL; count++) {
		bridge_tenant_fail(tenant, run, state, detail);
	}
	return count;
}

static uint64_t memory_cap(const struct bridge_tenant *tenant)
{
	return (uint64_t)tenant->lease->mem_mb << 20;
}

/** A synthetic GPU runs nothing: every job that passes its checks goes through these states. */
static void run_mock(struct bridge_tenant *tenant)
{
	struct bridge_run *run = bridge_tenant_take(tenant);
	bridge_run_enter(run, "RUNNING", "scheduled");
	bridge_tenant_fail(tenant, run, "OK", "completed");
}

static void start_workers(struct bridge_tenant *tenant, size_t wanted)
{
	for (; wanted > 0 && tenant->slot_count < tenant->lease->streams; wanted--) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		if (bridge_slot_start(tenant, &err)) {
			continue;
		}
		base_log(BASE_LOG_WARNING, "%s: %s", tenant->gpu->card.id, lane_error_message(&err));
		struct bridge_run *run = bridge_tenant_take(tenant);
		if (run != NULL) {
			bridge_tenant_fail(tenant, run, "ERR WORKER", lane_error_message(&err));
		}
	}
}

void bridge_tenant_dispatch(struct bridge_tenant *tenant)
{
	if (tenant->gpu->card.uuid == NULL) {
		while (tenant->first != NULL) {
			run_mock(tenant);
		}
		return;
	}
	size_t starting = 0;
	for (struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
		/* In order of arrival: a small job does not overtake one that waits for memory. */
		bool fits = tenant->first != NULL &&
			tenant->first->job.memory_bytes <= memory_cap(tenant) - tenant->running_bytes;
		if (slot->state == BRIDGE_SLOT_IDLE && fits) {
			bridge_slot_run(slot, bridge_tenant_take(tenant));
		}
		starting += slot->state == BRIDGE_SLOT_STARTING;
	}
	/* The first worker opens its device while the client still makes its first job. */
	size_t wanted = tenant->warmed ? tenant->queued : 1;
	tenant->warmed = true;
	start_workers(tenant, wanted > starting ? wanted - starting : 0);
}

/** One line of a write, on its way to becoming a run. */
struct submission {
	struct bridge_job job;
	/** NULL, or the state it fails with. */
	const char *verdict;
	struct lane_error err;
};

struct batch {
	struct submission *submissions;
	size_t count;
};

static void batch_finish(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		bridge_job_finish(&batch->submissions[i].job);
		lane_error_finish(&batch->submissions[i].err);
	}
	free(batch->submissions);
}

/** State of a descriptor that bridge_job_parse refused. */
static const char *verdict_of(const struct lane_error *err)
{
	static const struct {
		const char *code, *state;
	} verdicts[] = {
		{"JOB_HASH", "ERR HASH"},
		{"JOB_LIMIT", "ERR LIMIT"},
	};
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (lane_error_is(err, verdicts[i].code)) {
			return verdicts[i].state;
		}
	}
	return "ERR INVALID";
}

/** Checks that need the lease, and a module that was staged. */
static bool check_submission(
	const struct bridge_tenant *tenant, struct bridge_job *job, struct lane_error *err)
{
	struct bridge_bundles *bundles = tenant->gpu->archive->bundles;
	if (job->module == NULL && bundles != NULL &&
		!bridge_bundles_take(bundles, tenant->attach, job, err)) {
		return false;
	}
	if (job->module == NULL) {
		return lane_error_set(err, "JOB_INVALID", "nothing is staged at %s",
			job->module_path != NULL ? job->module_path : "inputs[0]");
	}
	if (job->memory_bytes > memory_cap(tenant)) {
		return lane_error_set(err, "JOB_LIMIT", "buffers take %llu bytes, the lease has %llu",
			(unsigned long long)job->memory_bytes, (unsigned long long)memory_cap(tenant));
	}
	if (job->result_bytes > (uint64_t)BRIDGE_RESULT_MIB_MAX << 20) {
		return lane_error_set(err, "JOB_LIMIT", "outputs take %llu bytes, at most %d MiB are kept",
			(unsigned long long)job->result_bytes, BRIDGE_RESULT_MIB_MAX);
	}
	return true;
}

/** The id becomes a folder, so it must be able to be one, and a new one. */
static bool id_usable(
	const struct bridge_archive *archive, const struct batch *batch, const char *id)
{
	if (id[0] == '\0' || strchr(id, '/') != NULL || strcmp(id, ".") == 0 || strcmp(id, "..") == 0 ||
		bridge_archive_knows(archive, id)) {
		return false;
	}
	for (size_t i = 0; i < batch->count; i++) {
		if (strcmp(batch->submissions[i].job.id, id) == 0) {
			return false;
		}
	}
	return true;
}

/** Parses one line: 0 (it may have a verdict), or -EINVAL when it has no id by which its end could
 * be told. */
static int parse_line(
	struct bridge_tenant *tenant, struct batch *batch, const char *line, size_t size)
{
	struct submission parsed = {.verdict = NULL};
	bool good = bridge_job_parse(line, size, &parsed.job, &parsed.err) &&
		check_submission(tenant, &parsed.job, &parsed.err);
	if (!good) {
		parsed.verdict = verdict_of(&parsed.err);
	}
	if (parsed.job.id == NULL || !id_usable(tenant->gpu->archive, batch, parsed.job.id)) {
		base_log(BASE_LOG_INFO, "%s: job refused: %s", tenant->gpu->card.id,
			good ? "its id is in use" : lane_error_message(&parsed.err));
		bridge_job_finish(&parsed.job);
		lane_error_finish(&parsed.err);
		return -EINVAL;
	}
	batch->submissions =
		base_realloc(batch->submissions, batch->count + 1, sizeof(*batch->submissions));
	batch->submissions[batch->count++] = parsed;
	return 0;
}

static bool is_blank(const char *line, size_t size)
{
	size_t i = 0;
	while (i < size && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r')) {
		i++;
	}
	return i == size;
}

/** Whether the modules of all that waits, and of these, stay within bounds. */
static bool modules_fit(const struct bridge_tenant *tenant, const struct batch *batch)
{
	uint64_t bytes = 0;
	for (const struct bridge_run *run = tenant->first; run != NULL; run = run->next) {
		bytes += run->job.module_size;
	}
	for (size_t i = 0; i < batch->count; i++) {
		bytes += batch->submissions[i].job.module_size;
	}
	return bytes <= (uint64_t)BRIDGE_QUEUE_MIB_MAX << 20;
}

static int parse_lines(
	struct bridge_tenant *tenant, struct batch *batch, const char *lines, size_t size)
{
	for (const char *end = lines + size; lines < end;) {
		const char *newline = memchr(lines, '\n', (size_t)(end - lines));
		size_t length = (size_t)(newline - lines);
		if (!is_blank(lines, length)) {
			if (tenant->queued + batch->count >= BRIDGE_QUEUE_MAX) {
				return -EAGAIN;
			}
			int status = parse_line(tenant, batch, lines, length);
			if (status < 0) {
				return status;
			}
			/* Each time: a short line can name a large bundle. */
			if (!modules_fit(tenant, batch)) {
				return -EAGAIN;
			}
		}
		lines = newline + 1;
	}
	return 0;
}

static void accept_submission(struct bridge_tenant *tenant, struct submission *submission)
{
	struct bridge_gpu *gpu = tenant->gpu;
	struct bridge_run *run = bridge_run_create(
		gpu->archive, gpu->card.id, &gpu->status, tenant->attach, &submission->job);
	run->kept_max = memory_cap(tenant);
	if (submission->verdict == NULL) {
		enqueue(tenant, run);
	} else {
		bridge_tenant_fail(tenant, run, submission->verdict, lane_error_message(&submission->err));
	}
}

/**
 * All lines of a write are accepted, or none. A descriptor whose id can be read is accepted even
 * when it fails its checks: its status says QUEUED and then ERR HASH, ERR INVALID or ERR LIMIT, so
 * that what became of it can be read where every other end is read. EINVAL is left for lines
 * without a usable id, EPERM for a session without an active lease, EAGAIN for a full queue.
 */
static int job_write(
	const struct bridge_node *node, struct bridge_fid *fid, const char *lines, size_t size)
{
	struct bridge_gpu *gpu = node->context;
	gpu->stirred = true;
	lease_table_advance(gpu->leases, base_clock_boottime_ns());
	struct bridge_tenant *tenant = bridge_gpu_tenant(gpu, fid->attach);
	if (tenant == NULL || tenant->lease->state != LEASE_ACTIVE) {
		return -EPERM;
	}
	if (gpu->draining) {
		return -EBUSY;
	}
	struct batch batch = {.count = 0};
	int status = parse_lines(tenant, &batch, lines, size);
	for (size_t i = 0; status == 0 && i < batch.count; i++) {
		accept_submission(tenant, &batch.submissions[i]);
	}
	batch_finish(&batch);
	return status;
}

const struct bridge_file_kind bridge_job_file = {
	.mode = 0222,
	.write = job_write,
	.line_max = BRIDGE_JOB_LINE_MAX + 1,
};
