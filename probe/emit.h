/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_EMIT_H
#define PROBE_EMIT_H

#include "base/buffer.h"
#include "base/json.h"

#include <stdbool.h>

/*
 * How a collector hands facts to its parent: one JSON line a fact, written at once, so that what
 * was learned before a driver crashed is kept, and the last step tells what crashed it.
 */

/** Puts the members of an object into the one at `path`. Takes over `value`. */
void probe_emit_put(int fd, const char *path, cJSON *value);
/** Appends an element to the array at `path`. Takes over `value`. */
void probe_emit_add(int fd, const char *path, cJSON *value);
/** Says what comes next, for the case that it never returns: "create the Vulkan instance". */
void probe_emit_step(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** The last line of a collector that came to its end. */
void probe_emit_done(int fd);

/**
 * Merges the lines of a collector into `facts`. A last line that was cut off is dropped. True when
 * the collector came to its end; otherwise `*step` (may be NULL before) is what it was about to do;
 * the caller frees it.
 */
bool probe_emit_merge(cJSON *facts, const struct base_buffer *lines, char **step);

#endif
