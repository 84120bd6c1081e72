/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_FLOOR_H
#define PROBE_FLOOR_H

#include "probe/operator.h"
#include "probe/probe.h"

#define PROBE_FLOOR_SCHEMA "gpu-lane-floor/v1"

/** One line of a floor: what a fact must be. Strings are borrowed from the floor's document. */
struct probe_expectation {
	const char *id;
	const char *fact;
	struct probe_test test;
	enum report_level severity;
	const char *why;
	const char *remedy;
	/** Where in the floor's file. */
	unsigned line;
};

struct probe_floor {
	/** The file, whose tree the strings belong to; its name is the path. */
	struct base_json document;
	const char *name;
	const char *title;
	struct probe_expectation *expectations;
	size_t count;
	/** Arrays of strings. */
	const cJSON *proves;
	const cJSON *does_not_prove;
};

/** Makes a floor of a parsed document, which it takes over. Errors: JSON_INVALID. */
struct probe_floor *probe_floor_parse(struct base_json *document, struct lane_error *err);

/** Prints name and title of every floor that a name would find, one a line. */
void probe_floor_print_all(struct base_buffer *out);

#endif
