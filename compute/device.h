/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_DEVICE_H
#define COMPUTE_DEVICE_H

#include "compute/feature.h"
#include "compute/instance.h"

#include <regex.h>
#include <stdint.h>

/** Who a physical device is. A zeroed has_* says the driver does not tell. */
struct compute_identity {
	VkPhysicalDevice physical;
	/** Strings of the driver are always terminated here. */
	VkPhysicalDeviceProperties properties;
	uint8_t device_uuid[VK_UUID_SIZE];
	uint8_t driver_uuid[VK_UUID_SIZE];
	/** VK_KHR_driver_properties (core 1.2). */
	bool has_driver;
	VkPhysicalDeviceDriverProperties driver;
	/** VK_EXT_physical_device_drm: device numbers, -1 for a node it has not. */
	bool has_drm;
	int64_t primary_major, primary_minor, render_major, render_minor;
	/** VK_EXT_pci_bus_info. */
	bool has_pci;
	uint32_t pci_domain, pci_bus, pci_device, pci_function;
	/**
	 * llvmpipe, SwiftShader, any CPU type, and Venus in front of one of them ("Virtio-GPU Venus
	 * (llvmpipe").
	 */
	bool software;
	/** Bytes of the device-local heaps together. */
	uint64_t memory_bytes;
	/** Compute units or streaming multiprocessors; 0 when the driver does not tell. */
	uint32_t compute_units;
	/** What a kernel may use of it, and how many invocations a subgroup has (0: not told). */
	compute_features features;
	uint32_t subgroup_size, subgroup_size_min, subgroup_size_max;
	/** The queue family that compute_device_open takes; has_queue false: none can compute. */
	bool has_queue;
	uint32_t queue_family;
	/** Of that family; 0: no timestamps. */
	uint32_t timestamp_valid_bits;
};

/**
 * Lists the physical devices in the loader's order. Caller frees the array.
 * Errors: VULKAN_NO_DRIVER, VULKAN_ENUMERATE_FAILED. No device at all is an empty list, not an
 * error.
 */
bool compute_identity_list(const struct compute_instance *instance,
	struct compute_identity **identities, size_t *count, struct lane_error *err);

/** Which device is wanted. A zeroed value: the best hardware device. */
struct compute_choice {
	enum {
		/** Discrete before integrated before virtual, more memory first, then loader order. */
		COMPUTE_CHOICE_BEST,
		COMPUTE_CHOICE_PCI,
		COMPUTE_CHOICE_DRM,
		COMPUTE_CHOICE_UUID,
		COMPUTE_CHOICE_NAME,
	} kind;
	/** Software devices may be chosen too (after any hardware). */
	bool allow_software;
	uint32_t pci_domain, pci_bus, pci_device, pci_function;
	/** Path of a node, compared by device number. Owned. */
	char *node;
	uint8_t uuid[VK_UUID_SIZE];
	/** ERE over the device name; the best one of those that match is chosen. */
	regex_t name;
};

/**
 * Parses "pci:0000:03:00.0" (the domain may be left out), "drm:/dev/dri/renderD128",
 * "uuid:00000000-0300-...", "name:REGEX". `allow_software` is false then. Errors: USAGE; the choice
 * is zeroed. Does not touch Vulkan.
 */
bool compute_choice_parse(const char *text, struct compute_choice *choice, struct lane_error *err);
void compute_choice_finish(struct compute_choice *choice);

/**
 * Index of the chosen identity. Errors: DEVICE_NOT_FOUND (says what was there),
 * DEVICE_SOFTWARE_ONLY (only a software renderer, and that is not allowed), DEVICE_NONE (no device
 * at all).
 */
bool compute_choice_apply(const struct compute_choice *choice,
	const struct compute_identity *identities, size_t count, size_t *index, struct lane_error *err);

/** "8-4-4-4-12" hex text of a UUID, with the terminator. */
#define COMPUTE_UUID_TEXT_SIZE 37
void compute_uuid_format(const uint8_t uuid[VK_UUID_SIZE], char text[COMPUTE_UUID_TEXT_SIZE]);
/** The reverse; false (and `uuid` undefined) when the text is anything else. */
bool compute_uuid_parse(const char *text, uint8_t uuid[VK_UUID_SIZE]);

/** A logical device with one compute queue and a byte cap on everything allocated from it. */
struct compute_device {
	const struct compute_instance *instance;
	struct compute_identity identity;
	VkDevice device;
	VkQueue queue;
	uint32_t queue_family;
	/** Of that family; 0: no timestamps. */
	uint32_t timestamp_valid_bits;
	VkPhysicalDeviceMemoryProperties memory;
	VkPhysicalDeviceLimits limits;
	VkCommandPool pool;
	VkCommandBuffer commands;
	VkFence fence;
	/** Two timestamps; VK_NULL_HANDLE without timestamps. */
	VkQueryPool queries;
	/** Bytes that may be allocated in all (UINT64_MAX: no cap), and that are allocated now. */
	uint64_t memory_cap_bytes;
	uint64_t memory_used_bytes;
	/** Set once VK_ERROR_DEVICE_LOST was seen; every later call fails with DEVICE_LOST at once. */
	bool lost;
	/**
	 * A fence wait ran out of time, so the queue still works on something: nothing may be freed,
	 * since that would wait for it. The process has to end.
	 */
	bool stuck;
};

/**
 * Opens a device. `memory_cap_bytes` 0 means no cap. Robust buffer access is enabled where
 * there, and so are all features of compute/feature.h.
 * Errors: VULKAN_DEVICE_FAILED, NO_COMPUTE_QUEUE, DEVICE_LOST. `instance` must outlive the device.
 */
bool compute_device_open(const struct compute_instance *instance,
	const struct compute_identity *identity, uint64_t memory_cap_bytes,
	struct compute_device *device, struct lane_error *err);
/** Waits for nothing: a stuck device is left as it is. */
void compute_device_finish(struct compute_device *device);

/**
 * Turns a failed call into an error and remembers a lost device. Always returns false. The code is
 * DEVICE_LOST, OUT_OF_MEMORY (device or host) or `code`; the text "<what>: <result>".
 */
bool compute_device_failed(struct compute_device *device, VkResult result, const char *code,
	const char *what, struct lane_error *err);

/**
 * One tiny checked submit: a kernel hashes its index into 1,024 words of a poisoned buffer and
 * every word is compared. `timeout_ms` bounds each of its three fence waits. Errors: WRONG_RESULT
 * (first wrong word, expected, found), DEVICE_LOST, VULKAN_TIMEOUT, VULKAN_SUBMIT_FAILED and those
 * of setting it up.
 */
bool compute_device_check(
	struct compute_device *device, unsigned timeout_ms, struct lane_error *err);

#endif
