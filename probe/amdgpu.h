/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_AMDGPU_H
#define PROBE_AMDGPU_H

#include "probe/root.h"

/**
 * What the amdgpu driver itself says of the GPU behind an open node (AMDGPU_INFO of amdgpu_drm.h):
 * chip family, compute units, clocks, whether it works and how often its memory was lost; only the
 * errno as "error" when it does not answer. Caller owns.
 */
cJSON *probe_amdgpu_info(const struct probe_root *root, int fd);

/** "GC 12.0.0" for a family number of amdgpu_drm.h, or NULL. Static. */
const char *probe_amdgpu_family(unsigned family);

/**
 * The product of a chip, by libdrm's table of "device, revision, name" lines. NULL when it is not
 * there. Caller frees.
 */
char *probe_amdgpu_product(const struct probe_root *root, unsigned device_id, unsigned revision);

#endif
