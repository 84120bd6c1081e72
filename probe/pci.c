/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/collector.h"

#include "base/memory.h"
#include "probe/emit.h"

#include <math.h>
#include <pci/pci.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libpci calls this and must not get control back; it runs in a child, whose log the parent reads.
 */
static void __attribute__((noreturn, format(printf, 1, 2))) pci_fail(char *format, ...)
{
	va_list args;
	va_start(args, format);
	vdprintf(STDERR_FILENO, format, args);
	va_end(args);
	dprintf(STDERR_FILENO, "\n");
	_exit(1);
}

static void __attribute__((format(printf, 1, 2))) pci_warn(char *format, ...)
{
	va_list args;
	va_start(args, format);
	vdprintf(STDERR_FILENO, format, args);
	va_end(args);
	dprintf(STDERR_FILENO, "\n");
}

/* Totals of Advanced Error Reporting since the device came up. */
static void add_errors(cJSON *device, const struct probe_root *root, const char *address)
{
	static const struct {
		const char *key, *file, *line;
	} totals[] = {
		{"correctable", "aer_dev_correctable", "TOTAL_ERR_COR"},
		{"nonfatal", "aer_dev_nonfatal", "TOTAL_ERR_NONFATAL"},
		{"fatal", "aer_dev_fatal", "TOTAL_ERR_FATAL"},
	};
	cJSON *errors = NULL;
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
		unsigned long long count = 0;
		if (probe_root_read(root, &text, "/sys/bus/pci/devices/%s/%s", address, totals[i].file) &&
			probe_find_count(text.data, totals[i].line, &count)) {
			errors = errors ? errors : base_json_add_object(device, "errors");
			base_json_add_number(errors, totals[i].key, (double)count);
		}
	}
}

/*
 * The most that each region could be, 0 where it cannot be resized: bit n of the file stands for
 * 2^n MiB (Documentation/ABI/testing/sysfs-bus-pci).
 */
static void add_resizable(cJSON *device, const struct probe_root *root, const char *address)
{
	cJSON *list = NULL;
	for (unsigned bar = 0; bar < 6; bar++) {
		BASE_FREE char *mask =
			probe_root_line(root, "/sys/bus/pci/devices/%s/resource%u_resize", address, bar);
		unsigned long long sizes = mask ? strtoull(mask, NULL, 16) : 0;
		if (!list && sizes != 0) {
			list = base_json_add_array(device, "bar_bytes_max");
			for (unsigned before = 0; before < bar; before++) {
				base_json_add_number(list, NULL, 0);
			}
		}
		if (list) {
			int highest = sizes != 0 ? 63 - __builtin_clzll(sizes) : 0;
			base_json_add_number(list, NULL, sizes != 0 ? ldexp(1048576.0, highest) : 0);
		}
	}
}

static void add_sysfs(cJSON *device, const struct probe_root *root, const char *address)
{
	static const char *const files[][2] = {
		{"link_speed", "current_link_speed"},
		{"link_speed_max", "max_link_speed"},
		{"link_width", "current_link_width"},
		{"link_width_max", "max_link_width"},
		{"power", "power/runtime_status"},
		{"power_state", "power_state"},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		probe_add_text(device, files[i][0],
			probe_root_line(root, "/sys/bus/pci/devices/%s/%s", address, files[i][1]));
	}
	/* Not from libpci: it asks an unprivileged reader's sysfs in a way that only warns. */
	probe_add_text(
		device, "driver", probe_root_link(root, "/sys/bus/pci/devices/%s/driver", address));
	probe_add_text(device, "iommu_group",
		probe_root_link(root, "/sys/bus/pci/devices/%s/iommu_group", address));
	add_resizable(device, root, address);
	add_errors(device, root, address);
}

/* What sysfs makes of the PCI Express capability, from the configuration space of a dump. */
static void add_capability(cJSON *device, struct pci_dev *pci)
{
	static const char *const speeds[] = {NULL, "2.5 GT/s PCIe", "5.0 GT/s PCIe", "8.0 GT/s PCIe",
		"16.0 GT/s PCIe", "32.0 GT/s PCIe", "64.0 GT/s PCIe"};
	pci_fill_info(pci, PCI_FILL_CAPS);
	const struct pci_cap *express = pci_find_cap(pci, PCI_CAP_ID_EXP, PCI_CAP_NORMAL);
	if (!express) {
		return;
	}
	unsigned best = pci_read_long(pci, (int)express->addr + PCI_EXP_LNKCAP);
	unsigned now = pci_read_word(pci, (int)express->addr + PCI_EXP_LNKSTA);
	const struct {
		const char *speed, *width;
		unsigned link;
	} links[] = {{"link_speed", "link_width", now}, {"link_speed_max", "link_width_max", best}};
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		unsigned speed = links[i].link & PCI_EXP_LNKSTA_SPEED;
		if (speed > 0 && speed < sizeof(speeds) / sizeof(speeds[0])) {
			base_json_add_string(device, links[i].speed, speeds[speed]);
			base_json_add_format(device, links[i].width, "%u", links[i].link >> 4 & 0x3f);
		}
	}
}

static void add_name(
	cJSON *device, const char *key, struct pci_access *access, struct pci_dev *pci, int what)
{
	char name[256];
	const char *found = pci_lookup_name(
		access, name, sizeof(name), what | PCI_LOOKUP_NO_NUMBERS, pci->vendor_id, pci->device_id);
	if (found) {
		base_json_add_string(device, key, found);
	}
}

static cJSON *describe(
	const struct probe_scope *scope, struct pci_access *access, struct pci_dev *pci)
{
	pci_fill_info(pci, PCI_FILL_CLASS_EXT | PCI_FILL_SUBSYS | PCI_FILL_BASES | PCI_FILL_SIZES);
	cJSON *device = base_json_new_object();
	BASE_FREE char *address =
		base_format("%04x:%02x:%02x.%u", (unsigned)pci->domain, pci->bus, pci->dev, pci->func);
	base_json_add_string(device, "address", address);
	base_json_add_format(device, "id", "%04x:%04x", pci->vendor_id, pci->device_id);
	base_json_add_format(device, "class", "%04x", pci->device_class);
	base_json_add_format(device, "revision", "0x%02x", pci->rev_id);
	if (pci->subsys_vendor_id) {
		base_json_add_format(
			device, "subsystem", "%04x:%04x", pci->subsys_vendor_id, pci->subsys_id);
	}
	if (scope->pci_dump) {
		add_capability(device, pci);
	} else {
		cJSON *bars = base_json_add_array(device, "bar_bytes");
		for (size_t i = 0; i < sizeof(pci->size) / sizeof(pci->size[0]); i++) {
			base_json_add_number(bars, NULL, (double)pci->size[i]);
		}
		add_sysfs(device, &scope->root, address);
	}
	add_name(device, "vendor_name", access, pci, PCI_LOOKUP_VENDOR);
	add_name(device, "device_name", access, pci, PCI_LOOKUP_DEVICE);
	return device;
}

/*
 * The way to read the bus is chosen here, because libpci's own search ends at raw I/O ports, which
 * nobody wants of a probe, or in an error that a machine without PCI does not deserve.
 */
static bool choose_method(struct pci_access *access, const struct probe_scope *scope)
{
	const struct probe_root *root = &scope->root;
	if (scope->pci_dump) {
		access->method = PCI_ACCESS_DUMP;
		return pci_set_param(access, (char *)"dump.name", (char *)scope->pci_dump) == 0;
	}

	static const struct {
		unsigned method;
		const char *parameter, *folder, *needs;
	} methods[] = {
		{PCI_ACCESS_SYS_BUS_PCI, "sysfs.path", "/sys/bus/pci", "/sys/bus/pci/devices"},
		{PCI_ACCESS_PROC_BUS_PCI, "proc.path", "/proc/bus/pci", "/proc/bus/pci/devices"},
	};
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (probe_root_exists(root, "%s", methods[i].needs)) {
			BASE_FREE char *folder = probe_root_path(root, "%s", methods[i].folder);
			access->method = methods[i].method;
			return pci_set_param(access, (char *)methods[i].parameter, folder) == 0;
		}
	}
	return false;
}

int probe_pci_collect(const struct probe_scope *scope, int out_fd)
{
	struct pci_access *access = pci_alloc();
	access->error = pci_fail;
	access->warning = pci_warn;
	/* Names come from the files of the machine, never from the network. */
	access->id_lookup_mode = 0;
	if (choose_method(access, scope)) {
		probe_emit_step(out_fd, "scan the PCI bus");
		pci_init(access);
		pci_scan_bus(access);
		for (struct pci_dev *pci = access->devices; pci; pci = pci->next) {
			pci_fill_info(pci, PCI_FILL_IDENT | PCI_FILL_CLASS);
			if (pci->device_class >> 8 == PCI_BASE_CLASS_DISPLAY) {
				probe_emit_add(out_fd, "pci", describe(scope, access, pci));
			}
		}
	}
	probe_emit_done(out_fd);
	pci_cleanup(access);
	return 0;
}
