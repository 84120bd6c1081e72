/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/case.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void add_or_null(cJSON *object, const char *key, const char *text)
{
	if (text) {
		base_json_add_string(object, key, text);
	} else {
		base_json_add_null(object, key);
	}
}

/* Half of an id like "1002:7550", as "0x1002". */
static void add_id(cJSON *object, const char *key, const char *id, bool second)
{
	const char *colon = id ? strchr(id, ':') : NULL;
	if (!colon) {
		base_json_add_null(object, key);
	} else if (second) {
		base_json_add_format(object, key, "0x%s", colon + 1);
	} else {
		base_json_add_format(object, key, "0x%.*s", (int)(colon - id), id);
	}
}

/* The GPU that was judged, with the members of the report's schema. */
static cJSON *describe_device(const struct probe_case *trial)
{
	const cJSON *gpu = trial->gpu;
	const cJSON *device = trial->device;
	const cJSON *render = probe_case_node(trial->facts, gpu, "render");
	const char *id = base_json_string(device, "id", base_json_string(gpu, "id", NULL));
	cJSON *section = base_json_new_object();
	base_json_add_string(section, "name",
		base_json_string(device, "name", base_json_string(gpu, "name", "unknown")));
	base_json_add_string(section, "type", base_json_string(device, "type", "OTHER"));
	add_or_null(section, "driver",
		base_json_string(device, "driver_name", base_json_string(gpu, "driver", NULL)));
	add_or_null(section, "driver_info", base_json_string(device, "driver_info", NULL));
	add_id(section, "vendor_id", id, false);
	add_id(section, "device_id", id, true);
	add_or_null(section, "uuid", base_json_string(device, "device_uuid", NULL));
	add_or_null(
		section, "pci", base_json_string(gpu, "pci", base_json_string(device, "pci", NULL)));
	add_or_null(section, "drm", base_json_string(render, "path", NULL));
	base_json_add_bool(section, "software", base_json_bool(gpu, "software", false));
	if (base_json_get(device, "memory_bytes")) {
		base_json_add_number(section, "memory_bytes", base_json_number(device, "memory_bytes", 0));
	} else {
		base_json_add_null(section, "memory_bytes");
	}
	add_or_null(section, "api_version", base_json_string(device, "api_version", NULL));
	return section;
}

/* What of the host decides how the rest is read. */
static cJSON *describe_host(const cJSON *host)
{
	static const char *const texts[] = {"kernel", "distribution", "container", "vendor"};
	cJSON *section = base_json_new_object();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = base_json_string(host, texts[i], NULL);
		if (text) {
			base_json_add_string(section, texts[i], text);
		}
	}
	if (base_json_get(host, "uid")) {
		BASE_FREE char *groups = probe_value_text(base_json_get(host, "groups"));
		base_json_add_format(section, "user", "uid %.0f, gid %.0f%s%s",
			base_json_number(host, "uid", 0), base_json_number(host, "gid", 0),
			groups[0] ? ", groups " : "", groups);
	}
	return section;
}

void probe_describe(const struct probe_case *trial)
{
	report_section(trial->report, "host", describe_host(base_json_get(trial->facts, "host")));
	if (trial->gpu) {
		report_section(trial->report, "device", describe_device(trial));
	}
}
