/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/case.h"

#include "base/memory.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

/* A rung of which nothing is known: not asked for, or its collector did not come to its end. */
static bool rung_unasked(const struct probe_case *trial, const char *rung, const char *collector)
{
	const char *outcome = probe_case_outcome(trial->facts, collector);
	if (strcmp(outcome, "ok") == 0) {
		return false;
	}
	bool skipped = strcmp(outcome, "skipped") == 0;
	report_rung(trial->report, rung, skipped ? REPORT_SKIPPED : REPORT_UNKNOWN,
		skipped ? "not asked (%s layer)" : "the %s collector did not come to its end", collector);
	return true;
}

static void rung_hardware(const struct probe_case *trial)
{
	const cJSON *gpu = probe_case_is_hardware(trial->gpu) ? trial->gpu : NULL;
	const char *id = probe_text(gpu, "id");
	const char *pci = probe_text(gpu, "pci");
	if (gpu) {
		report_rung(trial->report, "hardware", REPORT_HELD, "%s%s%s%s%s", probe_text(gpu, "name"),
			id ? ", " : "", id ? id : "", pci ? " at " : "", pci ? pci : "");
	} else if (!rung_unasked(trial, "hardware", "pci") && !rung_unasked(trial, "hardware", "drm")) {
		report_rung(trial->report, "hardware", REPORT_BROKEN,
			"no GPU on the PCI bus, in sysfs or in /dev/dri");
	}
}

static void rung_kernel_driver(const struct probe_case *trial)
{
	static const char rung[] = "kernel driver";
	const cJSON *render = probe_case_node(trial->facts, trial->gpu, "render");
	const char *driver = probe_text(trial->gpu, "driver");
	const char *bound = probe_text(trial->gpu, "kernel_driver");
	const char *version = probe_text(render, "driver_version");
	if (driver || bound) {
		report_rung(trial->report, rung, REPORT_HELD, "%s%s%s", driver ? driver : bound,
			version ? " " : "", version ? version : "");
	} else if (!probe_case_is_hardware(trial->gpu)) {
		report_rung(trial->report, rung, REPORT_SKIPPED, "no GPU that it could drive");
	} else if (!rung_unasked(trial, rung, "drm")) {
		report_rung(trial->report, rung, REPORT_BROKEN, "no driver is bound to the GPU");
	}
}

static void rung_node(const struct probe_case *trial)
{
	const cJSON *render = probe_case_node(trial->facts, trial->gpu, "render");
	if (render && base_json_bool(render, "in_dev", false)) {
		report_rung(trial->report, "node", REPORT_HELD, "%s", probe_text(render, "path"));
	} else if (render) {
		report_rung(trial->report, "node", REPORT_BROKEN, "%s is on the host, not mounted here",
			probe_text(render, "path"));
	} else if (!probe_case_is_hardware(trial->gpu)) {
		report_rung(trial->report, "node", REPORT_SKIPPED, "no GPU that it could lead to");
	} else if (trial->device) {
		report_rung(trial->report, "node", REPORT_SKIPPED, "its Vulkan driver does without");
	} else if (!rung_unasked(trial, "node", "drm")) {
		report_rung(trial->report, "node", REPORT_BROKEN, "the GPU has no render node");
	}
}

static void rung_permission(const struct probe_case *trial)
{
	const cJSON *render = probe_case_node(trial->facts, trial->gpu, "render");
	const char *result = probe_text(render, "open");
	if (!result) {
		report_rung(trial->report, "permission", REPORT_SKIPPED, "no node to open");
		return;
	}
	bool opened = strcmp(result, "ok") == 0;
	report_rung(trial->report, "permission", opened ? REPORT_HELD : REPORT_BROKEN,
		"%s %s, mode %s, owner %.0f:%.0f", probe_text(render, "path"), opened ? "opens" : result,
		base_json_string(render, "mode", "?"), base_json_number(render, "uid", 0),
		base_json_number(render, "gid", 0));
}

static void rung_loader(const struct probe_case *trial)
{
	const cJSON *loader = probe_path_find(trial->facts, "vulkan.loader");
	const char *path = probe_text(loader, "path");
	if (base_json_bool(loader, "found", false)) {
		report_rung(trial->report, "loader", REPORT_HELD, "%s, Vulkan %s",
			path ? path : "libvulkan.so.1", base_json_string(loader, "version", "?"));
	} else if (!rung_unasked(trial, "loader", "vulkan")) {
		report_rung(trial->report, "loader", REPORT_BROKEN, "libvulkan.so.1 does not load");
	}
}

static void rung_icd(const struct probe_case *trial)
{
	BASE_BUFFER_AUTO names = BASE_BUFFER_INIT;
	unsigned used = 0;
	unsigned loaded = 0;
	const cJSON *icd;
	cJSON_ArrayForEach(icd, probe_path_find(trial->facts, "vulkan.icds"))
	{
		if (!base_json_bool(icd, "used", false)) {
			continue;
		}
		used++;
		const char *alone = probe_text(base_json_get(icd, "alone"), "outcome");
		bool loads = base_json_bool(icd, "loads", alone && strcmp(alone, "ok") == 0);
		loaded += loads;
		base_buffer_print(&names, "%s%s%s", names.size ? ", " : "", probe_text(icd, "name"),
			loads ? "" : " (fails)");
	}
	if (used > 0) {
		report_rung(trial->report, "ICD", loaded ? REPORT_HELD : REPORT_BROKEN, "%u of %u load: %s",
			loaded, used, names.data);
	} else if (!rung_unasked(trial, "ICD", "vulkan")) {
		report_rung(trial->report, "ICD", REPORT_BROKEN, "no manifest that the loader would use");
	}
}

static void rung_device(const struct probe_case *trial)
{
	const cJSON *device = trial->device;
	bool software = base_json_bool(device, "software", false);
	if (device && !(software && trial->hardware_wanted)) {
		report_rung(trial->report, "device", REPORT_HELD, "%s, driver %s, %s",
			probe_text(device, "name"), base_json_string(device, "driver_name", "?"),
			base_json_string(device, "driver_info", "?"));
	} else if (device) {
		report_rung(trial->report, "device", REPORT_BROKEN, "only the software renderer %s",
			probe_text(device, "name"));
	} else if (!rung_unasked(trial, "device", "vulkan")) {
		report_rung(trial->report, "device", REPORT_BROKEN, "%s",
			trial->gpu ? "Vulkan does not list the GPU" : "Vulkan lists no device");
	}
}

static void rung_submit(const struct probe_case *trial)
{
	static const char rung[] = "checked submit";
	const char *submit = probe_text(trial->device, "submit");
	if (trial->hardware_wanted && base_json_bool(trial->device, "software", false)) {
		report_rung(trial->report, rung, REPORT_SKIPPED, "no GPU to ask");
	} else if (submit) {
		bool held = strcmp(submit, "ok") == 0;
		report_rung(trial->report, rung, held ? REPORT_HELD : REPORT_BROKEN, "%s",
			held ? "every word is right" : base_json_string(trial->device, "submit_error", submit));
	} else if (!trial->device) {
		report_rung(trial->report, rung, REPORT_SKIPPED, "no device to ask");
	} else if (!rung_unasked(trial, rung, "vulkan")) {
		report_rung(trial->report, rung, REPORT_SKIPPED, "not measured");
	}
}

void probe_ladder(const struct probe_case *trial)
{
	static void (*const rungs[])(const struct probe_case *) = {rung_hardware, rung_kernel_driver,
		rung_node, rung_permission, rung_loader, rung_icd, rung_device, rung_submit};
	/* A renderer on the CPU stands on none of the first four. */
	size_t first = trial->hardware_wanted ? 0 : 4;
	for (size_t i = first; i < sizeof(rungs) / sizeof(rungs[0]); i++) {
		rungs[i](trial);
	}
}
