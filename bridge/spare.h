/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_SPARE_H
#define BRIDGE_SPARE_H

#include "base/buffer.h"

/**
 * A spare is the memory of one large buffer, in an empty base_buffer, which the connections of a
 * bridge hand to each other. None keeps it while it is idle, and none has it from the system anew
 * for every reply: a client asks for as much as a message holds, and to map and clear that takes
 * longer than to answer. Where a spare is asked for, NULL is none.
 */

enum {
	/** Who needs less takes no part. */
	BRIDGE_SPARE_MIN = 4 << 10,
	/** More is not kept: a reply of the largest msize, with its header, in powers of two. */
	BRIDGE_SPARE_MAX = 2 << 20,
};

/** As base_buffer_reserve, with the spare's memory if that of the buffer is too small. */
char *bridge_spare_reserve(struct base_buffer *spare, struct base_buffer *buffer, size_t size);
/** Ends a buffer; its memory becomes the spare one if it is larger. */
void bridge_spare_keep(struct base_buffer *spare, struct base_buffer *buffer);

#endif
