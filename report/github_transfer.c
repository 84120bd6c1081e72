/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github_client.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	BODY_MAX = 1 << 20,
	HEADER_MAX = 4096,
	CONNECT_TIMEOUT_MS = 10000,
};

void github_response_finish(struct github_response *response)
{
	base_buffer_finish(&response->location);
	base_buffer_finish(&response->body);
	free(response->failure);
	*response = (struct github_response){0};
}

static size_t receive_body(char *bytes, size_t size, size_t count, void *context)
{
	struct github_response *response = context;
	size_t total = size * count;
	if (total > BODY_MAX - response->body.size) {
		/* Less than offered ends the transfer. */
		return 0;
	}
	base_buffer_add(&response->body, bytes, total);
	return total;
}

/* The header's value when the line has this name, else NULL. `line` is NUL-terminated. */
static const char *header_value(const char *line, const char *name)
{
	size_t length = strlen(name);
	if (strncasecmp(line, name, length) != 0 || line[length] != ':') {
		return NULL;
	}
	const char *value = line + length + 1;
	return value + strspn(value, " \t");
}

static void take_number(const char *line, const char *name, int64_t *number)
{
	const char *value = header_value(line, name);
	/* A day is longer than any wait; more digits cannot overflow. */
	if (value && *value >= '0' && *value <= '9' && strspn(value, "0123456789") <= 12) {
		*number = strtoll(value, NULL, 10);
	}
}

static size_t receive_header(char *bytes, size_t size, size_t count, void *context)
{
	struct github_response *response = context;
	size_t total = size * count;
	if (total > HEADER_MAX) {
		return total;
	}
	BASE_FREE char *line = base_strndup(bytes, total);
	line[strcspn(line, "\r\n")] = '\0';
	take_number(line, "retry-after", &response->retry_after_s);
	take_number(line, "x-ratelimit-remaining", &response->rate_remaining);
	take_number(line, "x-ratelimit-reset", &response->rate_reset_s);
	const char *date = header_value(line, "date");
	if (date) {
		response->date_s = (int64_t)curl_getdate(date, NULL);
	}
	const char *location = header_value(line, "location");
	if (location) {
		base_buffer_clear(&response->location);
		base_buffer_add_text(&response->location, location);
	}
	return total;
}

uint64_t github_client_left_ms(const struct github_client *client)
{
	uint64_t now = base_clock_monotonic_ns();
	return now < client->deadline_ns ? (client->deadline_ns - now) / 1000000 : 0;
}

void github_client_transfer(struct github_client *client, const char *method, const char *url,
	const struct base_buffer *body, struct github_response *response)
{
	*response = (struct github_response){
		.retry_after_s = -1, .rate_remaining = -1, .rate_reset_s = -1, .date_s = -1};
	char reason[CURL_ERROR_SIZE] = "";
	long left = (long)github_client_left_ms(client);
	CURL *curl = client->curl;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->size);
	} else {
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, response);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, response);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	/* 0 would mean no limit at all. */
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left > 0 ? left : 1L);
	curl_easy_setopt(
		curl, CURLOPT_CONNECTTIMEOUT_MS, left < CONNECT_TIMEOUT_MS ? left + 1 : CONNECT_TIMEOUT_MS);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_OK) {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response->status);
	} else {
		response->failure = base_strdup(reason[0] ? reason : curl_easy_strerror(code));
	}
}
