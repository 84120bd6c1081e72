/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_LOAD_H
#define BRIDGE_LOAD_H

#include "bridge/node.h"

/**
 * A tree of its own for who wants to know what the wire can carry: `zero` reads as zeros without
 * end, `null` takes everything and is empty. Attached to as "ctl", which is diod's name for it, so
 * that diodload works.
 */
#define BRIDGE_LOAD_NAME "ctl"

/** The caller holds the root. */
struct bridge_node *bridge_load_root(void);

#endif
