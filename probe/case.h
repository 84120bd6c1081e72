/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_CASE_H
#define PROBE_CASE_H

#include "probe/floor.h"

/** Facts on trial: what judging, the ladder and the diagnosis share. Everything is borrowed. */
struct probe_case {
	const cJSON *facts;
	/** NULL: the general health is judged. */
	const struct probe_floor *floor;
	struct report *report;
	/** The device to judge; NULL: the best one. */
	const char *uuid;
	/** The GPU that is judged, an element of "gpus", and its Vulkan device; NULL when there is
	 * none. */
	const cJSON *gpu;
	const cJSON *device;
	/** Whether a software renderer does not count. */
	bool hardware_wanted;
	/** A GPU that could compute is there, working or not. */
	bool hardware_present;
	/** Whether what was asked for holds. Only when it is broken do causes count as failures. */
	enum report_state state;
};

/** Whether the element of "gpus" is a GPU that could compute: no renderer, no mere display. */
bool probe_case_is_hardware(const cJSON *gpu);
/** The first of the GPU's nodes of a kind ("render", "primary"), or NULL. */
const cJSON *probe_case_node(const cJSON *facts, const cJSON *gpu, const char *kind);
/** Outcome of a collector: "ok", "skipped", "signal", ...; "skipped" when nothing is recorded. */
const char *probe_case_outcome(const cJSON *facts, const char *collector);
/** Whether the collector came to its end, so that what is not there is known not to be there. */
bool probe_case_collected(const cJSON *facts, const char *collector);

/**
 * Whether the floor asks, with severity failure, for a fact whose path begins so, and is broken in
 * it. A cause that the general health passes over counts then.
 */
bool probe_case_breaks(const struct probe_case *trial, const char *prefix);

/** Takes the best pair of a GPU and one of its Vulkan devices; the first of equals. */
void probe_case_choose(struct probe_case *trial);

/** Adds the ladder from the hardware to the checked submit. */
void probe_ladder(const struct probe_case *trial);
/** Adds a finding for every cause of failure that the facts show, and for known noise. */
void probe_diagnose(const struct probe_case *trial);
/** Fills the report's sections "host" and "device". */
void probe_describe(const struct probe_case *trial);

#endif
