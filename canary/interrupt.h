/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_INTERRUPT_H
#define CANARY_INTERRUPT_H

#include "base/error.h"

#include <stdbool.h>

/** SIGINT and SIGTERM as a descriptor, so that a run can end in order: lease released, report
 * written. */
struct canary_interrupt {
	/** A signalfd; the signals stay pending in it, so that every later look sees them. */
	int fd;
};

/** Blocks the two signals. Children get their mask reset by base_child_detach. Errors:
 * INTERNAL_ERROR. */
bool canary_interrupt_start(struct canary_interrupt *interrupt, struct lane_error *err);
/** Unblocks them, forgetting what came in. */
void canary_interrupt_finish(struct canary_interrupt *interrupt);
/** Whether one came. */
bool canary_interrupt_raised(const struct canary_interrupt *interrupt);

#endif
