/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_NOTIFY_H
#define BRIDGE_NOTIFY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The service manager's side of systemd, without its library: sd_notify(3) and sd_listen_fds(3).
 * Each reads the environment of this process and does nothing when it was not started so.
 */

/** Sends lines like "READY=1" to $NOTIFY_SOCKET. Nobody waits for them: an error is not told. */
void bridge_notify(const char *lines);
/** How often "WATCHDOG=1" has to be sent: half of what $WATCHDOG_USEC allows; 0: not at all. */
uint64_t bridge_notify_watchdog_ns(void);

/** The first descriptor that is handed over (SD_LISTEN_FDS_START). */
enum { BRIDGE_INHERITED_FIRST = 3, BRIDGE_INHERITED_MAX = 16 };

/** How many listening sockets the manager has handed over, from descriptor 3 on; our children do
 * not get them. Errors: USAGE when
 * $LISTEN_FDS is no number or too many. */
bool bridge_notify_inherited(size_t *count, struct lane_error *err);
/** Whether the name that the manager gave the one with this index (FileDescriptorName=) is `name`.
 */
bool bridge_notify_is_named(size_t index, const char *name);

#endif
