/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_MODULE_H
#define BRIDGE_WORKER_MODULE_H

#include "base/error.h"
#include "compute/feature.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Whether a module that bridge_spirv_read has taken is valid, by the Khronos validator: drivers
 * trust that, and what is not valid is undefined in them. It is C++ that reads what a stranger
 * wrote, so it belongs into the sandbox. Errors: JOB_INVALID with what it says, DEVICE_LIMIT for a
 * version that is too new.
 */
bool worker_module_check(const uint32_t *words, size_t count, struct lane_error *err);

/**
 * The features of which the validator that this was built with knows nothing: a module that uses
 * them is refused whatever the device has.
 */
compute_features worker_module_unknown(void);

#endif
