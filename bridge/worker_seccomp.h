/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_SECCOMP_H
#define BRIDGE_WORKER_SECCOMP_H

#include "base/error.h"

#include <stdbool.h>

/**
 * Denies the calling process, all of its threads, the system calls that a driver needs none of once
 * its device is open: new programs and processes, other processes, sockets, making or changing
 * files, everything of an administrator. They fail with EPERM. Without Landlock (`files_guarded` is
 * false) no file may be opened for writing either. Needs no_new_privs. Errors: WORKER_SANDBOX.
 */
bool worker_seccomp_enter(bool files_guarded, struct lane_error *err);

#endif
