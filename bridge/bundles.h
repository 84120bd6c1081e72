/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_BUNDLES_H
#define BRIDGE_BUNDLES_H

#include "bridge/attach.h"
#include "bridge/job.h"
#include "bridge/node.h"

/**
 * /bundles: modules staged for jobs. A file that is made under 64 hex digits takes the bytes with
 * that SHA-256 and no others: it is whole, can be read and named by jobs from the write on that
 * completes them, and is dropped when its last writer closes it before. A file of any other name
 * that an id can have is an alias: it takes 64 hex digits of a bundle that is there.
 *
 * A bundle is its subject's alone, whoever else stages the same bytes, and goes with the attach
 * that staged it, or when its subject stages more than it may: the one that was used longest ago
 * first. Jobs have copies.
 */
struct bridge_bundles;

enum {
	/** Of one subject. */
	BRIDGE_BUNDLES_OWN_MAX = 64,
	BRIDGE_BUNDLES_OWN_MIB_MAX = 64,
	/** Of all together. */
	BRIDGE_BUNDLES_MAX = 1024,
	BRIDGE_BUNDLES_MIB_MAX = 256,
};

/** Publishes /bundles below the root. */
struct bridge_bundles *bridge_bundles_create(struct bridge_node *root);
void bridge_bundles_destroy(struct bridge_bundles *bundles);
/** Drops what an attach that is gone has staged. */
void bridge_bundles_forget(struct bridge_bundles *bundles, const struct bridge_attach *attach);
/**
 * Gives a job the module at its module_path, if that is a whole bundle or an alias of one of the
 * attach's subject; without one the job stays as it is. Errors: those of bridge_job_module.
 */
bool bridge_bundles_take(struct bridge_bundles *bundles, const struct bridge_attach *attach,
	struct bridge_job *job, struct lane_error *err);

#endif
