/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github.h"

#include "base/memory.h"
#include "report/document.h"
#include "report/plain.h"

#include <stdlib.h>
#include <string.h>

/* The runner cuts a message after 4096 characters; titles are cut by the page. */
enum { MESSAGE_MAX = 4000, TITLE_MAX = 255 };

static const char *const command_names[] = {"notice", "warning", "error"};

/* actions/runner ActionCommand: data escapes % CR LF, a property also : and , */
static void add_escaped(struct base_buffer *out, const char *text, bool property)
{
	for (const char *at = text; *at; at++) {
		bool escaped = strchr("%\r\n", *at) || (property && strchr(":,", *at));
		if (escaped) {
			base_buffer_print(out, "%%%02X", (unsigned char)*at);
		} else {
			base_buffer_add(out, at, 1);
		}
	}
}

static void add_property(struct base_buffer *out, const char *name, const char *text, size_t max)
{
	BASE_BUFFER_AUTO plain = BASE_BUFFER_INIT;
	report_plain_add(&plain, text, true);
	report_plain_cut(&plain, 0, max);
	base_buffer_print(out, "%s=", name);
	add_escaped(out, plain.data ? plain.data : "", true);
}

static void add_command(const struct github_environment *environment, const cJSON *finding,
	enum report_level level, struct base_buffer *out)
{
	base_buffer_print(out, "::%s ", command_names[level]);
	struct github_place place = github_place_find(environment, base_json_get(finding, "where"));
	if (place.exact) {
		add_property(out, "file", place.path, MESSAGE_MAX);
		base_buffer_print(out, ",line=%llu,", (unsigned long long)place.line);
	}
	free(place.path);
	BASE_FREE char *title = base_format(
		"%s (%s)", base_json_string(finding, "title", ""), base_json_string(finding, "code", ""));
	add_property(out, "title", title, TITLE_MAX);
	BASE_BUFFER_AUTO message = BASE_BUFFER_INIT;
	report_plain_add(&message, base_json_string(finding, "message", ""), true);
	const char *remedy = base_json_string(finding, "remedy", "");
	if (*remedy) {
		base_buffer_add_text(&message, "\n");
		report_plain_add(&message, remedy, true);
	}
	report_plain_cut(&message, 0, MESSAGE_MAX);
	base_buffer_add_text(out, "::");
	add_escaped(out, message.data ? message.data : "", false);
	base_buffer_add_text(out, "\n");
}

static unsigned count_level(const cJSON *const *documents, size_t count, int level)
{
	unsigned sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += report_level_count(documents[i], (enum report_level)level);
	}
	return sum;
}

/* Adds one document's findings of this level while `*left` lasts; returns how many are left out. */
static unsigned add_level(const struct github_environment *environment, const cJSON *document,
	int level, unsigned *left, struct base_buffer *out)
{
	unsigned rest = 0;
	const cJSON *finding;
	cJSON_ArrayForEach(finding, base_json_get(document, "findings"))
	{
		if ((int)report_level_of(finding) != level) {
			continue;
		}
		if (*left == 0) {
			rest++;
			continue;
		}
		(*left)--;
		add_command(environment, finding, (enum report_level)level, out);
	}
	return rest;
}

void github_commands(const struct github_environment *environment, const cJSON *const *documents,
	size_t count, struct base_buffer *out)
{
	/* The count of the rest is a notice itself and must be among the first ten of them. */
	bool overflow = false;
	for (int level = REPORT_NOTICE; level <= REPORT_FAILURE; level++) {
		overflow = overflow || count_level(documents, count, level) > GITHUB_COMMANDS_MAX;
	}
	unsigned rest = 0;
	for (int level = REPORT_FAILURE; level >= REPORT_NOTICE; level--) {
		unsigned left = GITHUB_COMMANDS_MAX;
		if (level == REPORT_NOTICE && overflow) {
			left--;
		}
		for (size_t i = 0; i < count; i++) {
			rest += add_level(environment, documents[i], level, &left, out);
		}
	}
	if (rest > 0) {
		base_buffer_print(out,
			"::notice title=More findings::%u more findings are in the step summary and the check "
			"run.\n",
			rest);
	}
}
