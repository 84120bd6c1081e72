/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/path.h"

#include <string.h>

/* What names an element of one of the arrays of facts. */
static const char *const selectors[] = {"name", "path", "address", "key"};

bool probe_path_next(const char **path, struct probe_path_step *step)
{
	const char *at = *path;
	*step = (struct probe_path_step){.name = at, .name_size = strcspn(at, ".[]")};
	at += step->name_size;
	if (step->name_size == 0) {
		return false;
	}
	if (*at == '[') {
		step->key = at + 1;
		step->key_size = strcspn(step->key, "]");
		at = step->key + step->key_size;
		if (*at != ']' || step->key_size == 0) {
			return false;
		}
		at++;
	}
	if (*at == '.' && at[1] != '\0') {
		at++;
	} else if (*at != '\0') {
		return false;
	}
	*path = at;
	return true;
}

static bool same_text(const char *text, const char *key, size_t key_size)
{
	return text && strlen(text) == key_size && memcmp(text, key, key_size) == 0;
}

static const cJSON *select_element(const cJSON *array, const char *key, size_t key_size)
{
	const cJSON *element = cJSON_IsArray(array) ? array->child : NULL;
	for (; element; element = element->next) {
		for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
			if (same_text(base_json_string(element, selectors[i], NULL), key, key_size)) {
				return element;
			}
		}
	}
	return NULL;
}

static const cJSON *member(const cJSON *object, const struct probe_path_step *step)
{
	const cJSON *node = cJSON_IsObject(object) ? object->child : NULL;
	for (; node; node = node->next) {
		if (same_text(node->string, step->name, step->name_size)) {
			return node;
		}
	}
	return NULL;
}

const cJSON *probe_path_find(const cJSON *node, const char *path)
{
	struct probe_path_step step;
	while (node && *path != '\0') {
		if (!probe_path_next(&path, &step)) {
			return NULL;
		}
		node = member(node, &step);
		if (step.key) {
			node = select_element(node, step.key, step.key_size);
		}
	}
	return node;
}

cJSON *probe_path_find_own(cJSON *node, const char *path)
{
	return (cJSON *)probe_path_find(node, path);
}

const cJSON *probe_path_element(const cJSON *array, const char *key)
{
	return key ? select_element(array, key, strlen(key)) : NULL;
}

const char *probe_text(const cJSON *object, const char *key)
{
	return base_json_string(object, key, NULL);
}

bool probe_is(const cJSON *object, const char *key, const char *text)
{
	const char *value = probe_text(object, key);
	return value && strcmp(value, text) == 0;
}
