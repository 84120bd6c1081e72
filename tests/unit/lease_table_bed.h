/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_TABLE_BED_H
#define LEASE_TABLE_BED_H

/** What the tests of the lease table share: a GPU, an observer that writes down, and requests. */

#include "lease/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)

static const struct lease_capacity gpu = {.mem_mb = 8192, .streams = 4};

/** What the observer was told, as "1:ACTIVE 2:QUEUED ...". */
struct record {
	char text[512];
};

static void note(void *context, const struct lease *lease)
{
	struct record *record = context;
	size_t used = strlen(record->text);
	snprintf(record->text + used, sizeof(record->text) - used, "%s%llu:%s%s%s", used > 0 ? " " : "",
		(unsigned long long)lease->id, lease_state_name(lease->state),
		lease->end != LEASE_END_NONE ? "/" : "", lease_end_name(lease->end));
}

struct bed {
	struct lease_table *table;
	struct record record;
};

static int set_up(void **state)
{
	static struct bed bed;
	bed.record.text[0] = '\0';
	bed.table = lease_table_create(
		&gpu, 1, 1, &(struct lease_observer){.changed = note, .context = &bed.record});
	*state = &bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;
	lease_table_destroy(bed->table);
	return 0;
}

/** A whole-GPU request that waits; tests change what they are about. */
static struct lease_request whole(void)
{
	return (struct lease_request){
		.subject = "worker-gpu:worker-1",
		.mem_mb = gpu.mem_mb,
		.streams = gpu.streams,
		.ttl_s = 60,
		.queue = true,
	};
}

static struct lease_request half(void)
{
	struct lease_request request = whole();
	request.mem_mb /= 2;
	request.streams /= 2;
	return request;
}

static struct lease *ask(struct bed *bed, const struct lease_request *request, uint64_t now_ns)
{
	struct lease *lease = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_true(lease_table_request(bed->table, request, now_ns, &lease, &err));
	return lease;
}

static void assert_refused(
	struct bed *bed, const struct lease_request *request, uint64_t now_ns, const char *code)
{
	struct lease *lease = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_false(lease_table_request(bed->table, request, now_ns, &lease, &err));
	assert_string_equal(err.code, code);
	assert_null(lease);
}

#define TEST(name, function)                                                                       \
	{                                                                                              \
		name, function, set_up, tear_down, NULL                                                    \
	}

#endif
