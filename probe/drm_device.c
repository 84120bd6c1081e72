/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/drm_device.h"

#include "base/memory.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What a folder may hold that lists itself: more is a hostile tree's. */
enum { ENTRY_MAX = 64 };

static void add_hex_pair(cJSON *node, const char *key, const struct probe_root *root,
	const char *device, const char *first, const char *second)
{
	BASE_FREE char *left = probe_root_line(root, "%s/%s", device, first);
	BASE_FREE char *right = probe_root_line(root, "%s/%s", device, second);
	if (left && right) {
		base_json_add_format(
			node, key, "%04lx:%04lx", strtoul(left, NULL, 16), strtoul(right, NULL, 16));
	}
}

/*
 * A virtio GPU's own device is on the virtio bus; what carries it (PCI, or a platform device for
 * virtio-mmio) is one up. Shortens `device` to what carries it.
 */
static void add_bus(cJSON *node, const struct probe_root *root, char *device)
{
	char *bus = probe_root_link(root, "%s/subsystem", device);
	if (bus && strcmp(bus, "virtio") == 0) {
		*strrchr(device, '/') = '\0';
		free(bus);
		bus = probe_root_link(root, "%s/subsystem", device);
	}
	if (bus && strcmp(bus, "pci") == 0) {
		base_json_add_string(node, "pci", strrchr(device, '/') + 1);
	}
	probe_add_text(node, "bus", bus);
}

/* Counters of amdgpu; other drivers that have one give it the same name. */
static void add_counts(cJSON *node, const struct probe_root *root, const char *device)
{
	static const char *const files[][2] = {
		{"vram_bytes", "mem_info_vram_total"},
		{"vram_used_bytes", "mem_info_vram_used"},
		{"vram_visible_bytes", "mem_info_vis_vram_total"},
		{"vram_visible_used_bytes", "mem_info_vis_vram_used"},
		{"busy_percent", "gpu_busy_percent"},
		{"memory_busy_percent", "mem_busy_percent"},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		probe_add_count(node, files[i][0], probe_root_line(root, "%s/%s", device, files[i][1]));
	}
	probe_add_text(node, "vbios", probe_root_line(root, "%s/vbios_version", device));
	/* The kernel keeps what a GPU looked like when it was reset, for five minutes. */
	if (probe_root_exists(root, "%s/devcoredump", device)) {
		base_json_add_bool(node, "coredump", true);
	}
}

/* The channels of hwmon, which are labelled where there are several of a kind. */
static const struct channel {
	const char *key;
	/* Without "_input"; the first file that is there counts. */
	const char *files[2];
	/* What its label file must say, if there is one; NULL: whatever it says. */
	const char *label;
	double scale;
} channels[] = {
	{"temperature_c", {"temp1_input", NULL}, NULL, 1e-3},
	{"hotspot_c", {"temp2_input", NULL}, "junction", 1e-3},
	{"memory_temperature_c", {"temp3_input", NULL}, "mem", 1e-3},
	{"power_w", {"power1_average", "power1_input"}, NULL, 1e-6},
	{"power_cap_w", {"power1_cap", NULL}, NULL, 1e-6},
	{"engine_mhz", {"freq1_input", NULL}, "sclk", 1e-6},
	{"memory_mhz", {"freq2_input", NULL}, "mclk", 1e-6},
	{"fan_rpm", {"fan1_input", NULL}, NULL, 1},
};

static bool label_fits(
	const struct probe_root *root, const char *folder, const struct channel *channel)
{
	const char *file = channel->files[0];
	BASE_FREE char *label =
		probe_root_line(root, "%s/%.*s_label", folder, (int)strcspn(file, "_"), file);
	return !channel->label || (label && strcmp(label, channel->label) == 0);
}

static void add_channels(cJSON *sensors, const struct probe_root *root, const char *folder)
{
	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		const struct channel *channel = &channels[i];
		BASE_FREE char *value = NULL;
		for (size_t file = 0; file < 2 && channel->files[file] && !value; file++) {
			value = probe_root_line(root, "%s/%s", folder, channel->files[file]);
		}
		char *end = value;
		double number = value ? strtod(value, &end) : 0;
		if (end != value && number > -1e15 && number < 1e15 && label_fits(root, folder, channel)) {
			base_json_add_number(sensors, channel->key, number * channel->scale);
		}
	}
}

/* Calls for each name in a folder of the device. */
static void each_entry(const struct probe_root *root, const char *folder,
	void (*take)(cJSON *into, const struct probe_root *root, const char *folder, const char *name),
	cJSON *into)
{
	BASE_FREE char *path = probe_root_path(root, "%s", folder);
	DIR *directory = opendir(path);
	struct dirent *entry;
	for (int count = 0; directory && count < ENTRY_MAX && (entry = readdir(directory));) {
		if (entry->d_name[0] != '.') {
			take(into, root, folder, entry->d_name);
			count++;
		}
	}
	if (directory) {
		closedir(directory);
	}
}

static void take_hwmon(
	cJSON *node, const struct probe_root *root, const char *folder, const char *name)
{
	if (strncmp(name, "hwmon", strlen("hwmon")) == 0 && !base_json_get(node, "sensors")) {
		BASE_FREE char *path = base_format("%s/%s", folder, name);
		add_channels(base_json_add_object(node, "sensors"), root, path);
	}
}

/* "vcn_fw_version": its content, "0x0911000a". */
static void take_firmware(
	cJSON *list, const struct probe_root *root, const char *folder, const char *name)
{
	static const char ending[] = "_fw_version";
	size_t size = strlen(name);
	char *value = probe_root_line(root, "%s/%s", folder, name);
	/* Those that the chip does not have say zero. */
	if (value && size > strlen(ending) && strtoul(value, NULL, 16) != 0 &&
		strcmp(name + size - strlen(ending), ending) == 0) {
		cJSON *entry = base_json_add_object(list, NULL);
		base_json_add_format(entry, "name", "%.*s", (int)(size - strlen(ending)), name);
		base_json_add_string(entry, "value", value);
	}
	free(value);
}

/* "umc_err_count": "ue: 0\nce: 3\n". */
static void take_ras(
	cJSON *list, const struct probe_root *root, const char *folder, const char *name)
{
	static const char ending[] = "_err_count";
	size_t size = strlen(name);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	unsigned long long uncorrected = 0;
	unsigned long long corrected = 0;
	if (size > strlen(ending) && strcmp(name + size - strlen(ending), ending) == 0 &&
		probe_root_read(root, &text, "%s/%s", folder, name) &&
		probe_find_count(text.data, "ue:", &uncorrected) &&
		probe_find_count(text.data, "ce:", &corrected)) {
		cJSON *entry = base_json_add_object(list, NULL);
		base_json_add_format(entry, "name", "%.*s", (int)(size - strlen(ending)), name);
		base_json_add_number(entry, "uncorrected", (double)uncorrected);
		base_json_add_number(entry, "corrected", (double)corrected);
	}
}

static int compare_named(const void *left, const void *right)
{
	const cJSON *const *a = left;
	const cJSON *const *b = right;
	return strcmp(base_json_string(*a, "name", ""), base_json_string(*b, "name", ""));
}

/* Adds the list in the order of names, since a folder has none; nothing when it is empty. */
static void add_named(cJSON *node, const char *key, cJSON *list)
{
	cJSON *entries[ENTRY_MAX];
	size_t count = 0;
	while (list->child && count < ENTRY_MAX) {
		entries[count++] = cJSON_DetachItemFromArray(list, 0);
	}
	qsort(entries, count, sizeof(entries[0]), compare_named);
	for (size_t i = 0; i < count; i++) {
		base_json_add_node(list, NULL, entries[i]);
	}
	if (count > 0) {
		base_json_add_node(node, key, list);
	} else {
		cJSON_Delete(list);
	}
}

static void add_health(cJSON *node, const struct probe_root *root, const char *device)
{
	BASE_FREE char *hwmon = base_format("%s/hwmon", device);
	BASE_FREE char *firmware = base_format("%s/fw_version", device);
	BASE_FREE char *ras = base_format("%s/ras", device);
	each_entry(root, hwmon, take_hwmon, node);
	cJSON *list = base_json_new_array();
	each_entry(root, firmware, take_firmware, list);
	add_named(node, "firmware", list);
	list = base_json_new_array();
	each_entry(root, ras, take_ras, list);
	add_named(node, "ras", list);
}

void probe_drm_device(cJSON *node, const struct probe_root *root, const char *link)
{
	BASE_FREE char *link_path = probe_root_path(root, "%s/device", link);
	char resolved[PATH_MAX];
	if (!realpath(link_path, resolved)) {
		return;
	}
	/* The tree of a test is not the root that its own links start from. */
	size_t skip = strncmp(resolved, root->path, strlen(root->path)) == 0 ? strlen(root->path) : 0;
	char *device = resolved + skip;
	base_json_add_string(node, "device", device);
	probe_add_text(node, "kernel_driver", probe_root_link(root, "%s/driver", device));
	add_bus(node, root, device);
	add_hex_pair(node, "id", root, device, "vendor", "device");
	add_hex_pair(node, "subsystem", root, device, "subsystem_vendor", "subsystem_device");
	probe_add_text(node, "revision", probe_root_line(root, "%s/revision", device));
	add_counts(node, root, device);
	add_health(node, root, device);
}
