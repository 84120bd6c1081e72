/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"

#include <math.h>
#include <string.h>

/* A list of labelled lines under construction. */
struct facts {
	struct report_fact *list;
	size_t count;
};

/* Begins a line and returns where its value goes; NULL when there are as many as are printed. */
static struct base_buffer *begin(struct facts *facts, const char *label)
{
	if (facts->count == REPORT_FACTS_MAX) {
		return NULL;
	}
	struct report_fact *fact = &facts->list[facts->count++];
	*fact = (struct report_fact){.label = label};
	return &fact->value;
}

/* Adds "<before><value>" when the key has a value. */
static void add_member(
	struct base_buffer *value, const cJSON *section, const char *key, const char *before)
{
	const cJSON *member = base_json_get(section, key);
	if (member && !cJSON_IsNull(member)) {
		base_buffer_print(value, "%s%s", value->size ? ", " : "", before);
		report_words_value(member, value);
	}
}

static void describe_device(const cJSON *device, struct facts *facts)
{
	struct base_buffer *name = begin(facts, "name");
	add_member(name, device, "name", "");
	/* What Vulkan does not list has no type. */
	if (strcmp(base_json_string(device, "type", ""), "OTHER") != 0) {
		add_member(name, device, "type", "");
	}
	if (base_json_bool(device, "software", false)) {
		base_buffer_add_text(name, ", software: runs on the CPU");
	}
	struct base_buffer *driver = begin(facts, "driver");
	add_member(driver, device, "driver", "");
	add_member(driver, device, "driver_info", "");
	add_member(driver, device, "api_version", "Vulkan ");
	struct base_buffer *ids = begin(facts, "ids");
	const char *vendor_id = base_json_string(device, "vendor_id", NULL);
	const char *device_id = base_json_string(device, "device_id", NULL);
	if (vendor_id && device_id) {
		base_buffer_print(ids, "%s:%s", vendor_id, device_id);
	}
	add_member(ids, device, "pci", "pci ");
	add_member(ids, device, "drm", "");
	uint64_t memory_bytes = base_json_uint(device, "memory_bytes", 0);
	if (memory_bytes > 0) {
		base_buffer_print(
			ids, "%s%llu MiB", ids->size ? ", " : "", (unsigned long long)(memory_bytes >> 20));
	}
	add_member(begin(facts, "uuid"), device, "uuid", "");
}

static void describe_lease(const cJSON *lease, struct facts *facts)
{
	struct base_buffer *lease_words = begin(facts, "lease");
	base_buffer_print(lease_words, "%llu, epoch %llu, on %s",
		(unsigned long long)base_json_uint(lease, "id", 0),
		(unsigned long long)base_json_uint(lease, "epoch", 0), base_json_string(lease, "gpu", "?"));
	const char *bridge = base_json_string(lease, "bridge", "?");
	if (strcmp(bridge, "embedded") == 0) {
		base_buffer_add_text(lease_words, ", embedded bridge");
	} else if (strcmp(bridge, "direct") == 0) {
		base_buffer_add_text(lease_words, ", no bridge");
	} else {
		base_buffer_print(lease_words, ", bridge %s", bridge);
	}
	unsigned long long streams = base_json_uint(lease, "streams", 0);
	base_buffer_print(begin(facts, "terms"),
		"%llu MiB, %llu stream%s, %llu s, priority %llu; waited %llu ms",
		(unsigned long long)base_json_uint(lease, "mem_mb", 0), streams, streams == 1 ? "" : "s",
		(unsigned long long)base_json_uint(lease, "ttl_s", 0),
		(unsigned long long)base_json_uint(lease, "priority", 0),
		(unsigned long long)base_json_uint(lease, "wait_ms", 0));
}

/* The host's facts are the probe's own; the plain ones among them are printed as they are. */
static void describe_host(const cJSON *host, struct facts *facts)
{
	const cJSON *member;
	cJSON_ArrayForEach(member, host)
	{
		if (!cJSON_IsString(member) && !cJSON_IsNumber(member)) {
			continue;
		}
		struct base_buffer *value = begin(facts, member->string);
		if (!value) {
			return;
		}
		report_words_value(member, value);
	}
}

static void add_series(const cJSON *list, struct facts *facts)
{
	const cJSON *series;
	cJSON_ArrayForEach(series, list)
	{
		struct base_buffer *words = begin(facts, base_json_string(series, "name", "?"));
		if (!words) {
			return;
		}
		report_figure_add(words, base_json_number(series, "min", NAN));
		base_buffer_add_text(words, "..");
		report_figure_add(words, base_json_number(series, "max", NAN));
		base_buffer_print(words, " %s", base_json_string(series, "unit", ""));
		double drift = base_json_number(series, "drift_pct", NAN);
		if (!isnan(drift)) {
			base_buffer_print(words, ", went %+.1f %%", drift);
		}
	}
}

/* As many of its series as there is room for, what the device felt before what it did. */
static void describe_soak(const cJSON *soak, struct facts *facts)
{
	struct base_buffer *words = begin(facts, "load");
	base_buffer_print(words, "%.0f of %llu s, %llu jobs%s", base_json_number(soak, "ran_s", 0),
		(unsigned long long)base_json_uint(soak, "requested_s", 0),
		(unsigned long long)base_json_uint(soak, "jobs", 0),
		base_json_bool(soak, "complete", false) ? "" : ", ended early");
	double busy_pct = base_json_number(soak, "device_busy_pct", NAN);
	if (!isnan(busy_pct)) {
		base_buffer_print(words, ", device at work %.0f %% of it", busy_pct);
	}
	const cJSON *wrong = base_json_get(soak, "first_wrong");
	if (cJSON_IsObject(wrong)) {
		base_buffer_print(begin(facts, "wrong"), "first word after %.1f s in %s",
			base_json_number(wrong, "at_s", 0), base_json_string(wrong, "workload", "?"));
	}
	add_series(base_json_get(soak, "sensors"), facts);
	add_series(base_json_get(soak, "workloads"), facts);
}

static const struct {
	const char *section;
	void (*describe)(const cJSON *section, struct facts *facts);
} describers[] = {
	{"device", describe_device},
	{"lease", describe_lease},
	{"host", describe_host},
	{"soak", describe_soak},
};

size_t report_facts(
	const cJSON *document, const char *section, struct report_fact facts[REPORT_FACTS_MAX])
{
	struct facts list = {.list = facts};
	const cJSON *node = base_json_get(document, section);
	for (size_t i = 0; i < sizeof(describers) / sizeof(describers[0]); i++) {
		if (cJSON_IsObject(node) && strcmp(describers[i].section, section) == 0) {
			describers[i].describe(node, &list);
		}
	}
	return list.count;
}

void report_facts_finish(struct report_fact *facts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		base_buffer_finish(&facts[i].value);
	}
}
