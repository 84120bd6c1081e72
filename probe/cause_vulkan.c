/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/cause.h"

#include "base/memory.h"
#include "probe/path.h"
#include "report/fault.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGES_SHOWN = 5 };

static const cJSON *fact(const struct probe_case *trial, const char *path)
{
	return probe_path_find(trial->facts, path);
}

/* A code that came with recorded facts is only used when the table knows it. */
static const char *known_code(const char *code, const char *otherwise)
{
	return code && report_fault_find(code) ? code : otherwise;
}

void probe_cause_add_messages(const struct probe_case *trial, cJSON *finding)
{
	cJSON *said = NULL;
	const cJSON *message;
	cJSON_ArrayForEach(message, fact(trial, "vulkan.messages"))
	{
		if (probe_is(message, "severity", "info") || cJSON_GetArraySize(said) >= MESSAGES_SHOWN) {
			continue;
		}
		said = said ? said : base_json_add_array(report_finding_evidence(finding), "said");
		base_json_add_string(said, NULL, base_json_string(message, "text", ""));
	}
}

void probe_cause_loader(const struct probe_case *trial)
{
	const cJSON *found = fact(trial, "vulkan.loader.found");
	if (found && !cJSON_IsTrue(found)) {
		report_finding(trial->report, probe_cause_level(trial), "VULKAN_LOADER_MISSING", "%s",
			base_json_string(fact(trial, "vulkan.instance"), "error", "libvulkan.so.1 not found"));
	}
}

void probe_cause_add_manifests(const struct probe_case *trial, cJSON *finding)
{
	cJSON *evidence = report_finding_evidence(finding);
	cJSON *used = base_json_add_array(evidence, "manifests");
	cJSON *ignored = base_json_add_array(evidence, "manifests_not_used");
	const cJSON *icd;
	cJSON_ArrayForEach(icd, fact(trial, "vulkan.icds"))
	{
		bool use = base_json_bool(icd, "used", false);
		base_json_add_string(use ? used : ignored, NULL, base_json_string(icd, "path", "?"));
	}
}

static bool is_nix_without_drivers(const struct probe_case *trial)
{
	const char *path = probe_text(fact(trial, "vulkan.loader"), "path");
	const cJSON *icd;
	cJSON_ArrayForEach(icd, fact(trial, "vulkan.icds"))
	{
		if (base_json_bool(icd, "used", false)) {
			return false;
		}
	}
	return path && strncmp(path, "/nix/store/", 11) == 0;
}

/*
 * Code of an ICD that fails even alone. One that only finds its hardware missing does not, if it
 * says so when an instance is created; when devices are listed that fails for all.
 */
static const char *failed_alone(const cJSON *icd)
{
	const cJSON *alone = base_json_get(icd, "alone");
	const char *code = probe_text(alone, "code");
	if (code && strcmp(code, "VULKAN_NO_DRIVER") == 0) {
		return base_json_bool(alone, "listed", true) ? NULL : "VULKAN_ENUMERATE_FAILED";
	}
	return code;
}

/*
 * The loader failed for all ICDs because of these. As with a crash no Vulkan program works here,
 * even when the others do alone.
 */
static bool name_failing(const struct probe_case *trial)
{
	bool named = false;
	const cJSON *icd;
	cJSON_ArrayForEach(icd, fact(trial, "vulkan.icds"))
	{
		const char *code = failed_alone(icd);
		if (!code) {
			continue;
		}
		if (probe_venus_is_icd(icd)) {
			code = probe_venus_code(trial, code);
		}
		cJSON *finding = report_finding(trial->report, probe_cause_crash_level(trial),
			known_code(code, "VULKAN_INSTANCE_FAILED"), "%s: %s", probe_text(icd, "path"),
			base_json_string(base_json_get(icd, "alone"), "error", code));
		probe_cause_add_messages(trial, finding);
		named = true;
	}
	return named;
}

void probe_cause_instance(const struct probe_case *trial)
{
	const cJSON *instance = fact(trial, "vulkan.instance");
	const cJSON *enumeration = fact(trial, "vulkan.enumeration");
	bool created = base_json_bool(instance, "created", true);
	bool listed = base_json_bool(enumeration, "listed", true);
	bool found = base_json_bool(fact(trial, "vulkan.loader"), "found", false);
	if (!found || (created && listed) || name_failing(trial)) {
		return;
	}
	const cJSON *failed = created ? enumeration : instance;
	const char *code = known_code(probe_text(failed, "code"), "VULKAN_INSTANCE_FAILED");
	if (probe_venus_has_gpu(trial)) {
		code = probe_venus_code(trial, code);
	}
	if (strcmp(code, "VULKAN_NO_DRIVER") == 0 && is_nix_without_drivers(trial)) {
		code = "ICD_NIX_DRIVER_PATH";
	}
	cJSON *finding = report_finding(trial->report, probe_cause_level(trial), code, "%s",
		base_json_string(failed, "error", "no Vulkan instance"));
	probe_cause_add_manifests(trial, finding);
	probe_cause_add_messages(trial, finding);
}

void probe_cause_icd(const struct probe_case *trial)
{
	const cJSON *icd;
	cJSON_ArrayForEach(icd, fact(trial, "vulkan.icds"))
	{
		const char *error = probe_text(icd, "error");
		/* A manifest of another word size is every multi-architecture system's. */
		if (!error || !base_json_bool(icd, "used", false) || strstr(error, "wrong ELF class")) {
			continue;
		}
		bool glibc = strstr(error, "GLIBC_") && strstr(error, "not found");
		cJSON *finding = report_finding(trial->report, probe_cause_level(trial),
			glibc ? "ICD_GLIBC_MISMATCH" : "ICD_LOAD_FAILED", "%s: %s", probe_text(icd, "path"),
			error);
		base_json_add_string(
			report_finding_evidence(finding), "source", base_json_string(icd, "source", "?"));
	}
}

void probe_cause_no_device(const struct probe_case *trial)
{
	const cJSON *enumeration = fact(trial, "vulkan.enumeration");
	const cJSON *devices = fact(trial, "vulkan.devices");
	bool software = devices && devices->child;
	if (base_json_bool(enumeration, "listed", false) && !software) {
		cJSON *finding = report_finding(trial->report, probe_cause_level(trial), "DEVICE_NONE",
			"the loader and its drivers list no device");
		probe_cause_add_manifests(trial, finding);
		probe_cause_add_messages(trial, finding);
	}
	const cJSON *device;
	cJSON_ArrayForEach(device, devices)
	{
		software = software && base_json_bool(device, "software", false);
	}
	if (software && trial->hardware_wanted) {
		cJSON *finding = report_finding(trial->report, probe_cause_level(trial),
			"DEVICE_SOFTWARE_ONLY", "Vulkan lists only %s",
			base_json_string(devices->child, "name", "a software renderer"));
		probe_cause_add_messages(trial, finding);
	}
}

void probe_cause_gpu_missing(const struct probe_case *trial)
{
	if (!base_json_bool(fact(trial, "vulkan.enumeration"), "listed", false)) {
		return;
	}
	const cJSON *gpu;
	cJSON_ArrayForEach(gpu, base_json_get(trial->facts, "gpus"))
	{
		const cJSON *render = probe_case_node(trial->facts, gpu, "render");
		/* Without a node that opens, Vulkan had no chance, and another finding says so. */
		if (!probe_case_is_hardware(gpu) || probe_text(gpu, "vulkan") ||
			!probe_is(render, "open", "ok")) {
			continue;
		}
		const char *code = probe_is(gpu, "driver", "virtio_gpu") ? probe_venus_missing_code(trial)
																 : "GPU_NOT_IN_VULKAN";
		cJSON *finding = report_finding(trial->report, probe_cause_level(trial), code,
			"%s (%s, driver %s) opens, but Vulkan does not list it", probe_text(render, "path"),
			probe_text(gpu, "name"), base_json_string(gpu, "driver", "unknown"));
		probe_cause_add_manifests(trial, finding);
		probe_cause_add_messages(trial, finding);
	}
}

/* GFX12, of which Mesa has only known since 25.0: Navi 48 and Navi 44. */
static bool is_gfx12(const struct probe_case *trial, const cJSON *gpu)
{
	enum { FAMILY_GC_12_0_0 = 152 };
	static const char *const ids[] = {"1002:7550", "1002:7551", "1002:7590"};
	const cJSON *render = probe_case_node(trial->facts, gpu, "render");
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (probe_is(gpu, "id", ids[i])) {
			return true;
		}
	}
	return base_json_number(base_json_get(render, "amdgpu"), "family_id", 0) >= FAMILY_GC_12_0_0;
}

/* "Mesa 24.2.8" of the GPU's own driver; when it has none, of any other, as that of llvmpipe. */
static const char *mesa_for(const struct probe_case *trial, const cJSON *gpu)
{
	const char *own = probe_text(gpu, "vulkan");
	const cJSON *device;
	cJSON_ArrayForEach(device, fact(trial, "vulkan.devices"))
	{
		const char *info = base_json_string(device, "driver_info", "");
		if (strncmp(info, "Mesa ", strlen("Mesa ")) == 0 &&
			(!own || probe_is(device, "key", own))) {
			return info;
		}
	}
	return NULL;
}

void probe_cause_mesa(const struct probe_case *trial)
{
	const cJSON *gpu;
	cJSON_ArrayForEach(gpu, base_json_get(trial->facts, "gpus"))
	{
		const char *mesa = mesa_for(trial, gpu);
		if (mesa && probe_version_compare(mesa, "25.0") < 0 && is_gfx12(trial, gpu)) {
			report_finding(trial->report, probe_cause_level(trial), "MESA_TOO_OLD",
				"%s (%s) needs Mesa 25.0, and this is %s", probe_text(gpu, "name"),
				base_json_string(gpu, "id", "no ids"), mesa);
		}
	}
}

void probe_cause_submit(const struct probe_case *trial)
{
	const cJSON *device;
	cJSON_ArrayForEach(device, fact(trial, "vulkan.devices"))
	{
		const char *submit = probe_text(device, "submit");
		if (!submit || strcmp(submit, "ok") == 0) {
			continue;
		}
		/* A GPU that answers wrongly is broken, even when another one is well. */
		bool software = base_json_bool(device, "software", false);
		bool judged = device == trial->device;
		enum report_level level = REPORT_WARNING;
		if ((judged && !(software && trial->hardware_wanted)) || (!trial->floor && !software)) {
			level = REPORT_FAILURE;
		}
		const char *name = base_json_string(device, "name", "?");
		const char *error = base_json_string(device, "submit_error", submit);
		bool named = strncmp(error, name, strlen(name)) == 0;
		cJSON *finding =
			report_finding(trial->report, level, known_code(submit, "VULKAN_SUBMIT_FAILED"),
				"%s%s%s", named ? "" : name, named ? "" : ": ", error);
		base_json_add_string(
			report_finding_evidence(finding), "device", base_json_string(device, "key", "?"));
	}
}

/* What is said twice of an element of "gpus" or of "vulkan.devices", and differently. */
static void tell_disagreements(const struct probe_case *trial, const cJSON *said_of)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, base_json_get(said_of, "disagreements"))
	{
		BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
		const cJSON *member;
		cJSON_ArrayForEach(member, entry)
		{
			if (strcmp(member->string, "what") != 0) {
				base_buffer_print(&words, "%s %s says %s", words.size ? "," : "", member->string,
					member->valuestring);
			}
		}
		cJSON *finding = report_finding(trial->report, REPORT_WARNING, "FACTS_DISAGREE",
			"%s of %s:%s", probe_text(entry, "what"), probe_text(said_of, "name"), words.data);
		base_json_add_node(
			report_finding_evidence(finding), "disagreement", cJSON_Duplicate(entry, true));
	}
}

void probe_cause_disagreement(const struct probe_case *trial)
{
	const cJSON *said_of;
	cJSON_ArrayForEach(said_of, base_json_get(trial->facts, "gpus"))
	{
		tell_disagreements(trial, said_of);
	}
	cJSON_ArrayForEach(said_of, fact(trial, "vulkan.devices"))
	{
		tell_disagreements(trial, said_of);
	}
}

void probe_cause_pretended(const struct probe_case *trial)
{
	const cJSON *device;
	cJSON_ArrayForEach(device, fact(trial, "vulkan.devices"))
	{
		const char *name = base_json_string(device, "name", "");
		/* radv_null_winsys.c of Mesa: "Null hardware (RADV GFX1201)". */
		if (strncmp(name, "Null hardware", strlen("Null hardware")) == 0) {
			report_finding(trial->report, probe_cause_level(trial), "DEVICE_PRETENDED",
				"%s: RADV_FORCE_FAMILY makes RADV compile for a chip that is not here", name);
		}
	}
}

void probe_cause_environment(const struct probe_case *trial)
{
	const cJSON *variables = fact(trial, "host.environment");
	if (!variables || !variables->child) {
		return;
	}
	BASE_BUFFER_AUTO names = BASE_BUFFER_INIT;
	const cJSON *variable;
	cJSON_ArrayForEach(variable, variables)
	{
		base_buffer_print(
			&names, "%s%s", names.size ? ", " : "", base_json_string(variable, "name", "?"));
	}
	cJSON *finding = report_finding(
		trial->report, REPORT_NOTICE, "VULKAN_ENVIRONMENT", "set here: %s", names.data);
	cJSON *evidence = report_finding_evidence(finding);
	cJSON_ArrayForEach(variable, variables)
	{
		const char *name = base_json_string(variable, "name", "?");
		/* Recorded facts may name one twice, and a document may not. */
		if (!base_json_get(evidence, name)) {
			base_json_add_string(evidence, name, base_json_string(variable, "value", ""));
		}
	}
}
