/* SPDX-License-Identifier: Apache-2.0 */
#include "lease_table_bed.h"

/** Small requests of the highest priority come for ever; one that needs all, of the lowest, gets
 * it. */
static void nobody_starves(void **state)
{
	struct bed *bed = *state;
	lease_table_rules(bed->table, &(struct lease_rules){.age_s = 1, .grace_s = 1});
	struct lease_request small = half();
	small.streams = 1;
	small.ttl_s = 3;
	small.priority = 255;
	struct lease_request big = whole();
	ask(bed, &small, 0);
	ask(bed, &small, 0);
	struct lease *waiting = ask(bed, &big, 0);
	uint64_t s = 1;
	for (; waiting->state == LEASE_QUEUED && s < 600; s++) {
		bed->record.text[0] = '\0';
		for (uint64_t id = ask(bed, &small, s * S)->id; id > 0; id--) {
			struct lease *one = lease_table_find(bed->table, id);
			if (one != NULL && one->state == LEASE_ENDING) {
				lease_table_reaped(bed->table, one, s * S);
			}
		}
	}
	/* It is passed for 255 levels at a second each; those who came until then have 3 s each. */
	assert_int_equal(waiting->state, LEASE_ACTIVE);
	assert_in_range(s, 255, 600 - 1);
}

static void a_level_of_priority_is_a_minute_of_waiting(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	request.ttl_s = 600;
	ask(bed, &request, 0);
	struct lease *first = ask(bed, &request, 0);
	request.priority = 1;
	struct lease *later = ask(bed, &request, 60 * S);
	assert_int_equal(lease_table_position(bed->table, first), 1);
	assert_int_equal(lease_table_position(bed->table, later), 2);
	struct lease *passing = ask(bed, &request, 60 * S - 1);
	assert_int_equal(lease_table_position(bed->table, passing), 1);
}

static void new_rules_hold_for_those_who_wait(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	request.ttl_s = 600;
	ask(bed, &request, 0);
	struct lease_request big = whole();
	struct lease *first = ask(bed, &big, 0);
	request.priority = 1;
	struct lease *later = ask(bed, &request, 61 * S);
	assert_int_equal(lease_table_position(bed->table, later), 2);
	const struct lease_rules rules = {.age_s = 62, .min_run_s = 60, .grace_s = 10};
	lease_table_rules(bed->table, &rules);
	assert_int_equal(lease_table_position(bed->table, later), 1);
	assert_int_equal(lease_table_position(bed->table, first), 2);
	/* It is at the head, and there is room for it. */
	assert_true(lease_table_next_ns(bed->table) <= 61 * S);
	lease_table_advance(bed->table, 61 * S);
	assert_int_equal(later->state, LEASE_ACTIVE);
	assert_int_equal(first->state, LEASE_QUEUED);
}

static void a_subject_keeps_to_its_quota(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	request.streams = 1;
	request.mem_mb = 1000;
	request.quota = (struct lease_quota){.mem_mb = 2000, .leases = 3};
	struct lease *first = ask(bed, &request, 0);
	ask(bed, &request, 0);
	request.mem_mb = 1;
	assert_refused(bed, &request, 0, "LEASE_QUOTA");
	/* Until it is reaped its capacity is taken. */
	lease_table_end(bed->table, first, LEASE_END_RELEASED, S);
	assert_refused(bed, &request, S, "LEASE_QUOTA");
	lease_table_reaped(bed->table, first, S);
	ask(bed, &request, S);
	ask(bed, &request, S);
	assert_refused(bed, &request, S, "LEASE_QUOTA");
	request.subject = "worker-gpu:worker-2";
	ask(bed, &request, S);
}

/** Two who agreed and one who did not hold all; one of the two is enough, and the younger goes. */
static void preemption_takes_no_more_than_it_needs(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	request.mem_mb = 1024;
	request.streams = 1;
	request.ttl_s = 600;
	ask(bed, &request, 0);
	request.preemptible = true;
	ask(bed, &request, 0);
	struct lease *younger = ask(bed, &request, S);
	request = half();
	request.priority = 1;
	bed->record.text[0] = '\0';
	struct lease *wanted = ask(bed, &request, 10 * S);
	assert_int_equal(wanted->state, LEASE_QUEUED);
	/* It has its minimum run first. */
	assert_int_equal(lease_table_next_ns(bed->table), 60 * S);
	lease_table_advance(bed->table, 61 * S - 1);
	assert_string_equal(bed->record.text, "4:QUEUED 2:ACTIVE");
	assert_int_equal(younger->preempted, false);
	struct lease *older = lease_table_find(bed->table, 2);
	assert_string_equal(lease_state_text(older), "PREEMPTING");
	assert_int_equal(lease_table_next_ns(bed->table), 71 * S - 1);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_false(lease_table_renew(bed->table, older, 600, 65 * S, &err));
	assert_string_equal(lane_error_message(&err), "lease 2 is PREEMPTING");
	lease_table_advance(bed->table, 71 * S - 1);
	assert_string_equal(bed->record.text, "4:QUEUED 2:ACTIVE 2:ENDING/preempted");
	assert_int_equal(wanted->state, LEASE_QUEUED);
	lease_table_reaped(bed->table, older, 72 * S);
	assert_int_equal(wanted->state, LEASE_ACTIVE);
	assert_int_equal(younger->state, LEASE_ACTIVE);
}

/** One holds memory and will not go: the streams of the other would be of no use. */
static void nobody_is_preempted_in_vain(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	request.ttl_s = 600;
	ask(bed, &request, 0);
	request.preemptible = true;
	ask(bed, &request, 0);
	struct lease_request urgent = whole();
	urgent.priority = 9;
	ask(bed, &urgent, 100 * S);
	lease_table_advance(bed->table, 500 * S);
	assert_string_equal(bed->record.text, "1:ACTIVE 2:ACTIVE 3:QUEUED");
}

/** Waiting makes it the first, not the stronger. */
static void who_has_aged_preempts_nobody(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	request.ttl_s = 60000;
	request.preemptible = true;
	request.priority = 1;
	ask(bed, &request, 0);
	request.priority = 1;
	ask(bed, &request, 0);
	lease_table_advance(bed->table, 50000 * S);
	assert_string_equal(bed->record.text, "1:ACTIVE 2:QUEUED");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("lease@nobody-starves", nobody_starves),
		TEST("lease@a-level-of-priority-is-a-minute-of-waiting",
			a_level_of_priority_is_a_minute_of_waiting),
		TEST("lease@new-rules-hold-for-those-who-wait", new_rules_hold_for_those_who_wait),
		TEST("lease@a-subject-keeps-to-its-quota", a_subject_keeps_to_its_quota),
		TEST(
			"lease@preemption-takes-no-more-than-it-needs", preemption_takes_no_more_than_it_needs),
		TEST("lease@nobody-is-preempted-in-vain", nobody_is_preempted_in_vain),
		TEST("lease@who-has-aged-preempts-nobody", who_has_aged_preempts_nobody),
	};
	return cmocka_run_group_tests_name("lease sharing", tests, NULL, NULL);
}
