/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

/* The parts of the HTML form. Everything from a document goes through report_markup_text. */

#include "report/document.h"

/** The one style sheet; colours follow the reader's light or dark scheme. */
extern const char report_html_style[];

/**
 * The spread of all verified workloads around their medians, on one scale, as inline SVG. Nothing
 * when there is none.
 */
void report_html_overview(const cJSON *workloads, struct base_buffer *out);
/** How much faster than the CPU, where that was measured; nothing otherwise. */
void report_html_speedups(const cJSON *workloads, struct base_buffer *out);
/** One workload's samples over time, their distribution and box, as inline SVG. */
void report_html_samples(const cJSON *workload, struct base_buffer *out);

#endif
