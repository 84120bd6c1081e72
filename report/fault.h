/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_FAULT_H
#define REPORT_FAULT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * What is known of a fault code. The one table of all codes that a finding may carry, laid down by
 * area in report/fault_<area>.c; docs/faults.md is generated from it and --explain prints it. Codes
 * are stable.
 */
struct report_fault {
	/** UPPER_SNAKE_CASE. */
	const char *code;
	/** A few words: "Vulkan loader missing". */
	const char *title;
	/** Why it happens: one or more sentences. */
	const char *cause;
	/** What to do about it. */
	const char *remedy;
	/** A command that confirms it, or shows more of it. */
	const char *confirm;
};

/** The entry, or NULL. */
const struct report_fault *report_fault_find(const char *code);
/** The entry whose code follows that of `previous`; the first after NULL, NULL after the last. */
const struct report_fault *report_fault_next(const struct report_fault *previous);

/** Adds the entry as text for people, wrapped to `columns`. False when there is no such code. */
bool report_fault_explain(const char *code, unsigned columns, struct base_buffer *out);
/** Adds the whole table as the Markdown page docs/faults.md. */
void report_fault_page(struct base_buffer *out);

#endif
