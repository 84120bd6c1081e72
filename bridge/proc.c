/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/proc.h"

#include "base/clock.h"
#include "bridge/fid.h"

#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

struct listing {
	const struct bridge_gpu *gpu;
	const struct bridge_attach *attach;
	uint64_t now_ns;
	struct base_buffer *out;
};

/** Rounded up: a lease that is there has time left. */
static uint64_t seconds_left(const struct lease *lease, uint64_t now_ns)
{
	uint64_t left_ns = lease->expires_ns > now_ns ? lease->expires_ns - now_ns : 0;
	return left_ns / NS_PER_S + (left_ns % NS_PER_S != 0);
}

static void list_lease(void *context, const struct lease *lease)
{
	const struct listing *listing = context;
	const struct bridge_tenant *tenant = lease->owner;
	if (!bridge_attach_sees_subject(listing->attach, lease->subject)) {
		return;
	}
	base_buffer_print(listing->out,
		"gpu=%s lease=%llu epoch=%llu state=%s subject=%s mem_mb=%u streams=%u priority=%u "
		"exclusive=%d keep=%d session=%d expires_in_s=%llu position=%zu preemptible=%d\n",
		listing->gpu->card.id, (unsigned long long)lease->id, (unsigned long long)lease->epoch,
		lease_state_text(lease), lease->subject, lease->mem_mb, lease->streams, lease->priority,
		lease->exclusive, tenant->keep, tenant->attach != NULL,
		(unsigned long long)seconds_left(lease, listing->now_ns),
		lease_table_position(listing->gpu->leases, lease), lease->preemptible);
}

static void list_leases(
	const struct bridge_proc *proc, const struct bridge_attach *attach, struct base_buffer *out)
{
	struct listing listing = {.attach = attach, .now_ns = base_clock_boottime_ns(), .out = out};
	for (size_t i = 0; i < proc->gpu_count; i++) {
		listing.gpu = proc->gpus[i];
		lease_table_each(listing.gpu->leases, list_lease, &listing);
	}
}

static uint64_t leases_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	list_leases(node->context, fid != NULL ? fid->attach : NULL, &text);
	return text.size;
}

/** What was there when the reader began, so that its pieces fit together. */
static ssize_t leases_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	if (offset == 0) {
		base_buffer_clear(&fid->replies);
		list_leases(node->context, fid->attach, &fid->replies);
	}
	return bridge_fid_read_kept(fid, offset, bytes, size);
}

void bridge_proc_publish(struct bridge_proc *proc, struct bridge_node *root)
{
	static const struct bridge_file_kind leases_file = {
		.mode = 0444, .size = leases_size, .read = leases_read};
	struct bridge_node *directory = bridge_node_add(root, "proc", NULL, NULL);
	bridge_node_add(directory, "leases", &leases_file, proc);
}
