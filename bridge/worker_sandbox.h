/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_SANDBOX_H
#define BRIDGE_WORKER_SANDBOX_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>

/**
 * What holds a driver that a job has taken over: no new privileges, Landlock (which files, TCP
 * ports, abstract sockets and processes it reaches), a seccomp filter (which system calls), and
 * resource limits. Enter it when the device is open: descriptors opened before keep working, and
 * that is why a driver needs little more.
 */

/**
 * Landlock's ABI version here; 0: the kernel has none, or it is switched off. Up to the version
 * that this code knows.
 */
int worker_sandbox_landlock(void);

/** Shuts the calling process in, all of its threads. Errors: WORKER_SANDBOX. */
bool worker_sandbox_enter(struct lane_error *err);

/**
 * What a sandbox entered here consists of: {"landlock": 6, "seccomp": true, "missing": ["..."]},
 * where each text of `missing` says what the kernel lacks and what follows from it. Caller owns it.
 */
cJSON *worker_sandbox_describe(void);

#endif
