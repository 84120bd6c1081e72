/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_FAULT_H
#define REPORT_FAULT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * What is known of a fault code. The one table of all codes that a finding may carry;
 * docs/faults.md is generated from it and --explain prints it. Codes are stable.
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
	/** A command that confirms it, or NULL. */
	const char *confirm;
};

/** The table, sorted by code. */
const struct report_fault *report_fault_table(size_t *count);
/** The entry, or NULL. */
const struct report_fault *report_fault_find(const char *code);

/** Adds the entry as text for people, wrapped to `columns`. False when there is no such code. */
bool report_fault_explain(const char *code, unsigned columns, struct base_buffer *out);
/** Adds the whole table as the Markdown page docs/faults.md. */
void report_fault_page(struct base_buffer *out);

#endif
