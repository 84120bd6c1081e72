/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *base_buffer_reserve(struct base_buffer *buffer, size_t size)
{
	size_t needed;
	if (__builtin_add_overflow(buffer->size, size, &needed) ||
		__builtin_add_overflow(needed, (size_t)1, &needed)) {
		base_memory_exhausted();
	}
	if (needed > buffer->capacity) {
		size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
		while (capacity < needed) {
			capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
		}
		buffer->data = base_realloc(buffer->data, capacity, 1);
		buffer->capacity = capacity;
	}
	buffer->data[buffer->size] = '\0';
	return buffer->data + buffer->size;
}

void base_buffer_add(struct base_buffer *buffer, const void *bytes, size_t size)
{
	char *end = base_buffer_reserve(buffer, size);
	if (size) {
		memcpy(end, bytes, size);
	}
	buffer->size += size;
	buffer->data[buffer->size] = '\0';
}

void base_buffer_add_text(struct base_buffer *buffer, const char *text)
{
	base_buffer_add(buffer, text, strlen(text));
}

void base_buffer_vprint(struct base_buffer *buffer, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0) {
		return;
	}
	char *end = base_buffer_reserve(buffer, (size_t)length);
	vsnprintf(end, (size_t)length + 1, format, args);
	buffer->size += (size_t)length;
}

void base_buffer_print(struct base_buffer *buffer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	base_buffer_vprint(buffer, format, args);
	va_end(args);
}

void base_buffer_consume(struct base_buffer *buffer, size_t size)
{
	if (!buffer->data) {
		return;
	}
	if (size > buffer->size) {
		size = buffer->size;
	}
	buffer->size -= size;
	memmove(buffer->data, buffer->data + size, buffer->size + 1);
}

void base_buffer_clear(struct base_buffer *buffer)
{
	base_buffer_consume(buffer, buffer->size);
}

char *base_buffer_steal(struct base_buffer *buffer)
{
	base_buffer_reserve(buffer, 0);
	char *data = buffer->data;
	*buffer = (struct base_buffer)BASE_BUFFER_INIT;
	return data;
}

void base_buffer_finish(struct base_buffer *buffer)
{
	if (buffer) {
		free(buffer->data);
		*buffer = (struct base_buffer)BASE_BUFFER_INIT;
	}
}
