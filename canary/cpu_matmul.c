/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/cpu.h"

#include <string.h>

enum {
	/** ROWS_OF_B x COLUMNS of B stay in the second cache. */
	ROWS_OF_B = 64,
	COLUMNS = 512,
	/** Rows of C that share what was loaded of B. */
	ROWS = 4,
};

/* ROWS rows of c[0..width) += a * b, over ROWS_OF_B rows of b. */
static void multiply_block(float *restrict c, const float *restrict a, const float *restrict b,
	size_t n, size_t rows, size_t width)
{
	for (size_t i = 0; i < rows; i++) {
		for (size_t k = 0; k < ROWS_OF_B; k += 4) {
			const float *row = &a[i * n + k], *from = &b[k * n];
			for (size_t j = 0; j < width; j++) {
				c[i * n + j] += row[0] * from[j] + row[1] * from[n + j] + row[2] * from[2 * n + j] +
					row[3] * from[3 * n + j];
			}
		}
	}
}

void cpu_matmul_rows(const float *a, const float *b, float *c, size_t n, size_t from, size_t to)
{
	memset(&c[from * n], 0, (to - from) * n * sizeof(*c));
	for (size_t j = 0; j < n; j += COLUMNS) {
		size_t width = n - j < COLUMNS ? n - j : COLUMNS;
		for (size_t k = 0; k < n; k += ROWS_OF_B) {
			for (size_t i = from; i < to; i += ROWS) {
				size_t rows = to - i < ROWS ? to - i : ROWS;
				multiply_block(&c[i * n + j], &a[i * n + k], &b[k * n + j], n, rows, width);
			}
		}
	}
}
