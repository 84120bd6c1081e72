/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_SANDBOX_H
#define BRIDGE_WORKER_SANDBOX_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>

/**
 * Shuts the calling process in, all of its threads: no capabilities and no new privileges,
 * Landlock, a seccomp filter, limits. For a worker whose device is open: what a driver has opened
 * stays usable, and it needs little more. Errors: WORKER_SANDBOX, when a part that the kernel has
 * cannot be put up.
 */
bool worker_sandbox_enter(struct lane_error *err);

/**
 * What a sandbox here consists of: {"landlock_abi": 6, "seccomp": true, "missing": ["..."]}, where
 * each text of `missing` says what this kernel lacks and what follows from it. The caller owns it.
 */
cJSON *worker_sandbox_describe(void);

#endif
