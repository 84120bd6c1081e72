/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_CARD_H
#define BRIDGE_CARD_H

#include "base/buffer.h"
#include "base/json.h"
#include "lease/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What the bridge says of one GPU and what it may give away of it. */
struct bridge_card {
	/** "GPU-0": its place in the list. Owned, as all text here. */
	char *id;
	char *name;
	uint64_t memory_mb;
	/** Compute units or streaming multiprocessors; 0 when the driver does not tell. */
	uint32_t sm_count;
	char *driver_version;
	char *runtime_version;
	/** Of the Vulkan device; NULL for a synthetic GPU. */
	char *uuid;
	struct lease_capacity capacity;
	/** Content of /gpu/<id>/facts. Owned. */
	cJSON *facts;
};

struct bridge_cards {
	struct bridge_card *cards;
	size_t count;
};

/**
 * One card for each device of bridge_worker_describe that may be served, in its order. Errors:
 * DEVICE_NONE, DEVICE_NOT_FOUND (only_uuid), DEVICE_SOFTWARE_ONLY.
 */
bool bridge_cards_from_devices(const cJSON *devices, const char *only_uuid, bool allow_software,
	struct bridge_cards *cards, struct lane_error *err);
/** So many synthetic GPUs, of two kinds in turn; the two of --mock are one of each. */
void bridge_cards_mock(size_t count, struct bridge_cards *cards);
void bridge_cards_finish(struct bridge_cards *cards);
void bridge_card_finish(struct bridge_card *card);

/** Content of /gpu/<id>/info: exactly the six keys that Cohesix's reader takes. */
void bridge_card_info(const struct bridge_card *card, struct base_buffer *out);
/** Notes in the facts where workers have control groups, or why they have none. */
void bridge_card_cgroup(struct bridge_card *card, const char *path, const char *missing);
/** Content of /gpu/<id>/facts. */
void bridge_card_facts(const struct bridge_card *card, struct base_buffer *out);

/** The namespace descriptors of --list; `mock` adds the synthetic model catalogue. Caller frees. */
char *bridge_cards_list(const struct bridge_cards *cards, bool mock);

#endif
