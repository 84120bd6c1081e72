/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_WORKLOAD_H
#define CANARY_WORKLOAD_H

#include "base/error.h"
#include "bridge/job.h"
#include "compute/feature.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A workload: one shader, the same computation in C beside it (<name>.comp, <name>.c), and what is
 * needed to run, check and rate it. All of it is data but two functions, so that one loop serves
 * all workloads.
 *
 * One dispatch is one sample, and every sample's outputs are checked whole. More dispatches in a
 * sample would overwrite what an earlier one did wrong, and hide one that never ran; only a kernel
 * whose output is its input, so that each dispatch leaves its trace, may have more.
 */

/** What a device is, as far as sizes go. */
enum workload_class {
	/** A CPU that pretends: small sizes, this proves the toolchain only. */
	WORKLOAD_SOFTWARE,
	/** Shares the host's memory, or is a virtual GPU in front of one that may. */
	WORKLOAD_INTEGRATED,
	WORKLOAD_DISCRETE,
	WORKLOAD_CLASSES,
};

enum workload_suite { WORKLOAD_QUICK, WORKLOAD_FULL, WORKLOAD_SUITES };

/** What the words of an output are, for comparing and for messages. */
enum workload_element { WORKLOAD_UINT, WORKLOAD_FLOAT };

struct workload_buffer {
	/** As the shader calls it: "c". */
	const char *name;
	enum workload_element element;
	struct bridge_job_buffer job;
};

enum {
	WORKLOADS_MAX = 32,
	WORKLOAD_BUFFERS_MAX = 4,
	WORKLOAD_PUSH_CONSTANTS_MAX = 4,
};

/** A workload at one size: what is dispatched. */
struct workload_plan {
	const struct workload *workload;
	/** The size: words of a vector, rows of a square matrix. */
	uint32_t n;
	uint32_t grid[3];
	struct workload_buffer buffers[WORKLOAD_BUFFERS_MAX];
	size_t buffer_count;
	/** 32-bit words in the order of the shader's block. */
	uint32_t push_constants[WORKLOAD_PUSH_CONSTANTS_MAX];
	size_t push_constant_count;
	/** One of the workload's, or NULL when it has none. */
	const struct workload_variant *variant;
	/** The workload's module, unless plan() lays another one out for the variant. */
	const uint32_t *spirv;
	size_t spirv_size;
	/** Dispatches in a sample; 0 is 1. */
	uint32_t dispatches;
	enum bridge_measure measure;
	/** Bytes moved or operations done by one dispatch (or transfer); `unit` counts these. */
	double work;
	/** The reference knows the answer without doing the work: its time is no measure. */
	bool reference_is_short;
};

/**
 * One of several ways to do the same, as a specialization constant: which one is fastest depends on
 * the device, so they are raced, and the best one is measured and named. Unless the plan says
 * otherwise (reference_is_short), all have the same outputs.
 */
struct workload_variant {
	const char *name;
	/** Of the constant with id 0. */
	uint32_t value;
	/** Invocations of a subgroup; 0: what the driver likes. Raced where the device has a choice. */
	uint32_t subgroup_size;
	/** Features without which a device cannot run it, beyond the workload's. */
	compute_features needs;
};

struct workload {
	const char *name;
	/** What it computes: "c = a + b". */
	const char *title;
	/** "GB/s" or "GFLOP/s": 10^9 of `work` a second. */
	const char *unit;
	/** Features without which a device cannot run it. */
	compute_features needs;
	const struct workload_variant *variants;
	size_t variant_count;
	/** The quick suite too races them: the first one may be far from the best. */
	bool race_in_quick;
	/** Its hash is what the kernel is known by in reports and baselines, whichever variant runs. */
	const uint32_t *spirv;
	size_t spirv_size;
	/** Local size of the shader. */
	uint32_t block[3];
	/**
	 * n for each suite and class; plan() takes multiples of `step` from `step` on. 0 for quick: not
	 * in that suite, and run as in the full one when it is asked for by name.
	 */
	uint32_t sizes[WORKLOAD_SUITES][WORKLOAD_CLASSES];
	uint32_t step;
	/**
	 * How far a float may be off, in units in the last place; 0: bit for bit (but +0 is -0, since
	 * Vulkan lets a device drop the sign of zero). `exactness` is the reason.
	 */
	uint32_t ulp;
	const char *exactness;
	/** Lays out size `n`; `plan` arrives zeroed but for workload, n, variant and module. */
	void (*plan)(struct workload_plan *plan);
	/** Does one dispatch on the CPU: `buffers` in the plan's order, filled as declared. */
	void (*reference)(const struct workload_plan *plan, uint32_t *const *buffers);
};

/** The table, in the order of running. */
const struct workload *const *workload_table(size_t *count);
/** The entry, or NULL. */
const struct workload *workload_find(const char *name);
/** Those of a suite, in the order of running. Returns their number. */
size_t workload_suite(enum workload_suite suite, const struct workload *list[WORKLOADS_MAX]);
/**
 * The first feature that a workload (or, where a device can run none of the variants, the first of
 * those) needs and a device has not; NULL when it has all.
 */
const char *workload_missing(const struct workload *workload, const cJSON *device);
/** Whether the device has it, but modules that use it cannot be validated by the worker's build. */
bool workload_unvalidated(const char *feature, const cJSON *device);
/** Whether the device can run this variant, and it is not another one's double there. */
bool workload_variant_fits(const struct workload_variant *variant, const cJSON *device);
/** The first variant that fits; NULL when the workload has none, or none fits. */
const struct workload_variant *workload_variant_first(
	const struct workload *workload, const cJSON *device);

/** What a device and a lease allow. */
struct workload_limits {
	/** All buffers together. */
	uint64_t memory_bytes;
	/** maxStorageBufferRange. */
	uint64_t buffer_bytes;
};

/** Lays out exactly size `n`, a multiple of the step, with the first variant. */
void workload_plan_size(const struct workload *workload, uint32_t n, struct workload_plan *plan);
/** Lays out a plan's size again with another variant. */
void workload_plan_vary(struct workload_plan *plan, const struct workload_variant *variant);
/**
 * Lays out the size of this suite and class, halved until it fits. Errors: CANARY_NO_ROOM (says
 * what the smallest size needs).
 */
bool workload_plan_fit(const struct workload *workload, enum workload_suite suite,
	enum workload_class class, const struct workload_limits *limits, struct workload_plan *plan,
	struct lane_error *err);

/** Bytes of all buffers, and of the outputs. */
uint64_t workload_plan_bytes(const struct workload_plan *plan);
uint64_t workload_plan_output_bytes(const struct workload_plan *plan);

/** Adds a buffer to the plan; its binding is its position. */
struct workload_buffer *workload_plan_buffer(struct workload_plan *plan, const char *name,
	enum workload_element element, uint64_t words, enum bridge_fill fill, uint32_t seed);
/** The same, filled with the bits of `mask` from a hash, and those of `base`. */
struct workload_buffer *workload_plan_bits(struct workload_plan *plan, const char *name,
	enum workload_element element, uint64_t words, uint32_t seed, uint32_t mask, uint32_t base);
/** The same for one that is written only: poisoned before every sample. */
void workload_plan_output(
	struct workload_plan *plan, const char *name, enum workload_element element, uint64_t words);
/** Push constants. */
void workload_plan_push_uint(struct workload_plan *plan, uint32_t value);
void workload_plan_push_float(struct workload_plan *plan, float value);

/** Words as floats and back without breaking the aliasing rules; compilers make it nothing. */
static inline float workload_float(uint32_t word)
{
	union {
		uint32_t word;
		float value;
	} pun = {.word = word};
	return pun.value;
}

static inline uint32_t workload_word(float value)
{
	union {
		uint32_t word;
		float value;
	} pun = {.value = value};
	return pun.word;
}

/** Sizes of subgroups, for kernels that take any; their constant is not used. */
extern const struct workload_variant workload_subgroups[3];
#define WORKLOAD_SUBGROUPS .variants = workload_subgroups, .variant_count = 3

extern const struct workload canary_matmul_coop_bf16, canary_matmul_coop_f16,
	canary_matmul_coop_fp8, canary_matmul_coop_i8, canary_matmul_f16, canary_memtest, canary_mlp,
	canary_q4_matvec, canary_q8_matvec, canary_atomics, canary_copy, canary_dispatch,
	canary_download, canary_histogram, canary_matmul, canary_peak_f16, canary_peak_f32,
	canary_peak_f64, canary_peak_i32, canary_peak_i8dot, canary_read, canary_reduce, canary_saxpy,
	canary_scan, canary_subgroup, canary_triad, canary_upload, canary_vadd;

#endif
