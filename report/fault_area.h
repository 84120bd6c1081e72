/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_FAULT_AREA_H
#define REPORT_FAULT_AREA_H

#include "report/fault.h"

/**
 * The faults of one area, in a file of its own: sorted by code (strcmp order: '_' after the
 * letters), each code in one area alone. Titles are a few words; cause and remedy are whole
 * sentences; confirm is one shell command. After a change, docs/faults.md is `gpu-report faults`.
 */
struct report_fault_area {
	const struct report_fault *faults;
	size_t count;
};

#define REPORT_FAULT_AREA(array)                                                                   \
	{                                                                                              \
		array, sizeof(array) / sizeof((array)[0])                                                  \
	}

extern const struct report_fault_area report_faults_bridge;
extern const struct report_fault_area report_faults_dawn;
extern const struct report_fault_area report_faults_host;
extern const struct report_fault_area report_faults_job;
extern const struct report_fault_area report_faults_report;
extern const struct report_fault_area report_faults_vulkan;

#endif
