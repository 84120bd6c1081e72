/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/timing.h"
#include "tests/unit/cmocka_names.h"

#include <string.h>

static bool parse(const char *text, struct timing *timing, struct lane_error *err)
{
	BASE_JSON_AUTO json = {0};
	assert_true(base_json_parse("timing", text, strlen(text), &json, err));
	return timing_parse(json.root, 4, timing, err);
}

static void whole_document(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct timing timing;
	assert_true(parse("{\"timer\":\"gpu\",\"samples_ns\":[100,110.5],\"wall_ns\":[200,210],"
					  "\"dispatches_per_sample\":1,\"stop_rule\":\"max_samples\",\"setup_ns\":1000,"
					  "\"compile_ns\":2000,\"upload_ns\":3000,\"readback_ns\":4000,"
					  "\"differs\":{\"sample\":1,\"buffer\":2,\"word\":3}}",
		&timing, &err));
	assert_string_equal(timing.timer, "gpu");
	assert_string_equal(timing.stop_rule, "max_samples");
	assert_int_equal(timing.n, 2);
	assert_true(timing.samples_ns[1] == 110.5);
	assert_true(timing.differs);
	assert_int_equal(timing.differs_sample, 1);
	assert_int_equal(timing.differs_buffer, 2);
	assert_int_equal(timing.differs_word, 3);
	assert_true(timing_believable(&timing, &err));
	timing_finish(&timing);
}

static void hostile_documents(void **state)
{
	(void)state;
	static const char *const documents[] = {
		"{}",
		"[]",
		"{\"samples_ns\":[],\"wall_ns\":[]}",
		"{\"samples_ns\":{},\"wall_ns\":[1]}",
		"{\"samples_ns\":[1,2,3,4,5],\"wall_ns\":[1,2,3,4,5]}",
		"{\"samples_ns\":[1,2],\"wall_ns\":[1]}",
		"{\"samples_ns\":[\"1\"],\"wall_ns\":[1]}",
		"{\"samples_ns\":[1],\"wall_ns\":[null]}",
	};
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct timing timing;
		if (parse(documents[i], &timing, &err)) {
			fail_msg("accepted: %s", documents[i]);
		}
		assert_true(lane_error_is(&err, "JOB_WORKER"));
		timing_finish(&timing);
	}
}

static void unbelievable_clocks(void **state)
{
	(void)state;
	static const char *const documents[] = {
		/* No time at all, and time running backwards. */
		"{\"timer\":\"gpu\",\"samples_ns\":[100,0],\"wall_ns\":[200,200]}",
		"{\"timer\":\"gpu\",\"samples_ns\":[100,-5],\"wall_ns\":[200,200]}",
		/* Longer on the GPU than around it. */
		"{\"timer\":\"gpu\",\"samples_ns\":[1000000],\"wall_ns\":[900000]}",
	};
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct timing timing;
		assert_true(parse(documents[i], &timing, &err));
		if (timing_believable(&timing, &err)) {
			fail_msg("believed: %s", documents[i]);
		}
		assert_true(lane_error_is(&err, "CANARY_TIMING"));
		timing_finish(&timing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("timing@reads-a-worker's-document", whole_document),
		NAMED("timing@refuses-what-is-no-timing-document", hostile_documents),
		NAMED("timing@does-not-believe-impossible-clocks", unbelievable_clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
