/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WORKER_DEVICE_H
#define BRIDGE_WORKER_DEVICE_H

#include "base/json.h"
#include "compute/device.h"

/** A device as bridge_worker_describe documents it. The caller owns it. */
cJSON *bridge_worker_device(const struct compute_identity *identity);

#endif
