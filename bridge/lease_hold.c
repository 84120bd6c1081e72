/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu_lease.h"

#include "base/exit.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

/** gpu-lease acquire, renew, release and revoke: leases that no session holds. */

static int print_grant(
	const struct lease_choice *choice, const char *gpu, const struct bridge_grant *grant)
{
	if (!choice->json) {
		printf("%s/%llu\n", gpu, (unsigned long long)grant->lease);
		return lease_printed();
	}
	BASE_JSON_FREE cJSON *document = base_json_new_object();
	base_json_add_string(document, "schema", "gpu-lane-lease/v1");
	base_json_add_string(document, "gpu", gpu);
	base_json_add_number(document, "lease", (double)grant->lease);
	base_json_add_number(document, "epoch", (double)grant->epoch);
	base_json_add_number(document, "expires_in_s", grant->expires_in_s);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(document, 0, &text);
	printf("%s\n", text.data);
	return lease_printed();
}

int lease_acquire(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *gpu = NULL;
	struct bridge_client *client = lease_connect(choice, &gpu, &err);
	if (client == NULL) {
		return lease_fail(&err);
	}
	struct bridge_lease_request request = lease_request_of(choice);
	request.keep = true;
	struct bridge_grant grant = {.lease = 0};
	bool good = bridge_client_acquire(client, gpu, &request, &grant, &err);
	bridge_client_destroy(client);
	return good ? print_grant(choice, gpu, &grant) : lease_fail(&err);
}

/** A session with the bridge and the lease that the first operand names. */
struct named {
	struct bridge_client *client;
	char *gpu;
	uint64_t lease;
};

static bool find_named(
	const struct lease_choice *choice, struct named *named, struct lane_error *err)
{
	BASE_FREE char *gpu = NULL;
	if (!lease_parse_name(choice->operands[0], &gpu, &named->lease, err)) {
		return false;
	}
	struct lease_choice there = *choice;
	there.gpu = gpu != NULL ? gpu : choice->gpu;
	named->client = lease_connect(&there, &named->gpu, err);
	return named->client != NULL;
}

static void named_finish(struct named *named)
{
	bridge_client_destroy(named->client);
	free(named->gpu);
}

int lease_renew(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct named named = {.client = NULL};
	if (!find_named(choice, &named, &err)) {
		return lease_fail(&err);
	}
	bool good = bridge_client_renew(named.client, named.gpu, named.lease, choice->ttl_s, &err);
	named_finish(&named);
	return good ? LANE_EXIT_HOLDS : lease_fail(&err);
}

static int end_named(const struct lease_choice *choice,
	bool (*end)(
		struct bridge_client *client, const char *gpu, uint64_t lease, struct lane_error *err))
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct named named = {.client = NULL};
	if (!find_named(choice, &named, &err)) {
		return lease_fail(&err);
	}
	bool good = end(named.client, named.gpu, named.lease, &err);
	named_finish(&named);
	return good ? LANE_EXIT_HOLDS : lease_fail(&err);
}

int lease_release(const struct lease_choice *choice)
{
	return end_named(choice, bridge_client_release);
}

int lease_revoke_lease(const struct lease_choice *choice)
{
	return end_named(choice, bridge_client_revoke);
}
