/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_STREAM_H
#define BRIDGE_STREAM_H

#include "base/buffer.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * Lines that are only ever appended, of which the newest are kept (/gpu/<id>/status, events and
 * lease). Offsets count from the first line ever written, so that a reader who comes back with the
 * offset where it stopped reads on there.
 */
struct bridge_stream {
	/** What is kept: whole lines. */
	struct base_buffer kept;
	/** Offset of its first byte. */
	uint64_t base;
	/** Bytes kept at most. */
	size_t size_max;
};

/** Adds one line; the newline is put after it. */
void bridge_stream_add(struct bridge_stream *stream, const char *line, size_t size);
/** Offset behind the last line. */
uint64_t bridge_stream_end(const struct bridge_stream *stream);
/**
 * Reads at `offset` + *skew: bytes read, 0 at the end. When that place is no longer kept, reading
 * goes on at the oldest kept line: *skew, which belongs to the reader and starts at 0, grows by
 * what was skipped, so that its own offsets stay contiguous.
 */
size_t bridge_stream_read(
	const struct bridge_stream *stream, uint64_t offset, uint64_t *skew, void *bytes, size_t size);
void bridge_stream_finish(struct bridge_stream *stream);

#endif
