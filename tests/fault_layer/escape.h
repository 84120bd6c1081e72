/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_LAYER_ESCAPE_H
#define TESTS_FAULT_LAYER_ESCAPE_H

#include <stdbool.h>

/** Starts a thread, as drivers do when a device is opened: before the sandbox is entered. */
void escape_prepare(void);

/**
 * What a driver tries that a job has taken over, in the calling thread and in the one from before,
 * and what a sound driver needs. Each thing that goes otherwise than it should in a sandbox is said
 * on stderr. True when there is any.
 */
bool escape_try(void);

#endif
