/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_HISTORY_H
#define CANARY_HISTORY_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>

/**
 * The figures of all runs, a line each (schema gpu-lane-history/v1), in a file that only grows, and
 * the runs in it from which on a figure was another.
 */

#define HISTORY_SCHEMA "gpu-lane-history/v1"
#define HISTORY_CHANGES_SCHEMA "gpu-lane-changes/v1"

/**
 * Appends the verified figures of a closed report as one line in one write; a last line that an
 * earlier write left unfinished is cut off first. Errors: FILE_WRITE.
 */
bool history_append(const char *path, const cJSON *report, struct lane_error *err);

/**
 * Reads a file (an unfinished last line is left out) and finds the change points of each series: a
 * workload of one size on one kind of device, whatever its driver. The document has the schema
 * gpu-lane-changes/v1. Errors: FILE_READ, JSON_INVALID (with file and line).
 */
bool history_changes(const char *path, cJSON **document, struct lane_error *err);

/** The document as text for people. */
void history_print(const cJSON *document, struct base_buffer *out);

#endif
