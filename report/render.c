/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/file.h"
#include "base/terminal.h"
#include "report/document.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

/* What GitHub accepts as the summary of one step, less some room for what else the step writes. */
#define MARKDOWN_BYTES_MAX ((size_t)1000 * 1024)

bool report_format_parse(const char *name, enum report_format *format, struct lane_error *err)
{
	size_t length = strlen(name);
	int index = 0;
	for (const char *at = REPORT_FORMATS;; index++) {
		size_t end = strcspn(at, "|");
		if (end == length && strncmp(at, name, length) == 0) {
			*format = (enum report_format)index;
			return true;
		}
		if (at[end] == '\0') {
			return lane_error_set(
				err, "USAGE", "unknown format \"%s\", it is one of " REPORT_FORMATS, name);
		}
		at += end + 1;
	}
}

/* Asks the environment's locale without changing the process's own. */
static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	if (locale == (locale_t)0) {
		return false;
	}
	bool utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

struct report_style report_style_for(const char *path, enum base_color color, int verbosity)
{
	bool to_stdout = !path || strcmp(path, "-") == 0;
	/* A file is no terminal, whatever stdout is. */
	int fd = to_stdout ? STDOUT_FILENO : -1;
	return (struct report_style){
		.color = base_terminal_color(fd, color),
		.unicode = locale_is_utf8(),
		.columns = base_terminal_columns(fd),
		.verbosity = verbosity,
	};
}

/* The forms that are one file of all documents; the others follow each other. */
static void (*const joint_forms[])(
	const cJSON *const *documents, size_t count, struct base_buffer *out) = {
	[REPORT_HTML] = report_html_render,
	[REPORT_JUNIT] = report_junit_render,
	[REPORT_OPENMETRICS] = report_openmetrics_render,
};

bool report_format_joins(enum report_format format)
{
	return format != REPORT_JSON;
}

void report_render_all(const cJSON *const *documents, size_t count, enum report_format format,
	const struct report_style *style, struct base_buffer *out)
{
	if (joint_forms[format]) {
		joint_forms[format](documents, count, out);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		base_buffer_add_text(out, i > 0 ? "\n" : "");
		if (format == REPORT_TEXT) {
			report_text_render(documents[i], style, out);
		} else if (format == REPORT_MARKDOWN) {
			report_markdown_render(documents[i], MARKDOWN_BYTES_MAX, out);
		} else {
			base_json_write(documents[i], 2, out);
		}
	}
}

void report_render(const cJSON *document, enum report_format format,
	const struct report_style *style, struct base_buffer *out)
{
	report_render_all(&document, 1, format, style, out);
}

bool report_write(const cJSON *document, enum report_format format, int verbosity, const char *path,
	struct lane_error *err)
{
	struct report_style style = report_style_for(path, BASE_COLOR_AUTO, verbosity);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	report_render(document, format, &style, &out);
	return base_file_write(path ? path : "-", out.data, out.size, err);
}
