/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/memory.h"
#include "probe/collector.h"
#include "probe/emit.h"
#include "probe/facts.h"
#include "probe/join.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

enum {
	COLLECT_OUTPUT_MAX = 4 << 20,
	COLLECT_LOG_LINES = 40,
	COLLECT_LOG_LINE_SIZE = 512,
	COLLECT_ALONE_MAX = 32,
};

/* In the order in which they are started: everything waits for Vulkan. */
static const struct collector {
	enum probe_layer layer;
	const char *name;
	int (*collect)(const struct probe_scope *scope, int out_fd);
} collectors[] = {
	{PROBE_VULKAN, "vulkan", probe_vulkan_collect},
	{PROBE_DRM, "drm", probe_drm_collect},
	{PROBE_PCI, "pci", probe_pci_collect},
	{PROBE_HOST, "host", probe_host_collect},
};

#define COLLECTOR_COUNT (sizeof(collectors) / sizeof(collectors[0]))

/* A collector with what it is asked: the context of its child. */
struct collector_call {
	const struct collector *collector;
	struct probe_scope scope;
};

static int call_collector(void *context, int out_fd)
{
	const struct collector_call *call = context;
	return call->collector->collect(&call->scope, out_fd);
}

static struct base_child_task task_for(struct collector_call *call, unsigned timeout_ms)
{
	return (struct base_child_task){.name = call->collector->name,
		.run = call_collector,
		.context = call,
		.timeout_ms = timeout_ms > 0 ? timeout_ms : 1,
		.output_max = COLLECT_OUTPUT_MAX};
}

static void add_log(cJSON *entry, const struct base_buffer *log)
{
	if (log->size == 0) {
		return;
	}
	cJSON *lines = base_json_add_array(entry, "log");
	const char *line = log->data;
	for (int i = 0; i < COLLECT_LOG_LINES && *line; i++) {
		size_t size = strcspn(line, "\n");
		int shown = size < COLLECT_LOG_LINE_SIZE ? (int)size : COLLECT_LOG_LINE_SIZE;
		base_json_add_format(lines, NULL, "%.*s", shown, line);
		line += size + (line[size] == '\n');
	}
}

/* How a child ended: "ok" only when it came to the end of what it had to do. Takes over `step`. */
static void describe_outcome(
	cJSON *entry, const struct base_child_outcome *outcome, bool done, char *step)
{
	base_json_add_number(entry, "ms", (double)outcome->duration_ms);
	base_json_add_string(entry, "outcome", done ? "ok" : base_child_end_name(outcome->end));
	if (!done) {
		probe_add_text(entry, "detail", base_child_describe(outcome));
		probe_add_text(entry, "step", step);
	} else {
		free(step);
	}
	add_log(entry, &outcome->log);
}

/* What failed without a crash. */
static void copy_failure(cJSON *alone, const cJSON *result)
{
	const char *code = base_json_string(result, "code", NULL);
	if (code) {
		base_json_add_string(alone, "code", code);
		base_json_add_string(alone, "error", base_json_string(result, "error", ""));
	}
}

/* What one ICD answers when it is the only one. */
static void merge_alone(cJSON *facts, cJSON *icd, const struct base_child_outcome *outcome)
{
	cJSON *own = probe_facts_new();
	char *step = NULL;
	bool done = probe_emit_merge(own, &outcome->output, &step);
	cJSON *alone = base_json_add_object(icd, "alone");
	describe_outcome(alone, outcome, done, step);
	const cJSON *listed = probe_path_find(own, "vulkan.enumeration.listed");
	if (listed) {
		base_json_add_bool(alone, "listed", cJSON_IsTrue(listed));
	}
	copy_failure(alone, probe_path_find(own, "vulkan.instance"));
	copy_failure(alone, probe_path_find(own, "vulkan.enumeration"));
	static const char *const lists[] = {"vulkan.devices", "vulkan.messages"};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		cJSON *from = probe_path_find_own(own, lists[i]);
		cJSON *into = probe_path_find_own(facts, lists[i]);
		while (from && from->child) {
			base_json_add_node(into, NULL, cJSON_DetachItemFromArray(from, 0));
		}
	}
	cJSON_Delete(own);
}

/* Every ICD counted its devices from 0. */
static void number_devices(cJSON *devices)
{
	unsigned index = 0;
	cJSON *device;
	cJSON_ArrayForEach(device, devices)
	{
		BASE_FREE char *key = base_format("GPU%u", index++);
		cJSON_ReplaceItemInObjectCaseSensitive(device, "key", cJSON_CreateString(key));
	}
}

/*
 * Asks every ICD alone, so that the one that is to blame has a name and the others' devices are
 * known all the same.
 */
static bool ask_alone(
	cJSON *facts, const struct probe_scope *scope, unsigned timeout_ms, struct lane_error *err)
{
	struct collector_call calls[COLLECT_ALONE_MAX];
	struct base_child_task tasks[COLLECT_ALONE_MAX];
	struct base_child_outcome outcomes[COLLECT_ALONE_MAX];
	cJSON *icds[COLLECT_ALONE_MAX];
	size_t count = 0;
	cJSON *icd;
	cJSON_ArrayForEach(icd, probe_path_find_own(facts, "vulkan.icds"))
	{
		if (count < COLLECT_ALONE_MAX && base_json_bool(icd, "used", false)) {
			calls[count] = (struct collector_call){.collector = &collectors[0], .scope = *scope};
			calls[count].scope.icd = base_json_string(icd, "path", "");
			tasks[count] = task_for(&calls[count], timeout_ms);
			icds[count++] = icd;
		}
	}
	if (!base_child_run(tasks, count, outcomes, err)) {
		return false;
	}
	cJSON *devices = probe_path_find_own(facts, "vulkan.devices");
	while (devices->child) {
		cJSON_DeleteItemFromArray(devices, 0);
	}
	for (size_t i = 0; i < count; i++) {
		merge_alone(facts, icds[i], &outcomes[i]);
		base_child_outcome_finish(&outcomes[i]);
	}
	number_devices(devices);
	return true;
}

static void merge_outcome(
	cJSON *facts, const struct collector *collector, const struct base_child_outcome *outcome)
{
	cJSON *entry = base_json_add_object(probe_path_find_own(facts, "collectors"), NULL);
	base_json_add_string(entry, "name", collector->name);
	if (!outcome) {
		base_json_add_number(entry, "ms", 0);
		base_json_add_string(entry, "outcome", "skipped");
		return;
	}
	char *step = NULL;
	bool done = probe_emit_merge(facts, &outcome->output, &step);
	describe_outcome(entry, outcome, done, step);
}

/*
 * Whether asking every ICD alone can tell more: one of them took the collector along, or made the
 * loader fail for all. Not when a child is stuck in the kernel: the next ones would be too.
 */
static bool needs_naming(const cJSON *facts)
{
	const cJSON *entry = probe_path_find(facts, "collectors[vulkan]");
	const char *outcome = base_json_string(entry, "outcome", "skipped");
	if (strcmp(outcome, "ok") != 0) {
		return strcmp(outcome, "skipped") != 0 && strcmp(outcome, "unkillable") != 0;
	}
	const cJSON *instance = probe_path_find(facts, "vulkan.instance");
	const cJSON *enumeration = probe_path_find(facts, "vulkan.enumeration");
	/* Without a driver that could be used there is nobody to name. */
	bool no_driver = strcmp(base_json_string(instance, "code", ""), "VULKAN_NO_DRIVER") == 0;
	return base_json_bool(probe_path_find(facts, "vulkan.loader"), "found", false) && !no_driver &&
		(!base_json_bool(instance, "created", true) ||
			!base_json_bool(enumeration, "listed", true));
}

/* Runs all collectors that are asked for at once and merges what they found. */
static bool ask_all(const struct probe_options *options, const struct probe_scope *scope,
	unsigned timeout_ms, cJSON *facts, struct lane_error *err)
{
	struct collector_call calls[COLLECTOR_COUNT];
	struct base_child_task tasks[COLLECTOR_COUNT];
	struct base_child_outcome outcomes[COLLECTOR_COUNT];
	size_t count = 0;
	for (size_t i = 0; i < COLLECTOR_COUNT; i++) {
		if (options->layers & collectors[i].layer) {
			calls[count] = (struct collector_call){.collector = &collectors[i], .scope = *scope};
			tasks[count] = task_for(&calls[count], timeout_ms);
			count++;
		}
	}
	if (!base_child_run(tasks, count, outcomes, err)) {
		return false;
	}
	for (size_t i = 0, used = 0; i < COLLECTOR_COUNT; i++) {
		bool asked = options->layers & collectors[i].layer;
		merge_outcome(facts, &collectors[i], asked ? &outcomes[used] : NULL);
		if (asked) {
			base_child_outcome_finish(&outcomes[used++]);
		}
	}
	return true;
}

bool probe_collect(const struct probe_options *options, cJSON **facts, struct lane_error *err)
{
	uint64_t started_ns = base_clock_monotonic_ns();
	unsigned timeout_ms = options->timeout_ms;
	struct probe_scope scope = {.root = {""},
		.submit = options->submit,
		.submit_timeout_ms = timeout_ms / 4 > 0 ? timeout_ms / 4 : 1,
		.pci_dump = options->pci_dump};
	*facts = probe_facts_new();
	/* The other half of the time is for naming the culprit. */
	bool asked = ask_all(options, &scope, timeout_ms / 2, *facts, err);
	if (asked && options->pci_dump && (options->layers & PROBE_PCI)) {
		cJSON *entry = probe_path_find_own(*facts, "collectors[pci]");
		base_json_add_string(entry, "source", options->pci_dump);
	}
	if (asked && needs_naming(*facts)) {
		uint64_t spent_ms = (base_clock_monotonic_ns() - started_ns) / 1000000u;
		asked = ask_alone(
			*facts, &scope, spent_ms < timeout_ms ? timeout_ms - (unsigned)spent_ms : 0, err);
	}
	if (!asked) {
		cJSON_Delete(*facts);
		*facts = NULL;
		return false;
	}
	probe_join(*facts);
	return true;
}
