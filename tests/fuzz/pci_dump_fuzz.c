/* SPDX-License-Identifier: Apache-2.0 */
/* A dump of the PCI bus is refused with file and line, or is one that libpci reads to its end. */
#include "base/child.h"
#include "probe/collector.h"
#include "probe/pci_dump.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libpci keeps libudev's context for its names and never gives it back. */
const char *__lsan_default_suppressions(void)
{
	return "leak:udev_new\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!probe_pci_dump_check("fuzz", (const char *)data, size, &err)) {
		const char *message = lane_error_message(&err);
		if (strncmp(message, "fuzz:", 5) != 0 || strtoul(message + 5, NULL, 10) == 0) {
			abort();
		}
		return 0;
	}
	int dump = memfd_create("dump", MFD_CLOEXEC);
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dump);
	struct probe_scope scope = {.root = {""}, .pci_dump = path};
	/* libpci ends the process when it does not like what it reads. */
	if (!base_write_all(dump, data, size) || probe_pci_collect(&scope, out) != 0) {
		abort();
	}
	close(dump);
	close(out);
	return 0;
}
