/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/address.h"

#include "base/memory.h"

#include <stdlib.h>
#include <unistd.h>

char *bridge_address_default(struct lane_error *err)
{
	if (geteuid() == 0) {
		return base_strdup("unix:/run/gpu-lane/bridge.sock");
	}
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	if (runtime == NULL || runtime[0] != '/') {
		lane_error_set(
			err, "USAGE", "XDG_RUNTIME_DIR is not set: an address is needed (unix:PATH)");
		return NULL;
	}
	return base_format("unix:%s/gpu-lane/bridge.sock", runtime);
}
