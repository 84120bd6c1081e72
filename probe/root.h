/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_ROOT_H
#define PROBE_ROOT_H

#include "base/buffer.h"
#include "base/json.h"

#include <stdbool.h>

/**
 * The machine's files below a folder: "" for the machine itself; a test lays out a tree of its own.
 * All paths are formatted behind it.
 */
struct probe_root {
	const char *path;
};

/** The path. Caller frees. */
char *probe_root_path(const struct probe_root *root, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** First line of a file without white space at its end; NULL when it cannot be read. Caller frees.
 */
char *probe_root_line(const struct probe_root *root, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** A file of at most 64 KiB. False when it cannot be read. */
bool probe_root_read(const struct probe_root *root, struct base_buffer *text, const char *format,
	...) __attribute__((format(printf, 3, 4)));
/** Last component of what a link points to ("amdgpu" for .../driver), or NULL. Caller frees. */
char *probe_root_link(const struct probe_root *root, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool probe_root_exists(const struct probe_root *root, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Adds a string that was read, unless it is NULL or empty, and frees it. */
void probe_add_text(cJSON *object, const char *key, char *text);
/**
 * Finds the line that begins with `name` and reads the whole number after it: "ue: 0". False when
 * there is none.
 */
bool probe_find_count(const char *text, const char *name, unsigned long long *count);
/** Adds the whole number that a text begins with, unless there is none, and frees it. */
void probe_add_count(cJSON *object, const char *key, char *text);

#endif
