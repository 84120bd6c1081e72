/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_ADDRESS_H
#define BRIDGE_ADDRESS_H

#include "base/error.h"

/**
 * Where a bridge listens and a client looks when nothing is said: unix:/run/gpu-lane/bridge.sock
 * for root, else unix:$XDG_RUNTIME_DIR/gpu-lane/bridge.sock. Caller frees; NULL with USAGE when
 * there is no such folder.
 */
char *bridge_address_default(struct lane_error *err);

#endif
