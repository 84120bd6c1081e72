/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_WIRE_H
#define BRIDGE_WORKER_WIRE_H

#include "base/error.h"
#include "base/json.h"
#include "bridge/job.h"

#include <stdint.h>

/*
 * What goes between the bridge and a worker, over a SOCK_SEQPACKET pair, one message a packet.
 *
 * To the worker, which trusts it: one struct bridge_worker_request with two descriptors, the module
 * and the result. Both are one build, so the struct goes as it is.
 *
 * From the worker, which nobody trusts: one JSON document a packet, at most BRIDGE_WORKER_REPLY_MAX
 * bytes, never a descriptor.
 *   {"kind": "ready", "device": {...}}
 *   {"kind": "failed", "text": ".."}                the device cannot be opened; the worker ends
 *   {"kind": "done", "state": "OK", "text": "", "timing": {...} or null}
 */
enum {
	BRIDGE_WORKER_REPLY_MAX = 256 << 10,
	BRIDGE_WORKER_TEXT_MAX = 1024,
	/** The worker's end of the socket. */
	BRIDGE_WORKER_FD = 3,
};

struct bridge_worker_request {
	/** Its pointers are NULL; module_size says how long the module in the first descriptor is. */
	struct bridge_job job;
	char kernel[BRIDGE_JOB_ID_MAX + 1];
};

/**
 * Reads a reply and checks all of it against the forms above; the job in work (or NULL) bounds the
 * timing. The caller owns *document. Errors: WORKER_PROTOCOL.
 */
bool bridge_worker_reply_parse(const char *text, size_t size, const struct bridge_job *job,
	cJSON **document, struct lane_error *err);
/** Checks the array of --describe. Errors: WORKER_PROTOCOL. */
bool bridge_worker_devices_check(const struct base_json *json, struct lane_error *err);

/** The state's static text, or NULL when it is none that a worker may answer. */
const char *bridge_worker_state(const char *text);

#endif
