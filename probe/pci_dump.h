/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_PCI_DUMP_H
#define PROBE_PCI_DUMP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Checks a dump of `lspci -x`, -xxx or -xxxx, strictly: libpci's own reader takes what is not a
 * dump for an empty one, and names neither file nor line of one that is malformed. Errors:
 * PCI_DUMP_INVALID, with both.
 */
bool probe_pci_dump_check(const char *path, const char *text, size_t size, struct lane_error *err);

/** The same for a file. Errors: FILE_READ, PCI_DUMP_INVALID. */
bool probe_pci_dump_load(const char *path, struct lane_error *err);

#endif
