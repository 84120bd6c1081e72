/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now = {0};
	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t base_clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t base_clock_boottime_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

uint64_t base_clock_wall_ms(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000000u;
}

void base_clock_format(uint64_t wall_ms, char text[BASE_CLOCK_TEXT_SIZE])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm utc = {0};
	if (!gmtime_r(&seconds, &utc) ||
		!strftime(text, BASE_CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc)) {
		text[0] = '\0';
	}
}
