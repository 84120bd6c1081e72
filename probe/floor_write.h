/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_FLOOR_WRITE_H
#define PROBE_FLOOR_WRITE_H

#include "base/buffer.h"
#include "probe/probe.h"

/**
 * Writes a floor that asks for what the best GPU of these facts has, and that it opens and computes
 * rightly, whether it does so now or not. Errors: DEVICE_NONE (neither GPU nor renderer).
 */
bool probe_floor_write(
	const cJSON *facts, const char *name, struct base_buffer *out, struct lane_error *err);

#endif
