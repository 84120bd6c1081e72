/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/cause.h"

#include "base/memory.h"
#include "probe/path.h"

#include <stdlib.h>

/*
 * What is amiss with a GPU beside what was asked for: none of it breaks a floor by itself, and all
 * of it is what a person looks for when a GPU misbehaves.
 */

static void check_works(const struct probe_case *trial, const cJSON *gpu, const cJSON *node)
{
	const cJSON *amdgpu = base_json_get(node, "amdgpu");
	const char *error = probe_text(amdgpu, "error");
	if (error) {
		report_finding(trial->report, probe_cause_level(trial), "AMDGPU_INIT_FAILED",
			"%s opens, but the first ioctl of amdgpu says %s", probe_text(node, "path"), error);
	}
	if (!base_json_bool(amdgpu, "works", true)) {
		report_finding(trial->report, probe_cause_level(trial), "AMDGPU_INIT_FAILED",
			"%s: the kernel driver says that its acceleration does not work",
			probe_text(gpu, "name"));
	}
}

/* A dump that waits is of the last five minutes; lost memory counts since the driver was loaded. */
static void check_reset(const struct probe_case *trial, const cJSON *gpu, const cJSON *node)
{
	bool dump = base_json_bool(node, "coredump", false);
	double lost = base_json_number(base_json_get(node, "amdgpu"), "vram_lost", 0);
	if (dump || lost > 0) {
		report_finding(trial->report, dump ? REPORT_WARNING : REPORT_NOTICE, "GPU_WAS_RESET",
			"%s: %s, its memory was lost %.0f times since the driver was loaded",
			probe_text(gpu, "name"),
			dump ? "the kernel keeps a core dump of the last minutes" : "no core dump waits", lost);
	}
}

static void check_ras(const struct probe_case *trial, const cJSON *gpu, const cJSON *node)
{
	const cJSON *block;
	cJSON_ArrayForEach(block, base_json_get(node, "ras"))
	{
		double uncorrected = base_json_number(block, "uncorrected", 0);
		double corrected = base_json_number(block, "corrected", 0);
		if (uncorrected > 0 || corrected > 0) {
			report_finding(trial->report, uncorrected > 0 ? REPORT_WARNING : REPORT_NOTICE,
				"GPU_MEMORY_ERRORS", "%s: block %s had %.0f uncorrected and %.0f corrected errors",
				probe_text(gpu, "name"), probe_text(block, "name"), uncorrected, corrected);
		}
	}
}

static void check_bar(const struct probe_case *trial, const cJSON *gpu, const cJSON *node)
{
	double all = base_json_number(node, "vram_bytes", 0);
	double visible = base_json_number(node, "vram_visible_bytes", all);
	if (visible < all) {
		report_finding(trial->report, REPORT_NOTICE, "PCI_BAR_SMALL",
			"%s: the CPU reaches %.0f of %.0f MiB of its memory", probe_text(gpu, "name"),
			visible / 1048576, all / 1048576);
	}
}

static void check_pci(const struct probe_case *trial, const cJSON *gpu)
{
	const char *address = probe_text(gpu, "pci");
	const cJSON *pci =
		address ? probe_path_element(base_json_get(trial->facts, "pci"), address) : NULL;
	const cJSON *errors = base_json_get(pci, "errors");
	double fatal = base_json_number(errors, "fatal", 0);
	double nonfatal = base_json_number(errors, "nonfatal", 0);
	if (fatal > 0 || nonfatal > 0) {
		report_finding(trial->report, REPORT_WARNING, "PCI_ERRORS",
			"%s at %s: %.0f fatal and %.0f other uncorrectable errors on the bus",
			probe_text(gpu, "name"), address, fatal, nonfatal);
	}
	const char *now = base_json_string(pci, "link_width", "");
	const char *best = base_json_string(pci, "link_width_max", now);
	/* The speed says nothing: an idle GPU lowers it to save power. */
	if (strtoul(now, NULL, 10) < strtoul(best, NULL, 10)) {
		report_finding(trial->report, REPORT_NOTICE, "PCI_LINK_NARROW",
			"%s at %s: %s of %s lanes are in use", probe_text(gpu, "name"), address, now, best);
	}
}

void probe_cause_health(const struct probe_case *trial)
{
	const cJSON *gpu;
	cJSON_ArrayForEach(gpu, base_json_get(trial->facts, "gpus"))
	{
		if (!probe_case_is_hardware(gpu)) {
			continue;
		}
		const cJSON *render = probe_case_node(trial->facts, gpu, "render");
		const cJSON *node = render ? render : probe_case_node(trial->facts, gpu, "primary");
		check_works(trial, gpu, node);
		check_reset(trial, gpu, node);
		check_ras(trial, gpu, node);
		check_bar(trial, gpu, node);
		check_pci(trial, gpu);
	}
}
