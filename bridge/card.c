/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/card.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	/** Workers at a time on one GPU, over all its leases. */
	STREAMS = 8,
	/** Kept free on a hardware device for the driver's own allocations: this and a sixteenth. */
	RESERVE_MB = 256,
	INDENT = 4,
};

/** Memory that leases may have: a software renderer's "device memory" is the host's own RAM, so
 * half of it. */
static uint32_t usable_mb(uint64_t memory_mb, bool software)
{
	uint64_t reserve =
		software || memory_mb < 4 * RESERVE_MB ? memory_mb / 2 : RESERVE_MB + memory_mb / 16;
	uint64_t usable = memory_mb - reserve;
	return usable < UINT32_MAX ? (uint32_t)usable : UINT32_MAX;
}

static void add_capacity(struct bridge_card *card)
{
	cJSON *capacity = base_json_add_object(card->facts, "capacity");
	base_json_add_number(capacity, "mem_mb", card->capacity.mem_mb);
	base_json_add_number(capacity, "streams", card->capacity.streams);
}

/** "Mesa 22.3.6 ..." where the driver tells, else its number. */
static const char *driver_version(const cJSON *device)
{
	const cJSON *driver = base_json_get(device, "driver");
	const char *info = base_json_string(driver, "info", "");
	return info[0] != '\0' ? info : base_json_string(driver, "version", "unknown");
}

static void card_from_device(const cJSON *device, size_t index, struct bridge_card *card)
{
	uint64_t memory_mb = base_json_uint(device, "memory_bytes", 0) >> 20;
	*card = (struct bridge_card){
		.id = base_format("GPU-%zu", index),
		.name = base_strdup(base_json_string(device, "name", "unknown")),
		.memory_mb = memory_mb,
		.sm_count = (uint32_t)base_json_uint(device, "compute_units", 0),
		.driver_version = base_strdup(driver_version(device)),
		.runtime_version =
			base_format("Vulkan %s", base_json_string(device, "api_version", "unknown")),
		.uuid = base_strdup(base_json_string(device, "uuid", "")),
		.capacity = {.mem_mb = usable_mb(memory_mb, base_json_bool(device, "software", false)),
			.streams = STREAMS},
		.facts = cJSON_Duplicate(device, true),
	};
	if (card->facts == NULL) {
		base_memory_exhausted();
	}
	add_capacity(card);
}

/** Whether this is the device that is asked for, if one is. */
static bool is_asked_for(const cJSON *device, const char *only_uuid)
{
	return only_uuid == NULL || strcasecmp(base_json_string(device, "uuid", ""), only_uuid) == 0;
}

static bool nothing_served(const cJSON *devices, const char *only_uuid, struct lane_error *err)
{
	const cJSON *device;
	cJSON_ArrayForEach(device, devices)
	{
		if (is_asked_for(device, only_uuid) && base_json_bool(device, "software", false)) {
			return lane_error_set(err, "DEVICE_SOFTWARE_ONLY",
				"%s is a software renderer: it is served only with --allow-software",
				base_json_string(device, "name", "the only device"));
		}
	}
	if (only_uuid != NULL) {
		return lane_error_set(err, "DEVICE_NOT_FOUND", "no device with the UUID %s", only_uuid);
	}
	return lane_error_set(err, "DEVICE_NONE", "no Vulkan device that can compute");
}

bool bridge_cards_from_devices(const cJSON *devices, const char *only_uuid, bool allow_software,
	struct bridge_cards *cards, struct lane_error *err)
{
	size_t most = (size_t)cJSON_GetArraySize(devices);
	*cards = (struct bridge_cards){.cards = base_alloc(most, sizeof(*cards->cards))};
	const cJSON *device;
	cJSON_ArrayForEach(device, devices)
	{
		bool software = base_json_bool(device, "software", false);
		if (is_asked_for(device, only_uuid) && base_json_bool(device, "compute", true) &&
			(allow_software || !software)) {
			card_from_device(device, cards->count, &cards->cards[cards->count]);
			cards->count++;
		}
	}
	if (cards->count == 0) {
		bridge_cards_finish(cards);
		return nothing_served(devices, only_uuid, err);
	}
	return true;
}

void bridge_cards_mock(size_t count, struct bridge_cards *cards)
{
	static const struct {
		const char *name;
		uint32_t memory_mb, sm_count;
	} mocks[] = {
		{"Mock 4090", 24576, 144},
		{"Mock 4060", 8192, 64},
	};
	cards->count = count;
	cards->cards = base_alloc(cards->count, sizeof(*cards->cards));
	for (size_t i = 0; i < cards->count; i++) {
		size_t kind = i % (sizeof(mocks) / sizeof(mocks[0]));
		cards->cards[i] = (struct bridge_card){
			.id = base_format("GPU-%zu", i),
			.name = base_strdup(mocks[kind].name),
			.memory_mb = mocks[kind].memory_mb,
			.sm_count = mocks[kind].sm_count,
			.driver_version = base_strdup("555.0"),
			.runtime_version = base_strdup("12.4"),
			.capacity = {.mem_mb = mocks[kind].memory_mb, .streams = STREAMS},
			.facts = base_json_new_object(),
		};
		base_json_add_bool(cards->cards[i].facts, "mock", true);
		add_capacity(&cards->cards[i]);
	}
}

void bridge_card_finish(struct bridge_card *card)
{
	free(card->id);
	free(card->name);
	free(card->driver_version);
	free(card->runtime_version);
	free(card->uuid);
	cJSON_Delete(card->facts);
	*card = (struct bridge_card){.id = NULL};
}

void bridge_cards_finish(struct bridge_cards *cards)
{
	for (size_t i = 0; i < cards->count; i++) {
		bridge_card_finish(&cards->cards[i]);
	}
	free(cards->cards);
	*cards = (struct bridge_cards){.count = 0};
}

void bridge_card_info(const struct bridge_card *card, struct base_buffer *out)
{
	BASE_JSON_FREE cJSON *info = base_json_new_object();
	base_json_add_string(info, "id", card->id);
	base_json_add_string(info, "name", card->name);
	base_json_add_number(info, "memory_mb", (double)card->memory_mb);
	base_json_add_number(info, "sm_count", card->sm_count);
	base_json_add_string(info, "driver_version", card->driver_version);
	base_json_add_string(info, "runtime_version", card->runtime_version);
	base_json_write(info, INDENT, out);
}

void bridge_card_cgroup(struct bridge_card *card, const char *path, const char *missing)
{
	cJSON *sandbox = cJSON_GetObjectItemCaseSensitive(card->facts, "sandbox");
	if (path != NULL) {
		base_json_add_string(sandbox, "cgroup", path);
	} else {
		base_json_add_null(sandbox, "cgroup");
		base_json_add_string(cJSON_GetObjectItemCaseSensitive(sandbox, "missing"), NULL, missing);
	}
}

void bridge_card_facts(const struct bridge_card *card, struct base_buffer *out)
{
	base_json_write(card->facts, INDENT, out);
}

static void list_models(cJSON *list, bool mock)
{
	cJSON *models = base_json_add_object(list, "models");
	base_json_add_string(models, "active", mock ? "vision-lora-edge" : "");
	cJSON *available = base_json_add_array(models, "available");
	static const char *const ids[] = {"vision-base-v1", "vision-lora-edge"};
	for (size_t i = 0; mock && i < sizeof(ids) / sizeof(ids[0]); i++) {
		cJSON *model = base_json_add_object(available, NULL);
		base_json_add_string(model, "model_id", ids[i]);
		base_json_add_format(model, "manifest_toml", "[model]\nid = \"%s\"\n", ids[i]);
	}
}

static void list_names(cJSON *object, const char *key, const char *const *names)
{
	cJSON *array = base_json_add_array(object, key);
	for (; *names != NULL; names++) {
		base_json_add_string(array, NULL, *names);
	}
}

static void list_telemetry(cJSON *list)
{
	static const char *const required[] = {"schema_version", "device_id", "model_id", "time_window",
		"token_count", "latency_histogram", NULL};
	static const char *const optional[] = {
		"lora_id", "confidence", "entropy", "drift", "feedback_flags", NULL};
	cJSON *schema = base_json_add_object(list, "telemetry_schema");
	base_json_add_string(schema, "schema_version", "gpu-telemetry/v1");
	base_json_add_number(schema, "max_record_bytes", 4096);
	list_names(schema, "required", required);
	list_names(schema, "optional", optional);
}

char *bridge_cards_list(const struct bridge_cards *cards, bool mock)
{
	BASE_JSON_FREE cJSON *list = base_json_new_object();
	cJSON *nodes = base_json_add_array(list, "nodes");
	for (size_t i = 0; i < cards->count; i++) {
		BASE_BUFFER_AUTO info = BASE_BUFFER_INIT;
		bridge_card_info(&cards->cards[i], &info);
		cJSON *node = base_json_add_object(nodes, NULL);
		base_json_add_string(node, "id", cards->cards[i].id);
		base_json_add_string(node, "info_payload", info.data);
		base_json_add_format(node, "ctl_payload", "LEASE %s\n", cards->cards[i].id);
		base_json_add_string(node, "lease_payload", "");
		base_json_add_string(node, "status_payload", "");
	}
	list_models(list, mock);
	list_telemetry(list);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(list, INDENT, &text);
	return base_buffer_steal(&text);
}
