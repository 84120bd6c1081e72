/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_METRICS_H
#define BRIDGE_METRICS_H

#include "bridge/gpu.h"
#include "bridge/guests.h"
#include "bridge/record.h"
#include "bridge/reload.h"

/** What the bridge has counted: OpenMetrics in /metrics and over HTTP, key=value in /proc/9p. */

enum { BRIDGE_MADE_FILES = 5 };

struct bridge_metrics;

/** A file whose text is made when it is read. */
struct bridge_made {
	const struct bridge_metrics *metrics;
	void (*write)(const struct bridge_metrics *metrics, struct base_buffer *out);
};

/** Where the figures come from. Borrowed; lives as long as the tree. */
struct bridge_metrics {
	struct bridge_gpu *const *gpus;
	size_t gpu_count;
	const struct bridge_guests *guests;
	const struct bridge_traffic *traffic;
	const struct bridge_record *record;
	const struct bridge_reload *reload;
	/** Of bridge_metrics_publish. */
	struct bridge_made files[BRIDGE_MADE_FILES];
};

/**
 * All of it in OpenMetrics 1.0 text. No figure is of one subject: /proc/leases has those, for who
 * may see them.
 */
void bridge_metrics_write(const struct bridge_metrics *metrics, struct base_buffer *out);

/** Publishes /metrics and /proc/9p (the folder /proc is there), which workers do not see. */
void bridge_metrics_publish(struct bridge_metrics *metrics, struct bridge_node *root);

#endif
