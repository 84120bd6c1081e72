/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/cause.h"

#include "base/memory.h"
#include "probe/path.h"

#include <string.h>

static const cJSON *fact(const struct probe_case *trial, const char *path)
{
	return probe_path_find(trial->facts, path);
}

bool probe_venus_has_gpu(const struct probe_case *trial)
{
	const cJSON *gpu;
	cJSON_ArrayForEach(gpu, base_json_get(trial->facts, "gpus"))
	{
		if (probe_is(gpu, "driver", "virtio_gpu")) {
			return true;
		}
	}
	return false;
}

bool probe_venus_is_icd(const cJSON *icd)
{
	return strncmp(base_json_string(icd, "name", ""), "virtio_icd", strlen("virtio_icd")) == 0;
}

static bool has_venus_icd(const struct probe_case *trial)
{
	const cJSON *icd;
	cJSON_ArrayForEach(icd, fact(trial, "vulkan.icds"))
	{
		if (base_json_bool(icd, "used", false) && probe_venus_is_icd(icd)) {
			return true;
		}
	}
	return false;
}

const char *probe_venus_code(const struct probe_case *trial, const char *code)
{
	/* What macOS maps on its own processors: a guest with such pages never asks it for less. */
	enum { HOST_PAGE = 16384 };
	const cJSON *host = base_json_get(trial->facts, "host");
	bool smaller = base_json_number(host, "page_size", 0) < HOST_PAGE;
	bool memory = strcmp(code, "VULKAN_OUT_OF_HOST_MEMORY") == 0;
	return memory && smaller && !probe_is(host, "machine", "x86_64") ? "VENUS_OUT_OF_HOST_MEMORY"
																	 : code;
}

const char *probe_venus_missing_code(const struct probe_case *trial)
{
	const cJSON *message;
	cJSON_ArrayForEach(message, fact(trial, "vulkan.messages"))
	{
		if (strstr(base_json_string(message, "text", ""), "OUT_OF_HOST_MEMORY")) {
			return probe_venus_code(trial, "VULKAN_OUT_OF_HOST_MEMORY");
		}
	}
	return has_venus_icd(trial) ? "VENUS_NO_DEVICE" : "VENUS_ICD_MISSING";
}

/* The floor asks for Venus, or the loader is given no other driver. */
static bool venus_wanted(const struct probe_case *trial)
{
	for (size_t i = 0; trial->floor && i < trial->floor->count; i++) {
		const struct probe_expectation *expectation = &trial->floor->expectations[i];
		const cJSON *operand = expectation->test.operand;
		if (strcmp(expectation->fact, "gpu.vulkan.driver_id") == 0 && cJSON_IsString(operand)) {
			return strcmp(operand->valuestring, "MESA_VENUS") == 0;
		}
	}
	const cJSON *icd;
	cJSON_ArrayForEach(icd, fact(trial, "vulkan.icds"))
	{
		if (base_json_bool(icd, "used", false) && !probe_venus_is_icd(icd)) {
			return false;
		}
	}
	return has_venus_icd(trial);
}

/* Over vtest, a socket to a server of tests, no virtio-gpu is needed. */
static void check_virtio_gpu(const struct probe_case *trial)
{
	const cJSON *debug = fact(trial, "host.environment[VN_DEBUG].value");
	bool vtest = cJSON_IsString(debug) && strstr(debug->valuestring, "vtest");
	if (has_venus_icd(trial) && venus_wanted(trial) && !probe_venus_has_gpu(trial) && !vtest) {
		cJSON *finding = report_finding(trial->report, probe_cause_level(trial), "VENUS_NO_DEVICE",
			"the Venus driver is installed, and no GPU node here is a virtio-gpu's");
		probe_cause_add_manifests(trial, finding);
		probe_cause_add_messages(trial, finding);
	}
}

void probe_cause_venus(const struct probe_case *trial)
{
	check_virtio_gpu(trial);
	const cJSON *device;
	cJSON_ArrayForEach(device, fact(trial, "vulkan.devices"))
	{
		if (trial->hardware_wanted && probe_is(device, "driver_id", "MESA_VENUS") &&
			base_json_bool(device, "software", false)) {
			report_finding(trial->report, probe_cause_level(trial), "VENUS_SOFTWARE",
				"%s: the host renders on its CPU", probe_text(device, "name"));
		}
	}
}
