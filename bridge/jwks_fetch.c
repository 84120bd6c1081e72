/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpu-lane-fetch-jwks URL FILE [SECONDS]: replaces FILE by the JSON Web Key Set at URL, whole or
 * not at all. Apart from the bridge, so that what comes from the network is read by a process that
 * can be killed, and the bridge neither loads libcurl nor waits for it.
 */
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "lease/policy.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_S = 10, TIMEOUT_MAX_S = 60, HTTP_OK = 200 };

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
	struct base_buffer *body = context;
	size_t total = size * count;
	if (total > LEASE_JWKS_SIZE_MAX - body->size) {
		/* Less than offered ends the transfer. */
		return 0;
	}
	base_buffer_add(body, bytes, total);
	return total;
}

static bool transfer(
	CURL *curl, const char *url, long timeout_s, struct base_buffer *body, struct lane_error *err)
{
	char reason[CURL_ERROR_SIZE] = "";
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	/* Where the keys come from is what the policy says, and nobody else. */
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout_s);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)LEASE_JWKS_SIZE_MAX);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "gpu-lane/" LANE_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	CURLcode code = curl_easy_perform(curl);
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_WRITE_ERROR) {
		return lane_error_set(
			err, "JWKS_FETCH", "%s: more than %d bytes", url, (int)LEASE_JWKS_SIZE_MAX);
	}
	if (code != CURLE_OK) {
		return lane_error_set(err, "JWKS_FETCH", "%s: %s", url,
			reason[0] != '\0' ? reason : curl_easy_strerror(code));
	}
	return status == HTTP_OK ||
		lane_error_set(err, "JWKS_FETCH", "%s: HTTP status %ld", url, status);
}

static bool fetch(const char *url, const char *file, long timeout_s, struct lane_error *err)
{
	BASE_BUFFER_AUTO body = BASE_BUFFER_INIT;
	CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
	bool good = curl != NULL ? transfer(curl, url, timeout_s, &body, err)
							 : lane_error_set(err, "JWKS_FETCH", "libcurl does not start");
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	BASE_JSON_AUTO set = {.name = NULL};
	return good && base_json_parse(url, body.data != NULL ? body.data : "", body.size, &set, err) &&
		lease_jwks_check(&set, err) && base_file_write(file, body.data, body.size, err);
}

int main(int argc, char **argv)
{
	base_log_setup("gpu-lane-fetch-jwks", BASE_LOG_INFO);
	long timeout_s = argc == 4 ? strtol(argv[3], NULL, 10) : TIMEOUT_S;
	if (argc < 3 || argc > 4 || timeout_s < 1 || timeout_s > TIMEOUT_MAX_S) {
		base_log(BASE_LOG_ERROR, "usage: gpu-lane-fetch-jwks URL FILE [SECONDS]");
		return LANE_EXIT_USAGE;
	}
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!fetch(argv[1], argv[2], timeout_s, &err)) {
		base_log(BASE_LOG_ERROR, "%s", lane_error_message(&err));
		return LANE_EXIT_UNKNOWN;
	}
	return LANE_EXIT_HOLDS;
}
