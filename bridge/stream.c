/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/stream.h"

#include "bridge/fid.h"

#include <string.h>

void bridge_stream_add(struct bridge_stream *stream, const char *line, size_t size)
{
	base_buffer_add(&stream->kept, line, size);
	base_buffer_add(&stream->kept, "\n", 1);
	if (stream->kept.size <= stream->size_max) {
		return;
	}
	/* An eighth more than needed goes, so that the rest is not moved for every line. */
	size_t drop = stream->kept.size - (stream->size_max - stream->size_max / 8);
	const char *newline = memchr(stream->kept.data + drop - 1, '\n', stream->kept.size - drop + 1);
	drop = (size_t)(newline - stream->kept.data) + 1;
	base_buffer_consume(&stream->kept, drop);
	stream->base += drop;
}

uint64_t bridge_stream_end(const struct bridge_stream *stream)
{
	return stream->base + stream->kept.size;
}

size_t bridge_stream_read(
	const struct bridge_stream *stream, uint64_t offset, uint64_t *skew, void *bytes, size_t size)
{
	uint64_t place;
	if (__builtin_add_overflow(offset, *skew, &place) || place >= bridge_stream_end(stream)) {
		return 0;
	}
	if (place < stream->base) {
		*skew += stream->base - place;
		place = stream->base;
	}
	size_t from = (size_t)(place - stream->base);
	size_t count = stream->kept.size - from < size ? stream->kept.size - from : size;
	memcpy(bytes, stream->kept.data + from, count);
	return count;
}

void bridge_stream_finish(struct bridge_stream *stream)
{
	base_buffer_finish(&stream->kept);
}

static uint64_t file_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)fid;
	return bridge_stream_end(node->context);
}

static ssize_t file_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	return (ssize_t)bridge_stream_read(node->context, offset, &fid->skew, bytes, size);
}

const struct bridge_file_kind bridge_stream_file = {
	.mode = 0444, .size = file_size, .read = file_read};
