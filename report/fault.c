/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault_area.h"

#include <stdlib.h>
#include <string.h>

static const struct report_fault_area *const areas[] = {
	&report_faults_bridge,
	&report_faults_dawn,
	&report_faults_host,
	&report_faults_job,
	&report_faults_report,
	&report_faults_vulkan,
};

enum { AREA_COUNT = sizeof(areas) / sizeof(areas[0]) };

static int compare_code(const void *code, const void *fault)
{
	return strcmp(code, ((const struct report_fault *)fault)->code);
}

const struct report_fault *report_fault_find(const char *code)
{
	const struct report_fault *found = NULL;
	for (size_t i = 0; code && !found && i < AREA_COUNT; i++) {
		found = bsearch(code, areas[i]->faults, areas[i]->count, sizeof(*found), compare_code);
	}
	return found;
}

/* The first of the area's faults that comes after the code, or NULL. */
static const struct report_fault *first_after(
	const struct report_fault_area *area, const char *code)
{
	for (size_t i = 0; i < area->count; i++) {
		if (strcmp(area->faults[i].code, code) > 0) {
			return &area->faults[i];
		}
	}
	return NULL;
}

const struct report_fault *report_fault_next(const struct report_fault *previous)
{
	const struct report_fault *next = NULL;
	for (size_t i = 0; i < AREA_COUNT; i++) {
		const struct report_fault *fault = first_after(areas[i], previous ? previous->code : "");
		if (fault && (!next || strcmp(fault->code, next->code) < 0)) {
			next = fault;
		}
	}
	return next;
}
