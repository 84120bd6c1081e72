/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A library to preload: what a program, its driver included, takes for the passing of time is the
 * CPU time of the process, of all its threads together. Where the device is a CPU that is what a
 * kernel costs, whoever else keeps the machine busy; where it is not, this says nothing.
 */
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int read_clock(clockid_t clock, struct timespec *now)
{
	return (int)syscall(SYS_clock_gettime, clock, now);
}

/* Deadlines that the kernel keeps are by the real-time clock, which stays what it is. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	return read_clock(clock == CLOCK_MONOTONIC ? CLOCK_PROCESS_CPUTIME_ID : clock, now);
}

/* std::chrono::system_clock::now(), by which the peers time; nanoseconds. */
int64_t chrono_now(void) __asm__("_ZNSt6chrono3_V212system_clock3nowEv");
int64_t chrono_now(void)
{
	struct timespec now;
	read_clock(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}
