/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github_client.h"

#include "base/clock.h"
#include "base/memory.h"
#include "report/plain.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TOKEN_MAX = 4000,
	REDIRECTS_MAX = 3,
	REASON_MAX = 300,
};

/* What must be the same for the token to be sent: scheme, host and port. Caller frees. */
static char *origin_of(const char *text)
{
	CURLU *url = curl_url();
	char *scheme = NULL;
	char *host = NULL;
	char *port = NULL;
	char *user = NULL;
	char *origin = NULL;
	if (url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
		(strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0)) {
		origin = base_format("%s://%s:%s", scheme, host, port);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(user);
	curl_url_cleanup(url);
	return origin;
}

/* Header lines are built from it: one token, nothing that ends a line. */
static bool is_token(const char *text)
{
	size_t length = 0;
	while (text[length] > 0x20 && text[length] < 0x7f) {
		length++;
	}
	return length > 0 && length < TOKEN_MAX && text[length] == '\0';
}

static bool add_header(struct curl_slist **headers, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*headers, line);
	*headers = longer ? longer : *headers;
	return longer != NULL;
}

static void wipe(char **secret)
{
	if (*secret) {
		OPENSSL_cleanse(*secret, strlen(*secret));
	}
	free(*secret);
	*secret = NULL;
}

static void wipe_headers(struct curl_slist **headers)
{
	for (struct curl_slist *line = *headers; line; line = line->next) {
		OPENSSL_cleanse(line->data, strlen(line->data));
	}
	curl_slist_free_all(*headers);
	*headers = NULL;
}

bool github_client_authorize(struct github_client *client, const char *secret)
{
	if (!is_token(secret)) {
		return false;
	}
	wipe(&client->previous);
	client->previous = client->secret;
	client->secret = base_strdup(secret);
	wipe_headers(&client->headers);
	struct curl_slist **headers = &client->headers;
	char *authorization = base_format("Authorization: Bearer %s", secret);
	/* The second type is for servers that know the plain one alone (Prism). */
	bool done = add_header(headers, "Accept: application/vnd.github+json, application/json") &&
		add_header(headers, "Content-Type: application/json") &&
		add_header(headers, "X-GitHub-Api-Version: 2022-11-28") &&
		add_header(headers, "User-Agent: gpu-lane/" LANE_VERSION) &&
		/* No pause for a "100 Continue" that simple proxies never send. */
		add_header(headers, "Expect:") && add_header(headers, authorization) &&
		curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, *headers) == CURLE_OK;
	wipe(&authorization);
	return done;
}

static bool set_up(CURL *curl)
{
	/* The token is for the server, not for a proxy on the way. */
	return curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
}

struct github_client *github_client_create(
	const struct github_environment *environment, struct lane_error *err)
{
	BASE_FREE char *origin = origin_of(environment->api_url);
	if (!origin) {
		lane_error_set(
			err, "GITHUB_UNREACHABLE", "GITHUB_API_URL is no http(s) address without a password");
		return NULL;
	}
	struct github_client *client = base_alloc(1, sizeof(*client));
	*client = (struct github_client){
		.curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL,
		.api_url = base_strdup(environment->api_url),
		.timeout_s = environment->timeout_s,
	};
	github_client_start(client);
	if (!client->curl || !set_up(client->curl)) {
		lane_error_set(err, "GITHUB_UNREACHABLE", "libcurl cannot be set up");
		github_client_destroy(client);
		return NULL;
	}
	size_t length = strlen(client->api_url);
	while (length > 0 && client->api_url[length - 1] == '/') {
		client->api_url[--length] = '\0';
	}
	return client;
}

void github_client_destroy(struct github_client *client)
{
	if (!client) {
		return;
	}
	curl_easy_cleanup(client->curl);
	wipe_headers(&client->headers);
	wipe(&client->secret);
	wipe(&client->previous);
	free(client->api_url);
	free(client);
	curl_global_cleanup();
}

void github_client_start(struct github_client *client)
{
	client->deadline_ns = base_clock_monotonic_ns() + client->timeout_s * UINT64_C(1000000000);
}

/* Words of the server as one safe line; none of it when it echoes a secret. */
static void add_foreign(
	const struct github_client *client, const char *words, struct base_buffer *out)
{
	/* Looked for before the words are cut, which could leave most of it. */
	if ((client->secret && strstr(words, client->secret)) ||
		(client->previous && strstr(words, client->previous))) {
		base_buffer_add_text(out, "(left out: it holds the token)");
		return;
	}
	size_t start = out->size;
	report_plain_add(out, words, true);
	report_plain_cut(out, start, REASON_MAX);
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

/* Sends once; follows what GitHub answers for renamed repositories, on the same host. */
static bool exchange(struct github_client *client, const char *method, const char *start,
	const struct base_buffer *body, struct github_response *response, struct lane_error *err)
{
	BASE_FREE char *home = origin_of(client->api_url);
	BASE_FREE char *url = base_strdup(start);
	for (int hop = 0;; hop++) {
		github_client_transfer(client, method, url, body, response);
		if (!is_redirect(response->status) || hop == REDIRECTS_MAX || !response->location.data) {
			return true;
		}
		BASE_FREE char *there = origin_of(response->location.data);
		if (!there || strcmp(there, home) != 0) {
			BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
			add_foreign(client, response->location.data, &words);
			return lane_error_set(err, "GITHUB_REFUSED",
				"%s %s redirects to where the token must not go: %s", method, start, words.data);
		}
		free(url);
		url = base_strdup(response->location.data);
		github_response_finish(response);
	}
}

/* ": " and what the transport or the "message" of the answer says. */
static void add_reason(const struct github_client *client, const struct github_response *response,
	struct base_buffer *out)
{
	BASE_JSON_AUTO body = {0};
	const char *message = response->failure;
	if (!message && response->body.data &&
		base_json_parse("answer", response->body.data, response->body.size, &body, NULL)) {
		message = base_json_string(body.root, "message", NULL);
	}
	if (!message) {
		return;
	}
	base_buffer_add_text(out, ": ");
	add_foreign(client, message, out);
}

static const char *code_of(const struct github_response *response)
{
	bool limited = response->retry_after_s >= 0 || response->rate_remaining == 0;
	switch (response->status) {
	case 0:
		return "GITHUB_UNREACHABLE";
	case 401:
		return "GITHUB_DENIED";
	case 403:
		return limited ? "GITHUB_RATE_LIMITED" : "GITHUB_DENIED";
	case 404:
		return "GITHUB_NOT_FOUND";
	case 429:
		return "GITHUB_RATE_LIMITED";
	default:
		return response->status >= 500 ? "GITHUB_UNREACHABLE" : "GITHUB_REFUSED";
	}
}

static bool refuse(const struct github_client *client, const struct github_response *response,
	const char *method, const char *url, uint64_t wait_s, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (response->status > 0) {
		base_buffer_print(&text, "%s %s answered %ld", method, url, response->status);
	} else {
		base_buffer_print(&text, "%s %s", method, url);
	}
	add_reason(client, response, &text);
	if (github_client_left_ms(client) == 0) {
		base_buffer_print(&text, "; the %u s that posting may take are over", client->timeout_s);
	} else if (wait_s > 0) {
		base_buffer_print(&text, "; a wait of %llu s is beyond the %u s that posting may take",
			(unsigned long long)wait_s, client->timeout_s);
	}
	return lane_error_set(err, code_of(response), "%s", text.data);
}

/* Its own error would quote the answer. */
static bool parse_answer(const struct github_response *response, struct base_json *answer)
{
	const char *text = response->body.data ? response->body.data : "";
	return base_json_parse("answer", text, response->body.size, answer, NULL);
}

static void pause_for(uint64_t seconds)
{
	struct timespec left = {.tv_sec = (time_t)seconds};
	while (nanosleep(&left, &left) != 0) {}
}

bool github_client_send(struct github_client *client, const char *method, const char *path,
	const cJSON *request, struct base_json *answer, struct lane_error *err)
{
	BASE_BUFFER_AUTO body = BASE_BUFFER_INIT;
	if (request) {
		base_json_write(request, 0, &body);
	}
	BASE_FREE char *url = base_format("%s%s", client->api_url, path);
	for (unsigned attempt = 1;; attempt++) {
		struct github_response response;
		bool sent = exchange(client, method, url, request ? &body : NULL, &response, err);
		if (response.date_s > 0) {
			client->ahead_s = response.date_s - (int64_t)(base_clock_wall_ms() / 1000);
		}
		bool done = sent && response.status >= 200 && response.status < 300;
		uint64_t wait_s = 0;
		bool again = sent && !done &&
			github_response_retry(&response, attempt, base_clock_wall_ms() / 1000, &wait_s);
		bool fits = wait_s < github_client_left_ms(client) / 1000;
		if (sent && !done && !(again && fits)) {
			refuse(client, &response, method, url, again ? wait_s : 0, err);
		}
		if (done && !parse_answer(&response, answer)) {
			done =
				lane_error_set(err, "GITHUB_REFUSED", "%s %s: the answer is no JSON", method, url);
		}
		github_response_finish(&response);
		if (!again || !fits) {
			return done;
		}
		pause_for(wait_s);
	}
}
