/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_PATH_H
#define PROBE_PATH_H

#include "base/json.h"

/*
 * Fact paths: keys separated by dots; `[key]` after an array's name selects the element whose
 * "name", "path", "address" or "key" is that text: `drm[renderD128].open`,
 * `host.environment[VK_DRIVER_FILES].value`. A key in brackets may hold anything but ']'.
 */

/** One step of a path: `name` and, when there are brackets, `key`. Borrowed from the path. */
struct probe_path_step {
	const char *name;
	size_t name_size;
	const char *key;
	size_t key_size;
};

/** Reads the next step. False at the end (*path points at the NUL) or at a malformed place. */
bool probe_path_next(const char **path, struct probe_path_step *step);

/** The node at the path, or NULL. Borrowed. */
const cJSON *probe_path_find(const cJSON *node, const char *path);
/** The same for an owner of the tree, who may write it. */
cJSON *probe_path_find_own(cJSON *node, const char *path);
/** The array's element that `[key]` selects, or NULL. Borrowed. */
const cJSON *probe_path_element(const cJSON *array, const char *key);

/** A member that is a string, or NULL. Borrowed. */
const char *probe_text(const cJSON *object, const char *key);
/** Whether a member is this string. */
bool probe_is(const cJSON *object, const char *key, const char *text);

#endif
