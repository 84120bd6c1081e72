/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_TRACE_H
#define CANARY_TRACE_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * What happened when, as Chrome trace-event JSON (the "JSON Object Format" of the Trace Event
 * Format document), which Perfetto and chrome://tracing open. All times are CLOCK_MONOTONIC in ns;
 * in the file they count from the first one, in microseconds. A NULL trace records nothing.
 */
struct trace;

/** Rows of the picture. */
enum trace_track {
	/** What this program does. */
	TRACE_CANARY,
	/** The job: queue, upload, samples, readback. */
	TRACE_JOB,
	/** Dispatches by the GPU's clock, each in the middle of the host's interval around it. */
	TRACE_GPU,
	TRACE_TRACKS,
};

struct trace *trace_create(void);
void trace_destroy(struct trace *trace);

/**
 * A stretch of time on a track. Two of one track must be apart or one in the other. `args`, shown
 * beside it, may be NULL; it is taken over.
 */
void trace_span(struct trace *trace, enum trace_track track, const char *name, uint64_t start_ns,
	uint64_t end_ns, cJSON *args);
/** A value at a moment, drawn as a curve of that name. */
void trace_value(struct trace *trace, const char *name, uint64_t at_ns, double value);

/** Writes it, in the order of time. "-" is stdout. Errors: FILE_WRITE. */
bool trace_save(const struct trace *trace, const char *path, struct lane_error *err);

#endif
