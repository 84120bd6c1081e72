/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "base/json.h"
#include "report/report.h"

/** Layers that can be collected, combined with |. */
enum probe_layer {
	PROBE_HOST = 1 << 0,
	PROBE_DRM = 1 << 1,
	PROBE_PCI = 1 << 2,
	PROBE_VULKAN = 1 << 3,
	PROBE_ALL = (1 << 4) - 1,
};

struct probe_options {
	/** Bits of enum probe_layer. */
	unsigned layers;
	/** One checked submit on every Vulkan device. */
	bool submit;
	/** Deadline of it all; half of it is kept for asking each ICD alone when Vulkan fails. */
	unsigned timeout_ms;
	/** Path of an `lspci -xxxx` dump that stands for the PCI bus, checked before, or NULL. */
	const char *pci_dump;
};

/**
 * Collects the facts (schema gpu-lane-facts/v1): each layer in its own child process, all at once,
 * then the join. A collector that crashes, hangs or is missing its library is recorded in
 * "collectors" and never ends this. Errors: only CHILD_START. Caller owns the tree.
 */
bool probe_collect(const struct probe_options *options, cJSON **facts, struct lane_error *err);

/** A declared floor: what must hold on a lane. */
struct probe_floor;

/**
 * Loads a floor: `name` as a path, then in $GPU_LANE_FLOORS, then the installed folder. Errors:
 * FLOOR_NOT_FOUND, FILE_READ, JSON_INVALID (with file and line).
 */
struct probe_floor *probe_floor_load(const char *name, struct lane_error *err);
void probe_floor_destroy(struct probe_floor *floor);
/** Whether the floor accepts nothing but hardware (it asks for `gpu.software equals false`). */
bool probe_floor_wants_hardware(const struct probe_floor *floor);

/**
 * Judges facts: with a floor every expectation is a check; without one the general health is judged
 * (holds when a hardware GPU answers a checked submit, broken when one is there and does not,
 * unknown when there is none). Adds the ladder, findings with cause and remedy, claims, device and
 * host to the report; does not close it.
 */
void probe_judge(const cJSON *facts, const struct probe_floor *floor, struct report *report);
/**
 * The same for the Vulkan device with this UUID text, whatever else is there; for the best one
 * when `uuid` is NULL or none of the facts' devices has it.
 */
void probe_judge_device(
	const cJSON *facts, const struct probe_floor *floor, const char *uuid, struct report *report);

#endif
