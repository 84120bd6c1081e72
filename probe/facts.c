/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/facts.h"

#include "base/memory.h"
#include "probe/join.h"
#include "probe/path.h"

#include <string.h>

enum { FACTS_SIZE_MAX = 16 << 20 };

#define GPU_PREFIX "gpu."

/* Members of the tables below: {STRING("name")}. */
#define BOOL(key) .name = (key), .types = BASE_JSON_BOOL
#define INTEGER(key) .name = (key), .types = BASE_JSON_INTEGER
#define NUMBER(key) .name = (key), .types = BASE_JSON_NUMBER
#define STRING(key) .name = (key), .types = BASE_JSON_STRING
/* One that is always there: what the element is called, mostly. */
#define NAME(key) STRING(key), .required = true
#define STRINGS(key) .name = (key), .types = BASE_JSON_ARRAY, .element = BASE_JSON_STRING
#define INTEGERS(key) .name = (key), .types = BASE_JSON_ARRAY, .element = BASE_JSON_INTEGER
#define OBJECT(key, shape) .name = (key), .types = BASE_JSON_OBJECT, .members = (shape)
#define LIST(key, shape) .name = (key), .types = BASE_JSON_ARRAY, .members = (shape)
#define REFERENCE(key, array) STRING(key), .refers = (array)

static const struct probe_shape variable[] = {{NAME("name")}, {NAME("value")}, {.name = NULL}};

static const struct probe_shape cgroup[] = {
	{INTEGER("version")}, {STRINGS("devices")}, {.name = NULL}};

static const struct probe_shape host[] = {{STRING("kernel")}, {STRING("machine")},
	{STRING("distribution")}, {STRING("libc")}, {INTEGER("page_size")}, {INTEGER("cpus")},
	{INTEGER("memory_bytes")}, {BOOL("sysfs")}, {STRING("vendor")}, {STRING("product")},
	{STRING("container")}, {STRING("container_runtime")}, {STRING("pod")},
	{STRING("pod_namespace")}, {INTEGER("uid")}, {INTEGER("gid")}, {INTEGERS("groups")},
	{STRINGS("capability_names")}, {STRING("capabilities")}, {STRING("seccomp")},
	{BOOL("no_new_privs")}, {STRING("security_modules")}, {STRING("security_label")},
	{STRING("selinux")}, {OBJECT("cgroup", cgroup)}, {LIST("parameters", variable)},
	{STRINGS("kernel_log")}, {LIST("runner", variable)}, {LIST("environment", variable)},
	{.name = NULL}};

static const struct probe_shape sensors[] = {{NUMBER("temperature_c")}, {NUMBER("hotspot_c")},
	{NUMBER("memory_temperature_c")}, {NUMBER("power_w")}, {NUMBER("power_cap_w")},
	{NUMBER("engine_mhz")}, {NUMBER("memory_mhz")}, {NUMBER("fan_rpm")}, {.name = NULL}};

static const struct probe_shape ras[] = {
	{NAME("name")}, {INTEGER("uncorrected")}, {INTEGER("corrected")}, {.name = NULL}};

static const struct probe_shape amdgpu[] = {{STRING("error")}, {STRING("id")}, {STRING("family")},
	{INTEGER("family_id")}, {INTEGER("chip_revision")}, {STRING("product")},
	{INTEGER("compute_units")}, {INTEGER("shader_engines")}, {INTEGER("vram_bits")},
	{INTEGER("engine_mhz_max")}, {INTEGER("memory_mhz_max")}, {BOOL("works")},
	{INTEGER("vram_lost")}, {.name = NULL}};

static const struct probe_shape drm[] = {{NAME("name")}, {NAME("path")}, {NAME("kind")},
	{STRING("number")}, {STRING("sysfs_number")}, {BOOL("in_dev")}, {BOOL("in_sysfs")},
	{STRING("mode")}, {INTEGER("uid")}, {INTEGER("gid")}, {STRING("device")},
	{STRING("kernel_driver")}, {STRING("bus")}, {STRING("pci")}, {STRING("id")},
	{STRING("subsystem")}, {STRING("revision")}, {INTEGER("vram_bytes")},
	{INTEGER("vram_used_bytes")}, {INTEGER("vram_visible_bytes")},
	{INTEGER("vram_visible_used_bytes")}, {INTEGER("busy_percent")},
	{INTEGER("memory_busy_percent")}, {STRING("vbios")}, {BOOL("coredump")},
	{OBJECT("sensors", sensors)}, {LIST("firmware", variable)}, {LIST("ras", ras)},
	{STRING("open")}, {STRING("driver_error")}, {STRING("driver")}, {STRING("driver_version")},
	{STRINGS("capabilities")}, {OBJECT("amdgpu", amdgpu)}, {.name = NULL}};

static const struct probe_shape errors[] = {
	{INTEGER("correctable")}, {INTEGER("nonfatal")}, {INTEGER("fatal")}, {.name = NULL}};

static const struct probe_shape pci[] = {{NAME("address")}, {NAME("id")}, {STRING("class")},
	{STRING("revision")}, {STRING("subsystem")}, {INTEGERS("bar_bytes")},
	{INTEGERS("bar_bytes_max")}, {OBJECT("errors", errors)}, {STRING("link_speed")},
	{STRING("link_speed_max")}, {STRING("link_width")}, {STRING("link_width_max")},
	{STRING("power")}, {STRING("power_state")}, {STRING("driver")}, {STRING("iommu_group")},
	{STRING("vendor_name")}, {STRING("device_name")}, {.name = NULL}};

static const struct probe_shape loader[] = {
	{BOOL("found")}, {STRING("path")}, {STRING("version")}, {.name = NULL}};
static const struct probe_shape instance[] = {
	{BOOL("created")}, {STRING("code")}, {STRING("error")}, {.name = NULL}};
static const struct probe_shape enumeration[] = {
	{BOOL("listed")}, {STRING("code")}, {STRING("error")}, {.name = NULL}};

static const struct probe_shape alone[] = {{NUMBER("ms")}, {NAME("outcome")}, {STRING("detail")},
	{STRING("step")}, {STRINGS("log")}, {BOOL("listed")}, {STRING("code")}, {STRING("error")},
	{.name = NULL}};

static const struct probe_shape icd[] = {{NAME("name")}, {NAME("path")}, {STRING("source")},
	{BOOL("used")}, {STRING("library")}, {STRING("api_version")}, {BOOL("loads")},
	{STRING("error")}, {OBJECT("alone", alone)}, {.name = NULL}};

static const struct probe_shape layer[] = {
	{NAME("name")}, {STRING("version")}, {STRING("description")}, {.name = NULL}};

static const struct probe_shape heap[] = {{INTEGER("bytes")}, {INTEGER("budget_bytes")},
	{INTEGER("used_bytes")}, {BOOL("device_local")}, {.name = NULL}};
static const struct probe_shape queue_family[] = {
	{INTEGER("count")}, {INTEGER("timestamp_bits")}, {STRINGS("flags")}, {.name = NULL}};
static const struct probe_shape limits[] = {{INTEGER("storage_buffer_bytes")},
	{INTEGER("allocation_bytes")}, {INTEGER("allocations")}, {INTEGER("push_constant_bytes")},
	{INTEGER("shared_bytes")}, {INTEGER("workgroup_invocations")}, {INTEGERS("workgroup_size")},
	{INTEGER("workgroup_count_x")}, {INTEGER("storage_buffer_alignment")},
	{NUMBER("timestamp_period_ns")}, {.name = NULL}};

static const struct probe_shape disagreement[] = {{NAME("what")}, {STRING("drm")},
	{STRING("sysfs")}, {STRING("ioctl")}, {STRING("kernel")}, {STRING("pci")}, {STRING("vulkan")},
	{STRING("vkGetPhysicalDeviceProperties")}, {STRING("vkGetPhysicalDeviceProperties2")},
	{.name = NULL}};

static const struct probe_shape vulkan_device[] = {{NAME("key")}, {NAME("name")}, {STRING("type")},
	{BOOL("software")}, {STRING("id")}, {STRING("api_version")}, {STRING("driver_version")},
	{STRING("driver_id")}, {STRING("driver_name")}, {STRING("driver_info")},
	{STRING("conformance")}, {STRING("device_uuid")}, {STRING("driver_uuid")}, {STRING("primary")},
	{STRING("render")}, {STRING("pci")}, {INTEGER("memory_bytes")}, {LIST("heaps", heap)},
	{LIST("queue_families", queue_family)}, {OBJECT("limits", limits)}, {INTEGER("compute_units")},
	{INTEGER("subgroup_size")}, {INTEGER("subgroup_size_min")}, {INTEGER("subgroup_size_max")},
	{STRINGS("subgroup_operations")}, {STRINGS("features")}, {STRINGS("cooperative_matrices")},
	{LIST("disagreements", disagreement)}, {STRING("submit")}, {STRING("submit_error")},
	{.name = NULL}};

static const struct probe_shape message[] = {{NAME("severity")}, {NAME("text")}, {.name = NULL}};

static const struct probe_shape vulkan[] = {{OBJECT("loader", loader)},
	{OBJECT("instance", instance)}, {OBJECT("enumeration", enumeration)}, {LIST("icds", icd)},
	{LIST("layers", layer)}, {LIST("devices", vulkan_device)}, {LIST("messages", message)},
	{.name = NULL}};

static const struct probe_shape gpu_members[] = {{NAME("key")}, {STRING("name")},
	{BOOL("software")}, {BOOL("display_only")}, {STRING("id")}, {STRING("driver")},
	{STRING("kernel_driver")}, {STRING("device")}, {STRING("pci_name")}, {STRING("joined_by")},
	{REFERENCE("primary", "drm")}, {REFERENCE("render", "drm")}, {REFERENCE("pci", "pci")},
	{REFERENCE("vulkan", "vulkan.devices")}, {STRINGS("vulkan_devices")},
	{LIST("disagreements", disagreement)}, {.name = NULL}};

static const struct probe_shape collector[] = {{NAME("name")}, {NUMBER("ms")}, {NAME("outcome")},
	{STRING("detail")}, {STRING("step")}, {STRING("source")}, {STRINGS("log")}, {.name = NULL}};

/* "gpus" is not required: the join makes it anew. */
static const struct probe_shape root[] = {{NAME("schema")},
	{OBJECT("host", host), .required = true}, {LIST("drm", drm), .required = true},
	{LIST("pci", pci), .required = true}, {OBJECT("vulkan", vulkan), .required = true},
	{LIST("gpus", gpu_members)}, {LIST("collectors", collector), .required = true}, {.name = NULL}};

enum { FACTS_MEMBERS_MAX = 48 };

cJSON *probe_facts_new(void)
{
	cJSON *facts = base_json_new_object();
	base_json_add_string(facts, "schema", PROBE_FACTS_SCHEMA);
	base_json_add_object(facts, "host");
	base_json_add_array(facts, "drm");
	base_json_add_array(facts, "pci");
	cJSON *node = base_json_add_object(facts, "vulkan");
	base_json_add_object(node, "loader");
	base_json_add_object(node, "instance");
	base_json_add_object(node, "enumeration");
	base_json_add_array(node, "icds");
	base_json_add_array(node, "layers");
	base_json_add_array(node, "devices");
	base_json_add_array(node, "messages");
	base_json_add_array(facts, "gpus");
	base_json_add_array(facts, "collectors");
	return facts;
}

static bool check_object(const struct base_json *json, const cJSON *object, const char *path,
	const struct probe_shape *members, struct lane_error *err);

static bool check_array(const struct base_json *json, const cJSON *array, const char *path,
	const struct probe_shape *shape, struct lane_error *err)
{
	unsigned index = 0;
	const cJSON *element;
	cJSON_ArrayForEach(element, array)
	{
		BASE_FREE char *at = base_format("%s[%u]", path, index++);
		bool text = shape->element == BASE_JSON_STRING;
		if (shape->members && !check_object(json, element, at, shape->members, err)) {
			return false;
		}
		if (!shape->members && (text ? !cJSON_IsString(element) : !cJSON_IsNumber(element))) {
			return base_json_error(
				json, element, err, "%s must be %s", at, text ? "a string" : "a number");
		}
	}
	return true;
}

/* The shapes nest only as deep as the tables above. */
static bool check_object(const struct base_json *json, const cJSON *object, const char *path,
	const struct probe_shape *members, struct lane_error *err)
{
	struct base_json_key keys[FACTS_MEMBERS_MAX] = {0};
	size_t count = 0;
	for (; members[count].name; count++) {
		keys[count] = (struct base_json_key){.name = members[count].name,
			.types = members[count].types,
			.required = members[count].required};
	}
	if (!base_json_check(json, object, path, keys, count, err)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const cJSON *value = base_json_get(object, members[i].name);
		BASE_FREE char *at = base_format("%s.%s", path, members[i].name);
		if (cJSON_IsArray(value) && !check_array(json, value, at, &members[i], err)) {
			return false;
		}
		if (cJSON_IsObject(value) && !check_object(json, value, at, members[i].members, err)) {
			return false;
		}
	}
	return true;
}

bool probe_facts_check(const struct base_json *json, struct lane_error *err)
{
	if (!check_object(json, json->root, "$", root, err)) {
		return false;
	}
	const char *schema = base_json_string(json->root, "schema", "");
	if (strcmp(schema, PROBE_FACTS_SCHEMA) != 0) {
		return base_json_error(
			json, json->root, err, "$.schema must be \"%s\"", PROBE_FACTS_SCHEMA);
	}
	return true;
}

bool probe_facts_load(const char *path, cJSON **facts, struct lane_error *err)
{
	BASE_JSON_AUTO json = {0};
	if (!base_json_load(path, FACTS_SIZE_MAX, &json, err) || !probe_facts_check(&json, err)) {
		return false;
	}
	*facts = json.root;
	json.root = NULL;
	/* What was concluded from the facts is concluded anew. */
	probe_join(*facts);
	return true;
}

static const struct probe_shape *shape_member(
	const struct probe_shape *members, const struct probe_path_step *step)
{
	for (; members && members->name; members++) {
		if (strlen(members->name) == step->name_size &&
			memcmp(members->name, step->name, step->name_size) == 0) {
			return members;
		}
	}
	return NULL;
}

const struct probe_shape *probe_facts_shape(const char *path)
{
	static const struct probe_shape start = {.members = root};
	static const struct probe_shape gpu = {.members = gpu_members};
	const struct probe_shape *shape = &start;
	const char *at = path;
	if (strncmp(path, GPU_PREFIX, sizeof(GPU_PREFIX) - 1) == 0) {
		shape = &gpu;
		at += sizeof(GPU_PREFIX) - 1;
	}
	while (shape && *at != '\0') {
		struct probe_path_step step;
		if (!probe_path_next(&at, &step)) {
			return NULL;
		}
		if (shape->refers) {
			shape = probe_facts_shape(shape->refers);
		}
		const struct probe_shape *next = shape_member(shape->members, &step);
		/* Into an array only through brackets, and brackets only on an array of objects. */
		bool array = next && next->types == BASE_JSON_ARRAY;
		if (next && ((step.key && (!array || !next->members)) || (array && !step.key && *at))) {
			return NULL;
		}
		shape = next;
	}
	return shape == &start || shape == &gpu ? NULL : shape;
}

const cJSON *probe_facts_find(
	const cJSON *facts, const cJSON *gpu, const cJSON *device, const char *path)
{
	static const char vulkan_prefix[] = GPU_PREFIX "vulkan.";
	if (strncmp(path, GPU_PREFIX, sizeof(GPU_PREFIX) - 1) != 0) {
		return probe_path_find(facts, path);
	}
	if (strncmp(path, vulkan_prefix, sizeof(vulkan_prefix) - 1) == 0) {
		return probe_path_find(device, path + sizeof(vulkan_prefix) - 1);
	}
	path += sizeof(GPU_PREFIX) - 1;
	struct probe_path_step step;
	const char *rest = path;
	const struct probe_shape *shape =
		probe_path_next(&rest, &step) ? shape_member(gpu_members, &step) : NULL;
	if (!shape || !shape->refers || *rest == '\0') {
		return probe_path_find(gpu, path);
	}
	const char *key = base_json_string(gpu, shape->name, NULL);
	const cJSON *array = probe_path_find(facts, shape->refers);
	const cJSON *element = key ? probe_path_element(array, key) : NULL;
	return probe_path_find(element, rest);
}
