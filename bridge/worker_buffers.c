/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_buffers.h"

#include "compute/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* Inputs go through staging in pieces of this size. */
	UPLOAD_BYTES = 16 << 20,
	/* A driver may round an allocation up to this (the large pages of a GPU). */
	ROUNDING_BYTES = 64 << 10,
	/* A submit takes longer than the host takes to fill so much. */
	HOST_FILL_BYTES = 64 << 10,
};

static bool has_contents(const struct bridge_job_buffer *declared)
{
	return declared->fill == BRIDGE_FILL_RAMP || declared->fill == BRIDGE_FILL_RANDOM ||
		declared->fill == BRIDGE_FILL_BITS;
}

static uint32_t fill_word(const struct bridge_job_buffer *declared)
{
	uint32_t word;
	bridge_fill_words(declared, &word, 1);
	return word;
}

/* Memory for a copy of what is on the device, which may be more than the host has. */
static uint32_t *copy_allocate(uint64_t bytes, struct lane_error *err)
{
	uint32_t *words = malloc(bytes > 0 ? bytes : 1);
	if (!words) {
		lane_error_set(
			err, "VULKAN_OUT_OF_MEMORY", "%llu bytes of host memory", (unsigned long long)bytes);
	}
	return words;
}

static bool create_staging(struct worker_buffers *buffers, struct lane_error *err)
{
	const struct bridge_job *job = buffers->job;
	uint64_t outputs = 0;
	uint64_t upload = 0;
	for (size_t i = 0; i < job->buffer_count; i++) {
		const struct bridge_job_buffer *declared = &job->buffers[i];
		if (buffers->buffers[i].mapped) {
			continue;
		}
		outputs += declared->output ? declared->bytes : 0;
		if (has_contents(declared) && declared->bytes > upload) {
			upload = declared->bytes < UPLOAD_BYTES ? declared->bytes : UPLOAD_BYTES;
		}
	}
	uint64_t bytes = outputs > upload ? outputs : upload;
	buffers->device->memory_cap_bytes += bytes + ROUNDING_BYTES;
	return bytes == 0 ||
		compute_buffer_create(
			buffers->device, COMPUTE_BUFFER_STAGING, bytes, &buffers->staging, err);
}

static bool create_pristine(struct worker_buffers *buffers, struct lane_error *err)
{
	for (size_t i = 0; i < buffers->job->buffer_count; i++) {
		const struct bridge_job_buffer *declared = &buffers->job->buffers[i];
		if (!declared->output || !has_contents(declared)) {
			continue;
		}
		buffers->pristine[i] = copy_allocate(declared->bytes, err);
		if (!buffers->pristine[i]) {
			return false;
		}
		bridge_fill_words(declared, buffers->pristine[i], declared->bytes / 4);
	}
	return true;
}

bool worker_buffers_create(struct worker_buffers *buffers, struct compute_device *device,
	const struct bridge_job *job, struct lane_error *err)
{
	*buffers = (struct worker_buffers){.device = device, .job = job};
	/* memory_bytes is a sum of 16 numbers below 2^53. */
	device->memory_cap_bytes = job->memory_bytes + (uint64_t)job->buffer_count * ROUNDING_BYTES;
	for (size_t i = 0; i < job->buffer_count; i++) {
		if (!compute_buffer_create(
				device, COMPUTE_BUFFER_DEVICE, job->buffers[i].bytes, &buffers->buffers[i], err)) {
			return lane_error_wrap(err, "buffer at binding %u", job->buffers[i].binding);
		}
		/* The host could touch it without any transfer, but a transfer is what is to be timed. */
		if (job->sampling.measure != BRIDGE_MEASURE_DISPATCH) {
			buffers->buffers[i].mapped = NULL;
		}
	}
	return create_staging(buffers, err) && create_pristine(buffers, err);
}

void worker_buffers_finish(struct worker_buffers *buffers)
{
	for (size_t i = 0; i < BRIDGE_JOB_BUFFERS_MAX; i++) {
		compute_buffer_finish(buffers->device, &buffers->buffers[i]);
		free(buffers->pristine[i]);
		buffers->pristine[i] = NULL;
	}
	compute_buffer_finish(buffers->device, &buffers->staging);
	free(buffers->first);
	buffers->first = NULL;
}

/* Begins a command buffer of transfers, with or without a clock. */
static bool transfer_begin(
	struct compute_device *device, const struct compute_timing *timing, struct lane_error *err)
{
	if (!compute_commands_begin(device, err)) {
		return false;
	}
	if (timing) {
		compute_timed_begin(device, VK_PIPELINE_STAGE_TRANSFER_BIT);
	}
	return true;
}

/* Ends it with a barrier that lets kernels and the host see what was transferred. */
static bool transfer_submit(struct compute_device *device, unsigned timeout_ms,
	struct compute_timing *timing, struct lane_error *err)
{
	if (timing) {
		compute_timed_end(device);
	}
	compute_commands_barrier(device, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
		VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT |
			VK_PIPELINE_STAGE_HOST_BIT,
		VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
			VK_ACCESS_TRANSFER_WRITE_BIT | VK_ACCESS_HOST_READ_BIT | VK_ACCESS_HOST_WRITE_BIT);
	return timing ? compute_timed_submit(device, timeout_ms, timing, err)
				  : compute_commands_submit(device, timeout_ms, NULL, err);
}

/* Brings the contents of one buffer there through staging, piece by piece. */
static bool upload(
	struct worker_buffers *buffers, size_t index, unsigned timeout_ms, struct lane_error *err)
{
	struct compute_device *device = buffers->device;
	const struct bridge_job_buffer *declared = &buffers->job->buffers[index];
	const struct compute_buffer *staging = &buffers->staging;
	for (uint64_t at = 0; at < declared->bytes;) {
		uint64_t left = declared->bytes - at;
		uint64_t piece = left < staging->bytes ? left : staging->bytes;
		bridge_fill_part(declared, at / 4, staging->mapped, piece / 4);
		if (!compute_buffer_flush(device, staging, err) || !transfer_begin(device, NULL, err)) {
			return false;
		}
		compute_commands_copy(device, staging, 0, &buffers->buffers[index], at, piece);
		if (!transfer_submit(device, timeout_ms, NULL, err)) {
			return false;
		}
		at += piece;
	}
	return true;
}

/* Fills a buffer with one word: now, if that is for the host to do, or with what is recorded. */
static bool fill_one(
	struct worker_buffers *buffers, size_t index, bool *recorded, struct lane_error *err)
{
	struct compute_device *device = buffers->device;
	const struct bridge_job_buffer *declared = &buffers->job->buffers[index];
	const struct compute_buffer *buffer = &buffers->buffers[index];
	if (!buffer->mapped || declared->bytes > HOST_FILL_BYTES) {
		compute_commands_fill(device, buffer, fill_word(declared));
		*recorded = true;
		return true;
	}
	bridge_fill_words(declared, buffer->mapped, declared->bytes / 4);
	return compute_buffer_flush(device, buffer, err);
}

bool worker_buffers_fill(
	struct worker_buffers *buffers, unsigned timeout_ms, struct lane_error *err)
{
	struct compute_device *device = buffers->device;
	bool recorded = false;
	if (!transfer_begin(device, NULL, err)) {
		return false;
	}
	for (size_t i = 0; i < buffers->job->buffer_count; i++) {
		if (!has_contents(&buffers->job->buffers[i]) && !fill_one(buffers, i, &recorded, err)) {
			return false;
		}
	}
	if (recorded && !transfer_submit(device, timeout_ms, NULL, err)) {
		return false;
	}
	for (size_t i = 0; i < buffers->job->buffer_count; i++) {
		const struct bridge_job_buffer *declared = &buffers->job->buffers[i];
		struct compute_buffer *buffer = &buffers->buffers[i];
		if (!has_contents(declared)) {
			continue;
		}
		if (!buffer->mapped) {
			if (!upload(buffers, i, timeout_ms, err)) {
				return false;
			}
			continue;
		}
		bridge_fill_words(declared, buffer->mapped, declared->bytes / 4);
		if (!compute_buffer_flush(device, buffer, err)) {
			return false;
		}
	}
	return true;
}

bool worker_buffers_refill(struct worker_buffers *buffers, unsigned timeout_ms,
	struct compute_timing *timing, struct lane_error *err)
{
	struct compute_device *device = buffers->device;
	uint64_t offset = 0;
	bool recorded = false;
	*timing = (struct compute_timing){.timer = COMPUTE_TIMER_HOST};
	if (!transfer_begin(device, timing, err)) {
		return false;
	}
	for (size_t i = 0; i < buffers->job->buffer_count; i++) {
		const struct bridge_job_buffer *declared = &buffers->job->buffers[i];
		struct compute_buffer *buffer = &buffers->buffers[i];
		if (!declared->output) {
			continue;
		}
		if (!buffers->pristine[i]) {
			if (!fill_one(buffers, i, &recorded, err)) {
				return false;
			}
		} else if (buffer->mapped) {
			memcpy(buffer->mapped, buffers->pristine[i], declared->bytes);
			if (!compute_buffer_flush(device, buffer, err)) {
				return false;
			}
		} else {
			memcpy((char *)buffers->staging.mapped + offset, buffers->pristine[i], declared->bytes);
			compute_commands_copy(device, &buffers->staging, offset, buffer, 0, declared->bytes);
			recorded = true;
		}
		offset += buffer->mapped ? 0 : declared->bytes;
	}
	if (buffers->staging.mapped && !compute_buffer_flush(device, &buffers->staging, err)) {
		return false;
	}
	return !recorded || transfer_submit(device, timeout_ms, timing, err);
}

/* Where the host finds the words of an output after a read; NULL for what is no output. */
static const uint32_t *output_words(
	const struct worker_buffers *buffers, size_t index, uint64_t *staging_offset)
{
	const struct bridge_job_buffer *declared = &buffers->job->buffers[index];
	if (!declared->output) {
		return NULL;
	}
	if (buffers->buffers[index].mapped) {
		return buffers->buffers[index].mapped;
	}
	const char *at = (const char *)buffers->staging.mapped + *staging_offset;
	*staging_offset += declared->bytes;
	return (const uint32_t *)(const void *)at;
}

/* What went to the device through staging must not be taken for what comes back, if nothing does.
 */
static bool spoil_staging(struct worker_buffers *buffers, struct lane_error *err)
{
	static const struct bridge_job_buffer poison = {.fill = BRIDGE_FILL_POISON};
	if (!buffers->staging.mapped) {
		return true;
	}
	bridge_fill_words(&poison, buffers->staging.mapped, buffers->staging.bytes / 4);
	return compute_buffer_flush(buffers->device, &buffers->staging, err);
}

static bool read_to_host(struct worker_buffers *buffers, unsigned timeout_ms,
	struct compute_timing *timing, struct lane_error *err)
{
	struct compute_device *device = buffers->device;
	uint64_t offset = 0;
	if (!spoil_staging(buffers, err) || !transfer_begin(device, timing, err)) {
		return false;
	}
	for (size_t i = 0; i < buffers->job->buffer_count; i++) {
		const struct compute_buffer *buffer = &buffers->buffers[i];
		if (buffers->job->buffers[i].output && !buffer->mapped) {
			compute_commands_copy(device, buffer, 0, &buffers->staging, offset, buffer->bytes);
			offset += buffer->bytes;
		}
	}
	if (offset > 0 &&
		(!transfer_submit(device, timeout_ms, timing, err) ||
			!compute_buffer_invalidate(device, &buffers->staging, err))) {
		return false;
	}
	for (size_t i = 0; i < buffers->job->buffer_count; i++) {
		const struct compute_buffer *buffer = &buffers->buffers[i];
		if (buffers->job->buffers[i].output && buffer->mapped &&
			!compute_buffer_invalidate(device, buffer, err)) {
			return false;
		}
	}
	return true;
}

static void compare(const uint32_t *words, const uint32_t *first, uint64_t count, uint32_t binding,
	struct worker_difference *difference)
{
	if (difference->found || memcmp(words, first, count * 4) == 0) {
		return;
	}
	uint64_t word = 0;
	while (word + 1 < count && words[word] == first[word]) {
		word++;
	}
	*difference = (struct worker_difference){.found = true, .binding = binding, .word = word};
}

bool worker_buffers_read(struct worker_buffers *buffers, unsigned timeout_ms,
	struct compute_timing *timing, struct worker_difference *difference, struct lane_error *err)
{
	*difference = (struct worker_difference){.found = false};
	*timing = (struct compute_timing){.timer = COMPUTE_TIMER_HOST};
	if (!read_to_host(buffers, timeout_ms, timing, err)) {
		return false;
	}
	bool is_first = !buffers->first;
	if (is_first) {
		buffers->first = copy_allocate(buffers->job->result_bytes, err);
		if (!buffers->first) {
			return false;
		}
	}
	uint32_t *first = buffers->first;
	uint64_t staging_offset = 0;
	for (size_t i = 0; i < buffers->job->buffer_count; i++) {
		const struct bridge_job_buffer *declared = &buffers->job->buffers[i];
		const uint32_t *words = output_words(buffers, i, &staging_offset);
		if (!words) {
			continue;
		}
		if (is_first) {
			memcpy(first, words, declared->bytes);
		} else {
			compare(words, first, declared->bytes / 4, declared->binding, difference);
		}
		first += declared->bytes / 4;
	}
	return true;
}

bool worker_buffers_write(const struct worker_buffers *buffers, int fd, struct lane_error *err)
{
	off_t at = 0;
	uint64_t staging_offset = 0;
	for (size_t i = 0; i < buffers->job->buffer_count; i++) {
		const char *bytes = (const char *)output_words(buffers, i, &staging_offset);
		uint64_t left = bytes ? buffers->job->buffers[i].bytes : 0;
		while (left > 0) {
			ssize_t written = pwrite(fd, bytes, left, at);
			if (written < 0 && errno == EINTR) {
				continue;
			}
			if (written <= 0) {
				return lane_error_set_errno(
					err, "RESULT_WRITE", errno, "result at byte %lld", (long long)at);
			}
			bytes += written;
			at += written;
			left -= (uint64_t)written;
		}
	}
	return true;
}
