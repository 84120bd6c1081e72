/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/spare.h"

static void move(struct base_buffer *to, struct base_buffer *from)
{
	base_buffer_finish(to);
	*to = *from;
	*from = (struct base_buffer)BASE_BUFFER_INIT;
}

char *bridge_spare_reserve(struct base_buffer *spare, struct base_buffer *buffer, size_t size)
{
	if (spare != NULL && size > BRIDGE_SPARE_MIN && buffer->capacity < spare->capacity &&
		buffer->capacity - buffer->size <= size) {
		base_buffer_add(spare, buffer->data, buffer->size);
		move(buffer, spare);
	}
	return base_buffer_reserve(buffer, size);
}

void bridge_spare_keep(struct base_buffer *spare, struct base_buffer *buffer)
{
	base_buffer_clear(buffer);
	if (spare != NULL && buffer->capacity > spare->capacity &&
		buffer->capacity <= BRIDGE_SPARE_MAX) {
		move(spare, buffer);
	}
	base_buffer_finish(buffer);
}
