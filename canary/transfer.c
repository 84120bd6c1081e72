/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include "canary/stream.h"
#include "canary/transfer.comp.h"

/*
 * The copy between a buffer of the host's memory and one of the device's, as the device's own clock
 * sees it: without what the host spends on filling and comparing, and without any dispatch.
 */

static void plan(struct workload_plan *plan, enum bridge_measure measure)
{
	plan->grid[0] = plan->n / STREAM_STEP;
	plan->grid[1] = plan->grid[2] = 1;
	struct workload_buffer *words =
		workload_plan_bits(plan, "words", WORKLOAD_UINT, plan->n, 12, UINT32_MAX, 0);
	words->job.output = true;
	plan->measure = measure;
	/* Counted once, as the bus does. */
	plan->work = 4.0 * plan->n;
	plan->reference_is_short = true;
}

static void plan_upload(struct workload_plan *upload)
{
	plan(upload, BRIDGE_MEASURE_UPLOAD);
}

static void plan_download(struct workload_plan *download)
{
	plan(download, BRIDGE_MEASURE_DOWNLOAD);
}

static void reference(const struct workload_plan *transfer, uint32_t *const *buffers)
{
	for (size_t i = 0; i < transfer->n; i++) {
		buffers[0][i] = ~buffers[0][i];
	}
}

/* 64 and 256 MiB on a card: 4 ms and more at 16 GB/s. */
#define SIZES                                                                                      \
	{                                                                                              \
		{STREAM_MI(1), STREAM_MI(8), STREAM_MI(16)},                                               \
			{STREAM_MI(16), STREAM_MI(16), STREAM_MI(64)},                                         \
	}

const struct workload canary_upload = {
	.name = "upload",
	.title = "the copy to the device",
	.unit = "GB/s",
	.spirv = transfer_spirv,
	.spirv_size = sizeof(transfer_spirv),
	.block = {STREAM_BLOCK, 1, 1},
	.sizes = SIZES,
	.step = STREAM_STEP,
	.exactness = "bits turned over",
	.plan = plan_upload,
	.reference = reference,
};

const struct workload canary_download = {
	.name = "download",
	.title = "the copy from the device",
	.unit = "GB/s",
	.spirv = transfer_spirv,
	.spirv_size = sizeof(transfer_spirv),
	.block = {STREAM_BLOCK, 1, 1},
	.sizes = SIZES,
	.step = STREAM_STEP,
	.exactness = "bits turned over",
	.plan = plan_download,
	.reference = reference,
};
