/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_FACTS_TEXT_H
#define PROBE_FACTS_TEXT_H

#include "base/buffer.h"
#include "base/json.h"

/** Adds a tree of facts as indented text, one fact a line: what JSON says, for people. */
void probe_facts_print(const cJSON *facts, bool unicode, struct base_buffer *out);

#endif
