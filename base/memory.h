/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Small allocations that cannot fail: without memory the process prints one line and aborts, since
 * every caller would do just that. Sizes that come from outside are bounded before they get here.
 */
void *base_alloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/** Grows or shrinks an array; new elements are not initialised. */
void *base_realloc(void *memory, size_t count, size_t size) __attribute__((returns_nonnull));
char *base_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *base_strndup(const char *text, size_t size) __attribute__((malloc, returns_nonnull));
char *base_format(const char *format, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/** Prints one line to stderr and aborts. */
_Noreturn void base_memory_exhausted(void);

/** For __attribute__((cleanup)): frees *(void **)pointer, closes *fd when it is not negative. */
void base_cleanup_free(void *pointer);
void base_cleanup_close(int *fd);
#define BASE_FREE __attribute__((cleanup(base_cleanup_free)))
#define BASE_CLOSE __attribute__((cleanup(base_cleanup_close)))

#endif
