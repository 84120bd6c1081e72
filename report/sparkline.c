/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sparkline.h"

#include <math.h>

void report_sparkline(const double *values, size_t count, struct base_buffer *out)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < count; i++) {
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	for (size_t i = 0; i < count; i++) {
		double place = (values[i] - low) / (high - low);
		/* One value alone has no span, and numbers of a file may have one beyond all numbers. */
		base_buffer_add_text(out, bars[place >= 0 && place <= 1 ? (size_t)(place * 7.999) : 0]);
	}
}
