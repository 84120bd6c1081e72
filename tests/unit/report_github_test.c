/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/memory.h"
#include "report/github_http.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* A folder of the test's own; state is its path. */
static int make_folder(void **state)
{
	char template[] = "/tmp/gpu-lane-report.XXXXXX";
	*state = mkdtemp(template) ? base_strdup(template) : NULL;
	return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
	BASE_FREE char *event = base_format("%s/event.json", (char *)*state);
	BASE_FREE char *floor = base_format("%s/work/floor.json", (char *)*state);
	BASE_FREE char *link = base_format("%s/work/link.json", (char *)*state);
	BASE_FREE char *work = base_format("%s/work", (char *)*state);
	unlink(event);
	unlink(floor);
	unlink(link);
	rmdir(work);
	rmdir(*state);
	free(*state);
	return 0;
}

static const struct {
	const char *event, *payload, *sha;
} events[] = {
	{"push", NULL, SHA_A},
	{"schedule", NULL, SHA_A},
	{"workflow_dispatch", NULL, SHA_A},
	{NULL, NULL, SHA_A},
	{"pull_request", "{\"pull_request\":{\"head\":{\"sha\":\"" SHA_B "\"}}}", SHA_B},
	{"pull_request_target", "{\"pull_request\":{\"head\":{\"sha\":\"" SHA_B "\"}}}", SHA_B},
	{"workflow_run", "{\"workflow_run\":{\"head_sha\":\"" SHA_B "\"}}", SHA_B},
	{"merge_group", "{\"merge_group\":{\"head_sha\":\"" SHA_B "\"}}", SHA_B},
	/* Never the merge commit instead. */
	{"pull_request", "{}", NULL},
	{"pull_request", "{\"pull_request\":{\"head\":{\"sha\":\"main\"}}}", NULL},
	{"pull_request", "{\"pull_request\":{\"head\":{\"sha\":7}}}", NULL},
	{"pull_request", "not json", NULL},
	{"pull_request", NULL, NULL},
};

static void test_sha_by_event(void **state)
{
	BASE_FREE char *path = base_format("%s/event.json", (char *)*state);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i].payload) {
			assert_true(base_file_write(path, events[i].payload, strlen(events[i].payload), NULL));
		}
		const struct github_environment environment = {.sha = SHA_A,
			.event_name = events[i].event,
			.event_path = events[i].payload ? path : NULL};
		char sha[65] = "";
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		bool found = github_event_sha(&environment, sha, &err);
		assert_int_equal(found, events[i].sha != NULL);
		assert_string_equal(found ? sha : "", events[i].sha ? events[i].sha : "");
	}
	const struct github_environment bad = {.sha = "aaaa/../../x"};
	char sha[65];
	assert_false(github_event_sha(&bad, sha, NULL));
}

static void assert_place(const struct github_environment *environment, const char *path,
	uint64_t line, const char *expected, uint64_t expected_line)
{
	BASE_JSON_FREE cJSON *where = base_json_new_object();
	base_json_add_string(where, "path", path);
	base_json_add_number(where, "line", (double)line);
	struct github_place place = github_place_find(environment, where);
	assert_string_equal(place.path, expected);
	assert_int_equal(place.line, expected_line);
	free(place.path);
}

static void test_place(void **state)
{
	BASE_FREE char *work = base_format("%s/work", (char *)*state);
	BASE_FREE char *floor = base_format("%s/work/floor.json", (char *)*state);
	BASE_FREE char *dotted = base_format("%s/work/../work/./floor.json", (char *)*state);
	BASE_FREE char *link = base_format("%s/work/link.json", (char *)*state);
	BASE_FREE char *gone = base_format("%s/work/gone.json", (char *)*state);
	assert_int_equal(mkdir(work, 0755), 0);
	assert_true(base_file_write(floor, "{}", 2, NULL));
	assert_int_equal(symlink("/etc/passwd", link), 0);
	const struct github_environment environment = {.workspace = work,
		.repository = "tinyland-inc/lab",
		.workflow_ref = "tinyland-inc/lab/.github/workflows/soak.yml@refs/heads/main"};
	const char *fallback = ".github/workflows/soak.yml";
	assert_place(&environment, floor, 12, "floor.json", 12);
	assert_place(&environment, dotted, 12, "floor.json", 12);
	/* A link out of the workspace, a file elsewhere, one that is not there, the folder itself. */
	assert_place(&environment, link, 12, fallback, 1);
	assert_place(&environment, "/etc/passwd", 12, fallback, 1);
	assert_place(&environment, gone, 12, fallback, 1);
	assert_place(&environment, work, 12, fallback, 1);
	struct github_environment other = environment;
	other.repository = "tinyland-inc/laboratory";
	assert_place(&other, "/etc/passwd", 12, ".github", 1);
	struct github_place none = github_place_find(&environment, NULL);
	assert_string_equal(none.path, fallback);
	assert_false(none.exact);
	free(none.path);
}

static const struct retry_case {
	const char *name;
	long status;
	int64_t retry_after_s, rate_remaining, rate_reset_s;
	unsigned attempt;
	bool again;
	uint64_t wait_s;
} retries[] = {
	{"created is final", 201, -1, -1, -1, 1, false, 0},
	{"invalid is final", 422, -1, -1, -1, 1, false, 0},
	{"unauthorised is final", 401, -1, -1, -1, 1, false, 0},
	{"a fork's 403 is final", 403, -1, 4999, 1000, 1, false, 0},
	{"404 is final", 404, -1, -1, -1, 1, false, 0},
	{"retry-after is obeyed", 429, 7, -1, -1, 1, true, 7},
	{"retry-after on 403 is a secondary limit", 403, 30, 10, 9999, 1, true, 30},
	{"retry-after beats reset", 403, 3, 0, 1500, 1, true, 3},
	{"no quota: until the reset", 403, -1, 0, 1500, 1, true, 500},
	{"a reset that is past", 429, -1, 0, 900, 1, true, 1},
	{"429 without a time: a minute", 429, -1, -1, -1, 1, true, 60},
	{"then two", 429, -1, -1, -1, 2, true, 120},
	{"server errors back off", 500, -1, -1, -1, 1, true, 1},
	{"exponentially", 502, -1, -1, -1, 3, true, 4},
	{"503 may name its time", 503, 9, -1, -1, 1, true, 9},
	{"no answer", 0, -1, -1, -1, 2, true, 2},
	{"not for ever", 500, -1, -1, -1, 4, false, 0},
};

static void test_retry_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(retries) / sizeof(retries[0]); i++) {
		const struct retry_case *c = &retries[i];
		const struct github_response response = {.status = c->status,
			.retry_after_s = c->retry_after_s,
			.rate_remaining = c->rate_remaining,
			.rate_reset_s = c->rate_reset_s};
		uint64_t wait_s = 0;
		bool again = github_response_retry(&response, c->attempt, 1000, &wait_s);
		if (again != c->again || wait_s != c->wait_s) {
			fail_msg("%s: %d after %llu s", c->name, again, (unsigned long long)wait_s);
		}
	}
}

static struct report *make_report(int failures, int warnings, int notices)
{
	struct report *report = report_create("gpu-test");
	const int counts[] = {notices, warnings, failures};
	for (int level = 0; level < 3; level++) {
		for (int i = 0; i < counts[level]; i++) {
			report_finding(report, (enum report_level)level, "DEVICE_LOST", "number %d", i);
		}
	}
	report_close(report);
	return report;
}

static unsigned count_of(const char *text, const char *part)
{
	unsigned count = 0;
	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

static void assert_commands(int failures, int warnings, int notices, const char *rest)
{
	struct report *report = make_report(failures, warnings, notices);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	base_buffer_add_text(&out, "");
	const struct github_environment environment = {0};
	github_commands(&environment, (const cJSON *const[]){report_root(report)}, 1, &out);
	assert_int_equal(count_of(out.data, "::error "), failures > 10 ? 10 : failures);
	assert_int_equal(count_of(out.data, "::warning "), warnings > 10 ? 10 : warnings);
	assert_true(count_of(out.data, "::notice ") <= 10);
	if (rest) {
		assert_non_null(strstr(out.data, rest));
	} else {
		assert_null(strstr(out.data, "More findings"));
	}
	/* Worst first. */
	const char *first_warning = strstr(out.data, "::warning ");
	assert_true(!first_warning || !strstr(first_warning, "::error "));
	report_destroy(report);
}

static void test_commands_are_budgeted(void **state)
{
	(void)state;
	assert_commands(0, 0, 0, NULL);
	assert_commands(10, 10, 10, NULL);
	assert_commands(11, 0, 0, "::1 more findings");
	assert_commands(0, 0, 11, "::2 more findings");
	assert_commands(120, 30, 40, "::161 more findings");
}

static void test_results_share_the_budget(void **state)
{
	(void)state;
	struct report *first = make_report(7, 0, 0);
	struct report *second = make_report(7, 1, 0);
	const cJSON *const documents[] = {report_root(first), report_root(second)};
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	const struct github_environment environment = {0};
	github_commands(&environment, documents, 2, &out);
	assert_int_equal(count_of(out.data, "::error "), 10);
	assert_int_equal(count_of(out.data, "::warning "), 1);
	assert_non_null(strstr(out.data, "::4 more findings"));
	report_destroy(first);
	report_destroy(second);
}

static void test_commands_are_escaped(void **state)
{
	(void)state;
	struct report *report = report_create("gpu-test");
	report_finding(report, REPORT_FAILURE, "DEVICE_LOST", "50%%\n::set-output name=x::y\033[0m");
	report_close(report);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	const struct github_environment environment = {0};
	github_commands(&environment, (const cJSON *const[]){report_root(report)}, 1, &out);
	const char *expected =
		"::error title=The GPU was lost while it worked (DEVICE_LOST)::50%25 ::set-output "
		"name=x::y\xef\xbf\xbd[0m%0ALook for";
	assert_int_equal(strncmp(out.data, expected, strlen(expected)), 0);
	assert_int_equal(count_of(out.data, "\n"), 1);
	report_destroy(report);
}

static void test_command_properties(void **state)
{
	BASE_FREE char *work = base_format("%s/work", (char *)*state);
	BASE_FREE char *floor = base_format("%s/work/floor.json", (char *)*state);
	assert_int_equal(mkdir(work, 0755), 0);
	assert_true(base_file_write(floor, "{}", 2, NULL));
	struct report *report = report_create("gpu-test");
	cJSON *finding = report_finding(report, REPORT_WARNING, "DEVICE_LOST", "x");
	report_finding_where(finding, floor, 31);
	report_close(report);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	const struct github_environment environment = {.workspace = work};
	github_commands(&environment, (const cJSON *const[]){report_root(report)}, 1, &out);
	const char *expected = "::warning file=floor.json,line=31,title=";
	assert_int_equal(strncmp(out.data, expected, strlen(expected)), 0);
	report_destroy(report);
}

static void test_message_is_bounded(void **state)
{
	(void)state;
	static char text[20000];
	memset(text, 'x', sizeof(text) - 1);
	struct report *report = report_create("gpu-test");
	report_finding(report, REPORT_FAILURE, "DEVICE_LOST", "%s", text);
	report_close(report);
	BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
	const struct github_environment environment = {0};
	github_commands(&environment, (const cJSON *const[]){report_root(report)}, 1, &out);
	assert_true(out.size < 4096 + 300);
	report_destroy(report);
}

static void test_token_is_one_word(void **state)
{
	(void)state;
	static const char *const tokens[] = {"ghs_x\r\nX-Evil: 1", "two words", "t\xc3\xafken"};
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const struct github_environment environment = {
			.api_url = "http://127.0.0.1:1", .token = tokens[i], .timeout_s = 1};
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct github_client *client = github_client_create(&environment, &err);
		assert_false(github_client_login(client, &environment, &err));
		github_client_destroy(client);
		assert_string_equal(err.code, "GITHUB_DENIED");
		assert_null(strstr(lane_error_message(&err), tokens[i]));
	}
}

static void test_api_url_is_http(void **state)
{
	(void)state;
	static const char *const urls[] = {
		"file:///etc/passwd", "ftp://x", "http://user:pw@host", "api.github.com", "http://"};
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const struct github_environment environment = {
			.api_url = urls[i], .token = "t", .timeout_s = 1};
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_null(github_client_create(&environment, &err));
		assert_string_equal(err.code, "GITHUB_UNREACHABLE");
		assert_null(strstr(lane_error_message(&err), "pw"));
	}
}

static void test_timeout_variable(void **state)
{
	(void)state;
	struct github_environment environment;
	setenv("GPU_LANE_GITHUB_TIMEOUT_S", "5", 1);
	assert_true(github_environment_read(&environment, NULL));
	assert_int_equal(environment.timeout_s, 5);
	static const char *const bad[] = {"0", "-1", "601", "5s", "99999999999999999999", " 5"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("GPU_LANE_GITHUB_TIMEOUT_S", bad[i], 1);
		assert_false(github_environment_read(&environment, NULL));
		assert_int_equal(environment.timeout_s, 60);
	}
	unsetenv("GPU_LANE_GITHUB_TIMEOUT_S");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"github@sha-by-event", test_sha_by_event, make_folder, remove_folder, NULL},
		{"github@place-in-repository", test_place, make_folder, remove_folder, NULL},
		{"github@retry-rules", test_retry_rules, NULL, NULL, NULL},
		{"github@commands-are-budgeted", test_commands_are_budgeted, NULL, NULL, NULL},
		{"github@results-share-the-budget", test_results_share_the_budget, NULL, NULL, NULL},
		{"github@commands-are-escaped", test_commands_are_escaped, NULL, NULL, NULL},
		{"github@command-properties", test_command_properties, make_folder, remove_folder, NULL},
		{"github@message-is-bounded", test_message_is_bounded, NULL, NULL, NULL},
		{"github@token-is-one-word", test_token_is_one_word, NULL, NULL, NULL},
		{"github@api-url-is-http", test_api_url_is_http, NULL, NULL, NULL},
		{"github@timeout-variable", test_timeout_variable, NULL, NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
