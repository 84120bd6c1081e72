/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_COLLECTOR_H
#define PROBE_COLLECTOR_H

#include "probe/root.h"

#include <stdbool.h>

/** What a collector is asked. */
struct probe_scope {
	struct probe_root root;
	/** A checked submit on every Vulkan device, and how long its fence may take. */
	bool submit;
	unsigned submit_timeout_ms;
	/** Path of the one ICD manifest to load, or NULL for what the loader finds. */
	const char *icd;
	/** Path of an `lspci -xxxx` dump that stands for the PCI bus, or NULL. */
	const char *pci_dump;
};

/*
 * The collectors. Each runs in a child of its own (a driver is untrusted code), writes lines of
 * probe/emit.h to `out_fd` and returns the child's exit status.
 */

/** "host": kernel, distribution, container, ids, groups, policies, environment. */
int probe_host_collect(const struct probe_scope *scope, int out_fd);
/** "drm": every node in /dev/dri and every one that sysfs knows. */
int probe_drm_collect(const struct probe_scope *scope, int out_fd);
/** "pci": the display controllers. */
int probe_pci_collect(const struct probe_scope *scope, int out_fd);
/** "vulkan": loader, ICDs, layers, devices and their answer to a checked submit. */
int probe_vulkan_collect(const struct probe_scope *scope, int out_fd);

#endif
