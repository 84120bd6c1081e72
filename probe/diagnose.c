/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/cause.h"

#include "base/memory.h"
#include "probe/path.h"

#include <string.h>

enum { EVIDENCE_LINES = 5 };

enum report_level probe_cause_level(const struct probe_case *trial)
{
	if (trial->state == REPORT_BROKEN) {
		return REPORT_FAILURE;
	}
	return trial->hardware_wanted || trial->state != REPORT_HELD ? REPORT_WARNING : REPORT_NOTICE;
}

enum report_level probe_cause_crash_level(const struct probe_case *trial)
{
	return trial->floor || trial->hardware_present ? REPORT_FAILURE : REPORT_WARNING;
}

/*
 * What drivers and the loader say when something is wrong (facts seen in the wild), and noise.
 * Venus tells its versions in the same words when they agree, but for the sign between them.
 */
static const struct {
	const char *text, *and;
	const char *code;
	bool noise;
} sayings[] = {
	{"amdgpu: unknown (family_id, chip_external_rev)", "", "MESA_TOO_OLD", false},
	{"failed to initialize winsys", "", "MESA_TOO_OLD", false},
	{"but this driver is only compatible with", "", "KERNEL_TOO_OLD", false},
	{"radv/amdgpu: failed to initialize device", "", "AMDGPU_INIT_FAILED", false},
	{"(ACCEL_WORKING) failed", "", "AMDGPU_INIT_FAILED", false},
	{"Direct firmware load for ", "", "FIRMWARE_MISSING", false},
	{"wire format version", " != ", "VENUS_PROTOCOL", false},
	{"failed to allocate/map ring shmem", "", "VENUS_OUT_OF_HOST_MEMORY", false},
	{"Skipping this driver", "", "ICD_SKIPPED", true},
	{"Skipping ICD", "", "ICD_SKIPPED", true},
	{"is not a conformant Vulkan implementation", "", "MESA_NOT_CONFORMANT", true},
	{"os_same_file_description couldn't determine", "", "NOISE_KCMP", true},
};

#define SAYING_COUNT (sizeof(sayings) / sizeof(sayings[0]))

/* Adds the line to the finding of its saying, which the first such line makes. */
static void hear(const struct probe_case *trial, const char *line, cJSON *findings[SAYING_COUNT])
{
	for (size_t i = 0; i < SAYING_COUNT; i++) {
		const char *at = strstr(line, sayings[i].text);
		if (!at || !strstr(at, sayings[i].and)) {
			continue;
		}
		size_t first = 0;
		while (strcmp(sayings[first].code, sayings[i].code) != 0) {
			first++;
		}
		enum report_level level = sayings[i].noise ? REPORT_NOTICE : probe_cause_level(trial);
		if (!findings[first]) {
			findings[first] = report_finding(trial->report, level, sayings[i].code, "%s", line);
			base_json_add_array(report_finding_evidence(findings[first]), "said");
		}
		cJSON *said =
			cJSON_GetObjectItemCaseSensitive(report_finding_evidence(findings[first]), "said");
		if (cJSON_GetArraySize(said) < EVIDENCE_LINES) {
			base_json_add_string(said, NULL, line);
		}
		return;
	}
}

static void hear_all(
	const struct probe_case *trial, const cJSON *lines, cJSON *findings[SAYING_COUNT])
{
	const cJSON *line;
	cJSON_ArrayForEach(line, lines)
	{
		const char *text =
			cJSON_IsString(line) ? line->valuestring : base_json_string(line, "text", "");
		hear(trial, text, findings);
	}
}

/* Drivers tell causes only in words, to the debug messenger or to stderr. */
static void cause_sayings(const struct probe_case *trial)
{
	cJSON *findings[SAYING_COUNT] = {NULL};
	hear_all(trial, probe_path_find(trial->facts, "vulkan.messages"), findings);
	hear_all(trial, probe_path_find(trial->facts, "collectors[vulkan].log"), findings);
	/* What the kernel once said of a GPU that has its nodes now is history. */
	if (trial->hardware_wanted && trial->state != REPORT_HELD &&
		!probe_case_node(trial->facts, trial->gpu, "render")) {
		hear_all(trial, probe_path_find(trial->facts, "host.kernel_log"), findings);
	}
	const cJSON *icd;
	cJSON_ArrayForEach(icd, probe_path_find(trial->facts, "vulkan.icds"))
	{
		hear_all(trial, probe_path_find(icd, "alone.log"), findings);
	}
}

void probe_diagnose(const struct probe_case *trial)
{
	/* From the hardware up, as the ladder; what explains the rest comes first. */
	static const struct {
		void (*look)(const struct probe_case *);
		/* Of no interest to who asks for a software renderer. */
		bool hardware;
	} causes[] = {
		{probe_cause_collectors, false},
		{probe_cause_sysfs, true},
		{probe_cause_no_node, true},
		{probe_cause_pci, true},
		{probe_cause_not_mounted, true},
		{probe_cause_open, true},
		{probe_cause_driver, true},
		{probe_cause_no_render_node, true},
		{probe_cause_hooks, true},
		{probe_cause_loader, false},
		{probe_cause_instance, false},
		{probe_cause_icd, false},
		{cause_sayings, false},
		{probe_cause_mesa, true},
		{probe_cause_no_device, false},
		{probe_cause_gpu_missing, true},
		{probe_cause_venus, true},
		{probe_cause_pretended, true},
		{probe_cause_submit, false},
		{probe_cause_health, true},
		{probe_cause_disagreement, true},
		{probe_cause_environment, false},
	};
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (trial->hardware_wanted || !causes[i].hardware) {
			causes[i].look(trial);
		}
	}
}
