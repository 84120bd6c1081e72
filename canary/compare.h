/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_COMPARE_H
#define CANARY_COMPARE_H

#include "base/buffer.h"
#include "base/json.h"

#define COMPARE_SCHEMA "gpu-lane-comparison/v1"

/**
 * Puts two reports side by side: schema gpu-lane-comparison/v1, a row for each workload of either.
 * A row is SLOW or FAST when b's median is at least 3 % from a's and their 95 % intervals are
 * apart, SAME within 1 %, or within 3 % with intervals that meet, else AMBIGUOUS; and INCOMPARABLE
 * with a reason when one is not there, has no figure, or is another kernel, size or unit. Two runs
 * do not tell how much runs scatter: a baseline does. Caller owns the document.
 */
cJSON *compare_reports(const char *a_path, const cJSON *a, const char *b_path, const cJSON *b);

/** 0: nothing is slower; 1: something is; 2: nothing could be compared. */
int compare_exit_status(const cJSON *comparison);

/** The document as text for people. */
void compare_print(const cJSON *comparison, struct base_buffer *out);

#endif
