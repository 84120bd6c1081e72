/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github_http.h"

#include "base/clock.h"
#include "base/memory.h"
#include "report/document.h"
#include "report/fault.h"
#include "report/plain.h"

#include <stdlib.h>
#include <string.h>

/* GitHub's limits: characters, and bytes are never fewer. */
enum {
	NAME_MAX_BYTES = 100,
	TITLE_MAX_BYTES = 255,
	MESSAGE_MAX_BYTES = 64 * 1024 - 1,
	SUMMARY_MAX_BYTES = 65535,
};

static void add_plain(cJSON *object, const char *key, struct base_buffer *text, size_t max)
{
	report_plain_cut(text, 0, max);
	base_json_add_string(object, key, text->data ? text->data : "");
}

static void add_annotation(
	const struct github_environment *environment, const cJSON *finding, cJSON *annotations)
{
	const cJSON *where = base_json_get(finding, "where");
	struct github_place place = github_place_find(environment, where);
	cJSON *annotation = base_json_add_object(annotations, NULL);
	base_json_add_string(annotation, "path", place.path);
	base_json_add_number(annotation, "start_line", (double)place.line);
	base_json_add_number(annotation, "end_line", (double)place.line);
	base_json_add_string(annotation, "annotation_level", base_json_string(finding, "level", ""));
	BASE_BUFFER_AUTO title = BASE_BUFFER_INIT;
	report_plain_add(&title, base_json_string(finding, "title", ""), true);
	base_buffer_print(&title, " (%s)", base_json_string(finding, "code", ""));
	add_plain(annotation, "title", &title, TITLE_MAX_BYTES);
	BASE_BUFFER_AUTO message = BASE_BUFFER_INIT;
	report_plain_add(&message, base_json_string(finding, "message", ""), true);
	base_buffer_add_text(&message, "\n\nRemedy: ");
	report_plain_add(&message, base_json_string(finding, "remedy", ""), true);
	if (!place.exact && cJSON_IsObject(where)) {
		BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
		report_words_where(where, &words);
		base_buffer_add_text(&message, "\n\nDeclared in ");
		report_plain_add(&message, words.data, true);
	}
	add_plain(annotation, "message", &message, MESSAGE_MAX_BYTES);
	const cJSON *evidence = base_json_get(finding, "evidence");
	if (evidence && evidence->child) {
		BASE_BUFFER_AUTO details = BASE_BUFFER_INIT;
		base_json_write(evidence, 2, &details);
		add_plain(annotation, "raw_details", &details, MESSAGE_MAX_BYTES);
	}
	free(place.path);
}

/** What every request says anew, rendered once: GitHub takes no annotations without it. */
struct heading {
	struct base_buffer title, summary;
};

static void heading_render(const cJSON *document, struct heading *heading)
{
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	base_buffer_print(&heading->title, "%s: ", base_json_string(document, "verdict", "unknown"));
	report_words_verdict(document, &words);
	report_plain_add(&heading->title, words.data, true);
	report_markdown_render(document, SUMMARY_MAX_BYTES, &heading->summary);
}

static void heading_finish(struct heading *heading)
{
	base_buffer_finish(&heading->title);
	base_buffer_finish(&heading->summary);
}

/* The output of one request: the heading, and annotations from `first` on. */
static void add_output(const struct github_environment *environment, struct heading *heading,
	const cJSON *const *findings, size_t count, size_t first, cJSON *request)
{
	cJSON *output = base_json_add_object(request, "output");
	add_plain(output, "title", &heading->title, TITLE_MAX_BYTES);
	base_json_add_string(output, "summary", heading->summary.data);
	cJSON *annotations = base_json_add_array(output, "annotations");
	for (size_t i = first; i < count && i < first + GITHUB_ANNOTATIONS_MAX; i++) {
		add_annotation(environment, findings[i], annotations);
	}
}

static void add_name(const cJSON *document, cJSON *request)
{
	BASE_BUFFER_AUTO name = BASE_BUFFER_INIT;
	report_plain_add(&name, base_json_string(document, "tool", "gpu-lane"), true);
	const char *floor = base_json_string(base_json_get(document, "floor"), "name", NULL);
	if (floor) {
		base_buffer_add_text(&name, ": ");
		report_plain_add(&name, floor, true);
	}
	add_plain(request, "name", &name, NAME_MAX_BYTES);
}

static void add_run(const struct github_environment *environment, const cJSON *document,
	const char *sha, cJSON *request)
{
	char completed[BASE_CLOCK_TEXT_SIZE];
	base_clock_format(base_clock_wall_ms(), completed);
	bool holds = strcmp(base_json_string(document, "verdict", ""), "holds") == 0;
	add_name(document, request);
	base_json_add_string(request, "head_sha", sha);
	base_json_add_string(request, "status", "completed");
	/* Not "neutral" for unknown: that satisfies a required check, and nothing was shown. */
	base_json_add_string(request, "conclusion", holds ? "success" : "failure");
	base_json_add_string(request, "started_at", base_json_string(document, "started", completed));
	base_json_add_string(request, "completed_at", completed);
	if (environment->run_id) {
		base_json_add_format(request, "external_id", "%s-%s-%s", environment->run_id,
			environment->run_attempt ? environment->run_attempt : "1",
			environment->job ? environment->job : "");
		base_json_add_format(request, "details_url", "%s/%s/actions/runs/%s",
			environment->server_url, environment->repository, environment->run_id);
	}
}

/* Creates the run with the first annotations; *id is what the others are added to. */
static bool create_run(struct github_client *client, const char *path, const cJSON *request,
	uint64_t *id, struct lane_error *err)
{
	BASE_JSON_AUTO answer = {0};
	if (!github_client_send(client, "POST", path, request, &answer, err)) {
		return false;
	}
	*id = base_json_uint(answer.root, "id", 0);
	return *id > 0 || lane_error_set(err, "GITHUB_REFUSED", "POST %s: the answer has no id", path);
}

static bool post(struct github_client *client, const struct github_environment *environment,
	const cJSON *document, struct heading *heading, const char *sha, struct lane_error *err)
{
	size_t count;
	BASE_FREE const cJSON **findings = report_findings_sorted(document, &count);
	BASE_FREE char *path = base_format("/repos/%s/check-runs", environment->repository);
	BASE_JSON_FREE cJSON *creation = base_json_new_object();
	add_run(environment, document, sha, creation);
	add_output(environment, heading, findings, count, 0, creation);
	uint64_t id = 0;
	if (!create_run(client, path, creation, &id, err) ||
		!github_output_check_url(environment, id, err)) {
		return false;
	}
	for (size_t first = GITHUB_ANNOTATIONS_MAX; first < count; first += GITHUB_ANNOTATIONS_MAX) {
		BASE_FREE char *run_path = base_format("%s/%llu", path, (unsigned long long)id);
		BASE_JSON_FREE cJSON *update = base_json_new_object();
		add_output(environment, heading, findings, count, first, update);
		BASE_JSON_AUTO answer = {0};
		if (!github_client_send(client, "PATCH", run_path, update, &answer, err)) {
			return lane_error_wrap(err, "annotations from %zu of %zu on", first + 1, count);
		}
	}
	return true;
}

bool github_check_run(struct github_client *client, const struct github_environment *environment,
	const cJSON *document, struct lane_error *err)
{
	char sha[65];
	if (!github_environment_has_repository(environment)) {
		return lane_error_set(err, "GITHUB_EVENT", "GITHUB_REPOSITORY is no owner/name: %s",
			environment->repository ? environment->repository : "not set");
	}
	github_client_start(client);
	if (!github_event_sha(environment, sha, err) ||
		!github_client_login(client, environment, err)) {
		return false;
	}
	struct heading heading = {.title = BASE_BUFFER_INIT, .summary = BASE_BUFFER_INIT};
	heading_render(document, &heading);
	bool posted = post(client, environment, document, &heading, sha, err);
	heading_finish(&heading);
	return posted;
}
