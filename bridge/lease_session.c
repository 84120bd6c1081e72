/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu_lease.h"

#include "base/exit.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *address_of(const struct lease_choice *choice, struct lane_error *err)
{
	const char *named = choice->bridge != NULL ? choice->bridge : getenv("GPU_LANE_BRIDGE");
	return named != NULL && named[0] != '\0' ? base_strdup(named) : bridge_address_default(err);
}

/** The first GPU that there is. Caller frees; NULL on failure. */
static char *first_gpu(struct bridge_client *client, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *names = NULL;
	if (!bridge_client_list(client, "/gpu", &names, err)) {
		return NULL;
	}
	if (names->child == NULL) {
		lane_error_set(err, "BRIDGE_NOT_FOUND", "/gpu: this session sees no GPU");
		return NULL;
	}
	return base_strdup(names->child->valuestring);
}

struct bridge_client *lease_connect(
	const struct lease_choice *choice, char **gpu, struct lane_error *err)
{
	*gpu = NULL;
	BASE_FREE char *address = address_of(choice, err);
	if (address == NULL) {
		return NULL;
	}
	struct bridge_client *client = bridge_client_connect_with(address, "", choice->ticket, err);
	if (client == NULL) {
		return NULL;
	}
	*gpu = choice->gpu != NULL ? base_strdup(choice->gpu) : first_gpu(client, err);
	if (*gpu == NULL) {
		bridge_client_destroy(client);
		return NULL;
	}
	return client;
}

struct bridge_lease_request lease_request_of(const struct lease_choice *choice)
{
	return (struct bridge_lease_request){
		.mem_mb = choice->mem_mb,
		.ttl_s = choice->ttl_s,
		.streams = choice->streams,
		.priority = choice->priority,
		.exclusive = choice->exclusive,
		.preemptible = choice->preemptible,
		.wait_ms = choice->wait_s * 1000,
	};
}

bool lease_parse_name(const char *text, char **gpu, uint64_t *lease, struct lane_error *err)
{
	const char *slash = strrchr(text, '/');
	const char *number = slash != NULL ? slash + 1 : text;
	size_t digits = strspn(number, "0123456789");
	if (digits == 0 || digits > 19 || number[digits] != '\0' || slash == text) {
		return lane_error_set(err, "USAGE", "'%s' is no lease: GPU-0/7 is one", text);
	}
	*lease = strtoull(number, NULL, 10);
	*gpu = slash != NULL ? base_strndup(text, (size_t)(slash - text)) : NULL;
	return true;
}

int lease_fail(const struct lane_error *err)
{
	base_log(BASE_LOG_ERROR, "%s", lane_error_message(err));
	if (lane_error_is(err, "USAGE")) {
		return LANE_EXIT_USAGE;
	}
	return strncmp(err->code, "LEASE_", 6) == 0 ? LANE_EXIT_BROKEN : LANE_EXIT_UNKNOWN;
}

int lease_printed(void)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		base_log(BASE_LOG_ERROR, "stdout cannot be written");
		return LANE_EXIT_UNKNOWN;
	}
	return LANE_EXIT_HOLDS;
}
