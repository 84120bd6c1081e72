/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void base_memory_exhausted(void)
{
	static const char text[] = "gpu-lane: out of memory\n";
	/* stdio may need memory itself. Nothing can be done if even this fails. */
	ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)written;
	abort();
}

void *base_alloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);
	if (!memory) {
		base_memory_exhausted();
	}
	return memory;
}

void *base_realloc(void *memory, size_t count, size_t size)
{
	void *grown = reallocarray(memory, count ? count : 1, size ? size : 1);
	if (!grown) {
		base_memory_exhausted();
	}
	return grown;
}

char *base_strndup(const char *text, size_t size)
{
	char *copy = strndup(text, size);
	if (!copy) {
		base_memory_exhausted();
	}
	return copy;
}

char *base_strdup(const char *text)
{
	char *copy = strdup(text);
	if (!copy) {
		base_memory_exhausted();
	}
	return copy;
}

char *base_format(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = NULL;
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		base_memory_exhausted();
	}
	return text;
}

void base_cleanup_free(void *pointer)
{
	void **held = (void **)pointer;
	free(*held);
	*held = NULL;
}

void base_cleanup_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}
