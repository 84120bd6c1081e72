/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/workload.h"

#include <string.h>

const struct workload_variant workload_subgroups[] = {
	{"subgroups of the driver's choice", 0, 0, 0},
	{"subgroups of 32", 0, 32, 0},
	{"subgroups of 64", 0, 64, 0},
};

static const struct workload *const table[] = {
	&canary_dispatch,
	&canary_vadd,
	&canary_saxpy,
	&canary_copy,
	&canary_read,
	&canary_triad,
	&canary_upload,
	&canary_download,
	&canary_reduce,
	&canary_scan,
	&canary_atomics,
	&canary_histogram,
	&canary_subgroup,
	&canary_matmul,
	&canary_matmul_f16,
	&canary_matmul_coop_f16,
	&canary_matmul_coop_bf16,
	&canary_matmul_coop_fp8,
	&canary_matmul_coop_i8,
	&canary_q4_matvec,
	&canary_q8_matvec,
	&canary_mlp,
	&canary_peak_f32,
	&canary_peak_f16,
	&canary_peak_f64,
	&canary_peak_i32,
	&canary_peak_i8dot,
	&canary_memtest,
};
_Static_assert(sizeof(table) / sizeof(table[0]) <= WORKLOADS_MAX, "WORKLOADS_MAX");

const struct workload *const *workload_table(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

size_t workload_suite(enum workload_suite suite, const struct workload *list[WORKLOADS_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i]->sizes[suite][WORKLOAD_DISCRETE] > 0) {
			list[count++] = table[i];
		}
	}
	return count;
}

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i]->name, name) == 0) {
			return table[i];
		}
	}
	return NULL;
}
