/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/** CLOCK_MONOTONIC in nanoseconds: for durations. */
uint64_t base_clock_monotonic_ns(void);
/** CLOCK_BOOTTIME in nanoseconds: counts suspend, for leases and deadlines. */
uint64_t base_clock_boottime_ns(void);
/** CLOCK_REALTIME in milliseconds since the epoch: for people and files only. */
uint64_t base_clock_wall_ms(void);

/** "2026-04-22T18:03:11Z" and its terminator. */
#define BASE_CLOCK_TEXT_SIZE 21
/** Writes the wall time as RFC 3339 in UTC. */
void base_clock_format(uint64_t wall_ms, char text[BASE_CLOCK_TEXT_SIZE]);

#endif
