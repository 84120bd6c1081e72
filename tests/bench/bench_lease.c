/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_lease pairs ROUNDS PAIRS BRIDGE FOLDER
 *        bench_lease revoke ROUNDS BRIDGE
 *        bench_lease expiry LEASES...
 *        bench_lease restart RECORDS FOLDER
 *
 * pairs    a lease acquired from BRIDGE, whose journal lies in FOLDER, and released, in turns with
 *          fdatasync(2) of as many bytes, half of them for each of the two answers, in a file
 *          beside the folder. Lines: NAME MICROSECONDS QUARTILE1 QUARTILE3, of a pair.
 * revoke   from a queen's REVOKE until the job file of the tenant, open all the while, answers
 * EPERM and the next one has the lease: NAME MICROSECONDS QUARTILE1 QUARTILE3. expiry   the table
 * with so many leases, 250 to a GPU, that expire one after another: LEASES NANOSECONDS of a lease,
 * from its request to the end. restart  writes RECORDS records to a journal in FOLDER, then:
 * "restart" is opening it as a bridge that starts does, "verify" checking every record of every
 * file, "read" reading the same files. Lines: NAME MILLISECONDS.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "bridge/client.h"
#include "lease/journal.h"
#include "lease/ledger.h"
#include "lease/table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS_MAX = 100, LEASES_OF_GPU = 250, RECORDS_OF_COMMIT = 1000 };

static _Noreturn void die(const char *what, const char *detail)
{
	fprintf(stderr, "bench_lease: %s: %s\n", what, detail);
	exit(1);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	if (*end != '\0' || value == 0) {
		die(text, "not a number");
	}
	return value;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *left = a;
	const double *right = b;
	return (*left > *right) - (*left < *right);
}

static void print_quartiles(const char *name, double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	printf("%s %.2f %.2f %.2f\n", name, values[count / 2], values[count / 4],
		values[count - 1 - count / 4]);
}

/* Bytes of the files of a folder; reads them too when there is somewhere to read to. */
static uint64_t folder_bytes(const char *folder, char *into, size_t size)
{
	uint64_t bytes = 0;
	DIR *names = opendir(folder);
	if (names == NULL) {
		die(folder, strerror(errno));
	}
	for (const struct dirent *name; (name = readdir(names)) != NULL;) {
		struct stat status;
		int file = openat(dirfd(names), name->d_name, O_RDONLY | O_CLOEXEC);
		if (file < 0 || fstat(file, &status) < 0) {
			die(name->d_name, strerror(errno));
		}
		if (S_ISREG(status.st_mode)) {
			bytes += (uint64_t)status.st_size;
			while (into != NULL && read(file, into, size) > 0) {}
		}
		close(file);
	}
	closedir(names);
	return bytes;
}

static struct bridge_client *client_of(const char *address)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_client *client = bridge_client_connect(address, "", "", &err);
	if (client == NULL) {
		die(address, lane_error_message(&err));
	}
	return client;
}

static double pairs_bridge(struct bridge_client *client, size_t pairs)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	const struct bridge_lease_request request = {.mem_mb = 1, .streams = 1, .ttl_s = 60};
	uint64_t start = base_clock_monotonic_ns();
	for (size_t i = 0; i < pairs; i++) {
		struct bridge_grant grant;
		if (!bridge_client_acquire(client, "GPU-0", &request, &grant, &err) ||
			!bridge_client_release(client, "GPU-0", grant.lease, &err)) {
			die("bridge", lane_error_message(&err));
		}
	}
	return (double)(base_clock_monotonic_ns() - start) / 1e3 / (double)pairs;
}

static double pairs_raw(int file, const char *bytes, size_t pair_size, size_t pairs)
{
	uint64_t start = base_clock_monotonic_ns();
	for (size_t i = 0; i < 2 * pairs; i++) {
		if (write(file, bytes, pair_size / 2) != (ssize_t)(pair_size / 2) || fdatasync(file) < 0) {
			die("fdatasync", strerror(errno));
		}
	}
	return (double)(base_clock_monotonic_ns() - start) / 1e3 / (double)pairs;
}

static void pairs(size_t rounds, size_t count, const char *address, const char *folder)
{
	struct bridge_client *client = client_of(address);
	/* The round that is not counted tells how much a pair writes. */
	uint64_t before = folder_bytes(folder, NULL, 0);
	pairs_bridge(client, count);
	size_t pair_size = (size_t)((folder_bytes(folder, NULL, 0) - before) / count);
	BASE_FREE char *bytes = base_alloc(pair_size, 1);
	BASE_FREE char *path = base_format("%s.raw", folder);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0) {
		die(path, strerror(errno));
	}
	double ours[ROUNDS_MAX], raw[ROUNDS_MAX];
	for (size_t i = 0; i < rounds; i++) {
		ours[i] = pairs_bridge(client, count);
		raw[i] = pairs_raw(file, bytes, pair_size, count);
	}
	close(file);
	unlink(path);
	bridge_client_destroy(client);
	printf("bytes %zu\n", pair_size);
	print_quartiles("ours", ours, rounds);
	print_quartiles("fdatasync", raw, rounds);
}

/* One tenant loses the GPU to the next. */
static double revoke_measure(
	struct bridge_client *queen, struct bridge_client *tenant, struct bridge_client *next)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	LANE_ERROR_AUTO refusal = LANE_ERROR_INIT;
	const struct bridge_lease_request request = {
		.mem_mb = 1, .streams = 1, .ttl_s = 60, .exclusive = true};
	struct bridge_grant grant;
	if (!bridge_client_acquire(tenant, "GPU-0", &request, &grant, &err)) {
		die("bridge", lane_error_message(&err));
	}
	struct bridge_file *job = bridge_file_open(tenant, "/gpu/GPU-0/job", BRIDGE_WRITE, &err);
	uint64_t start = base_clock_monotonic_ns();
	if (job == NULL || !bridge_client_revoke(queen, "GPU-0", grant.lease, &err)) {
		die("bridge", lane_error_message(&err));
	}
	if (bridge_file_write(job, "{}\n", 3, &refusal) || !lane_error_is(&refusal, "BRIDGE_DENIED")) {
		die("bridge", "the job file of a revoked lease takes jobs");
	}
	if (!bridge_client_acquire(next, "GPU-0", &request, &grant, &err)) {
		die("bridge", lane_error_message(&err));
	}
	double us = (double)(base_clock_monotonic_ns() - start) / 1e3;
	bridge_file_close(job);
	if (!bridge_client_release(next, "GPU-0", grant.lease, &err)) {
		die("bridge", lane_error_message(&err));
	}
	return us;
}

static void revocations(size_t rounds, const char *address)
{
	struct bridge_client *queen = client_of(address);
	struct bridge_client *tenant = client_of(address);
	struct bridge_client *next = client_of(address);
	double us[ROUNDS_MAX];
	revoke_measure(queen, tenant, next);
	for (size_t i = 0; i < rounds; i++) {
		us[i] = revoke_measure(queen, tenant, next);
	}
	bridge_client_destroy(queen);
	bridge_client_destroy(tenant);
	bridge_client_destroy(next);
	print_quartiles("revoke", us, rounds);
}

/* Frees what has ended, as a bridge does whose workers are gone. */
struct ends {
	struct lease **ended;
	size_t count;
};

static void collect(void *context, const struct lease *lease)
{
	struct ends *ends = context;
	if (lease->state == LEASE_ENDING) {
		ends->ended[ends->count++] = (struct lease *)(uintptr_t)lease;
	}
}

static void expiry(size_t leases)
{
	struct lease *ended[LEASES_OF_GPU];
	struct ends ends = {.ended = ended};
	const struct lease_observer observer = {.changed = collect, .context = &ends};
	const struct lease_capacity capacity = {.mem_mb = UINT32_MAX, .streams = UINT8_MAX};
	size_t gpus = (leases + LEASES_OF_GPU - 1) / LEASES_OF_GPU;
	struct lease_table **tables = base_alloc(gpus, sizeof(struct lease_table *));
	uint64_t seed = 1;
	size_t over = 0;
	uint64_t start = base_clock_monotonic_ns();
	for (size_t i = 0; i < leases; i++) {
		struct lease_table **table = &tables[i % gpus];
		if (*table == NULL) {
			*table = lease_table_create(&capacity, 1, 1, &observer);
		}
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct lease *lease;
		seed = seed * 6364136223846793005U + 1442695040888963407U;
		struct lease_request request = {.subject = "queen",
			.mem_mb = 1,
			.streams = 1,
			.ttl_s = 1 + (uint32_t)(seed >> 33) % 3600};
		if (!lease_table_request(*table, &request, 0, &lease, &err)) {
			die("table", lane_error_message(&err));
		}
	}
	for (size_t i = 0; i < gpus; i++) {
		for (uint64_t next; (next = lease_table_next_ns(tables[i])) != UINT64_MAX;) {
			lease_table_advance(tables[i], next);
			over += ends.count;
			while (ends.count > 0) {
				lease_table_reaped(tables[i], ended[--ends.count], next);
			}
		}
		lease_table_destroy(tables[i]);
	}
	uint64_t ns = base_clock_monotonic_ns() - start;
	free(tables);
	if (over != leases) {
		die("expiry", "not every lease has ended");
	}
	printf("%zu %.1f\n", leases, (double)ns / (double)leases);
}

static bool replay(void *context, const struct lease_record *record, struct lane_error *err)
{
	BASE_JSON_AUTO json = {0};
	return base_json_parse("journal", record->payload, record->payload_size, &json, err) &&
		lease_ledger_apply(context, record->type, &json, err);
}

/* The lease's record as bridge/record.c writes it; leases take turns, ACTIVE and then ENDED. */
static char *lease_payload(uint64_t i)
{
	return base_format("{\"gpu\":\"GPU-0\",\"lease\":%" PRIu64 ",\"epoch\":%" PRIu64
					   ",\"state\":\"%s\",\"end\":\"%s\",\"subject\":\"worker-gpu:octo/lane\","
					   "\"mem_mb\":256,\"streams\":1,\"ttl_s\":60,\"priority\":0,"
					   "\"exclusive\":false,\"keep\":false,\"expires_wall_ms\":1777000000000,"
					   "\"expires_boot_ms\":1000000,\"boot_id\":"
					   "\"00000000-0000-0000-0000-000000000000\"}",
		1 + i / 2, 1 + i / 2, i % 2 == 0 ? "ACTIVE" : "ENDED", i % 2 == 0 ? "" : "released");
}

static void append(struct lease_journal *journal, struct lease_ledger *ledger, uint64_t i)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *payload = lease_payload(i);
	struct lease_record record = {
		.type = LEASE_RECORD_LEASE, .payload = payload, .payload_size = strlen(payload)};
	if (!replay(ledger, &record, &err)) {
		die("record", lane_error_message(&err));
	}
	lease_journal_append(journal, &record);
}

static void rotate(struct lease_journal *journal, const struct lease_ledger *ledger)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_JSON_FREE cJSON *all = lease_ledger_snapshot(ledger);
	BASE_FREE char *payload = cJSON_PrintUnformatted(all);
	struct lease_record record = {
		.type = LEASE_RECORD_SNAPSHOT, .payload = payload, .payload_size = strlen(payload)};
	if (!lease_journal_rotate(journal, &record, &err)) {
		die("rotate", lane_error_message(&err));
	}
}

static void fill(const struct lease_journal_io *io, uint64_t records)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_ledger ledger = {0};
	struct lease_journal *journal = lease_journal_open(io, false, replay, &ledger, &err);
	if (journal == NULL) {
		die("journal", lane_error_message(&err));
	}
	for (uint64_t i = 0; i < records; i++) {
		append(journal, &ledger, i);
		if ((i + 1) % RECORDS_OF_COMMIT == 0 && !lease_journal_commit(journal, &err)) {
			die("journal", lane_error_message(&err));
		}
		if ((i + 1) % RECORDS_OF_COMMIT == 0 && lease_journal_is_full(journal)) {
			rotate(journal, &ledger);
		}
	}
	if (!lease_journal_commit(journal, &err)) {
		die("journal", lane_error_message(&err));
	}
	lease_journal_close(journal);
	lease_ledger_finish(&ledger);
}

static void restart(uint64_t records, const char *folder)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_journal_io io;
	if (!lease_journal_folder(folder, true, &io, &err)) {
		die(folder, lane_error_message(&err));
	}
	fill(&io, records);
	struct lease_ledger ledger = {0};
	uint64_t start = base_clock_monotonic_ns();
	struct lease_journal *journal = lease_journal_open(&io, false, replay, &ledger, &err);
	uint64_t opened = base_clock_monotonic_ns();
	struct lease_journal_report report;
	if (journal == NULL || !lease_journal_verify(&io, &report, &err)) {
		die(folder, lane_error_message(&err));
	}
	uint64_t verified = base_clock_monotonic_ns();
	BASE_FREE char *bytes = base_alloc(1 << 20, 1);
	folder_bytes(folder, bytes, 1 << 20);
	uint64_t read = base_clock_monotonic_ns();
	lease_journal_close(journal);
	lease_journal_folder_close(&io);
	lease_ledger_finish(&ledger);
	printf("restart %.1f\nverify %.1f\nread %.1f\n", (double)(opened - start) / 1e6,
		(double)(verified - opened) / 1e6, (double)(read - verified) / 1e6);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(mode, "pairs") == 0 && argc == 6 && number(argv[2]) <= ROUNDS_MAX) {
		pairs(number(argv[2]), number(argv[3]), argv[4], argv[5]);
	} else if (strcmp(mode, "revoke") == 0 && argc == 4 && number(argv[2]) <= ROUNDS_MAX) {
		revocations(number(argv[2]), argv[3]);
	} else if (strcmp(mode, "expiry") == 0 && argc > 2) {
		for (int i = 2; i < argc; i++) {
			expiry(number(argv[i]));
		}
	} else if (strcmp(mode, "restart") == 0 && argc == 4) {
		restart(number(argv[2]), argv[3]);
	} else {
		fprintf(stderr,
			"usage: bench_lease pairs ROUNDS PAIRS BRIDGE FOLDER | revoke ROUNDS BRIDGE | expiry LEASES... | "
			"restart RECORDS FOLDER\n");
		return 64;
	}
	return 0;
}
