/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPUTE_DISPATCH_H
#define COMPUTE_DISPATCH_H

#include "compute/kernel.h"

/** A kernel launched `count` times in one submit, with a barrier between two launches. */
struct compute_dispatch {
	const struct compute_kernel *kernel;
	/** Workgroups. */
	uint32_t grid[3];
	uint32_t count;
	uint8_t push_constants[COMPUTE_PUSH_CONSTANTS_SIZE];
};

enum compute_timer {
	/** Two timestamps around the launches. */
	COMPUTE_TIMER_GPU,
	/** The queue has no timestamps: the wall time is all there is. */
	COMPUTE_TIMER_HOST,
	/** The timestamps were never written, or are longer than the wall time around them. */
	COMPUTE_TIMER_INVALID,
};

/** How long the launches of one submit took. */
struct compute_timing {
	enum compute_timer timer;
	/** By that timer; 0 when it is invalid. */
	uint64_t ns;
	/** The host's time from the submit to the fence, in every case. */
	uint64_t wall_ns;
};

/**
 * Times what is recorded from here to compute_timed_submit, once it comes to `stage`. For any
 * command buffer of the device.
 */
void compute_timed_begin(const struct compute_device *device, VkPipelineStageFlagBits stage);
/** Ends the interval: call it before barriers that are not to be timed. */
void compute_timed_end(const struct compute_device *device);
/** compute_commands_submit, and reads the interval. */
bool compute_timed_submit(struct compute_device *device, unsigned timeout_ms,
	struct compute_timing *timing, struct lane_error *err);

/**
 * Submits and waits. What transfers and the host wrote before is seen by the kernel; what it wrote
 * is seen by transfers and the host afterwards. A timer that lies is no error, since results can be
 * right all the same. Errors: DEVICE_LIMIT (grid), and those of compute_commands_submit.
 */
bool compute_dispatch_run(struct compute_device *device, const struct compute_dispatch *dispatch,
	unsigned timeout_ms, struct compute_timing *timing, struct lane_error *err);

/**
 * Nanoseconds between two timestamps of `valid_bits` bits that tick every `period_ns`. A counter
 * that wrapped once in between is read right; bits beyond the valid ones are ignored.
 */
uint64_t compute_timestamp_ns(uint64_t begin, uint64_t end, uint32_t valid_bits, double period_ns);

#endif
