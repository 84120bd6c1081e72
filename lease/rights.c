/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/policy.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void lease_rights_finish(struct lease_rights *rights)
{
	for (size_t i = 0; i < rights->gpu_count; i++) {
		free(rights->gpus[i]);
	}
	free(rights->gpus);
	free(rights->subject);
	free(rights->ticket);
	*rights = (struct lease_rights){.subject = NULL};
}

struct lease_rights lease_rights_copy(const struct lease_rights *rights)
{
	struct lease_rights copy = *rights;
	copy.subject = rights->subject != NULL ? base_strdup(rights->subject) : NULL;
	copy.ticket = rights->ticket != NULL ? base_strdup(rights->ticket) : NULL;
	if (rights->gpus != NULL) {
		copy.gpus = base_alloc(rights->gpu_count + 1, sizeof(*copy.gpus));
		for (size_t i = 0; i < rights->gpu_count; i++) {
			copy.gpus[i] = base_strdup(rights->gpus[i]);
		}
	}
	return copy;
}

bool lease_rights_cover_gpu(const struct lease_rights *rights, const char *gpu)
{
	for (size_t i = 0; i < rights->gpu_count; i++) {
		if (strcmp(rights->gpus[i], gpu) == 0) {
			return true;
		}
	}
	return rights->gpus == NULL;
}

const char *lease_role_name(enum lease_role role)
{
	static const char *const names[] = {
		[LEASE_ROLE_OBSERVER] = "observer",
		[LEASE_ROLE_WORKER] = "worker-gpu",
		[LEASE_ROLE_QUEEN] = "queen",
	};
	return names[role];
}
