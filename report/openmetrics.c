/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"
#include "report/plain.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>
#include <time.h>

/*
 * OpenMetrics 1.0 text. Every family is a gauge, also those named _info, so that what reads the
 * older Prometheus text format alone (node_exporter's textfile collector, Pushgateway) takes the
 * same file: it knows no info and no stateset.
 */

/* Where a family's samples go. */
struct sink {
	const struct family *family;
	struct base_buffer *out;
	/* Of every sample of this document: tool="...",floor="...",gpu="..." */
	struct base_buffer labels;
	/* Where the family began in `out`. */
	size_t start;
};

/* A metric family: one loop over these prints all documents. */
struct family {
	const char *name;
	/* The end of the name, NULL where there is none. */
	const char *unit;
	const char *help;
	void (*emit)(struct sink *sink, const cJSON *document);
	/* What `emit` reads, and what it multiplies the value with. */
	const char *key;
	const char *from_unit;
	double factor;
};

/* An empty label is the same as none, so it is left out. */
static void add_label(struct base_buffer *out, const char *name, const char *value)
{
	if (!*value) {
		return;
	}
	BASE_BUFFER_AUTO plain = BASE_BUFFER_INIT;
	report_plain_add(&plain, value, true);
	base_buffer_print(out, "%s%s=\"", out->size > 0 ? "," : "", name);
	for (const char *at = plain.data ? plain.data : ""; *at; at++) {
		/* A line break is a space by now. */
		if (*at == '\\' || *at == '"') {
			base_buffer_add_text(out, "\\");
		}
		base_buffer_add(out, at, 1);
	}
	base_buffer_add_text(out, "\"");
}

static void add_head(struct sink *sink)
{
	const struct family *family = sink->family;
	if (sink->out->size > sink->start) {
		return;
	}
	base_buffer_print(sink->out, "# TYPE gpu_lane_%s gauge\n", family->name);
	if (family->unit) {
		base_buffer_print(sink->out, "# UNIT gpu_lane_%s %s\n", family->name, family->unit);
	}
	base_buffer_print(sink->out, "# HELP gpu_lane_%s %s\n", family->name, family->help);
}

/* One sample; `labels` are further ones as add_label makes them, or NULL. */
static void add_sample(struct sink *sink, const struct base_buffer *labels, double value)
{
	if (!isfinite(value)) {
		return;
	}
	BASE_FREE char *series =
		base_format("\ngpu_lane_%s{%s%s%s} ", sink->family->name, sink->labels.data,
			labels && labels->size > 0 ? "," : "", labels && labels->data ? labels->data : "");
	add_head(sink);
	/* One of the same name and labels would make the whole exposition invalid. */
	if (strstr(sink->out->data + sink->start, series)) {
		return;
	}
	/* Counts are exact; of figures more digits than they have are noise. */
	base_buffer_print(sink->out, "%s%.*g\n", series + 1, floor(value) == value ? 17 : 12, value);
}

static void emit_info(struct sink *sink, const cJSON *document)
{
	BASE_BUFFER_AUTO labels = BASE_BUFFER_INIT;
	add_label(&labels, "version", base_json_string(document, "version", ""));
	add_label(&labels, "replayed", base_json_string(document, "replayed", NULL) ? "true" : "false");
	add_sample(sink, &labels, 1);
}

static void emit_device_info(struct sink *sink, const cJSON *document)
{
	static const char *const keys[] = {"name", "type", "driver", "driver_info", "vendor_id",
		"device_id", "uuid", "pci", "drm", "api_version"};
	const cJSON *device = base_json_get(document, "device");
	if (!cJSON_IsObject(device)) {
		return;
	}
	BASE_BUFFER_AUTO labels = BASE_BUFFER_INIT;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		add_label(&labels, keys[i], base_json_string(device, keys[i], ""));
	}
	add_label(&labels, "software", base_json_bool(device, "software", false) ? "true" : "false");
	add_sample(sink, &labels, 1);
}

static void emit_verdict(struct sink *sink, const cJSON *document)
{
	static const char *const verdicts[] = {"holds", "broken", "unknown"};
	const char *verdict = base_json_string(document, "verdict", "unknown");
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		BASE_BUFFER_AUTO labels = BASE_BUFFER_INIT;
		add_label(&labels, "verdict", verdicts[i]);
		add_sample(sink, &labels, strcmp(verdict, verdicts[i]) == 0);
	}
}

static void emit_started(struct sink *sink, const cJSON *document)
{
	struct tm started = {0};
	const char *end =
		strptime(base_json_string(document, "started", ""), "%Y-%m-%dT%H:%M:%S", &started);
	if (end && (*end == 'Z' || *end == '.')) {
		add_sample(sink, NULL, (double)timegm(&started));
	}
}

static void emit_number(struct sink *sink, const cJSON *document)
{
	const cJSON *value = base_json_path(document, sink->family->key);
	if (cJSON_IsNumber(value)) {
		add_sample(sink, NULL, value->valuedouble * sink->family->factor);
	}
}

static void emit_checks(struct sink *sink, const cJSON *document)
{
	for (int state = REPORT_HELD; state <= REPORT_SKIPPED; state++) {
		const char *name = report_state_name((enum report_state)state);
		BASE_BUFFER_AUTO labels = BASE_BUFFER_INIT;
		add_label(&labels, "state", name);
		add_sample(sink, &labels, base_json_number(base_json_get(document, "checks"), name, 0));
	}
}

static void emit_findings(struct sink *sink, const cJSON *document)
{
	size_t count;
	BASE_FREE const cJSON **findings = report_findings_sorted(document, &count);
	for (size_t i = 0; i < count; i++) {
		const char *code = base_json_string(findings[i], "code", "");
		const char *level = base_json_string(findings[i], "level", "");
		unsigned before = 0;
		unsigned all = 0;
		for (size_t j = 0; j < count; j++) {
			bool same = strcmp(base_json_string(findings[j], "code", ""), code) == 0 &&
				strcmp(base_json_string(findings[j], "level", ""), level) == 0;
			before += same && j < i;
			all += same;
		}
		if (before == 0) {
			BASE_BUFFER_AUTO labels = BASE_BUFFER_INIT;
			add_label(&labels, "level", level);
			add_label(&labels, "code", code);
			add_sample(sink, &labels, all);
		}
	}
}

static void emit_rungs(struct sink *sink, const cJSON *document)
{
	const cJSON *rung;
	cJSON_ArrayForEach(rung, base_json_get(document, "ladder"))
	{
		BASE_BUFFER_AUTO labels = BASE_BUFFER_INIT;
		add_label(&labels, "rung", base_json_string(rung, "rung", ""));
		add_sample(sink, &labels, report_state_of(rung) == REPORT_HELD);
	}
}

static void emit_lease_info(struct sink *sink, const cJSON *document)
{
	const cJSON *lease = base_json_get(document, "lease");
	if (!cJSON_IsObject(lease)) {
		return;
	}
	BASE_BUFFER_AUTO labels = BASE_BUFFER_INIT;
	add_label(&labels, "lease_gpu", base_json_string(lease, "gpu", ""));
	add_label(&labels, "bridge", base_json_string(lease, "bridge", ""));
	add_sample(sink, &labels, 1);
}

static void add_workload_sample(struct sink *sink, const cJSON *workload, double value)
{
	BASE_BUFFER_AUTO labels = BASE_BUFFER_INIT;
	add_label(&labels, "workload", base_json_string(workload, "name", ""));
	add_sample(sink, &labels, value);
}

/* The unit is the end of a family's name, so that each unit has families of its own. */
static void emit_workload_number(struct sink *sink, const cJSON *document)
{
	const struct family *family = sink->family;
	const cJSON *workload;
	cJSON_ArrayForEach(workload, base_json_get(document, "workloads"))
	{
		const char *unit = base_json_string(workload, "unit", "");
		const cJSON *value = base_json_path(workload, family->key);
		if (cJSON_IsNumber(value) && (!family->from_unit || strcmp(family->from_unit, unit) == 0)) {
			add_workload_sample(sink, workload, value->valuedouble * family->factor);
		}
	}
}

static void emit_workload_verified(struct sink *sink, const cJSON *document)
{
	const cJSON *workload;
	cJSON_ArrayForEach(workload, base_json_get(document, "workloads"))
	{
		add_workload_sample(sink, workload, base_json_bool(workload, "verified", false));
	}
}

#define MIB 1048576.0

static const struct family families[] = {
	{"report_info", NULL, "The report these samples are of.", emit_info, NULL, NULL, 0},
	{"device_info", NULL, "The Vulkan device that was looked at.", emit_device_info, NULL, NULL, 0},
	{"verdict", NULL, "1 for the report's verdict, 0 for the others.", emit_verdict, NULL, NULL, 0},
	{"started_timestamp_seconds", "seconds", "When the run began, in Unix time.", emit_started,
		NULL, NULL, 0},
	{"duration_seconds", "seconds", "How long the run took.", emit_number, "duration_ms", NULL,
		1e-3},
	{"checks", NULL, "Checks by their outcome.", emit_checks, NULL, NULL, 0},
	{"findings", NULL, "Findings by level and code, see docs/faults.md.", emit_findings, NULL, NULL,
		0},
	{"rung_held", NULL, "1 for a rung of the GPU stack that holds.", emit_rungs, NULL, NULL, 0},
	{"device_memory_bytes", "bytes", "Device-local memory.", emit_number, "device.memory_bytes",
		NULL, 1},
	{"lease_info", NULL, "The lease that the run held.", emit_lease_info, NULL, NULL, 0},
	{"lease_memory_bytes", "bytes", "Memory of the lease.", emit_number, "lease.mem_mb", NULL, MIB},
	{"lease_streams", NULL, "Streams of the lease.", emit_number, "lease.streams", NULL, 1},
	{"lease_ttl_seconds", "seconds", "Time to live of the lease.", emit_number, "lease.ttl_s", NULL,
		1},
	{"lease_wait_seconds", "seconds", "From the request for the lease to its grant.", emit_number,
		"lease.wait_ms", NULL, 1e-3},
	{"workload_verified", NULL, "1 where every element of every timed run was right.",
		emit_workload_verified, NULL, NULL, 0},
	{"workload_mismatches", NULL, "Elements that were wrong.", emit_workload_number, "mismatches",
		NULL, 1},
	{"workload_samples", NULL, "Timed samples.", emit_workload_number, "n", NULL, 1},
	{"workload_median_bytes_per_second", "bytes_per_second", "Median throughput.",
		emit_workload_number, "median", "GB/s", 1e9},
	{"workload_mad_bytes_per_second", "bytes_per_second",
		"Median absolute deviation of the throughput.", emit_workload_number, "mad", "GB/s", 1e9},
	{"workload_median_flops_per_second", "flops_per_second",
		"Median floating-point operations a second.", emit_workload_number, "median", "GFLOP/s",
		1e9},
	{"workload_mad_flops_per_second", "flops_per_second",
		"Median absolute deviation of the operations a second.", emit_workload_number, "mad",
		"GFLOP/s", 1e9},
	{"workload_median_operations_per_second", "operations_per_second",
		"Median integer operations a second.", emit_workload_number, "median", "Gop/s", 1e9},
	{"workload_mad_operations_per_second", "operations_per_second",
		"Median absolute deviation of the operations a second.", emit_workload_number, "mad",
		"Gop/s", 1e9},
	{"workload_median_dispatches_per_second", "dispatches_per_second",
		"Median dispatches a second.", emit_workload_number, "median", "kdispatch/s", 1e3},
	{"workload_mad_dispatches_per_second", "dispatches_per_second",
		"Median absolute deviation of the dispatches a second.", emit_workload_number, "mad",
		"kdispatch/s", 1e3},
	{"workload_roofline_ratio", "ratio", "Median over what the device's facts allow.",
		emit_workload_number, "roofline_pct", NULL, 1e-2},
	{"workload_cpu_speedup_ratio", "ratio", "Median over that of the CPU.", emit_workload_number,
		"cpu_speedup", NULL, 1},
	{"workload_baseline_ratio", "ratio", "Median over that of the baseline.", emit_workload_number,
		"baseline.ratio", NULL, 1},
};

/* Labels of every sample of the document. */
static void add_identity(struct base_buffer *labels, const cJSON *document)
{
	static const char *const ids[] = {"pci", "uuid", "drm", "name"};
	const cJSON *device = base_json_get(document, "device");
	const char *gpu = NULL;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]) && !gpu; i++) {
		gpu = base_json_string(device, ids[i], NULL);
	}
	add_label(labels, "tool", base_json_string(document, "tool", ""));
	add_label(labels, "floor", base_json_string(base_json_get(document, "floor"), "name", ""));
	add_label(labels, "gpu", gpu ? gpu : "");
	base_buffer_add_text(labels, "");
}

/* A gauge has one value: of results of the same tool, floor and GPU the last one is shown. */
static bool is_superseded(const struct base_buffer *identities, size_t index, size_t count)
{
	for (size_t i = index + 1; i < count; i++) {
		if (strcmp(identities[i].data, identities[index].data) == 0) {
			return true;
		}
	}
	return false;
}

void report_openmetrics_render(const cJSON *const *documents, size_t count, struct base_buffer *out)
{
	BASE_FREE struct base_buffer *identities = base_alloc(count, sizeof(*identities));
	for (size_t i = 0; i < count; i++) {
		identities[i] = (struct base_buffer)BASE_BUFFER_INIT;
		add_identity(&identities[i], documents[i]);
	}
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct sink sink = {.family = &families[i], .out = out, .start = out->size};
		for (size_t j = 0; j < count; j++) {
			if (!is_superseded(identities, j, count)) {
				sink.labels = identities[j];
				families[i].emit(&sink, documents[j]);
			}
		}
	}
	base_buffer_add_text(out, "# EOF\n");
	for (size_t i = 0; i < count; i++) {
		base_buffer_finish(&identities[i]);
	}
}
