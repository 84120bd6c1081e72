/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_DESCRIPTOR_H
#define CANARY_DESCRIPTOR_H

#include "canary/workload.h"

/** The job descriptor of a plan as one JSON line without its newline, module inline. Caller frees.
 */
char *descriptor_build(const struct workload_plan *plan, const char *job,
	const struct bridge_sampling *sampling, unsigned timeout_ms);

#endif
