/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_SPARKLINE_H
#define REPORT_SPARKLINE_H

#include "base/buffer.h"

#include <stddef.h>

/** Numbers as bars between their least and their greatest, one character each. */
void report_sparkline(const double *values, size_t count, struct base_buffer *out);

#endif
