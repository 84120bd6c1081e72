/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_FACTS_H
#define PROBE_FACTS_H

#include "base/json.h"

#define PROBE_FACTS_SCHEMA "gpu-lane-facts/v1"

/** What a member of the facts looks like. */
struct probe_shape {
	/** NULL ends a list of members. */
	const char *name;
	/** Bits of enum base_json_type. */
	unsigned types;
	bool required;
	/** Members of an object, or of each object in an array; NULL for scalars. */
	const struct probe_shape *members;
	/** Of an array of scalars: the type of its elements. */
	unsigned element;
	/** Of a reference: path of the array of which this is an element's key. */
	const char *refers;
};

/** Facts without anything collected. Caller owns the tree. */
cJSON *probe_facts_new(void);
/**
 * Reads recorded facts strictly and joins them. Errors: FILE_READ, JSON_INVALID with file, line and
 * path. Caller owns the tree.
 */
bool probe_facts_load(const char *path, cJSON **facts, struct lane_error *err);
/** Checks a tree against the shape strictly. Errors: JSON_INVALID with file, line and path. */
bool probe_facts_check(const struct base_json *json, struct lane_error *err);
/** The shape of what a fact path leads to ("gpu." stands for an element of "gpus"), or NULL. */
const struct probe_shape *probe_facts_shape(const char *path);

/**
 * The fact that a path leads to. "gpu." is `gpu`, an element of "gpus" or NULL; its members
 * "primary", "render", "pci" and "vulkan" lead on to the node or device that they name, "vulkan" to
 * `device`. NULL when there is no such fact. Borrowed.
 */
const cJSON *probe_facts_find(
	const cJSON *facts, const cJSON *gpu, const cJSON *device, const char *path);

#endif
