/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_CHOICE_H
#define CANARY_CHOICE_H

#include "base/json.h"
#include "canary/workload.h"
#include "compute/device.h"

/**
 * compute_choice_apply for devices that another process described (bridge_worker_describe,
 * /gpu/<id>/facts): no driver is touched here. Errors: those of compute_choice_apply.
 */
bool choice_apply(const struct compute_choice *choice, const cJSON *devices, size_t *index,
	struct lane_error *err);

/** What a described device is, as far as sizes go. */
enum workload_class choice_class(const cJSON *device);

/** The section "device" of the report. Caller owns it. */
cJSON *choice_report(const cJSON *device);

#endif
