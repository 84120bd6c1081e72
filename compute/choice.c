/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/device.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	if (digit >= 'a' && digit <= 'f') {
		return digit - 'a' + 10;
	}
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Reads min..max hex digits; NULL when there are fewer. */
static const char *hex_field(const char *text, int min, int max, uint32_t *value)
{
	int length = 0;
	*value = 0;
	while (length < max && hex_digit(*text) >= 0) {
		*value = *value << 4 | (uint32_t)hex_digit(*text++);
		length++;
	}
	return length >= min ? text : NULL;
}

void compute_uuid_format(const uint8_t uuid[VK_UUID_SIZE], char text[COMPUTE_UUID_TEXT_SIZE])
{
	for (size_t i = 0; i < VK_UUID_SIZE; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;
		text += snprintf(text, 4, "%s%02x", dash ? "-" : "", uuid[i]);
	}
}

bool compute_uuid_parse(const char *text, uint8_t uuid[VK_UUID_SIZE])
{
	for (size_t i = 0; i < VK_UUID_SIZE; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;
		if (dash && *text++ != '-') {
			return false;
		}
		uint32_t value;
		text = hex_field(text, 2, 2, &value);
		if (!text) {
			return false;
		}
		uuid[i] = (uint8_t)value;
	}
	return *text == '\0';
}

/* "[domain:]bus:device.function" in hex. */
static bool choice_pci(const char *text, struct compute_choice *choice)
{
	uint32_t first, second;
	const char *at = hex_field(text, 1, 8, &first);
	if (!at || *at++ != ':') {
		return false;
	}
	at = hex_field(at, 1, 2, &second);
	if (!at) {
		return false;
	}
	if (*at == ':') {
		choice->pci_domain = first;
		choice->pci_bus = second;
		at = hex_field(at + 1, 1, 2, &choice->pci_device);
	} else {
		choice->pci_bus = first;
		choice->pci_device = second;
	}
	if (!at || *at++ != '.') {
		return false;
	}
	at = hex_field(at, 1, 1, &choice->pci_function);
	return at && *at == '\0' && choice->pci_bus <= 0xff && choice->pci_device <= 0x1f &&
		choice->pci_function <= 7;
}

static bool choice_name(const char *text, struct compute_choice *choice, struct lane_error *err)
{
	int failed = regcomp(&choice->name, text, REG_EXTENDED | REG_NOSUB);
	if (failed != 0) {
		char why[128];
		regerror(failed, &choice->name, why, sizeof(why));
		return lane_error_set(err, "USAGE", "name:%s: %s", text, why);
	}
	choice->kind = COMPUTE_CHOICE_NAME;
	return true;
}

bool compute_choice_parse(const char *text, struct compute_choice *choice, struct lane_error *err)
{
	*choice = (struct compute_choice){.kind = COMPUTE_CHOICE_BEST};
	if (strncmp(text, "name:", 5) == 0 && text[5] != '\0') {
		return choice_name(text + 5, choice, err);
	}
	if (strncmp(text, "pci:", 4) == 0 && choice_pci(text + 4, choice)) {
		choice->kind = COMPUTE_CHOICE_PCI;
	} else if (strncmp(text, "drm:/", 5) == 0) {
		choice->kind = COMPUTE_CHOICE_DRM;
		choice->node = base_strdup(text + 4);
	} else if (strncmp(text, "uuid:", 5) == 0 && compute_uuid_parse(text + 5, choice->uuid)) {
		choice->kind = COMPUTE_CHOICE_UUID;
	} else {
		*choice = (struct compute_choice){.kind = COMPUTE_CHOICE_BEST};
		return lane_error_set(err, "USAGE",
			"device '%s' is none of pci:0000:03:00.0, drm:/dev/dri/renderD128, uuid:UUID, name:REGEX",
			text);
	}
	return true;
}

void compute_choice_finish(struct compute_choice *choice)
{
	if (!choice) {
		return;
	}
	if (choice->kind == COMPUTE_CHOICE_NAME) {
		regfree(&choice->name);
	}
	free(choice->node);
	*choice = (struct compute_choice){.kind = COMPUTE_CHOICE_BEST};
}

static bool choice_matches(
	const struct compute_choice *choice, const struct stat *node, const struct compute_identity *id)
{
	switch (choice->kind) {
	case COMPUTE_CHOICE_PCI:
		return id->has_pci && id->pci_domain == choice->pci_domain &&
			id->pci_bus == choice->pci_bus && id->pci_device == choice->pci_device &&
			id->pci_function == choice->pci_function;
	case COMPUTE_CHOICE_DRM: {
		int64_t node_major = major(node->st_rdev);
		int64_t node_minor = minor(node->st_rdev);
		return id->has_drm &&
			((id->render_major == node_major && id->render_minor == node_minor) ||
				(id->primary_major == node_major && id->primary_minor == node_minor));
	}
	case COMPUTE_CHOICE_UUID:
		return memcmp(id->device_uuid, choice->uuid, VK_UUID_SIZE) == 0;
	case COMPUTE_CHOICE_NAME:
		return regexec(&choice->name, id->properties.deviceName, 0, NULL, 0) == 0;
	case COMPUTE_CHOICE_BEST:
		break;
	}
	return true;
}

/* Higher is better. */
static int identity_rank(const struct compute_identity *identity)
{
	if (identity->software) {
		return 0;
	}
	switch (identity->properties.deviceType) {
	case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
		return 4;
	case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
		return 3;
	case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
		return 2;
	default:
		return 1;
	}
}

static bool identity_better(const struct compute_identity *one, const struct compute_identity *than)
{
	int rank = identity_rank(one) - identity_rank(than);
	return rank > 0 || (rank == 0 && one->memory_bytes > than->memory_bytes);
}

static bool choice_not_found(const struct compute_identity *identities, size_t count,
	bool matched_software, struct lane_error *err)
{
	if (count == 0) {
		return lane_error_set(err, "DEVICE_NONE", "no Vulkan device at all");
	}
	BASE_BUFFER_AUTO names = BASE_BUFFER_INIT;
	for (size_t i = 0; i < count; i++) {
		base_buffer_print(&names, "%s%s", i > 0 ? ", " : "", identities[i].properties.deviceName);
	}
	if (matched_software) {
		return lane_error_set(
			err, "DEVICE_SOFTWARE_ONLY", "only a software renderer; there are: %s", names.data);
	}
	return lane_error_set(
		err, "DEVICE_NOT_FOUND", "no device is the one asked for; there are: %s", names.data);
}

bool compute_choice_apply(const struct compute_choice *choice,
	const struct compute_identity *identities, size_t count, size_t *index, struct lane_error *err)
{
	struct stat node = {.st_rdev = 0};
	if (choice->kind == COMPUTE_CHOICE_DRM && stat(choice->node, &node) != 0) {
		return lane_error_set_errno(err, "DEVICE_NOT_FOUND", errno, "device drm:%s", choice->node);
	}
	if (choice->kind == COMPUTE_CHOICE_DRM && !S_ISCHR(node.st_mode)) {
		return lane_error_set(
			err, "DEVICE_NOT_FOUND", "device drm:%s: is no device node", choice->node);
	}
	bool found = false;
	bool matched_software = false;
	for (size_t i = 0; i < count; i++) {
		if (!choice_matches(choice, &node, &identities[i])) {
			continue;
		}
		if (identities[i].software && !choice->allow_software) {
			matched_software = true;
		} else if (!found || identity_better(&identities[i], &identities[*index])) {
			found = true;
			*index = i;
		}
	}
	return found || choice_not_found(identities, count, matched_software, err);
}
