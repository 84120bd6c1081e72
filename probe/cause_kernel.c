/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/cause.h"

#include "base/memory.h"
#include "probe/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add_evidence(cJSON *finding, const char *key, const char *text)
{
	if (text) {
		base_json_add_string(report_finding_evidence(finding), key, text);
	}
}

/* What the kernel said while it looked for the GPU. */
static void add_kernel_log(const struct probe_case *trial, cJSON *finding)
{
	const cJSON *lines = probe_path_find(trial->facts, "host.kernel_log");
	if (lines && lines->child) {
		base_json_add_node(
			report_finding_evidence(finding), "kernel_log", cJSON_Duplicate(lines, true));
	}
}

/* The GPU that a node belongs to. */
static const cJSON *gpu_of(const struct probe_case *trial, const cJSON *node)
{
	const char *key = probe_is(node, "kind", "render") ? "render" : "primary";
	const cJSON *gpu;
	cJSON_ArrayForEach(gpu, base_json_get(trial->facts, "gpus"))
	{
		if (probe_is(gpu, key, base_json_string(node, "name", ""))) {
			return gpu;
		}
	}
	return NULL;
}

/*
 * Nobody computes through the primary node when the render node opens, nor on a mere display; but a
 * floor may ask for this very node.
 */
static enum report_level node_level(const struct probe_case *trial, const cJSON *node)
{
	BASE_FREE char *facts = base_format("drm[%s].", base_json_string(node, "name", ""));
	if (probe_case_breaks(trial, facts)) {
		return REPORT_FAILURE;
	}
	const cJSON *gpu = gpu_of(trial, node);
	const cJSON *render = probe_case_node(trial->facts, gpu, "render");
	bool spare = probe_is(node, "kind", "primary") && probe_is(render, "open", "ok");
	bool idle = gpu && base_json_bool(gpu, "display_only", false);
	return spare || idle ? REPORT_NOTICE : probe_cause_level(trial);
}

/* A driver that crashes or hangs when it is the only one is named; else only the step is. */
static bool name_culprits(const struct probe_case *trial)
{
	bool named = false;
	const cJSON *icd;
	cJSON_ArrayForEach(icd, probe_path_find(trial->facts, "vulkan.icds"))
	{
		const cJSON *alone = base_json_get(icd, "alone");
		if (!alone || probe_is(alone, "outcome", "ok")) {
			continue;
		}
		bool hangs =
			probe_is(alone, "outcome", "timeout") || probe_is(alone, "outcome", "unkillable");
		const char *step = probe_text(alone, "step");
		cJSON *finding = report_finding(trial->report, probe_cause_crash_level(trial),
			hangs ? "ICD_HANGS" : "ICD_CRASHED", "%s: %s%s%s", probe_text(icd, "path"),
			base_json_string(alone, "detail", "ended"), step ? " in the step: " : "",
			step ? step : "");
		add_evidence(finding, "library", probe_text(icd, "library"));
		add_evidence(finding, "step", step);
		named = true;
	}
	return named;
}

void probe_cause_collectors(const struct probe_case *trial)
{
	static const struct {
		const char *outcome;
		const char *code;
	} codes[] = {
		{"signal", "COLLECTOR_CRASHED"},
		{"timeout", "COLLECTOR_TIMEOUT"},
		{"unkillable", "COLLECTOR_UNKILLABLE"},
		{"exit", "COLLECTOR_FAILED"},
	};
	const cJSON *entry;
	cJSON_ArrayForEach(entry, base_json_get(trial->facts, "collectors"))
	{
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
			if (!probe_is(entry, "outcome", codes[i].outcome) ||
				(probe_is(entry, "name", "vulkan") && name_culprits(trial))) {
				continue;
			}
			const char *step = probe_text(entry, "step");
			cJSON *finding = report_finding(trial->report, probe_cause_crash_level(trial),
				codes[i].code, "the %s collector %s%s%s", probe_text(entry, "name"),
				base_json_string(entry, "detail", "ended early"), step ? " in the step: " : "",
				step ? step : "");
			const cJSON *log = base_json_get(entry, "log");
			add_evidence(finding, "said", log && log->child ? log->child->valuestring : NULL);
		}
	}
}

void probe_cause_sysfs(const struct probe_case *trial)
{
	const cJSON *sysfs = probe_path_find(trial->facts, "host.sysfs");
	if (sysfs && !cJSON_IsTrue(sysfs)) {
		report_finding(trial->report, probe_cause_level(trial), "SYSFS_MISSING",
			"there is no /sys/class: neither Mesa nor this probe can find devices");
	}
}

void probe_cause_no_node(const struct probe_case *trial)
{
	if (probe_case_collected(trial->facts, "drm") && !base_json_get(trial->facts, "drm")->child) {
		cJSON *finding = report_finding(trial->report, probe_cause_level(trial), "DRM_NODE_ABSENT",
			"neither /dev/dri nor /sys/class/drm has a GPU node");
		add_kernel_log(trial, finding);
	}
}

void probe_cause_not_mounted(const struct probe_case *trial)
{
	BASE_BUFFER_AUTO names = BASE_BUFFER_INIT;
	enum report_level level = REPORT_NOTICE;
	const cJSON *node;
	cJSON_ArrayForEach(node, base_json_get(trial->facts, "drm"))
	{
		if (base_json_bool(node, "in_sysfs", false) && !base_json_bool(node, "in_dev", true)) {
			base_buffer_print(&names, "%s%s", names.size ? ", " : "", probe_text(node, "path"));
			enum report_level own = node_level(trial, node);
			level = own > level ? own : level;
		}
	}
	if (names.size > 0) {
		report_finding(trial->report, level, "DRM_NODE_NOT_MOUNTED",
			"on the host, but not in this container: %s", names.data);
	}
}

/* Who we are against whose the node is: what decides an EACCES. */
static void add_identity(const struct probe_case *trial, const cJSON *node, cJSON *finding)
{
	const cJSON *host = base_json_get(trial->facts, "host");
	BASE_FREE char *groups = probe_value_text(base_json_get(host, "groups"));
	cJSON *evidence = report_finding_evidence(finding);
	base_json_add_format(evidence, "node", "mode %s, owner %.0f, group %.0f",
		base_json_string(node, "mode", "?"), base_json_number(node, "uid", 0),
		base_json_number(node, "gid", 0));
	if (base_json_get(host, "uid")) {
		base_json_add_format(evidence, "process", "uid %.0f, gid %.0f, groups %s",
			base_json_number(host, "uid", 0), base_json_number(host, "gid", 0),
			groups[0] ? groups : "none");
	}
	add_evidence(finding, "security_label", probe_text(host, "security_label"));
	add_evidence(finding, "selinux", probe_text(host, "selinux"));
}

static bool in_groups(const cJSON *host, double gid)
{
	const cJSON *group;
	cJSON_ArrayForEach(group, base_json_get(host, "groups"))
	{
		if (cJSON_IsNumber(group) && group->valuedouble == gid) {
			return true;
		}
	}
	return base_json_number(host, "gid", -1) == gid;
}

/* Whether owner and mode let this process read and write: then something else refuses it. */
static bool mode_admits(const cJSON *host, const cJSON *node)
{
	/* CAP_DAC_OVERRIDE of linux/capability.h, and who owns what a user namespace does not map. */
	enum { DAC_OVERRIDE = 1 << 1, OVERFLOW_ID = 65534, READ_WRITE = 06 };
	double uid = base_json_number(host, "uid", -1);
	double owner = base_json_number(node, "uid", OVERFLOW_ID);
	double group = base_json_number(node, "gid", OVERFLOW_ID);
	unsigned long mode = strtoul(base_json_string(node, "mode", "0"), NULL, 8);
	if (owner == uid) {
		mode >>= 6;
	} else if (in_groups(host, group)) {
		mode >>= 3;
	}
	unsigned long long capabilities =
		strtoull(base_json_string(host, "capabilities", "0"), NULL, 16);
	return uid >= 0 &&
		((mode & READ_WRITE) == READ_WRITE ||
			(capabilities & DAC_OVERRIDE && owner != OVERFLOW_ID && group != OVERFLOW_ID));
}

static const struct open_error {
	const char *error;
	const char *code;
	const char *words;
} open_errors[] = {
	{"EPERM", "DRM_NODE_FORBIDDEN", "the device cgroup does not allow it"},
	{"EACCES", "DRM_NODE_DENIED", "owner, group or mode keep this process out"},
	{"ENXIO", "DRM_NODE_STALE", "no driver is behind its number"},
	{"ENODEV", "DRM_NODE_STALE", "no driver is behind its number"},
	{"EIO", "DRM_NODE_WEDGED", "the device does not answer"},
	{"EBUSY", "DRM_NODE_WEDGED", "the device is in reset"},
};

static void tell_open(const struct probe_case *trial, const cJSON *node, const char *result)
{
	const char *code = "COLLECTOR_FAILED";
	const char *words = "not what the open of a GPU node is known to answer";
	for (size_t i = 0; i < sizeof(open_errors) / sizeof(open_errors[0]); i++) {
		if (strcmp(open_errors[i].error, result) == 0) {
			code = open_errors[i].code;
			words = open_errors[i].words;
		}
	}
	if (strcmp(result, "EACCES") == 0 && mode_admits(base_json_get(trial->facts, "host"), node)) {
		words = "owner and mode let this process in, so a security module (SELinux) refuses it";
	}
	cJSON *finding = report_finding(trial->report, node_level(trial, node), code,
		"open(%s): %s: %s", base_json_string(node, "path", "?"), result, words);
	add_identity(trial, node, finding);
}

/* It opens, but what is behind it does not answer as a GPU's driver does. */
static void tell_silence(const struct probe_case *trial, const cJSON *node, const char *error)
{
	bool other = strcmp(error, "ENOTTY") == 0;
	report_finding(trial->report, node_level(trial, node),
		other ? "DRM_NODE_STALE" : "DRM_NODE_WEDGED", "%s opens, but DRM_IOCTL_VERSION says %s%s",
		base_json_string(node, "path", "?"), error, other ? ": it is no GPU's" : "");
}

void probe_cause_open(const struct probe_case *trial)
{
	/* The render node's finding comes first: compute goes through it. */
	static const char *const kinds[] = {"render", "primary"};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const cJSON *node;
		cJSON_ArrayForEach(node, base_json_get(trial->facts, "drm"))
		{
			const char *result = base_json_string(node, "open", "ok");
			const char *silence = probe_text(node, "driver_error");
			if (!probe_is(node, "kind", kinds[i])) {
				continue;
			}
			if (strcmp(result, "ok") != 0) {
				tell_open(trial, node, result);
			} else if (silence) {
				tell_silence(trial, node, silence);
			}
		}
	}
}

/* The GPU is there and driven, but not by what the floor asks for. */
void probe_cause_driver(const struct probe_case *trial)
{
	const char *driver = probe_text(trial->gpu, "driver");
	if (driver && probe_case_node(trial->facts, trial->gpu, "render") &&
		probe_case_is_hardware(trial->gpu) && probe_case_breaks(trial, "gpu.driver")) {
		report_finding(trial->report, REPORT_FAILURE, "DRM_DRIVER_WRONG",
			"%s (%s) is driven by %s, and the floor asks for another driver",
			base_json_string(trial->gpu, "name", "?"), base_json_string(trial->gpu, "id", "no ids"),
			driver);
	}
}

/* The container's node has another number than the host's of that name: made before a reboot. */
static void check_numbers(const struct probe_case *trial)
{
	const cJSON *node;
	cJSON_ArrayForEach(node, base_json_get(trial->facts, "drm"))
	{
		const char *number = probe_text(node, "sysfs_number");
		if (number) {
			report_finding(trial->report, node_level(trial, node), "DRM_NODE_STALE",
				"%s is %s, but the kernel has %s under that name", probe_text(node, "path"),
				base_json_string(node, "number", "?"), number);
		}
	}
}

void probe_cause_no_render_node(const struct probe_case *trial)
{
	bool primary = false;
	const cJSON *node;
	cJSON_ArrayForEach(node, base_json_get(trial->facts, "drm"))
	{
		if (probe_is(node, "kind", "render")) {
			primary = false;
			break;
		}
		primary |= probe_case_is_hardware(gpu_of(trial, node));
	}
	if (primary) {
		report_finding(trial->report, probe_cause_level(trial), "DRM_RENDER_NODE_MISSING",
			"there are primary nodes only, and compute needs a render node");
	}
	check_numbers(trial);
}

void probe_cause_pci(const struct probe_case *trial)
{
	if (!probe_case_collected(trial->facts, "pci")) {
		return;
	}
	if (!trial->hardware_present && !base_json_get(trial->facts, "pci")->child) {
		report_finding(trial->report, probe_cause_level(trial), "PCI_NO_GPU",
			"no display controller is on the PCI bus");
	}
	const cJSON *gpu;
	cJSON_ArrayForEach(gpu, base_json_get(trial->facts, "gpus"))
	{
		const char *driver = probe_text(gpu, "kernel_driver");
		if (!probe_case_is_hardware(gpu) || !probe_text(gpu, "pci") || probe_text(gpu, "vulkan")) {
			continue;
		}
		if (!driver) {
			cJSON *finding = report_finding(trial->report, probe_cause_level(trial),
				"DRM_NODE_ABSENT", "no kernel driver is bound to %s (%s) at %s",
				base_json_string(gpu, "id", "?"), probe_text(gpu, "name"), probe_text(gpu, "pci"));
			add_kernel_log(trial, finding);
		} else if (strcmp(driver, "vfio-pci") == 0) {
			report_finding(trial->report, probe_cause_level(trial), "DRM_DRIVER_WRONG",
				"%s at %s is bound to vfio-pci, for a virtual machine",
				base_json_string(gpu, "id", "?"), probe_text(gpu, "pci"));
		}
	}
}

void probe_cause_hooks(const struct probe_case *trial)
{
	const cJSON *hooks =
		probe_path_find(trial->facts, "host.runner[ACTIONS_RUNNER_CONTAINER_HOOKS].value");
	if (cJSON_IsString(hooks) && hooks->valuestring[0] != '\0') {
		report_finding(trial->report, trial->state == REPORT_HELD ? REPORT_NOTICE : REPORT_WARNING,
			"CONTAINER_HOOKS", "ACTIONS_RUNNER_CONTAINER_HOOKS is %s", hooks->valuestring);
	}
}
