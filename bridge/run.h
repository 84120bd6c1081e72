/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_RUN_H
#define BRIDGE_RUN_H

#include "bridge/attach.h"
#include "bridge/bundles.h"
#include "bridge/job.h"
#include "bridge/node.h"
#include "bridge/record.h"
#include "bridge/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a subject has in the archive. */
struct bridge_keeper {
	char *owner;
	size_t runs;
	/** Of their results and timings. */
	uint64_t bytes;
	struct bridge_keeper *next;
};

/**
 * A job that was accepted: its descriptor, its folder /worker/<job> and its states. Every one
 * begins QUEUED and ends in exactly one of "OK" and "ERR ..."; one that fails its checks goes from
 * the one to the other at once.
 */
struct bridge_run {
	/** Owned; its module is freed at the end. */
	struct bridge_job job;
	/** /gpu/<id>/status of its GPU. Borrowed. */
	struct bridge_stream *status;
	/** /worker/<job>: log, and after OK result and timing. */
	struct bridge_node *directory, *log;
	/** Who sent it; NULL once gone. */
	const struct bridge_attach *attach;
	/** Of its GPU. Borrowed. */
	const char *gpu;
	/** Bytes of result and timing. */
	uint64_t kept_bytes;
	/** What its session may keep of them, results of older jobs counted; 0: no bound but those of
	 * the archive. */
	uint64_t kept_max;
	/** Of its owner, once it is in the archive. */
	struct bridge_keeper *keeper;
	/** In its lease's queue, or in the archive. */
	struct bridge_run *next;
};

/**
 * Ended jobs whose outputs can still be read, oldest first: until their session is gone, its newer
 * ones take more than its lease may (kept_max), or all together take too much: then the oldest of
 * the subject that keeps most goes.
 */
struct bridge_archive {
	/** /worker. Borrowed. */
	struct bridge_node *directory;
	/** Where jobs and leases are recorded, or NULL. Borrowed. */
	struct bridge_record *record;
	/** Where jobs find their modules, or NULL. Borrowed. */
	struct bridge_bundles *bundles;
	struct bridge_run *first, *last;
	struct bridge_keeper *keepers;
	size_t count;
	uint64_t bytes;
};

enum {
	BRIDGE_ARCHIVE_COUNT_MAX = 256,
	BRIDGE_ARCHIVE_MIB_MAX = 512,
	/** Outputs of one job. */
	BRIDGE_RESULT_MIB_MAX = 1024,
};

/** How a job ended. */
struct bridge_run_end {
	/** "OK" or "ERR ...". */
	const char *state;
	/** For people. */
	const char *detail;
	/** Outputs, or -1; taken over. */
	int result;
	/** Timing document, or NULL; borrowed. */
	const cJSON *timing;
};

/** Whether a job of this id is known (running, waiting, or its outputs are there): ids are unique.
 */
bool bridge_archive_knows(const struct bridge_archive *archive, const char *id);
/** Drops what an attach that is gone has left. */
void bridge_archive_forget(struct bridge_archive *archive, const struct bridge_attach *attach);
void bridge_archive_finish(struct bridge_archive *archive);

/** Accepts a job, which it takes over: its folder is there and "QUEUED" is in the status. */
struct bridge_run *bridge_run_create(struct bridge_archive *archive, const char *gpu,
	struct bridge_stream *status, const struct bridge_attach *attach, struct bridge_job *job);
/** Writes a state that is not the last. */
void bridge_run_enter(struct bridge_run *run, const char *state, const char *detail);
/** The last state. The run goes to the archive, or away if its attach is gone: it is invalid
 * afterwards. */
void bridge_run_finish(
	struct bridge_run *run, struct bridge_archive *archive, const struct bridge_run_end *end);

/** One line of status: {"job":..,"state":..,"detail":..} without the newline. */
void bridge_status_line(
	struct base_buffer *out, const char *job, const char *state, const char *detail);

#endif
