/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/matrix.h"
#include "tests/unit/cmocka_names.h"

static struct compute_matrix matrix(uint32_t side, uint32_t k, int factor, int sum)
{
	return (struct compute_matrix){
		.m = side,
		.n = side,
		.k = k,
		.components = {factor, factor, sum, sum},
		.scope = COMPUTE_SCOPE_SUBGROUP,
	};
}

static void features(void **state)
{
	(void)state;
	const struct compute_matrix list[] = {
		matrix(16, 16, COMPUTE_COMPONENT_F16, COMPUTE_COMPONENT_F32),
		matrix(16, 32, COMPUTE_COMPONENT_S8, COMPUTE_COMPONENT_S32),
		matrix(16, 16, COMPUTE_COMPONENT_E4M3, COMPUTE_COMPONENT_F32),
	};
	assert_int_equal(compute_matrix_features(list, 0), 0);
	assert_int_equal(compute_matrix_features(list, 3),
		COMPUTE_FEATURE(COMPUTE_MATRIX_F16) | COMPUTE_FEATURE(COMPUTE_MATRIX_S8_LONG) |
			COMPUTE_FEATURE(COMPUTE_MATRIX_E4M3));
}

/* What a kernel does not do: other sums, other shapes, saturating, of a workgroup, mixed. */
static void others(void **state)
{
	(void)state;
	struct compute_matrix list[] = {
		matrix(16, 16, COMPUTE_COMPONENT_F16, COMPUTE_COMPONENT_F16),
		matrix(16, 8, COMPUTE_COMPONENT_F16, COMPUTE_COMPONENT_F32),
		matrix(16, 16, COMPUTE_COMPONENT_F16, COMPUTE_COMPONENT_F32),
		matrix(16, 16, COMPUTE_COMPONENT_S8, COMPUTE_COMPONENT_S32),
		matrix(16, 16, COMPUTE_COMPONENT_S8, COMPUTE_COMPONENT_S32),
		matrix(16, 16, COMPUTE_COMPONENT_E4M3, COMPUTE_COMPONENT_F32),
	};
	list[2].n = 8;
	list[3].saturating = VK_TRUE;
	list[4].scope = 2;
	list[5].components[1] = COMPUTE_COMPONENT_F16;
	assert_int_equal(compute_matrix_features(list, 6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("matrix@kinds-that-a-kernel-has-are-features", features),
		NAMED("matrix@no-other-kind-is-taken-for-one", others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
