/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_environment.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/** Names; those that end in '*' are how names begin. */
static const char *const passed[] = {
	/* C library, and where the loader looks for drivers and layers. */
	"HOME",
	"LANG",
	"LC_*",
	"LD_LIBRARY_PATH",
	"LD_PRELOAD",
	"TMPDIR",
	"TZ",
	"XDG_CONFIG_DIRS",
	"XDG_CONFIG_HOME",
	"XDG_DATA_DIRS",
	"XDG_DATA_HOME",
	"VK_*",
	/* Mesa. */
	"ACO_*",
	"AMDGPU_GPU_ID",
	"AMD_*",
	"ANV_*",
	"DRIRC_CONFIGDIR",
	"DRI_PRIME",
	"FD_*",
	"GALLIUM_*",
	"GALLIVM_*",
	"INTEL_*",
	"LIBGL_*",
	"LP_*",
	"LVP_*",
	"MESA_*",
	"NAK_*",
	"NIR_*",
	"NODEVICE_SELECT",
	"NVK_*",
	"PANVK_*",
	"PAN_*",
	"RADEON_*",
	"RADV_*",
	"TU_*",
	"V3D_*",
	"VN_*",
	"VTEST_*",
	/* NVIDIA. */
	"__GL_*",
	"__NV_*",
	"NVIDIA_*",
	/* Builds with sanitizers, and the layer of the tests. */
	"ASAN_OPTIONS",
	"LSAN_OPTIONS",
	"TSAN_OPTIONS",
	"UBSAN_OPTIONS",
	"GPU_LANE_FAULT",
};

static bool is_passed(const char *variable)
{
	size_t size = strcspn(variable, "=");
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		size_t length = strlen(passed[i]);
		bool begins = passed[i][length - 1] == '*';
		length -= begins;
		if ((begins ? size > length : size == length) && memcmp(variable, passed[i], length) == 0) {
			return true;
		}
	}
	return false;
}

char **worker_environment(void)
{
	size_t count = 0;
	while (environ != NULL && environ[count] != NULL) {
		count++;
	}
	char **kept = base_alloc(count + 1, sizeof(*kept));
	size_t next = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_passed(environ[i])) {
			kept[next++] = environ[i];
		}
	}
	return kept;
}
