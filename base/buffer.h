/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * Bytes that grow. A zeroed value is an empty buffer. `data` is always followed by a terminating
 * NUL that `size` does not count, so text in it can be printed; it is NULL while nothing was added.
 * Running out of memory ends the process (base_memory_exhausted), so adding cannot fail.
 */
struct base_buffer {
	char *data;
	size_t size;
	size_t capacity;
};

#define BASE_BUFFER_INIT                                                                           \
	{                                                                                              \
		.data = NULL, .size = 0, .capacity = 0                                                     \
	}
#define BASE_BUFFER_AUTO __attribute__((cleanup(base_buffer_finish))) struct base_buffer

/** Adds bytes at the end. */
void base_buffer_add(struct base_buffer *buffer, const void *bytes, size_t size);
/** Adds a string without its terminator. */
void base_buffer_add_text(struct base_buffer *buffer, const char *text);
/** Adds formatted text. */
void base_buffer_print(struct base_buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void base_buffer_vprint(struct base_buffer *buffer, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
/** Makes room for `size` further bytes and returns where they go; `size` field is unchanged. */
char *base_buffer_reserve(struct base_buffer *buffer, size_t size);
/** Drops the first `size` bytes (all of them if there are fewer). */
void base_buffer_consume(struct base_buffer *buffer, size_t size);
/** Empties it, keeping the memory. */
void base_buffer_clear(struct base_buffer *buffer);
/** Hands the memory (never NULL, NUL-terminated) to the caller, who frees it; empties the buffer.
 */
char *base_buffer_steal(struct base_buffer *buffer);
void base_buffer_finish(struct base_buffer *buffer);

#endif
