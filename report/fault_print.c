/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault.h"

#include "report/markdown.h"
#include "report/page.h"

static void explain_line(struct report_page *page, const char *label, const char *words)
{
	enum { LABEL_WIDTH = 10 };
	report_page_pad(page, REPORT_INK_NONE, label, LABEL_WIDTH);
	report_page_wrap(page, REPORT_INK_NONE, words, LABEL_WIDTH);
}

bool report_fault_explain(const char *code, unsigned columns, struct base_buffer *out)
{
	const struct report_fault *fault = report_fault_find(code);
	if (!fault) {
		return false;
	}
	const struct report_style style = {.columns = columns};
	struct report_page page = {.out = out, .style = &style};
	explain_line(&page, fault->code, fault->title);
	explain_line(&page, "cause", fault->cause);
	explain_line(&page, "remedy", fault->remedy);
	/* Not wrapped, so that it can be copied. */
	base_buffer_print(out, "confirm   %s\n", fault->confirm);
	return true;
}

void report_fault_page(struct base_buffer *out)
{
	base_buffer_add_text(out,
		"# Faults\n"
		"\n"
		"Every finding carries one of these codes; they do not change between releases.\n"
		"`gpu-probe --explain CODE` prints an entry. This page is the output of `gpu-report faults`.\n"
		"In the commands, MOUNT is where a bridge's namespace is mounted, FILE, FLOOR and POD stand "
		"for yours.\n");
	for (const struct report_fault *fault = report_fault_next(NULL); fault;
		 fault = report_fault_next(fault)) {
		base_buffer_print(out, "\n## %s\n\n**", fault->code);
		report_markdown_text(out, fault->title);
		base_buffer_add_text(out, ".** ");
		report_markdown_text(out, fault->cause);
		base_buffer_add_text(out, "\n\n*Remedy:* ");
		report_markdown_text(out, fault->remedy);
		base_buffer_add_text(out, "\n");
		base_buffer_print(out, "\n```sh\n%s\n```\n", fault->confirm);
	}
}
