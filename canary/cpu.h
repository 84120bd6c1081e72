/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_CPU_H
#define CANARY_CPU_H

#include "canary/workload.h"

/**
 * The same work on all of the CPU, so that a speed-up is over what the machine could do without the
 * GPU: the references, cut into slices for as many threads as there are CPUs for this process, and
 * compiled once more for AVX2 and FMA where the CPU has them.
 */

/** CPUs this process may run on. */
unsigned cpu_threads(void);
/** "AVX2", or "baseline" for what every CPU of the architecture has. */
const char *cpu_simd(void);

/** Whether the workload can be cut: vector, matrix and inference work. */
bool cpu_can(const struct workload *workload);

/**
 * Does one dispatch's work into `buffers`, in the plan's order and filled as declared. The workload
 * can be cut, and nothing else of this process runs threads that could disturb it.
 */
void cpu_run(const struct workload_plan *plan, uint32_t *const *buffers, unsigned threads);

/** C = A * B as canary_matmul computes it, rows `from` to `to` of C; for cpu.c. */
void cpu_matmul_rows(const float *a, const float *b, float *c, size_t n, size_t from, size_t to);
void cpu_matmul_rows_v3(const float *a, const float *b, float *c, size_t n, size_t from, size_t to);

#endif
