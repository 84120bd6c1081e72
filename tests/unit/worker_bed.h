/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WORKER_BED_H
#define TESTS_UNIT_WORKER_BED_H

#include "bridge/worker.h"

/* The real worker on whatever Vulkan device is there, lavapipe at least, and jobs for it. */

enum { WORDS = 64 };

/** UUID text of the device. */
extern char worker_bed_uuid[64];

/** Group set-up: finds a device, or ends the test as skipped. */
int worker_bed_find(void **state);

/** One sample of one workgroup of WORDS invocations, without buffers. */
struct bridge_job worker_bed_job(const void *module, size_t size);
/** Gives it a buffer; contents have seed 1. */
void worker_bed_buffer(
	struct bridge_job *job, uint32_t binding, enum bridge_fill fill, bool output, uint64_t words);
/** y = 2 x + 7 over the ramp's words (sized.comp). */
struct bridge_job worker_bed_sized(void);
/** Random words, one added to each (in_place.comp). */
struct bridge_job worker_bed_in_place(void);

/** A worker that is ready; the second with a fault of tests/fault_layer. */
struct bridge_worker *worker_bed_start(void);
struct bridge_worker *worker_bed_start_faulty(const char *fault);
/** The next event, or NOTHING after 20 s. */
struct bridge_worker_event worker_bed_event(struct bridge_worker *worker);
/** Submits a job, finishes it and waits for its end. */
struct bridge_worker_event worker_bed_run(struct bridge_worker *worker, struct bridge_job *job);
/** The same, for a state and a text. */
void worker_bed_expect(
	struct bridge_worker *worker, struct bridge_job job, const char *state, const char *words);
/** Takes the result, which has exactly so many words. */
void worker_bed_result(struct bridge_worker *worker, uint32_t *words, size_t count);

#endif
