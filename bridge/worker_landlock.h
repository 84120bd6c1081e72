/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_LANDLOCK_H
#define BRIDGE_WORKER_LANDLOCK_H

#include "base/error.h"

/** Landlock's ABI version in this kernel; 0: it has none, or it is switched off. */
int worker_landlock_abi(void);

/**
 * Makes the rules for a worker whose device is open: drivers may still load their parts and use
 * device nodes; no other file, TCP port, abstract socket or process is within reach. A descriptor
 * for landlock_restrict_self(2), or -1. Errors: WORKER_SANDBOX.
 */
int worker_landlock_rules(int abi, struct lane_error *err);

#endif
