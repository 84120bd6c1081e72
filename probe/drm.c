/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/collector.h"

#include "base/memory.h"
#include "probe/amdgpu.h"
#include "probe/drm_device.h"
#include "probe/emit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xf86drm.h>

/* More nodes than any machine has; what a hostile tree adds beyond is left out. */
enum { NODE_COUNT_MAX = 128 };

/* A node's name taken apart: "renderD128". */
struct node_name {
	bool render;
	unsigned minor;
};

struct node_list {
	struct node_name names[NODE_COUNT_MAX];
	size_t count;
};

static const struct {
	uint64_t cap;
	const char *name;
} capabilities[] = {
	{DRM_CAP_PRIME, "prime"},
	{DRM_CAP_SYNCOBJ, "syncobj"},
	{DRM_CAP_SYNCOBJ_TIMELINE, "syncobj_timeline"},
	{DRM_CAP_DUMB_BUFFER, "dumb_buffer"},
};

static bool parse_name(const char *text, struct node_name *name)
{
	static const char card[] = "card";
	static const char render[] = "renderD";
	name->render = strncmp(text, render, sizeof(render) - 1) == 0;
	if (!name->render && strncmp(text, card, sizeof(card) - 1) != 0) {
		return false;
	}
	const char *digits = text + (name->render ? sizeof(render) : sizeof(card)) - 1;
	size_t size = strspn(digits, "0123456789");
	/* "card0-HDMI-A-1" is a connector. */
	if (size == 0 || size > 6 || digits[size] != '\0') {
		return false;
	}
	name->minor = (unsigned)strtoul(digits, NULL, 10);
	return true;
}

static int compare_names(const void *left, const void *right)
{
	const struct node_name *a = left;
	const struct node_name *b = right;
	if (a->render != b->render) {
		return a->render ? 1 : -1;
	}
	return a->minor < b->minor ? -1 : a->minor > b->minor;
}

static char *name_text(const struct node_name *name)
{
	return base_format("%s%u", name->render ? "renderD" : "card", name->minor);
}

/* Adds the nodes of a folder that are not in the list yet. */
static void scan_folder(const struct probe_root *root, const char *folder, struct node_list *list)
{
	BASE_FREE char *path = probe_root_path(root, "%s", folder);
	DIR *directory = opendir(path);
	struct dirent *entry;
	while (directory && list->count < NODE_COUNT_MAX && (entry = readdir(directory))) {
		struct node_name name;
		bool known = !parse_name(entry->d_name, &name);
		for (size_t i = 0; i < list->count && !known; i++) {
			known = compare_names(&list->names[i], &name) == 0;
		}
		if (!known) {
			list->names[list->count++] = name;
		}
	}
	if (directory) {
		closedir(directory);
	}
}

/* What stat() says of the node in /dev/dri. Adds "number" unless it is none of the kind. */
static void add_dev_facts(cJSON *node, const char *path)
{
	struct stat status;
	bool in_dev = stat(path, &status) == 0;
	base_json_add_bool(node, "in_dev", in_dev);
	if (!in_dev) {
		return;
	}
	if (S_ISCHR(status.st_mode)) {
		base_json_add_format(node, "number", "%u:%u", major(status.st_rdev), minor(status.st_rdev));
	}
	base_json_add_format(node, "mode", "%04o", (unsigned)status.st_mode & 07777u);
	base_json_add_number(node, "uid", status.st_uid);
	base_json_add_number(node, "gid", status.st_gid);
}

static void add_sysfs_facts(cJSON *node, const struct probe_root *root, const char *name)
{
	const char *number = base_json_string(node, "number", NULL);
	char *sysfs_number = probe_root_line(root, "/sys/class/drm/%s/dev", name);
	base_json_add_bool(node, "in_sysfs", sysfs_number != NULL);
	BASE_FREE char *link = NULL;
	if (sysfs_number) {
		link = base_format("/sys/class/drm/%s", name);
	} else if (number) {
		/* Under another name, as when a container renames the node that it was given. */
		link = base_format("/sys/dev/char/%s", number);
	}
	if (link) {
		probe_drm_device(node, root, link);
	}
	if (sysfs_number && number && strcmp(sysfs_number, number) != 0) {
		base_json_add_string(node, "sysfs_number", sysfs_number);
	} else if (sysfs_number && !number) {
		base_json_add_string(node, "number", sysfs_number);
	}
	free(sysfs_number);
}

static void add_driver_facts(cJSON *result, int fd)
{
	drmVersionPtr version = drmGetVersion(fd);
	if (!version) {
		const char *name = strerrorname_np(errno);
		base_json_add_string(result, "driver_error", name ? name : "unknown");
		return;
	}
	base_json_add_format(result, "driver", "%.*s", version->name_len, version->name);
	base_json_add_format(result, "driver_version", "%d.%d.%d", version->version_major,
		version->version_minor, version->version_patchlevel);
	drmFreeVersion(version);
	cJSON *list = base_json_add_array(result, "capabilities");
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		uint64_t value = 0;
		if (drmGetCap(fd, capabilities[i].cap, &value) == 0 && value != 0) {
			base_json_add_string(list, NULL, capabilities[i].name);
		}
	}
}

/* Where sysfs was no help, what libdrm makes of it. */
static void add_bus_facts(cJSON *result, int fd)
{
	drmDevicePtr device = NULL;
	if (drmGetDevice2(fd, 0, &device) != 0) {
		return;
	}
	if (device->bustype == DRM_BUS_PCI) {
		const drmPciBusInfo *bus = device->businfo.pci;
		const drmPciDeviceInfo *info = device->deviceinfo.pci;
		base_json_add_string(result, "bus", "pci");
		base_json_add_format(
			result, "pci", "%04x:%02x:%02x.%u", bus->domain, bus->bus, bus->dev, bus->func);
		base_json_add_format(result, "id", "%04x:%04x", info->vendor_id, info->device_id);
	} else {
		base_json_add_string(result, "bus", device->bustype == DRM_BUS_USB ? "usb" : "platform");
	}
	drmFreeDevice(&device);
}

/* The open that a driver will make: its errno tells cgroup from owner from stale node. */
static cJSON *open_node(const struct probe_root *root, const char *path, bool bus_known)
{
	cJSON *result = base_json_new_object();
	BASE_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *name = fd < 0 ? strerrorname_np(errno) : "ok";
	base_json_add_string(result, "open", name ? name : "unknown");
	if (fd >= 0) {
		/* Who opens a primary node first becomes its master; a compositor may be starting. */
		drmDropMaster(fd);
		add_driver_facts(result, fd);
		if (strcmp(base_json_string(result, "driver", ""), "amdgpu") == 0) {
			base_json_add_node(result, "amdgpu", probe_amdgpu_info(root, fd));
		}
		if (!bus_known) {
			add_bus_facts(result, fd);
		}
	}
	return result;
}

static void collect_node(const struct probe_root *root, const struct node_name *name, int out_fd)
{
	BASE_FREE char *text = name_text(name);
	BASE_FREE char *path = base_format("/dev/dri/%s", text);
	BASE_FREE char *real_path = probe_root_path(root, "%s", path);
	cJSON *node = base_json_new_object();
	base_json_add_string(node, "name", text);
	base_json_add_string(node, "path", path);
	base_json_add_string(node, "kind", name->render ? "render" : "primary");
	add_dev_facts(node, real_path);
	add_sysfs_facts(node, root, text);
	bool in_dev = base_json_bool(node, "in_dev", false);
	bool bus_known = base_json_get(node, "bus") != NULL;
	probe_emit_add(out_fd, "drm", node);
	if (in_dev) {
		BASE_FREE char *key = base_format("drm[%s]", text);
		probe_emit_step(out_fd, "open %s", path);
		probe_emit_put(out_fd, key, open_node(root, real_path, bus_known));
	}
}

int probe_drm_collect(const struct probe_scope *scope, int out_fd)
{
	struct node_list list = {.count = 0};
	scan_folder(&scope->root, "/dev/dri", &list);
	scan_folder(&scope->root, "/sys/class/drm", &list);
	qsort(list.names, list.count, sizeof(list.names[0]), compare_names);
	for (size_t i = 0; i < list.count; i++) {
		collect_node(&scope->root, &list.names[i], out_fd);
	}
	probe_emit_done(out_fd);
	return 0;
}
