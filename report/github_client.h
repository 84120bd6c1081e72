/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_GITHUB_CLIENT_H
#define REPORT_GITHUB_CLIENT_H

/* What github_http.c (rules) and github_transfer.c (libcurl) share. */

#include "report/github_http.h"

#include <curl/curl.h>

struct github_client {
	CURL *curl;
	struct curl_slist *headers;
	char *api_url;
	/** What authorizes requests, and what did before: both are kept out of all words. */
	char *secret, *previous;
	/** When an App's token has to be a new one; 0: never. */
	uint64_t renew_ns;
	/** Seconds that the server's clock was ahead of ours, as its last answer said. */
	int64_t ahead_s;
	uint64_t deadline_ns;
	unsigned timeout_s;
};

/** Time that is left of the budget. */
uint64_t github_client_left_ms(const struct github_client *client);
/** Sends once and fills the response; `body` NULL sends none. */
void github_client_transfer(struct github_client *client, const char *method, const char *url,
	const struct base_buffer *body, struct github_response *response);

#endif
