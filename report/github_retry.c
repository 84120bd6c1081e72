/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github_http.h"

enum {
	ATTEMPTS_MAX = 4,
	/* What GitHub asks for when a secondary limit names no time. */
	SECONDARY_WAIT_S = 60,
};

static uint64_t until(int64_t reset_s, uint64_t now_s)
{
	return reset_s > 0 && (uint64_t)reset_s > now_s ? (uint64_t)reset_s - now_s : 1;
}

bool github_response_retry(
	const struct github_response *response, unsigned attempt, uint64_t now_s, uint64_t *wait_s)
{
	if (attempt >= ATTEMPTS_MAX) {
		return false;
	}
	uint64_t doubling = 1ULL << (attempt - 1);
	if (response->status == 403 || response->status == 429) {
		if (response->retry_after_s >= 0) {
			*wait_s = (uint64_t)response->retry_after_s;
		} else if (response->rate_remaining == 0) {
			*wait_s = until(response->rate_reset_s, now_s);
		} else if (response->status == 429) {
			*wait_s = SECONDARY_WAIT_S * doubling;
		} else {
			/* A plain 403 is a missing right: asking again gets a client banned. */
			return false;
		}
		return true;
	}
	if (response->status == 0 || response->status >= 500) {
		/* It may have been served all the same: a second check run is better than none. */
		*wait_s = response->retry_after_s >= 0 ? (uint64_t)response->retry_after_s : doubling;
		return true;
	}
	return false;
}
