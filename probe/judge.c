/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "base/memory.h"
#include "probe/case.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

/* Which collector tells the facts of "gpu.": what is missing after it ended well is not there. */
static const struct {
	const char *prefix;
	const char *collector;
} gpu_layers[] = {
	{"gpu.vulkan", "vulkan"},
	{"gpu.software", "vulkan"},
	{"gpu.name", "vulkan"},
	{"gpu.id", "pci"},
	{"gpu.pci", "pci"},
	{"gpu.", "drm"},
};

bool probe_case_is_hardware(const cJSON *gpu)
{
	return gpu && !base_json_bool(gpu, "software", false) &&
		!base_json_bool(gpu, "display_only", false);
}

const cJSON *probe_case_node(const cJSON *facts, const cJSON *gpu, const char *kind)
{
	const char *name = base_json_string(gpu, kind, NULL);
	return name ? probe_path_element(base_json_get(facts, "drm"), name) : NULL;
}

const char *probe_case_outcome(const cJSON *facts, const char *collector)
{
	const cJSON *entry = probe_path_element(base_json_get(facts, "collectors"), collector);
	return base_json_string(entry, "outcome", "skipped");
}

bool probe_case_collected(const cJSON *facts, const char *collector)
{
	return strcmp(probe_case_outcome(facts, collector), "ok") == 0;
}

static bool layer_collected(const cJSON *facts, const char *fact)
{
	BASE_FREE char *first = base_strndup(fact, strcspn(fact, ".["));
	const char *collector = first;
	for (size_t i = 0; i < sizeof(gpu_layers) / sizeof(gpu_layers[0]); i++) {
		if (strncmp(fact, gpu_layers[i].prefix, strlen(gpu_layers[i].prefix)) == 0) {
			collector = gpu_layers[i].collector;
			break;
		}
	}
	return strcmp(collector, "collectors") == 0 || strcmp(collector, "gpus") == 0 ||
		probe_case_collected(facts, collector);
}

/* A submit that nobody asked for is missing from a device that is there. */
static bool not_measured(const struct probe_case *trial, const char *fact)
{
	return strcmp(fact, "gpu.vulkan.submit") == 0 && trial->device != NULL;
}

static enum report_state judge_fact(
	const struct probe_case *trial, const struct probe_expectation *expectation, const cJSON *fact)
{
	if (!fact &&
		(!layer_collected(trial->facts, expectation->fact) ||
			not_measured(trial, expectation->fact))) {
		return REPORT_UNKNOWN;
	}
	bool held = fact || probe_test_wants_absence(&expectation->test)
		? probe_test_holds(&expectation->test, fact)
		: false;
	return held ? REPORT_HELD : REPORT_BROKEN;
}

static const cJSON *find_fact(const struct probe_case *trial, const char *fact)
{
	return probe_facts_find(trial->facts, trial->gpu, trial->device, fact);
}

bool probe_case_breaks(const struct probe_case *trial, const char *prefix)
{
	for (size_t i = 0; trial->floor && i < trial->floor->count; i++) {
		const struct probe_expectation *expectation = &trial->floor->expectations[i];
		if (expectation->severity == REPORT_FAILURE &&
			strncmp(expectation->fact, prefix, strlen(prefix)) == 0 &&
			judge_fact(trial, expectation, find_fact(trial, expectation->fact)) == REPORT_BROKEN) {
			return true;
		}
	}
	return false;
}

/* How many expectations that matter a candidate would hold. */
static size_t score(const struct probe_case *trial)
{
	size_t held = 0;
	for (size_t i = 0; i < trial->floor->count; i++) {
		const struct probe_expectation *expectation = &trial->floor->expectations[i];
		const cJSON *fact = find_fact(trial, expectation->fact);
		held += expectation->severity == REPORT_FAILURE &&
			judge_fact(trial, expectation, fact) == REPORT_HELD;
	}
	return held;
}

/* Without a floor: hardware, as far up the ladder as it comes. */
static size_t rank(const struct probe_case *trial)
{
	const cJSON *render = probe_case_node(trial->facts, trial->gpu, "render");
	const char *type = base_json_string(trial->device, "type", "");
	const char *submit = base_json_string(trial->device, "submit", "");
	return (probe_case_is_hardware(trial->gpu) ? 32u : 0u) +
		(strcmp(submit, "ok") == 0 ? 16u : 0u) + (trial->device ? 8u : 0u) +
		(strcmp(type, "DISCRETE_GPU") == 0 ? 4u : 0u) + (render ? 2u : 0u) +
		(base_json_get(trial->gpu, "pci") ? 1u : 0u);
}

/* More than all expectations that a floor may have, and any rank. */
#define CHOSEN_POINTS ((size_t)1 << 20)

void probe_case_choose(struct probe_case *trial)
{
	struct probe_case candidate = *trial;
	size_t best = 0;
	const cJSON *gpu;
	cJSON_ArrayForEach(gpu, base_json_get(trial->facts, "gpus"))
	{
		trial->hardware_present |= probe_case_is_hardware(gpu);
		const cJSON *keys = base_json_get(gpu, "vulkan_devices");
		int count = cJSON_GetArraySize(keys);
		for (int i = 0; i < (count > 0 ? count : 1); i++) {
			const cJSON *key = cJSON_GetArrayItem(keys, i);
			candidate.gpu = gpu;
			candidate.device = cJSON_IsString(key)
				? probe_path_element(
					  probe_path_find(trial->facts, "vulkan.devices"), key->valuestring)
				: NULL;
			size_t points = (trial->floor ? score(&candidate) * 64 : 0) + rank(&candidate) + 1;
			const char *uuid = base_json_string(candidate.device, "device_uuid", "");
			points += trial->uuid && strcmp(uuid, trial->uuid) == 0 ? CHOSEN_POINTS : 0;
			if (points > best) {
				best = points;
				trial->gpu = candidate.gpu;
				trial->device = candidate.device;
			}
		}
	}
}

static char *observe(
	const struct probe_case *trial, const struct probe_expectation *expectation, const cJSON *fact)
{
	if (fact) {
		return probe_value_text(fact);
	}
	if (!layer_collected(trial->facts, expectation->fact)) {
		return base_strdup("not collected");
	}
	return base_strdup(not_measured(trial, expectation->fact) ? "not measured" : "not there");
}

static void add_broken(const struct probe_case *trial, const struct probe_expectation *expectation,
	enum report_state state, const char *expected, const char *observed)
{
	bool unknown = state == REPORT_UNKNOWN;
	enum report_level level = expectation->severity;
	if (unknown && level == REPORT_FAILURE) {
		level = REPORT_WARNING;
	}
	cJSON *finding = report_finding(trial->report, level,
		unknown ? "EXPECTATION_UNKNOWN" : "EXPECTATION_BROKEN", "%s: %s: expected %s, found %s",
		expectation->id, expectation->fact, expected, observed);
	cJSON *evidence = report_finding_evidence(finding);
	base_json_add_string(evidence, "id", expectation->id);
	base_json_add_string(evidence, "fact", expectation->fact);
	base_json_add_string(evidence, "expected", expected);
	base_json_add_string(evidence, "observed", observed);
	report_finding_remedy(finding, expectation->remedy);
	report_finding_where(finding, trial->floor->document.name, expectation->line);
}

/*
 * An expectation of severity warning or notice that does not hold is a finding and no check,
 * because a broken check breaks the floor.
 */
static void report_expectation(
	const struct probe_case *trial, const struct probe_expectation *expectation)
{
	const cJSON *fact = find_fact(trial, expectation->fact);
	enum report_state state = judge_fact(trial, expectation, fact);
	BASE_FREE char *expected = probe_test_describe(&expectation->test);
	BASE_FREE char *observed = observe(trial, expectation, fact);
	if (state == REPORT_HELD || expectation->severity == REPORT_FAILURE) {
		cJSON *check = report_check(trial->report, expectation->id, state, expectation->fact,
			expected, observed, expectation->why);
		report_finding_where(check, trial->floor->document.name, expectation->line);
	}
	if (state != REPORT_HELD) {
		add_broken(trial, expectation, state, expected, observed);
	}
}

/* Broken when one expectation is, else unknown when one is, else held. */
static enum report_state judge_floor(const struct probe_case *trial)
{
	enum report_state worst = REPORT_HELD;
	for (size_t i = 0; i < trial->floor->count && worst != REPORT_BROKEN; i++) {
		const struct probe_expectation *expectation = &trial->floor->expectations[i];
		const cJSON *fact = find_fact(trial, expectation->fact);
		enum report_state state = judge_fact(trial, expectation, fact);
		if (expectation->severity == REPORT_FAILURE && state != REPORT_HELD) {
			worst = state;
		}
	}
	return worst;
}

static void report_expectations(const struct probe_case *trial)
{
	const struct probe_floor *floor = trial->floor;
	report_floor(trial->report, floor->name, floor->title, floor->document.name);
	for (size_t i = 0; i < floor->count; i++) {
		report_expectation(trial, &floor->expectations[i]);
	}
}

/* Holds when a hardware GPU answers a checked submit, broken when one is there and does not. */
static enum report_state judge_health(const struct probe_case *trial)
{
	const char *submit = base_json_string(trial->device, "submit", NULL);
	if (!trial->hardware_present) {
		return REPORT_UNKNOWN;
	}
	if (trial->device && !submit && probe_case_collected(trial->facts, "vulkan")) {
		return REPORT_SKIPPED;
	}
	/* Vulkan was not asked, and nothing shows that it could not have had the GPU. */
	const cJSON *render = probe_case_node(trial->facts, trial->gpu, "render");
	if (strcmp(probe_case_outcome(trial->facts, "vulkan"), "skipped") == 0 &&
		strcmp(base_json_string(render, "open", ""), "ok") == 0 &&
		!base_json_get(render, "driver_error")) {
		return REPORT_SKIPPED;
	}
	return submit && strcmp(submit, "ok") == 0 ? REPORT_HELD : REPORT_BROKEN;
}

static void report_health(const struct probe_case *trial)
{
	BASE_FREE char *observed = trial->hardware_present
		? base_format("%s: %s", base_json_string(trial->gpu, "name", "?"),
			  base_json_string(trial->device, "submit", "not measured"))
		: base_strdup("no hardware GPU");
	report_check(trial->report, "gpu-answers", judge_health(trial),
		"a hardware GPU answers a checked submit", "ok", observed,
		"a wedged GPU still enumerates; only a checked answer shows that it works");
}

static void add_claims(const struct probe_case *trial)
{
	bool replayed = base_json_string(report_root(trial->report), "replayed", NULL) != NULL;
	const char *source =
		base_json_string(probe_path_find(trial->facts, "collectors[pci]"), "source", NULL);
	bool proved = trial->state == REPORT_HELD && !replayed && !source;
	if (source) {
		BASE_FREE char *words =
			base_format("which PCI devices this machine has: they were read from %s", source);
		report_claim(trial->report, false, words);
	}
	if (replayed) {
		report_claim(trial->report, false,
			"anything about this machine: recorded facts were judged, nothing was measured");
	}
	if (!trial->floor) {
		report_claim(trial->report, proved, "a hardware GPU answers one small checked submit");
		report_claim(trial->report, false, "speed, memory capacity, or behaviour under load");
		return;
	}
	const cJSON *text;
	cJSON_ArrayForEach(text, trial->floor->proves)
	{
		report_claim(trial->report, proved, text->valuestring);
	}
	cJSON_ArrayForEach(text, trial->floor->does_not_prove)
	{
		report_claim(trial->report, false, text->valuestring);
	}
}

void probe_judge(const cJSON *facts, const struct probe_floor *floor, struct report *report)
{
	probe_judge_device(facts, floor, NULL, report);
}

void probe_judge_device(
	const cJSON *facts, const struct probe_floor *floor, const char *uuid, struct report *report)
{
	struct probe_case trial = {.facts = facts,
		.floor = floor,
		.report = report,
		.uuid = uuid,
		.hardware_wanted = !floor || probe_floor_wants_hardware(floor)};
	probe_case_choose(&trial);
	trial.state = floor ? judge_floor(&trial) : judge_health(&trial);
	probe_ladder(&trial);
	/* The causes come before the expectations that they explain. */
	probe_diagnose(&trial);
	if (floor) {
		report_expectations(&trial);
	} else {
		report_health(&trial);
	}
	add_claims(&trial);
	probe_describe(&trial);
	if (trial.state == REPORT_HELD && base_json_bool(trial.gpu, "software", false)) {
		report_remark(report, "software device: proves the toolchain, not a GPU");
	} else if (trial.hardware_wanted && !trial.hardware_present) {
		report_remark(report, "no GPU that could compute is here");
	}
}
