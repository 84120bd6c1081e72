/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_RELOAD_H
#define BRIDGE_RELOAD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What a running bridge reads again of the operator's files: when they have changed and then stayed
 * as they are from one look to the next, as they are replaced one after the other, and at once when
 * it is told to. What cannot be used is said once and tried again at every look, for it may lack a
 * file that nobody knows of yet; until then all stays as it was.
 */

/** One thing that is made of some files. */
struct bridge_reload_part {
	/** What the log calls it. Static. */
	const char *name;
	/** Its files from 0 on; NULL behind the last. Borrowed. */
	const char *(*file)(const void *context, size_t index);
	/** Reads them again and goes by them from then on; on failure all stays as it was. */
	bool (*load)(void *context, struct lane_error *err);
	void *context;
	/** What the files looked like when they were read last, and at the last look. */
	uint64_t read, seen;
	/** Why they could not be used; NULL: they could. Owned. */
	char *trouble;
};

enum { BRIDGE_RELOAD_PARTS_MAX = 2 };

/** A zeroed value has no parts. */
struct bridge_reload {
	struct bridge_reload_part parts[BRIDGE_RELOAD_PARTS_MAX];
	size_t count;
	/** When to look next. */
	uint64_t look_ns;
};

/** Adds a part whose files have just been read. */
void bridge_reload_add(struct bridge_reload *reload, const struct bridge_reload_part *part);
/** Looks when it is time to; returns when it is next. */
uint64_t bridge_reload_advance(struct bridge_reload *reload, uint64_t now_ns);
/** Reads everything again. */
void bridge_reload_now(struct bridge_reload *reload);
/** Parts that go by what was read before, as what is there cannot be used. */
size_t bridge_reload_troubles(const struct bridge_reload *reload);
void bridge_reload_finish(struct bridge_reload *reload);

#endif
