/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_KERNEL_LOG_H
#define PROBE_KERNEL_LOG_H

#include "base/json.h"

/**
 * Adds to `list` the newest lines of a kernel log in which a GPU driver is in trouble, oldest
 * first, without the level before them. Other lines are nobody's business.
 */
void probe_kernel_log_pick(cJSON *list, const char *text);

/** Adds them of this machine as "kernel_log", unless there are none or they may not be read. */
void probe_kernel_log(cJSON *host);

#endif
