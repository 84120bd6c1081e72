/* SPDX-License-Identifier: Apache-2.0 */
#include "lease_table_bed.h"

static void fills_to_the_last_mebibyte(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	request.streams = 1;
	assert_int_equal(ask(bed, &request, 0)->state, LEASE_ACTIVE);
	assert_int_equal(ask(bed, &request, 0)->state, LEASE_ACTIVE);
	request.mem_mb = 1;
	request.queue = false;
	assert_refused(bed, &request, 0, "LEASE_BUSY");
	assert_string_equal(bed->record.text, "1:ACTIVE 2:ACTIVE");
}

static void streams_are_a_cap_of_their_own(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	request.mem_mb = 1;
	ask(bed, &request, 0);
	request.streams = 1;
	request.queue = false;
	assert_refused(bed, &request, 0, "LEASE_BUSY");
}

static void what_the_gpu_never_has_is_invalid(void **state)
{
	struct bed *bed = *state;
	struct lease_request requests[] = {
		whole(), whole(), whole(), whole(), whole(), whole(), whole()};
	requests[0].mem_mb = 0;
	requests[1].mem_mb = gpu.mem_mb + 1;
	requests[2].streams = 0;
	requests[3].streams = UINT8_MAX;
	requests[4].ttl_s = 0;
	requests[5].subject = "";
	char subject[LEASE_SUBJECT_MAX + 2];
	memset(subject, 's', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';
	requests[6].subject = subject;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		assert_refused(bed, &requests[i], 0, "LEASE_INVALID");
	}
	assert_string_equal(bed->record.text, "");
}

static void a_grant_carries_what_was_asked(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	request.priority = 7;
	request.owner = bed;
	struct lease *lease = ask(bed, &request, 5 * S);
	assert_int_equal(lease->id, 1);
	assert_int_equal(lease->epoch, 1);
	assert_int_equal(lease->granted_ns, 5 * S);
	assert_int_equal(lease->expires_ns, 65 * S);
	assert_int_equal(lease->mem_mb, 4096);
	assert_int_equal(lease->streams, 2);
	assert_int_equal(lease->ttl_s, 60);
	assert_int_equal(lease->priority, 7);
	assert_ptr_equal(lease->owner, bed);
	assert_string_equal(lease->subject, request.subject);
	assert_ptr_not_equal(lease->subject, request.subject);
}

static void counters_continue_where_they_are_told(void **state)
{
	(void)state;
	struct bed bed = {.table = lease_table_create(&gpu, 41, 1000, NULL)};
	struct lease_request request = half();
	struct lease *first = ask(&bed, &request, 0);
	struct lease *second = ask(&bed, &request, 0);
	assert_int_equal(first->id, 41);
	assert_int_equal(first->epoch, 1000);
	assert_int_equal(second->id, 42);
	assert_int_equal(second->epoch, 1001);
	lease_table_destroy(bed.table);
}

static void queue_is_by_priority_then_arrival(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *holder = ask(bed, &request, 0);
	const uint8_t priorities[] = {1, 5, 1, 5, 255, 0};
	const size_t places[] = {4, 2, 5, 3, 1, 6};
	struct lease *waiting[6];
	for (size_t i = 0; i < 6; i++) {
		request.priority = priorities[i];
		waiting[i] = ask(bed, &request, 0);
		assert_int_equal(waiting[i]->state, LEASE_QUEUED);
		assert_int_equal(waiting[i]->epoch, 0);
	}
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(lease_table_position(bed->table, waiting[i]), places[i]);
	}
	assert_int_equal(lease_table_position(bed->table, holder), 0);
}

static void a_small_request_does_not_overtake(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	ask(bed, &request, 0);
	request = whole();
	ask(bed, &request, 0);
	request.mem_mb = 1;
	request.streams = 1;
	assert_int_equal(ask(bed, &request, 0)->state, LEASE_QUEUED);
	request.queue = false;
	assert_refused(bed, &request, 0, "LEASE_BUSY");
}

static void priority_can_change_while_waiting(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	request.priority = 5;
	struct lease *holder = ask(bed, &request, 0);
	struct lease *waiting[3];
	for (size_t i = 0; i < 3; i++) {
		waiting[i] = ask(bed, &request, 0);
	}
	lease_table_prioritize(bed->table, waiting[0], 5, S);
	assert_int_equal(lease_table_position(bed->table, waiting[0]), 1);
	lease_table_prioritize(bed->table, waiting[0], 4, S);
	assert_int_equal(lease_table_position(bed->table, waiting[0]), 3);
	lease_table_prioritize(bed->table, waiting[2], 6, S);
	assert_int_equal(lease_table_position(bed->table, waiting[2]), 1);
	lease_table_prioritize(bed->table, waiting[0], 5, S);
	assert_int_equal(lease_table_position(bed->table, waiting[0]), 2);
	lease_table_prioritize(bed->table, holder, 9, S);
	assert_int_equal(holder->priority, 9);
	lease_table_end(bed->table, holder, LEASE_END_RELEASED, S);
	lease_table_prioritize(bed->table, holder, 1, S);
	assert_int_equal(holder->priority, 9);
}

static void whoever_is_first_now_is_granted(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	ask(bed, &request, 0);
	struct lease_request big = whole();
	big.priority = 1;
	ask(bed, &big, 0);
	struct lease *behind = ask(bed, &request, 0);
	lease_table_prioritize(bed->table, behind, 1, S);
	assert_int_equal(behind->state, LEASE_QUEUED);
	lease_table_prioritize(bed->table, behind, 2, S);
	assert_int_equal(behind->state, LEASE_ACTIVE);
}

static void higher_priority_that_fits_does_not_wait(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	ask(bed, &request, 0);
	request = whole();
	ask(bed, &request, 0);
	request = half();
	request.priority = 1;
	request.queue = false;
	assert_int_equal(ask(bed, &request, 0)->state, LEASE_ACTIVE);
}

static void release_frees_only_when_reaped(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *holder = ask(bed, &request, 0);
	struct lease *next = ask(bed, &request, 0);
	lease_table_end(bed->table, holder, LEASE_END_RELEASED, S);
	lease_table_end(bed->table, holder, LEASE_END_REVOKED, S);
	assert_int_equal(next->state, LEASE_QUEUED);
	lease_table_reaped(bed->table, holder, 2 * S);
	assert_int_equal(next->state, LEASE_ACTIVE);
	assert_int_equal(next->granted_ns, 2 * S);
	assert_int_equal(next->epoch, 2);
	assert_string_equal(
		bed->record.text, "1:ACTIVE 2:QUEUED 1:ENDING/released 1:ENDED/released 2:ACTIVE");
}

static void expiry_reaps_before_regrant(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *holder = ask(bed, &request, 0);
	struct lease *next = ask(bed, &request, 0);
	assert_int_equal(lease_table_next_ns(bed->table), 60 * S);
	lease_table_advance(bed->table, 60 * S - 1);
	assert_int_equal(holder->state, LEASE_ACTIVE);
	lease_table_advance(bed->table, 60 * S);
	assert_int_equal(holder->state, LEASE_ENDING);
	assert_int_equal(holder->end, LEASE_END_EXPIRED);
	assert_int_equal(next->state, LEASE_QUEUED);
	assert_int_equal(lease_table_next_ns(bed->table), UINT64_MAX);
	lease_table_reaped(bed->table, holder, 61 * S);
	assert_int_equal(next->state, LEASE_ACTIVE);
	assert_int_equal(next->expires_ns, 121 * S);
}

static void expiry_is_told_soonest_first(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	ask(bed, &request, 0);
	request.ttl_s = 10;
	ask(bed, &request, 0);
	lease_table_advance(bed->table, 100 * S);
	assert_string_equal(bed->record.text, "1:ACTIVE 2:ACTIVE 2:ENDING/expired 1:ENDING/expired");
}

static void renew_counts_from_now(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *lease = ask(bed, &request, 0);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_true(lease_table_renew(bed->table, lease, 30, 50 * S, &err));
	assert_int_equal(lease->expires_ns, 80 * S);
	assert_int_equal(lease_table_next_ns(bed->table), 80 * S);
	assert_int_equal(lease->epoch, 1);
	assert_false(lease_table_renew(bed->table, lease, 0, 50 * S, &err));
	assert_string_equal(err.code, "LEASE_INVALID");
	assert_string_equal(bed->record.text, "1:ACTIVE 1:ACTIVE");
}

static void renew_at_the_deadline_is_too_late(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *lease = ask(bed, &request, 0);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_true(lease_table_renew(bed->table, lease, 60, 60 * S - 1, &err));
	assert_false(lease_table_renew(bed->table, lease, 60, 120 * S - 1, &err));
	assert_string_equal(err.code, "LEASE_NOT_ACTIVE");
	assert_int_equal(lease->end, LEASE_END_EXPIRED);
}

static void renew_needs_a_grant(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	ask(bed, &request, 0);
	struct lease *waiting = ask(bed, &request, 0);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_false(lease_table_renew(bed->table, waiting, 60, S, &err));
	assert_string_equal(err.code, "LEASE_NOT_ACTIVE");
	assert_string_equal(lane_error_message(&err), "lease 2 is QUEUED");
}

static void longest_ttl_does_not_wrap(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	request.ttl_s = UINT32_MAX;
	struct lease *lease = ask(bed, &request, UINT64_MAX - 5);
	assert_int_equal(lease->expires_ns, UINT64_MAX);
}

static void exclusive_is_alone(void **state)
{
	struct bed *bed = *state;
	struct lease_request small = half();
	struct lease *first = ask(bed, &small, 0);
	struct lease_request alone = half();
	alone.exclusive = true;
	struct lease *only = ask(bed, &alone, 0);
	assert_int_equal(only->state, LEASE_QUEUED);
	lease_table_end(bed->table, first, LEASE_END_RELEASED, S);
	lease_table_reaped(bed->table, first, S);
	assert_int_equal(only->state, LEASE_ACTIVE);
	struct lease *behind = ask(bed, &small, S);
	assert_int_equal(behind->state, LEASE_QUEUED);
	/* Its workers may still touch the GPU while it ends. */
	lease_table_end(bed->table, only, LEASE_END_REVOKED, 2 * S);
	lease_table_advance(bed->table, 3 * S);
	assert_int_equal(behind->state, LEASE_QUEUED);
	lease_table_reaped(bed->table, only, 4 * S);
	assert_int_equal(behind->state, LEASE_ACTIVE);
}

static void leaving_the_queue_unblocks_those_behind(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = half();
	ask(bed, &request, 0);
	struct lease_request big = whole();
	struct lease *head = ask(bed, &big, 0);
	struct lease *behind = ask(bed, &request, 0);
	lease_table_end(bed->table, head, LEASE_END_RELEASED, S);
	assert_int_equal(behind->state, LEASE_ACTIVE);
	assert_string_equal(bed->record.text, "1:ACTIVE 2:QUEUED 3:QUEUED 2:ENDED/released 3:ACTIVE");
}

static void cordon_keeps_what_runs_and_grants_nothing(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *holder = ask(bed, &request, 0);
	struct lease *waiting = ask(bed, &request, 0);
	lease_table_cordon(bed->table, true, S);
	assert_int_equal(holder->state, LEASE_ACTIVE);
	assert_refused(bed, &request, S, "LEASE_CORDONED");
	lease_table_end(bed->table, holder, LEASE_END_RELEASED, 2 * S);
	lease_table_reaped(bed->table, holder, 2 * S);
	assert_int_equal(waiting->state, LEASE_QUEUED);
	lease_table_cordon(bed->table, false, 3 * S);
	assert_int_equal(waiting->state, LEASE_ACTIVE);
}

static void only_an_ending_lease_is_reaped(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *holder = ask(bed, &request, 0);
	struct lease *waiting = ask(bed, &request, 0);
	lease_table_reaped(bed->table, holder, S);
	lease_table_reaped(bed->table, waiting, S);
	assert_int_equal(holder->state, LEASE_ACTIVE);
	assert_int_equal(waiting->state, LEASE_QUEUED);
}

static void queue_is_bounded(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *lease = NULL;
	for (size_t i = 0; i <= LEASE_QUEUE_MAX; i++) {
		assert_true(lease_table_request(bed->table, &request, 0, &lease, NULL));
	}
	assert_int_equal(lease_table_position(bed->table, lease), LEASE_QUEUE_MAX);
	assert_refused(bed, &request, 0, "LEASE_BUSY");
}

static void find_knows_all_that_have_not_ended(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *holder = ask(bed, &request, 0);
	struct lease *waiting = ask(bed, &request, 0);
	assert_ptr_equal(lease_table_find(bed->table, 1), holder);
	assert_ptr_equal(lease_table_find(bed->table, 2), waiting);
	assert_null(lease_table_find(bed->table, 3));
	lease_table_end(bed->table, holder, LEASE_END_RELEASED, S);
	assert_ptr_equal(lease_table_find(bed->table, 1), holder);
	lease_table_reaped(bed->table, holder, S);
	assert_null(lease_table_find(bed->table, 1));
}

static void each_lists_held_by_id_then_the_queue(void **state)
{
	struct bed *bed = *state;
	struct lease_request request = whole();
	struct lease *holder = ask(bed, &request, 0);
	request = half();
	ask(bed, &request, 0);
	request.priority = 1;
	ask(bed, &request, 0);
	/* Granted 3 before 2; listed by id. */
	lease_table_end(bed->table, holder, LEASE_END_RELEASED, S);
	lease_table_reaped(bed->table, holder, S);
	ask(bed, &request, S);
	request.priority = 2;
	ask(bed, &request, S);
	bed->record.text[0] = '\0';
	lease_table_each(bed->table, note, &bed->record);
	assert_string_equal(bed->record.text, "2:ACTIVE 3:ACTIVE 5:QUEUED 4:QUEUED");
}

static void destroy_takes_null(void **state)
{
	(void)state;
	lease_table_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("lease@fills-to-the-last-mebibyte", fills_to_the_last_mebibyte),
		TEST("lease@streams-are-a-cap-of-their-own", streams_are_a_cap_of_their_own),
		TEST("lease@what-the-gpu-never-has-is-invalid", what_the_gpu_never_has_is_invalid),
		TEST("lease@a-grant-carries-what-was-asked", a_grant_carries_what_was_asked),
		TEST("lease@counters-continue-where-they-are-told", counters_continue_where_they_are_told),
		TEST("lease@queue-is-by-priority-then-arrival", queue_is_by_priority_then_arrival),
		TEST("lease@a-small-request-does-not-overtake", a_small_request_does_not_overtake),
		TEST("lease@priority-can-change-while-waiting", priority_can_change_while_waiting),
		TEST("lease@whoever-is-first-now-is-granted", whoever_is_first_now_is_granted),
		TEST("lease@higher-priority-that-fits-does-not-wait",
			higher_priority_that_fits_does_not_wait),
		TEST("lease@release-frees-only-when-reaped", release_frees_only_when_reaped),
		TEST("lease@expiry-reaps-before-regrant", expiry_reaps_before_regrant),
		TEST("lease@expiry-is-told-soonest-first", expiry_is_told_soonest_first),
		TEST("lease@renew-counts-from-now", renew_counts_from_now),
		TEST("lease@renew-at-the-deadline-is-too-late", renew_at_the_deadline_is_too_late),
		TEST("lease@renew-needs-a-grant", renew_needs_a_grant),
		TEST("lease@longest-ttl-does-not-wrap", longest_ttl_does_not_wrap),
		TEST("lease@exclusive-is-alone", exclusive_is_alone),
		TEST("lease@leaving-the-queue-unblocks-those-behind",
			leaving_the_queue_unblocks_those_behind),
		TEST("lease@cordon-keeps-what-runs-and-grants-nothing",
			cordon_keeps_what_runs_and_grants_nothing),
		TEST("lease@only-an-ending-lease-is-reaped", only_an_ending_lease_is_reaped),
		TEST("lease@queue-is-bounded", queue_is_bounded),
		TEST("lease@find-knows-all-that-have-not-ended", find_knows_all_that_have_not_ended),
		TEST("lease@each-lists-held-by-id-then-the-queue", each_lists_held_by_id_then_the_queue),
		TEST("lease@destroy-takes-null", destroy_takes_null),
	};
	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
