/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "bridge/spare.h"

#include <string.h>

static void serves_who_needs_more_than_it_has(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO spare = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO buffer = BASE_BUFFER_INIT;
	base_buffer_reserve(&buffer, 100000);
	const char *memory = buffer.data;
	bridge_spare_keep(&spare, &buffer);
	assert_null(buffer.data);
	assert_ptr_equal(spare.data, memory);
	/* Little is had elsewhere. */
	bridge_spare_reserve(&spare, &buffer, BRIDGE_SPARE_MIN);
	assert_ptr_equal(spare.data, memory);
	base_buffer_add_text(&buffer, "first");
	assert_ptr_equal(bridge_spare_reserve(&spare, &buffer, 90000), memory + 5);
	assert_string_equal(buffer.data, "first");
	assert_null(spare.data);
	/* What has room enough stays where it is, and what is too small grows. */
	base_buffer_reserve(&spare, 200000);
	assert_ptr_equal(bridge_spare_reserve(&spare, &buffer, 90000), memory + 5);
	bridge_spare_keep(&spare, &buffer);
	assert_null(buffer.data);
	bridge_spare_reserve(&spare, &buffer, 400000);
	assert_true(buffer.capacity > 400000);
	assert_null(spare.data);
}

static void the_larger_one_is_kept_up_to_a_bound(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO spare = BASE_BUFFER_INIT;
	static const struct {
		size_t size, kept;
	} steps[] = {{100, 100}, {20000, 20000}, {5000, 20000},
		{BRIDGE_SPARE_MAX - 1, BRIDGE_SPARE_MAX}, {BRIDGE_SPARE_MAX, BRIDGE_SPARE_MAX}};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct base_buffer buffer = BASE_BUFFER_INIT;
		base_buffer_reserve(&buffer, steps[i].size);
		base_buffer_add_text(&buffer, "old");
		bridge_spare_keep(&spare, &buffer);
		assert_null(buffer.data);
		assert_int_equal(buffer.capacity, 0);
		assert_int_equal(spare.size, 0);
		assert_true(spare.capacity >= steps[i].kept && spare.capacity < 2 * steps[i].kept + 64);
	}
	assert_int_equal(spare.capacity, BRIDGE_SPARE_MAX);
}

static void none_is_as_well(void **state)
{
	(void)state;
	struct base_buffer buffer = BASE_BUFFER_INIT;
	memset(bridge_spare_reserve(NULL, &buffer, 50000), 1, 50000);
	bridge_spare_keep(NULL, &buffer);
	assert_null(buffer.data);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED("spare@serves-who-needs-more-than-it-has", serves_who_needs_more_than_it_has),
		NAMED("spare@the-larger-one-is-kept-up-to-a-bound", the_larger_one_is_kept_up_to_a_bound),
		NAMED("spare@none-is-as-well", none_is_as_well),
	};
	return cmocka_run_group_tests_name("bridge_spare", tests, NULL, NULL);
}
