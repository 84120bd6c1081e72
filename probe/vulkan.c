/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/collector.h"

#include "base/memory.h"
#include "compute/device.h"
#include "probe/emit.h"
#include "probe/icd.h"
#include "probe/vulkan_device.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* A driver that floods its messenger fills neither memory nor the report. */
enum { MESSAGE_MAX = 64, MESSAGE_SIZE_MAX = 1024, LAYER_MAX = 64 };

struct vulkan_probe {
	const struct probe_scope *scope;
	int out_fd;
	struct compute_instance instance;
	struct compute_identity *identities;
	size_t count;
	size_t messages_told;
};

/* Every call below this makes it less certain that the next line is ever written. */
static char *collect_loader(struct vulkan_probe *probe)
{
	cJSON *loader = base_json_new_object();
	void *library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
	struct link_map *map = NULL;
	char *path = NULL;
	base_json_add_bool(loader, "found", library != NULL);
	if (library && dlinfo(library, RTLD_DI_LINKMAP, &map) == 0) {
		path = base_strdup(map->l_name);
		base_json_add_string(loader, "path", path);
	}
	probe_emit_put(probe->out_fd, "vulkan.loader", loader);
	return path;
}

static void collect_manifests(struct vulkan_probe *probe, const char *loader_path)
{
	cJSON *list = probe_icd_list(&probe->scope->root, loader_path);
	while (list->child) {
		probe_emit_add(probe->out_fd, "vulkan.icds", cJSON_DetachItemFromArray(list, 0));
	}
	cJSON_Delete(list);
}

static const char *severity_name(VkDebugUtilsMessageSeverityFlagBitsEXT severity)
{
	if (severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT) {
		return "error";
	}
	return severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT ? "warning" : "info";
}

/* Passes on what was said since the last call. */
static void tell_messages(struct vulkan_probe *probe)
{
	const struct compute_instance *instance = &probe->instance;
	size_t count = instance->message_count < MESSAGE_MAX ? instance->message_count : MESSAGE_MAX;
	for (; probe->messages_told < count; probe->messages_told++) {
		const struct compute_message *message = &instance->messages[probe->messages_told];
		cJSON *entry = base_json_new_object();
		base_json_add_string(entry, "severity", severity_name(message->severity));
		base_json_add_format(entry, "text", "%.*s", MESSAGE_SIZE_MAX, message->text);
		probe_emit_add(probe->out_fd, "vulkan.messages", entry);
	}
}

static void put_outcome(
	int out_fd, const char *path, const char *key, bool held, const struct lane_error *err)
{
	cJSON *result = base_json_new_object();
	base_json_add_bool(result, key, held);
	if (!held) {
		base_json_add_string(result, "code", err->code);
		base_json_add_string(result, "error", lane_error_message(err));
	}
	probe_emit_put(out_fd, path, result);
}

static bool open_instance(struct vulkan_probe *probe)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	probe_emit_step(probe->out_fd, "create a Vulkan instance");
	bool opened = compute_instance_open(&probe->instance, false, &err);
	put_outcome(probe->out_fd, "vulkan.instance", "created", opened, &err);
	if (probe->instance.loader_version) {
		cJSON *loader = base_json_new_object();
		uint32_t version = probe->instance.loader_version;
		base_json_add_format(loader, "version", "%u.%u.%u", VK_API_VERSION_MAJOR(version),
			VK_API_VERSION_MINOR(version), VK_API_VERSION_PATCH(version));
		probe_emit_put(probe->out_fd, "vulkan.loader", loader);
	}
	tell_messages(probe);
	return opened;
}

static void collect_layers(struct vulkan_probe *probe)
{
	VkLayerProperties layers[LAYER_MAX];
	uint32_t count = LAYER_MAX;
	probe_emit_step(probe->out_fd, "list the layers");
	VkResult result = probe->instance.vk.EnumerateInstanceLayerProperties(&count, layers);
	if (result != VK_SUCCESS && result != VK_INCOMPLETE) {
		return;
	}
	for (uint32_t i = 0; i < count && i < LAYER_MAX; i++) {
		cJSON *layer = base_json_new_object();
		base_json_add_format(
			layer, "name", "%.*s", VK_MAX_EXTENSION_NAME_SIZE, layers[i].layerName);
		uint32_t version = layers[i].specVersion;
		base_json_add_format(layer, "version", "%u.%u.%u", VK_API_VERSION_MAJOR(version),
			VK_API_VERSION_MINOR(version), VK_API_VERSION_PATCH(version));
		base_json_add_format(
			layer, "description", "%.*s", VK_MAX_DESCRIPTION_SIZE, layers[i].description);
		probe_emit_add(probe->out_fd, "vulkan.layers", layer);
	}
}

static void collect_devices(struct vulkan_probe *probe)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	probe_emit_step(probe->out_fd, "list the devices");
	bool listed = compute_identity_list(&probe->instance, &probe->identities, &probe->count, &err);
	put_outcome(probe->out_fd, "vulkan.enumeration", "listed", listed, &err);
	for (size_t i = 0; i < probe->count; i++) {
		probe_emit_step(probe->out_fd, "describe device %zu", i);
		probe_emit_add(probe->out_fd, "vulkan.devices",
			probe_vulkan_device(&probe->instance, &probe->identities[i], i));
	}
	tell_messages(probe);
}

/* After the devices: a library that the loader passed over may crash when it is loaded after all.
 */
static void check_libraries(struct vulkan_probe *probe, const char *loader_path)
{
	cJSON *list = probe_icd_list(&probe->scope->root, loader_path);
	const cJSON *icd;
	cJSON_ArrayForEach(icd, list)
	{
		const char *path = base_json_string(icd, "path", "");
		const char *library = base_json_string(icd, "library", NULL);
		if (library && base_json_bool(icd, "used", false)) {
			BASE_FREE char *key = base_format("vulkan.icds[%s]", path);
			probe_emit_step(probe->out_fd, "load %s of %s", library, path);
			probe_emit_put(probe->out_fd, key, probe_icd_load(library));
		}
	}
	cJSON_Delete(list);
}

static void check_submits(struct vulkan_probe *probe)
{
	for (size_t i = 0; i < probe->count; i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct compute_device device = {0};
		probe_emit_step(probe->out_fd, "checked submit on %.*s", VK_MAX_PHYSICAL_DEVICE_NAME_SIZE,
			probe->identities[i].properties.deviceName);
		bool held =
			compute_device_open(&probe->instance, &probe->identities[i], 0, &device, &err) &&
			compute_device_check(&device, probe->scope->submit_timeout_ms, &err);
		cJSON *result = base_json_new_object();
		base_json_add_string(result, "submit", held ? "ok" : err.code);
		if (!held) {
			base_json_add_string(result, "submit_error", lane_error_message(&err));
		}
		BASE_FREE char *key = base_format("vulkan.devices[GPU%zu]", i);
		probe_emit_put(probe->out_fd, key, result);
		compute_device_finish(&device);
	}
	tell_messages(probe);
}

/* One ICD alone, to find out which one it is that crashes. */
static void choose_icd(const char *path)
{
	static const char *const others[] = {
		"VK_ADD_DRIVER_FILES", "VK_LOADER_DRIVERS_SELECT", "VK_LOADER_DRIVERS_DISABLE"};
	setenv("VK_DRIVER_FILES", path, 1);
	setenv("VK_ICD_FILENAMES", path, 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		unsetenv(others[i]);
	}
}

/* One more of Mesa's debug flags, which are separated by commas. */
static void add_flag(const char *variable, const char *flag)
{
	const char *before = getenv(variable);
	BASE_FREE char *flags = base_format("%s%s%s", before ? before : "", before ? "," : "", flag);
	setenv(variable, flags, 1);
}

int probe_vulkan_collect(const struct probe_scope *scope, int out_fd)
{
	struct vulkan_probe probe = {.scope = scope, .out_fd = out_fd};
	/* Only so RADV tells that a GPU is too new for it, and Venus that the host disagrees. */
	add_flag("RADV_DEBUG", "startup");
	add_flag("VN_DEBUG", "init");
	if (scope->icd) {
		choose_icd(scope->icd);
	}
	BASE_FREE char *loader_path = collect_loader(&probe);
	if (!scope->icd) {
		collect_manifests(&probe, loader_path);
	}
	if (open_instance(&probe)) {
		collect_devices(&probe);
	}
	if (!scope->icd) {
		if (probe.instance.vk.EnumerateInstanceLayerProperties) {
			collect_layers(&probe);
		}
		check_libraries(&probe, loader_path);
	}
	if (scope->submit) {
		check_submits(&probe);
	}
	probe_emit_done(out_fd);
	/* Nothing is torn down: the process ends here, and drivers crash on the way out too. */
	free(probe.identities);
	return 0;
}
