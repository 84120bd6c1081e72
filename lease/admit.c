/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/table_state.h"

#include <string.h>

/** Whether a request may be made at all, and why one is refused. */

/** What is not held. The sums of what is held never exceed the capacity, so this cannot wrap. */
struct lease_capacity lease_table_free(const struct lease_table *table)
{
	struct lease_capacity left = table->capacity;
	for (size_t i = 0; i < table->held.count; i++) {
		left.mem_mb -= table->held.leases[i]->mem_mb;
		left.streams = (uint8_t)(left.streams - table->held.leases[i]->streams);
	}
	return left;
}

bool lease_table_check(
	const struct lease_table *table, const struct lease_request *request, struct lane_error *err)
{
	if (request->subject == NULL || request->subject[0] == '\0' ||
		strlen(request->subject) > LEASE_SUBJECT_MAX) {
		return lane_error_set(
			err, "LEASE_INVALID", "subject must have 1 to %d bytes", LEASE_SUBJECT_MAX);
	}
	const struct {
		const char *name;
		uint32_t value, max;
	} amounts[] = {
		{"mem_mb", request->mem_mb, table->capacity.mem_mb},
		{"streams", request->streams, table->capacity.streams},
		{"ttl_s", request->ttl_s, UINT32_MAX},
	};
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		if (amounts[i].value == 0) {
			return lane_error_set(err, "LEASE_INVALID", "%s must be 1 or more", amounts[i].name);
		}
		if (amounts[i].value > amounts[i].max) {
			return lane_error_set(err, "LEASE_INVALID", "%s=%u is more than the GPU has (%u)",
				amounts[i].name, amounts[i].value, amounts[i].max);
		}
	}
	return true;
}

bool lease_table_check_quota(
	const struct lease_table *table, const struct lease_request *request, struct lane_error *err)
{
	struct {
		const char *name;
		uint64_t asked, has, quota;
	} amounts[] = {
		{"mem_mb", request->mem_mb, 0, request->quota.mem_mb},
		{"streams", request->streams, 0, request->quota.streams},
		{"leases", 1, 0, request->quota.leases},
	};
	const struct lease_list *lists[] = {&table->held, &table->queue};
	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct lease *lease = lists[l]->leases[i];
			if (strcmp(lease->subject, request->subject) == 0) {
				amounts[0].has += lease->mem_mb;
				amounts[1].has += lease->streams;
				amounts[2].has++;
			}
		}
	}
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		if (amounts[i].quota > 0 && amounts[i].has + amounts[i].asked > amounts[i].quota) {
			return lane_error_set(err, "LEASE_QUOTA",
				"%s=%llu asked, %s has %llu of its quota of %llu here", amounts[i].name,
				(unsigned long long)amounts[i].asked, request->subject,
				(unsigned long long)amounts[i].has, (unsigned long long)amounts[i].quota);
		}
	}
	return true;
}

bool lease_table_refuse(
	const struct lease_table *table, const struct lease_request *request, struct lane_error *err)
{
	if (request->queue) {
		return lane_error_set(err, "LEASE_BUSY", "%zu requests wait already", table->queue.count);
	}
	struct lease_capacity left = lease_table_free(table);
	return lane_error_set(err, "LEASE_BUSY",
		"mem_mb=%u streams=%u asked, mem_mb=%u streams=%u free, %zu leases held, %zu waiting",
		request->mem_mb, request->streams, left.mem_mb, left.streams, table->held.count,
		table->queue.count);
}
