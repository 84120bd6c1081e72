/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/join.h"

#include "base/memory.h"
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

/*
 * Kernel drivers and PCI vendors of devices that only show pictures or only exist in memory. They
 * are GPUs to nobody: without this a server's management controller would count as a broken one.
 */
static const char *const display_drivers[] = {"ast", "bochs", "bochs-drm", "cirrus", "evdi", "gud",
	"hibmc", "hyperv_drm", "mgag200", "ofdrm", "qxl", "simpledrm", "simple-framebuffer", "udl",
	"vboxvideo", "vgem", "vkms", "faux_driver", NULL};
static const char *const display_vendors[] = {"1a03:", "102b:", "1234:", "1013:", "80ee:", NULL};

static bool in_list(const char *const *list, const char *text, bool prefix)
{
	for (; text && *list; list++) {
		if (prefix ? strncmp(text, *list, strlen(*list)) == 0 : strcmp(text, *list) == 0) {
			return true;
		}
	}
	return false;
}

static bool same(const char *left, const char *right)
{
	return left && right && strcmp(left, right) == 0;
}

static void set_text(cJSON *gpu, const char *key, const char *text)
{
	if (text && !base_json_get(gpu, key)) {
		base_json_add_string(gpu, key, text);
	}
}

/* The first GPU whose `key` is this text. */
static cJSON *find_gpu(cJSON *gpus, const char *key, const char *text)
{
	cJSON *gpu;
	cJSON_ArrayForEach(gpu, gpus)
	{
		if (same(probe_text(gpu, key), text)) {
			return gpu;
		}
	}
	return NULL;
}

static cJSON *new_gpu(cJSON *gpus, const char *kind, const char *id)
{
	cJSON *gpu = base_json_add_object(gpus, NULL);
	base_json_add_format(gpu, "key", "%s:%s", kind, id ? id : "?");
	return gpu;
}

/* Notes a contradiction; what only one of the two layers tells is none. */
static void compare(cJSON *gpu, const char *what, const char *left_layer, const char *left,
	const char *right_layer, const char *right)
{
	if (!left || !right || strcmp(left, right) == 0) {
		return;
	}
	cJSON *list = cJSON_GetObjectItemCaseSensitive(gpu, "disagreements");
	list = list ? list : base_json_add_array(gpu, "disagreements");
	cJSON *entry = base_json_add_object(list, NULL);
	base_json_add_string(entry, "what", what);
	base_json_add_string(entry, left_layer, left);
	base_json_add_string(entry, right_layer, right);
}

static void join_nodes(cJSON *gpus, const cJSON *nodes)
{
	const cJSON *node;
	cJSON_ArrayForEach(node, nodes)
	{
		const char *device = probe_text(node, "device");
		const char *number = probe_text(node, "number");
		cJSON *gpu = find_gpu(gpus, "device", device);
		if (!gpu) {
			gpu = find_gpu(gpus, "pci", probe_text(node, "pci"));
		}
		if (!gpu) {
			gpu = new_gpu(gpus, "drm", number ? number : probe_text(node, "name"));
		}
		bool render = same(probe_text(node, "kind"), "render");
		set_text(gpu, render ? "render" : "primary", probe_text(node, "name"));
		set_text(gpu, "device", device);
		set_text(gpu, "pci", probe_text(node, "pci"));
		set_text(gpu, "id", probe_text(node, "id"));
		set_text(gpu, "driver", probe_text(node, "driver"));
		if (render) {
			compare(gpu, "id", "sysfs", probe_text(node, "id"), "ioctl",
				probe_text(base_json_get(node, "amdgpu"), "id"));
		}
		set_text(gpu, "kernel_driver", probe_text(node, "kernel_driver"));
	}
}

static void join_pci(cJSON *gpus, const cJSON *devices)
{
	const cJSON *device;
	cJSON_ArrayForEach(device, devices)
	{
		const char *address = probe_text(device, "address");
		const char *id = probe_text(device, "id");
		cJSON *gpu = find_gpu(gpus, "pci", address);
		if (!gpu) {
			gpu = new_gpu(gpus, "pci", address);
			set_text(gpu, "pci", address);
		}
		compare(gpu, "id", "drm", probe_text(gpu, "id"), "pci", id);
		if (id) {
			/* The device's own word counts more than what sysfs keeps of it. */
			cJSON_DeleteItemFromObjectCaseSensitive(gpu, "id");
			base_json_add_string(gpu, "id", id);
		}
		set_text(gpu, "kernel_driver", probe_text(device, "driver"));
		set_text(gpu, "pci_name", probe_text(device, "device_name"));
	}
}

/* The GPU whose node has this device number. */
static cJSON *find_by_number(cJSON *gpus, const cJSON *facts, const char *key, const char *number)
{
	const cJSON *node;
	cJSON_ArrayForEach(node, base_json_get(facts, "drm"))
	{
		if (same(probe_text(node, "number"), number)) {
			return find_gpu(gpus, key, probe_text(node, "name"));
		}
	}
	return NULL;
}

static bool is_venus(const cJSON *device)
{
	return same(probe_text(device, "driver_id"), "MESA_VENUS");
}

/*
 * The only GPU without a Vulkan device that it could be. Venus passes on the ids of the host's GPU,
 * so it goes by its kernel driver.
 */
static cJSON *find_by_ids(cJSON *gpus, const cJSON *device)
{
	const char *key = is_venus(device) ? "driver" : "id";
	const char *wanted = is_venus(device) ? "virtio_gpu" : probe_text(device, "id");
	cJSON *found = NULL;
	cJSON *gpu;
	cJSON_ArrayForEach(gpu, gpus)
	{
		if (same(probe_text(gpu, key), wanted) && !base_json_get(gpu, "vulkan")) {
			if (found) {
				return NULL;
			}
			found = gpu;
		}
	}
	return found;
}

/* A device of a CPU renderer belongs to no GPU, except Venus's, which has a node. */
static cJSON *match_device(cJSON *gpus, const cJSON *facts, const cJSON *device, const char **by)
{
	cJSON *gpu = find_by_number(gpus, facts, "render", probe_text(device, "render"));
	*by = "drm";
	if (!gpu) {
		gpu = find_by_number(gpus, facts, "primary", probe_text(device, "primary"));
	}
	if (!gpu) {
		*by = "pci";
		gpu = find_gpu(gpus, "pci", probe_text(device, "pci"));
	}
	if (!gpu && (!base_json_bool(device, "software", false) || is_venus(device))) {
		*by = "ids";
		gpu = find_by_ids(gpus, device);
	}
	return gpu;
}

/* Vulkan may say that the two nodes of its device are those of two GPUs. */
static void compare_primary(cJSON *gpus, const cJSON *facts, cJSON *gpu, const cJSON *device)
{
	const cJSON *other = find_by_number(gpus, facts, "primary", probe_text(device, "primary"));
	if (other && other != gpu) {
		compare(gpu, "primary node", "drm", base_json_string(gpu, "primary", "none"), "vulkan",
			probe_text(other, "primary"));
	}
}

static void join_vulkan(cJSON *gpus, const cJSON *facts)
{
	const cJSON *device;
	cJSON_ArrayForEach(device, probe_path_find(facts, "vulkan.devices"))
	{
		const char *by = NULL;
		const char *key = probe_text(device, "key");
		cJSON *gpu = match_device(gpus, facts, device, &by);
		if (gpu) {
			set_text(gpu, "joined_by", by);
			compare(gpu, "pci", "drm", probe_text(gpu, "pci"), "vulkan", probe_text(device, "pci"));
			compare_primary(gpus, facts, gpu, device);
			if (!is_venus(device)) {
				compare(
					gpu, "id", "kernel", probe_text(gpu, "id"), "vulkan", probe_text(device, "id"));
			}
		} else {
			gpu = new_gpu(gpus, "vulkan", key);
		}
		set_text(gpu, "vulkan", key);
		cJSON *all = cJSON_GetObjectItemCaseSensitive(gpu, "vulkan_devices");
		all = all ? all : base_json_add_array(gpu, "vulkan_devices");
		base_json_add_string(all, NULL, key ? key : "?");
	}
}

/* What holds of the GPU as a whole. */
static void conclude(cJSON *gpu, const cJSON *facts)
{
	const char *key = probe_text(gpu, "vulkan");
	const cJSON *devices = probe_path_find(facts, "vulkan.devices");
	const cJSON *device = key ? probe_path_element(devices, key) : NULL;
	bool only_shows = in_list(display_drivers, probe_text(gpu, "driver"), false) ||
		in_list(display_drivers, probe_text(gpu, "kernel_driver"), false) ||
		in_list(display_vendors, probe_text(gpu, "id"), true);
	const char *name = probe_text(device, "name");
	name = name ? name : probe_text(gpu, "pci_name");
	name = name ? name : probe_text(gpu, "driver");
	name = name ? name : probe_text(gpu, "key");
	BASE_FREE char *copy = base_strdup(name);
	base_json_add_string(gpu, "name", copy);
	/* What a node that does not open cannot tell, sysfs does. */
	set_text(gpu, "driver", probe_text(gpu, "kernel_driver"));
	base_json_add_bool(gpu, "software", base_json_bool(device, "software", false));
	base_json_add_bool(gpu, "display_only", only_shows && !device);
}

void probe_join(cJSON *facts)
{
	cJSON_DeleteItemFromObjectCaseSensitive(facts, "gpus");
	cJSON *gpus = base_json_add_array(facts, "gpus");
	join_nodes(gpus, base_json_get(facts, "drm"));
	join_pci(gpus, base_json_get(facts, "pci"));
	join_vulkan(gpus, facts);
	cJSON *gpu;
	cJSON_ArrayForEach(gpu, gpus)
	{
		conclude(gpu, facts);
	}
}
