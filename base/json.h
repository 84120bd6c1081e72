/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buffer.h"
#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/** Deepest nesting of a document that is read (RFC 8259 leaves the limit to the reader). */
#define BASE_JSON_DEPTH_MAX 32

/**
 * A parsed document: a cJSON tree and, for each node, the line it began on, so that a message can
 * point into the file. Strict reading: RFC 8259 grammar, UTF-8, no byte order mark, no duplicate
 * key, no NUL in a string, numbers finite, depth at most BASE_JSON_DEPTH_MAX, nothing after the
 * value.
 */
struct base_json {
	/** Name of the source for messages: a path or "<stdin>". Owned. */
	char *name;
	/** The tree. Owned; may be set to NULL by a caller who takes it over. */
	cJSON *root;
	/** Sorted by node address. Owned. */
	struct base_json_place {
		const cJSON *node;
		unsigned line;
	} * places;
	size_t place_count;
};

#define BASE_JSON_AUTO __attribute__((cleanup(base_json_finish))) struct base_json

/**
 * Parses `size` bytes. On failure the error is JSON_INVALID with "<name>:<line>: ..." (duplicate
 * keys and depth name the path, as "$.expect[2].id").
 */
bool base_json_parse(const char *name, const char *text, size_t size, struct base_json *json,
	struct lane_error *err);
/** Reads and parses a file of at most `size_max` bytes. Errors: FILE_READ, JSON_INVALID. */
bool base_json_load(
	const char *path, size_t size_max, struct base_json *json, struct lane_error *err);
void base_json_finish(struct base_json *json);

/** Line (from 1) on which the node began; 0 if the node is not of this document. */
unsigned base_json_line(const struct base_json *json, const cJSON *node);

/** Types a key may have, combined with |. */
enum base_json_type {
	BASE_JSON_NULL = 1 << 0,
	BASE_JSON_BOOL = 1 << 1,
	/** A whole number with |n| < 2^53, which a double holds exactly. */
	BASE_JSON_INTEGER = 1 << 2,
	/** Any finite number (integers too). */
	BASE_JSON_NUMBER = 1 << 3,
	BASE_JSON_STRING = 1 << 4,
	BASE_JSON_ARRAY = 1 << 5,
	BASE_JSON_OBJECT = 1 << 6,
	BASE_JSON_ANY = (1 << 7) - 1,
};

/** One key that an object may have. */
struct base_json_key {
	const char *name;
	/** Bits of enum base_json_type. */
	unsigned types;
	bool required;
	/** For BASE_JSON_INTEGER when `max` > `min`: the closed range. */
	double min, max;
};

/**
 * Checks that `object` is an object with these keys and no others. The error is JSON_INVALID with
 * "<name>:<line>: <path>...". `path` is the object's own path, "$" for the root.
 */
bool base_json_check(const struct base_json *json, const cJSON *object, const char *path,
	const struct base_json_key *keys, size_t key_count, struct lane_error *err);

/** As lane_error_set with JSON_INVALID and "<name>:<line>: " before the text. */
bool base_json_error(const struct base_json *json, const cJSON *node, struct lane_error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Lookups that take NULL and a wrong type calmly. Keys are compared byte for byte. Borrowed. */
const cJSON *base_json_get(const cJSON *object, const char *key);
/** Walks keys separated by dots ("vulkan.loader.path"). */
const cJSON *base_json_path(const cJSON *object, const char *path);
const char *base_json_string(const cJSON *object, const char *key, const char *otherwise);
double base_json_number(const cJSON *object, const char *key, double otherwise);
bool base_json_bool(const cJSON *object, const char *key, bool otherwise);
/** Whole number in 0..2^53-1; anything else gives `otherwise`. */
uint64_t base_json_uint(const cJSON *object, const char *key, uint64_t otherwise);

/**
 * Builders. They add to `object` (or append to an array when `key` is NULL) and abort when memory
 * runs out, so that a tree is never silently incomplete. Invalid UTF-8 is replaced by U+FFFD, since
 * names come from drivers. The object and array forms return the new, borrowed node.
 */
cJSON *base_json_new_object(void);
cJSON *base_json_new_array(void);
cJSON *base_json_add_object(cJSON *object, const char *key);
cJSON *base_json_add_array(cJSON *object, const char *key);
void base_json_add_string(cJSON *object, const char *key, const char *value);
void base_json_add_format(cJSON *object, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void base_json_add_number(cJSON *object, const char *key, double value);
void base_json_add_bool(cJSON *object, const char *key, bool value);
void base_json_add_null(cJSON *object, const char *key);
/** Takes over `value`. */
void base_json_add_node(cJSON *object, const char *key, cJSON *value);

/**
 * Writes the tree. `indent` is the number of spaces a level; 0 writes one compact line without a
 * newline at the end, otherwise the text ends in a newline. Numbers are locale-independent.
 */
void base_json_write(const cJSON *node, unsigned indent, struct base_buffer *out);

/** For __attribute__((cleanup)) on a cJSON pointer. */
void base_json_delete(cJSON **node);
#define BASE_JSON_FREE __attribute__((cleanup(base_json_delete)))

#endif
