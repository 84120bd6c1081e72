/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/** An active lease goes on with what it has left; its worker died with the bridge. */
static bool restore_lease(struct bridge_gpu *gpu, const struct lease_ledger *ledger,
	const struct lease_ledger_lease *lease, struct lane_error *err)
{
	const struct lease_moment now = {base_clock_boottime_ns(), base_clock_wall_ms()};
	struct bridge_tenant *tenant = bridge_gpu_admit(gpu, NULL);
	tenant->keep = lease->keep;
	return lease_ledger_restore(ledger, lease, gpu->leases, tenant, &now, &tenant->lease, err);
}

/** Notes the end of one that cannot go on. */
static void bury_lease(struct bridge_gpu *gpu, const struct lease_ledger_lease *lease)
{
	struct lease gone = {
		.id = lease->id,
		.epoch = lease->epoch,
		.state = LEASE_ENDED,
		.end = LEASE_END_EXPIRED,
		.subject = lease->subject,
		.mem_mb = lease->mem_mb,
		.streams = lease->streams,
		.ttl_s = lease->ttl_s,
		.priority = lease->priority,
		.exclusive = lease->exclusive,
	};
	bridge_record_lease(gpu->archive->record, gpu->card.id, &gone, lease->keep);
}

/** Records change the ledger while it is read: one lease of this GPU at a time, by id. */
static const struct lease_ledger_lease *next_lease(
	const struct lease_ledger *ledger, const char *gpu, uint64_t after)
{
	const struct lease_ledger_gpu *its = lease_ledger_gpu(ledger, gpu);
	const struct lease_ledger_lease *next = NULL;
	for (size_t i = 0; i < its->lease_count; i++) {
		const struct lease_ledger_lease *one = &its->leases[i];
		if (one->id > after && (next == NULL || one->id < next->id)) {
			next = one;
		}
	}
	return next;
}

/** A copy that stays while the ledger changes. */
static struct lease_ledger_lease copy_lease(const struct lease_ledger_lease *lease)
{
	struct lease_ledger_lease copy = *lease;
	copy.subject = base_strdup(lease->subject);
	return copy;
}

static void restore_leases(struct bridge_gpu *gpu, const struct lease_ledger *ledger)
{
	const struct lease_ledger_lease *one;
	for (uint64_t id = 0; (one = next_lease(ledger, gpu->card.id, id)) != NULL;) {
		struct lease_ledger_lease lease = copy_lease(one);
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		if (!restore_lease(gpu, ledger, &lease, &err)) {
			base_log(BASE_LOG_INFO, "%s: lease %llu is not restored: %s", gpu->card.id,
				(unsigned long long)lease.id, lane_error_message(&err));
			bury_lease(gpu, &lease);
		}
		id = lease.id;
		free(lease.subject);
	}
}

static void end_jobs(struct bridge_gpu *gpu, const struct lease_ledger *ledger)
{
	for (size_t i = 0; i < ledger->job_count;) {
		const struct lease_ledger_job *job = &ledger->jobs[i];
		if (strcmp(job->gpu, gpu->card.id) != 0) {
			i++;
			continue;
		}
		BASE_FREE char *id = base_strdup(job->job);
		BASE_FREE char *subject = base_strdup(job->subject);
		BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
		bridge_status_line(&line, id, "ERR WORKER", "the bridge was restarted");
		bridge_stream_add(&gpu->status, line.data, line.size);
		bridge_record_job(gpu->archive->record, gpu->card.id, id, subject, "ERR WORKER");
	}
}

void bridge_gpu_restore(struct bridge_gpu *gpu, const struct lease_ledger *ledger)
{
	restore_leases(gpu, ledger);
	end_jobs(gpu, ledger);
}

void bridge_gpu_revoke_ticket(struct bridge_gpu *gpu, const char *ticket)
{
	gpu->stirred = true;
	for (struct bridge_tenant *tenant = gpu->tenants, *next; tenant != NULL; tenant = next) {
		next = tenant->next;
		const char *its = tenant->attach != NULL ? tenant->attach->rights.ticket : NULL;
		if (its != NULL && tenant->lease != NULL && strcmp(its, ticket) == 0) {
			lease_table_end(
				gpu->leases, tenant->lease, LEASE_END_REVOKED, base_clock_boottime_ns());
		}
	}
}

void bridge_gpu_keep_all(struct bridge_gpu *gpu)
{
	for (struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		tenant->keep = true;
	}
}
