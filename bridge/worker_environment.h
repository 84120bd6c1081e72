/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_ENVIRONMENT_H
#define BRIDGE_WORKER_ENVIRONMENT_H

/**
 * The environment of a worker: what the Vulkan loader, drivers and the C library read of ours, and
 * nothing else. In a job of GitHub Actions the rest has tokens that a driver has no business with.
 * The array is the caller's to free; what it points to stays ours.
 */
char **worker_environment(void);

#endif
