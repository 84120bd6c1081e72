/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/amdgpu.h"

#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <libdrm/amdgpu_drm.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

enum { IDS_SIZE_MAX = 1 << 20 };

#define IDS_PATH "/usr/share/libdrm/amdgpu.ids"

/* AMDGPU_FAMILY_* by number, so that an older header knows them all. */
static const struct {
	unsigned family;
	const char *name;
} families[] = {
	{110, "SI"},
	{120, "CI"},
	{125, "KV"},
	{130, "VI"},
	{135, "CZ"},
	{141, "AI"},
	{142, "RV"},
	{143, "NV"},
	{144, "VGH"},
	{145, "GC 11.0.0"},
	{146, "YC"},
	{148, "GC 11.0.1"},
	{149, "GC 10.3.6"},
	{150, "GC 11.5.0"},
	{151, "GC 10.3.7"},
	{152, "GC 12.0.0"},
};

const char *probe_amdgpu_family(unsigned family)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (families[i].family == family) {
			return families[i].name;
		}
	}
	return NULL;
}

/** What follows a field as "7550,\t" of at most `digits` digits; NULL where there is none. */
static const char *hex_field(const char *at, size_t digits, unsigned *value)
{
	size_t size = strspn(at, "0123456789ABCDEFabcdef");
	if (size == 0 || size > digits || at[size] != ',') {
		return NULL;
	}
	*value = (unsigned)strtoul(at, NULL, 16);
	at += size + 1;
	return at + strspn(at, "\t ");
}

char *probe_amdgpu_product(const struct probe_root *root, unsigned device_id, unsigned revision)
{
	BASE_FREE char *path = probe_root_path(root, "%s", IDS_PATH);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (!base_file_read(path, IDS_SIZE_MAX, &text, NULL) || !text.data) {
		return NULL;
	}
	for (const char *line = text.data; *line != '\0';) {
		size_t size = strcspn(line, "\n");
		unsigned device = 0;
		unsigned rev = 0;
		const char *rest = hex_field(line, 4, &device);
		const char *name = rest ? hex_field(rest, 2, &rev) : NULL;
		if (name && device == device_id && rev == revision && name < line + size) {
			return base_strndup(name, (size_t)(line + size - name));
		}
		line += size + (line[size] == '\n');
	}
	return NULL;
}

/*
 * The kernel fills what it knows of the answer; the rest stays zero. Mesa's drm-shim answers with
 * the structures of its own time, whatever size is asked for: there is room for those to come.
 */
static bool ask(int fd, unsigned query, void *answer, size_t size)
{
	_Alignas(uint64_t) uint8_t room[4096] = {0};
	struct drm_amdgpu_info request = {
		.return_pointer = (uintptr_t)room, .return_size = (uint32_t)size, .query = query};
	bool answered = drmCommandWrite(fd, DRM_AMDGPU_INFO, &request, sizeof(request)) == 0;
	memcpy(answer, room, size);
	return answered;
}

cJSON *probe_amdgpu_info(const struct probe_root *root, int fd)
{
	struct drm_amdgpu_info_device device;
	uint32_t number = 0;
	cJSON *info = base_json_new_object();
	if (!ask(fd, AMDGPU_INFO_DEV_INFO, &device, sizeof(device))) {
		const char *name = strerrorname_np(errno);
		base_json_add_string(info, "error", name ? name : "unknown");
		return info;
	}
	/* Of the ioctl: what sysfs says of the same device has to agree. */
	base_json_add_format(info, "id", "1002:%04x", device.device_id);
	const char *family = probe_amdgpu_family(device.family);
	if (family) {
		base_json_add_string(info, "family", family);
	}
	base_json_add_number(info, "family_id", device.family);
	base_json_add_number(info, "chip_revision", device.external_rev);
	probe_add_text(info, "product", probe_amdgpu_product(root, device.device_id, device.pci_rev));
	base_json_add_number(info, "compute_units", device.cu_active_number);
	base_json_add_number(info, "shader_engines", device.num_shader_engines);
	base_json_add_number(info, "vram_bits", device.vram_bit_width);
	base_json_add_number(info, "engine_mhz_max", (double)(device.max_engine_clock / 1000));
	base_json_add_number(info, "memory_mhz_max", (double)(device.max_memory_clock / 1000));
	if (ask(fd, AMDGPU_INFO_ACCEL_WORKING, &number, sizeof(number))) {
		base_json_add_bool(info, "works", number != 0);
	}
	if (ask(fd, AMDGPU_INFO_VRAM_LOST_COUNTER, &number, sizeof(number))) {
		base_json_add_number(info, "vram_lost", number);
	}
	return info;
}
