/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/root.h"

#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOT_READ_MAX = 65536 };

static __attribute__((format(printf, 2, 0))) char *root_path(
	const struct probe_root *root, const char *format, va_list args)
{
	struct base_buffer path = BASE_BUFFER_INIT;
	base_buffer_add_text(&path, root->path);
	base_buffer_vprint(&path, format, args);
	return base_buffer_steal(&path);
}

#define ROOT_PATH(path)                                                                            \
	va_list args;                                                                                  \
	va_start(args, format);                                                                        \
	BASE_FREE char *path = root_path(root, format, args);                                          \
	va_end(args)

char *probe_root_path(const struct probe_root *root, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *path = root_path(root, format, args);
	va_end(args);
	return path;
}

char *probe_root_line(const struct probe_root *root, const char *format, ...)
{
	ROOT_PATH(path);
	char *line = base_file_line(path);
	size_t size = line ? strlen(line) : 0;
	while (size > 0 && strchr(" \t\r\n", line[size - 1])) {
		line[--size] = '\0';
	}
	return line;
}

bool probe_root_read(
	const struct probe_root *root, struct base_buffer *text, const char *format, ...)
{
	ROOT_PATH(path);
	return base_file_read(path, ROOT_READ_MAX, text, NULL) && text->data;
}

char *probe_root_link(const struct probe_root *root, const char *format, ...)
{
	ROOT_PATH(path);
	char target[PATH_MAX];
	ssize_t size = readlink(path, target, sizeof(target) - 1);
	if (size <= 0) {
		return NULL;
	}
	target[size] = '\0';
	const char *slash = strrchr(target, '/');
	return base_strdup(slash ? slash + 1 : target);
}

bool probe_root_exists(const struct probe_root *root, const char *format, ...)
{
	ROOT_PATH(path);
	return access(path, F_OK) == 0;
}

void probe_add_text(cJSON *object, const char *key, char *text)
{
	if (text && text[0] != '\0') {
		base_json_add_string(object, key, text);
	}
	free(text);
}

bool probe_find_count(const char *text, const char *name, unsigned long long *count)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, strlen(name)) == 0) {
			const char *digits = line + strlen(name);
			digits += strspn(digits, " \t");
			*count = strtoull(digits, NULL, 10);
			return *digits >= '0' && *digits <= '9';
		}
	}
	return false;
}

void probe_add_count(cJSON *object, const char *key, char *text)
{
	char *end = text;
	errno = 0;
	unsigned long long count = text ? strtoull(text, &end, 10) : 0;
	/* Beyond 2^53 a number of JSON is not exact, and no counter of these is there. */
	if (end != text && errno == 0 && text[0] != '-' && count < 1ull << 53) {
		base_json_add_number(object, key, (double)count);
	}
	free(text);
}
