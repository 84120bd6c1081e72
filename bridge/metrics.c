/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/metrics.h"

#include "bridge/fid.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_S 1e9

/** The head of a family; its samples follow. */
static void family(
	struct base_buffer *out, const char *name, const char *type, const char *unit, const char *help)
{
	base_buffer_print(out, "# TYPE gpu_lane_%s %s\n", name, type);
	if (unit != NULL) {
		base_buffer_print(out, "# UNIT gpu_lane_%s %s\n", name, unit);
	}
	base_buffer_print(out, "# HELP gpu_lane_%s %s\n", name, help);
}

static void gauge(struct base_buffer *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "gauge", NULL, help);
	base_buffer_print(out, "gpu_lane_%s %" PRIu64 "\n", name, value);
}

static void counter(
	struct base_buffer *out, const char *name, const char *unit, const char *help, uint64_t value)
{
	family(out, name, "counter", unit, help);
	base_buffer_print(out, "gpu_lane_%s_total %" PRIu64 "\n", name, value);
}

/** One sample of a counter with a label; the values of labels are words of ours. */
static void labelled(
	struct base_buffer *out, const char *name, const char *label, const char *word, uint64_t value)
{
	base_buffer_print(out, "gpu_lane_%s_total{%s=\"%s\"} %" PRIu64 "\n", name, label, word, value);
}

static void write_connections(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	static const char *const reasons[BRIDGE_REFUSALS] = {"total", "place"};
	const struct bridge_guests *guests = metrics->guests;
	gauge(out, "connections", "Clients that are connected.", guests->count);
	gauge(out, "reads_waiting", "Reads that wait at the end of a file.",
		bridge_guests_waiting(guests));
	family(out, "buffered_bytes", "gauge", "bytes",
		"Memory held for requests that are not whole and replies that are not taken.");
	base_buffer_print(out, "gpu_lane_buffered_bytes %zu\n", metrics->traffic->buffered_bytes);
	family(out, "connections_opened", "counter", NULL, "Clients that were let in.");
	for (size_t i = 0; i < BRIDGE_TRANSPORTS; i++) {
		labelled(out, "connections_opened", "via", bridge_transport_name((enum bridge_transport)i),
			guests->opened[i]);
	}
	family(out, "connections_refused", "counter", NULL,
		"Clients that were one too many: of all, or from one place.");
	for (size_t i = 0; i < BRIDGE_REFUSALS; i++) {
		labelled(out, "connections_refused", "limit", reasons[i], guests->refused[i]);
	}
	counter(out, "connections_cut_off", NULL, "Clients that were too slow, or did not speak 9P.",
		metrics->traffic->cut_off);
}

static void write_traffic(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	const struct bridge_traffic *traffic = metrics->traffic;
	family(out, "requests", "counter", NULL, "9P requests by type.");
	for (size_t i = 0; i < sizeof(traffic->requests) / sizeof(traffic->requests[0]); i++) {
		if (traffic->requests[i] > 0) {
			labelled(out, "requests", "type", wire_type_name((uint8_t)i), traffic->requests[i]);
		}
	}
	family(out, "errors", "counter", NULL, "9P requests that were refused, by errno.");
	for (int i = 0; i < BRIDGE_ERRNO_MAX; i++) {
		const char *name = strerrorname_np(i);
		if (traffic->errors[i] > 0) {
			labelled(out, "errors", "errno", name != NULL ? name : "other", traffic->errors[i]);
		}
	}
	counter(out, "received_bytes", "bytes", "9P received.", traffic->received_bytes);
	counter(out, "sent_bytes", "bytes", "9P sent.", traffic->sent_bytes);
}

/** What the leases of a GPU come to. */
struct lease_counts {
	uint64_t states[4];
	uint64_t memory_mib;
};

static void count_lease(void *context, const struct lease *lease)
{
	struct lease_counts *counts = context;
	counts->states[lease->state]++;
	if (lease->state == LEASE_ACTIVE || lease->state == LEASE_ENDING) {
		counts->memory_mib += lease->mem_mb;
	}
}

static uint64_t jobs_waiting(const struct bridge_gpu *gpu)
{
	uint64_t jobs = 0;
	for (const struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		jobs += tenant->queued;
	}
	return jobs;
}

static uint64_t jobs_running(const struct bridge_gpu *gpu)
{
	uint64_t jobs = 0;
	for (const struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		for (const struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			jobs += slot->run != NULL;
		}
	}
	return jobs;
}

static void write_leases(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	static const enum lease_state states[] = {LEASE_QUEUED, LEASE_ACTIVE, LEASE_ENDING};
	BASE_BUFFER_AUTO memory = BASE_BUFFER_INIT;
	family(out, "leases", "gauge", NULL, "Leases by state.");
	family(&memory, "leased_memory_bytes", "gauge", "bytes", "Device memory that is leased.");
	for (size_t i = 0; i < metrics->gpu_count; i++) {
		const struct bridge_gpu *gpu = metrics->gpus[i];
		struct lease_counts counts = {.memory_mib = 0};
		lease_table_each(gpu->leases, count_lease, &counts);
		for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
			base_buffer_print(out, "gpu_lane_leases{gpu=\"%s\",state=\"%s\"} %" PRIu64 "\n",
				gpu->card.id, lease_state_name(states[s]), counts.states[states[s]]);
		}
		base_buffer_print(&memory, "gpu_lane_leased_memory_bytes{gpu=\"%s\"} %" PRIu64 "\n",
			gpu->card.id, counts.memory_mib << 20);
	}
	base_buffer_add(out, memory.data, memory.size);
}

static uint64_t workers_started(const struct bridge_gpu *gpu)
{
	return gpu->workers_started;
}

static uint64_t workers_failed(const struct bridge_gpu *gpu)
{
	return gpu->workers_failed;
}

static uint64_t is_serving(const struct bridge_gpu *gpu)
{
	return strcmp(bridge_health_state(gpu), "serving") == 0;
}

static uint64_t devices_lost(const struct bridge_gpu *gpu)
{
	return gpu->health.losses;
}

/** Figures of each GPU. */
static const struct {
	const char *name, *type, *suffix, *help;
	uint64_t (*value)(const struct bridge_gpu *gpu);
} gpu_figures[] = {
	{"gpu_serving", "gauge", "", "1: it grants leases; 0: it is cordoned or quarantined.",
		is_serving},
	{"devices_lost", "counter", "_total", "Times that its device was lost.", devices_lost},
	{"jobs_waiting", "gauge", "", "Jobs that wait for a worker.", jobs_waiting},
	{"jobs_running", "gauge", "", "Jobs that run.", jobs_running},
	{"workers_started", "counter", "_total", "Worker processes that were started.",
		workers_started},
	{"workers_failed", "counter", "_total",
		"Worker processes that ended without being told to; another is started in their place.",
		workers_failed},
};

static void write_gpus(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	for (size_t f = 0; f < sizeof(gpu_figures) / sizeof(gpu_figures[0]); f++) {
		family(out, gpu_figures[f].name, gpu_figures[f].type, NULL, gpu_figures[f].help);
		for (size_t i = 0; i < metrics->gpu_count; i++) {
			base_buffer_print(out, "gpu_lane_%s%s{gpu=\"%s\"} %" PRIu64 "\n", gpu_figures[f].name,
				gpu_figures[f].suffix, metrics->gpus[i]->card.id,
				gpu_figures[f].value(metrics->gpus[i]));
		}
	}
}

static void write_record(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	const struct bridge_counts *counts = bridge_record_counts(metrics->record);
	family(out, "jobs", "counter", NULL, "Jobs that have ended, by their last state.");
	for (size_t i = 0; i < BRIDGE_OUTCOMES; i++) {
		labelled(out, "jobs", "state", counts->outcomes[i].state, counts->outcomes[i].jobs);
	}
	family(out, "tickets", "counter", NULL, "Tickets and handles that were presented.");
	labelled(out, "tickets", "outcome", "good", counts->tickets_good);
	labelled(out, "tickets", "outcome", "refused", counts->tickets_refused);
	family(out, "journal_commit_seconds", "histogram", "seconds",
		"Time to put records on disk (write and fdatasync).");
	for (size_t i = 0; i < BRIDGE_COMMIT_BUCKETS; i++) {
		base_buffer_print(out, "gpu_lane_journal_commit_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
			(double)bridge_commit_bounds_ns[i] / NS_PER_S, counts->commit_buckets[i]);
	}
	base_buffer_print(out,
		"gpu_lane_journal_commit_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n"
		"gpu_lane_journal_commit_seconds_count %" PRIu64 "\n"
		"gpu_lane_journal_commit_seconds_sum %.9f\n",
		counts->commits, counts->commits, (double)counts->commit_ns / NS_PER_S);
}

static void write_files(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	gauge(out, "files_unusable",
		"Of the policy and the certificates of TLS, how many were replaced by what cannot be used; "
		"the ones from before are in use.",
		bridge_reload_troubles(metrics->reload));
	if (metrics->guests->tls != NULL) {
		family(out, "tls_certificate_expiry_seconds", "gauge", "seconds",
			"When the certificate of TLS that is in use is over, since the epoch.");
		base_buffer_print(out, "gpu_lane_tls_certificate_expiry_seconds %lld\n",
			(long long)bridge_tls_expires_s(metrics->guests->tls));
	}
}

void bridge_metrics_write(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	family(out, "bridge", "info", NULL, "The bridge that says this.");
	base_buffer_print(out, "gpu_lane_bridge_info{version=\"%s\"} 1\n", LANE_VERSION);
	write_connections(metrics, out);
	write_traffic(metrics, out);
	write_leases(metrics, out);
	write_gpus(metrics, out);
	write_record(metrics, out);
	write_files(metrics, out);
	base_buffer_add_text(out, "# EOF\n");
}

static void write_sessions(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	const struct bridge_guests *guests = metrics->guests;
	uint64_t opened = 0;
	for (size_t i = 0; i < BRIDGE_TRANSPORTS; i++) {
		opened += guests->opened[i];
	}
	base_buffer_print(out,
		"active=%zu max=%zu place_max=%zu opened=%" PRIu64 " refused=%" PRIu64 " cut_off=%" PRIu64
		"\n",
		guests->count, guests->max, guests->place_max, opened,
		guests->refused[BRIDGE_REFUSED_FULL] + guests->refused[BRIDGE_REFUSED_PLACE],
		metrics->traffic->cut_off);
}

static void write_outstanding(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	base_buffer_print(out, "waiting=%zu session_max=%d\n", bridge_guests_waiting(metrics->guests),
		BRIDGE_WAITING_MAX);
}

static void write_short_writes(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	base_buffer_print(out, "total=%" PRIu64 "\n", metrics->traffic->short_writes);
}

static void write_active(const struct bridge_metrics *metrics, struct base_buffer *out)
{
	bridge_guests_list(metrics->guests, out);
}

/** What was there when the reader began, so that its pieces fit together. */
static ssize_t made_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	const struct bridge_made *made = node->context;
	if (offset == 0) {
		base_buffer_clear(&fid->replies);
		made->write(made->metrics, &fid->replies);
	}
	return bridge_fid_read_kept(fid, offset, bytes, size);
}

static uint64_t made_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)fid;
	const struct bridge_made *made = node->context;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	made->write(made->metrics, &text);
	return text.size;
}

static void add_file(struct bridge_node *directory, const char *name, struct bridge_made *made,
	const struct bridge_metrics *metrics,
	void (*write)(const struct bridge_metrics *metrics, struct base_buffer *out))
{
	static const struct bridge_file_kind kind = {
		.mode = 0444, .size = made_size, .read = made_read};
	*made = (struct bridge_made){.metrics = metrics, .write = write};
	bridge_node_add(directory, name, &kind, made)->withheld = true;
}

void bridge_metrics_publish(struct bridge_metrics *metrics, struct bridge_node *root)
{
	const struct wire_text proc_name = wire_text("proc");
	struct bridge_node *proc = bridge_node_child(root, &proc_name);
	struct bridge_node *directory = bridge_node_add(proc, "9p", NULL, NULL);
	directory->withheld = true;
	struct bridge_node *session = bridge_node_add(directory, "session", NULL, NULL);
	struct bridge_made *made = metrics->files;
	add_file(root, "metrics", &made[0], metrics, bridge_metrics_write);
	add_file(directory, "sessions", &made[1], metrics, write_sessions);
	add_file(directory, "outstanding", &made[2], metrics, write_outstanding);
	add_file(directory, "short_writes", &made[3], metrics, write_short_writes);
	add_file(session, "active", &made[4], metrics, write_active);
}
