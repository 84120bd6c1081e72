/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/commands.h"
#include "compute/dispatch.h"

#include "compute/check.comp.h"

enum {
	CHECK_WORDS = 1024,
	CHECK_LOCAL_SIZE = 64,
	/* No hash of an index below 1,024 is this. */
	CHECK_POISON = 0x5EADBEEF,
};

/* Thomas Wang's integer hash. The kernel does the same. */
static uint32_t check_word(uint32_t word)
{
	word = (word ^ 61u) ^ (word >> 16);
	word *= 9u;
	word ^= word >> 4;
	word *= 0x27d4eb2du;
	return word ^ (word >> 15);
}

struct check {
	struct compute_kernel kernel;
	struct compute_buffer words;
	struct compute_buffer staging;
};

static bool check_set_up(struct compute_device *device, struct check *check, struct lane_error *err)
{
	const struct compute_kernel_source source = {
		.words = check_spirv,
		.word_count = sizeof(check_spirv) / sizeof(check_spirv[0]),
		.entry = "main",
		.local_size = {CHECK_LOCAL_SIZE, 1, 1},
		.bindings = 1,
	};
	uint64_t bytes = CHECK_WORDS * sizeof(uint32_t);
	if (!compute_buffer_create(device, COMPUTE_BUFFER_DEVICE, bytes, &check->words, err) ||
		!compute_buffer_create(device, COMPUTE_BUFFER_STAGING, bytes, &check->staging, err) ||
		!compute_kernel_create(device, &source, &check->kernel, err)) {
		return false;
	}
	compute_kernel_bind(device, &check->kernel, 0, &check->words);
	return true;
}

/* Poisons both buffers, so that neither a kernel nor a copy that does nothing goes unseen. */
static bool check_poison(struct compute_device *device, const struct check *check,
	unsigned timeout_ms, struct lane_error *err)
{
	if (!compute_commands_begin(device, err)) {
		return false;
	}
	compute_commands_fill(device, &check->words, CHECK_POISON);
	compute_commands_fill(device, &check->staging, CHECK_POISON);
	return compute_commands_submit(device, timeout_ms, NULL, err);
}

static bool check_read_back(struct compute_device *device, const struct check *check,
	unsigned timeout_ms, struct lane_error *err)
{
	if (!compute_commands_begin(device, err)) {
		return false;
	}
	compute_commands_copy(device, &check->words, 0, &check->staging, 0, check->words.bytes);
	compute_commands_barrier(device, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
		VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
	return compute_commands_submit(device, timeout_ms, NULL, err) &&
		compute_buffer_invalidate(device, &check->staging, err);
}

static bool check_compare(const uint32_t *words, struct lane_error *err)
{
	for (uint32_t i = 0; i < CHECK_WORDS; i++) {
		if (words[i] != check_word(i)) {
			return lane_error_set(err, "WRONG_RESULT", "word %u of %u is 0x%08x, expected 0x%08x%s",
				i, (unsigned)CHECK_WORDS, words[i], check_word(i),
				words[i] == CHECK_POISON ? ": nothing was written" : "");
		}
	}
	return true;
}

bool compute_device_check(
	struct compute_device *device, unsigned timeout_ms, struct lane_error *err)
{
	struct check check = {.words = {.bytes = 0}};
	struct compute_dispatch dispatch = {
		.kernel = &check.kernel,
		.grid = {CHECK_WORDS / CHECK_LOCAL_SIZE, 1, 1},
		.count = 1,
	};
	struct compute_timing timing;
	bool right = check_set_up(device, &check, err) &&
		check_poison(device, &check, timeout_ms, err) &&
		compute_dispatch_run(device, &dispatch, timeout_ms, &timing, err) &&
		check_read_back(device, &check, timeout_ms, err) &&
		check_compare(check.staging.mapped, err);
	compute_kernel_finish(device, &check.kernel);
	compute_buffer_finish(device, &check.staging);
	compute_buffer_finish(device, &check.words);
	return right;
}
