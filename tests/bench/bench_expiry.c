/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_expiry BRIDGE FOLDER GPUS LEASES_OF_EACH WINDOW
 *
 * How late leases are over. A fresh BRIDGE with so many synthetic GPUs, whose journal lies in
 * FOLDER, gives so many leases of each; once all are there they are renewed so that one after the
 * other expires within WINDOW seconds, and nobody asks it for anything but that: on each GPU a
 * client waits at the end of `events`. The deadline of a lease is its grant's or renewal's own time
 * in the journal plus the ttl, all on CLOCK_BOOTTIME, the clock that leases go by. Lines, of which
 * the last three are NAME MEDIAN P99 MOST in microseconds:
 *
 * leases NUMBER SECONDS   that were alive at once, and from the first deadline to the last
 * freed  the journal's record that capacity is free again
 * told   "LEASE-ENDED expired" at the client, with that record on disk
 * timer  a timerfd of an idle process with as many deadlines, in the same seconds
 */
#include "peer.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "bridge/client.h"
#include "lease/journal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum {
	GPUS_MAX = 4096,
	EACH_MAX = 8,
	WINDOW_MAX = 60,
	/** Reads that a session may have waiting. */
	READS_OF_SESSION = 64,
	SESSIONS_MAX = GPUS_MAX / READS_OF_SESSION,
	/** Bytes of news at a time, and room for what all reads of a session may bring. */
	REPLY_MAX = 4 << 10,
	FRAME_MAX = 512 << 10,
	LEASES_SIZE_MAX = 16 << 20,
	JOURNAL_FILE_MAX = 256 << 20,
	/** For the last one to be told, however busy the machine is. */
	PATIENCE_S = 60,
};

struct expiry {
	/** The record that set the deadline, and the deadline: the record is made some microseconds
	 * after what it tells. What it says itself is exact, but in milliseconds and rounded down. */
	uint64_t seq, deadline_ns, never_before_ms;
	uint64_t freed_ns, told_ns;
};

struct bench {
	char *socket;
	size_t gpus, each, window_s;
	struct bridge_client *clients[EACH_MAX];
	/** Lease n of GPU g, both from 0, at g * each + n. */
	struct expiry *expiries;
	struct pollfd sessions[SESSIONS_MAX];
	/** Of `events` of each GPU. */
	uint64_t *offsets;
	size_t told;
};

static void acquire_all(struct bench *bench)
{
	BASE_FREE char *address = base_format("unix:%s", bench->socket);
	const struct bridge_lease_request request = {.mem_mb = 1, .streams = 1, .ttl_s = 3600};
	for (size_t n = 0; n < bench->each; n++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		bench->clients[n] = bridge_client_connect(address, "", "", &err);
		if (bench->clients[n] == NULL) {
			peer_die(address, lane_error_message(&err));
		}
		for (size_t g = 0; g < bench->gpus; g++) {
			BASE_FREE char *gpu = base_format("GPU-%zu", g);
			struct bridge_grant grant;
			if (!bridge_client_acquire(bench->clients[n], gpu, &request, &grant, &err) ||
				grant.lease != n + 1) {
				peer_die(gpu, lane_error_message(&err));
			}
		}
	}
}

static void await_news(struct bench *bench, size_t g)
{
	uint8_t frame[64];
	struct wire_message read = {.type = WIRE_TREAD,
		.tag = (uint16_t)(g % READS_OF_SESSION),
		.fid = (uint32_t)(PEER_FILE_FID + g % READS_OF_SESSION),
		.offset = bench->offsets[g],
		.count = REPLY_MAX};
	peer_write(
		bench->sessions[g / READS_OF_SESSION].fd, frame, wire_encode(&read, frame, sizeof(frame)));
}

static void watch_all(struct bench *bench)
{
	for (size_t g = 0; g < bench->gpus; g++) {
		BASE_FREE char *file = base_format("gpu/GPU-%zu/events", g);
		struct peer peer = {.name = "ours", .socket = bench->socket, .aname = "", .file = file};
		struct pollfd *session = &bench->sessions[g / READS_OF_SESSION];
		if (g % READS_OF_SESSION == 0) {
			uint32_t msize;
			*session = (struct pollfd){.fd = peer_connect(&peer, &msize), .events = POLLIN};
		}
		peer_open(session->fd, &peer, (uint32_t)(PEER_FILE_FID + g % READS_OF_SESSION));
	}
	for (size_t g = 0; g < bench->gpus; g++) {
		await_news(bench, g);
	}
}

static size_t session_count(const struct bench *bench)
{
	return (bench->gpus + READS_OF_SESSION - 1) / READS_OF_SESSION;
}

/* Lines of a GPU's events: which of its leases are over. */
static void take_lines(struct bench *bench, size_t g, const char *text, uint64_t now_ns)
{
	static const char word[] = "expired lease=";
	for (const char *at = text; (at = strstr(at, word)) != NULL;) {
		at += sizeof(word) - 1;
		struct expiry *expiry = &bench->expiries[g * bench->each + strtoull(at, NULL, 10) - 1];
		expiry->told_ns = now_ns;
		bench->told++;
	}
}

static void take_reply(
	struct bench *bench, size_t session, const uint8_t *frame, size_t size, uint64_t now_ns)
{
	struct wire_message reply;
	if (wire_decode(frame, size, &reply) != WIRE_OK || reply.type != WIRE_RREAD) {
		peer_die("events", wire_type_name(reply.type));
	}
	size_t g = session * READS_OF_SESSION + reply.tag;
	BASE_FREE char *text = base_strndup((const char *)reply.data.bytes, reply.data.size);
	bench->offsets[g] += reply.data.size;
	take_lines(bench, g, text, now_ns);
	await_news(bench, g);
}

/* Takes what a session has to say, to the end of a reply. */
static void take_news(struct bench *bench, size_t session)
{
	static uint8_t bytes[FRAME_MAX];
	size_t have = 0, taken = 0;
	uint64_t now_ns = 0;
	while (now_ns == 0 || taken < have) {
		if (have - taken < WIRE_HEADER_SIZE || have - taken < wire_frame_size(bytes + taken)) {
			ssize_t got = read(bench->sessions[session].fd, bytes + have, sizeof(bytes) - have);
			if (got <= 0) {
				peer_die("events", got == 0 ? "the bridge hung up" : "more than was asked for");
			}
			have += (size_t)got;
			now_ns = base_clock_boottime_ns();
			continue;
		}
		take_reply(bench, session, bytes + taken, wire_frame_size(bytes + taken), now_ns);
		taken += wire_frame_size(bytes + taken);
	}
}

/* All at once alive: each is renewed to a time when the last one has been, and then spread. */
static uint64_t renew_all(struct bench *bench, uint64_t took_s)
{
	uint64_t start_ns = base_clock_boottime_ns();
	uint64_t first_s = 2 * took_s + 2;
	for (size_t i = 0; i < bench->gpus * bench->each; i++) {
		size_t g = i / bench->each, n = i % bench->each;
		uint64_t past_s = (base_clock_boottime_ns() - start_ns) / NS_PER_S;
		BASE_FREE char *gpu = base_format("GPU-%zu", g);
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		if (past_s >= first_s) {
			peer_die("renew", "it takes much longer than to acquire");
		}
		if (!bridge_client_renew(bench->clients[n], gpu, n + 1,
				(uint32_t)(first_s - past_s + i % bench->window_s), &err)) {
			peer_die(gpu, lane_error_message(&err));
		}
	}
	return start_ns + first_s * NS_PER_S;
}

static size_t count_active(const struct bench *bench)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (!bridge_client_read_all(bench->clients[0], "/proc/leases", LEASES_SIZE_MAX, &text, &err)) {
		peer_die("/proc/leases", lane_error_message(&err));
	}
	size_t count = 0;
	for (const char *at = text.data; (at = strstr(at, " state=ACTIVE ")) != NULL; at++) {
		count++;
	}
	return count;
}

/* A child that writes how late each of so many deadlines was seen, from `first_ns` on. */
static pid_t start_timer(uint64_t first_ns, uint64_t step_ns, uint64_t *late_ns, size_t count)
{
	pid_t child = fork();
	if (child != 0) {
		return child;
	}
	int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	for (size_t i = 0; i < count; i++) {
		uint64_t at_ns = first_ns + i * step_ns, expirations;
		const struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at_ns / NS_PER_S),
											.tv_nsec = (long)(at_ns % NS_PER_S)}};
		if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) < 0 ||
			read(timer, &expirations, sizeof(expirations)) < 0) {
			peer_die("timerfd", strerror(errno));
		}
		late_ns[i] = base_clock_boottime_ns() - at_ns;
	}
	_exit(0);
}

static void await_ends(struct bench *bench, uint64_t first_ns)
{
	uint64_t last_ns = first_ns + (bench->window_s + PATIENCE_S) * NS_PER_S;
	while (bench->told < bench->gpus * bench->each) {
		if (base_clock_boottime_ns() > last_ns) {
			peer_die("events", "not every lease is over");
		}
		poll(bench->sessions, session_count(bench), 1000);
		for (size_t s = 0; s < session_count(bench); s++) {
			if ((bench->sessions[s].revents & POLLIN) != 0) {
				take_news(bench, s);
			}
		}
	}
}

static bool visit(void *context, const struct lease_record *record, struct lane_error *err)
{
	struct bench *bench = context;
	BASE_JSON_AUTO json = {0};
	if (record->type != LEASE_RECORD_LEASE) {
		return true;
	}
	if (!base_json_parse("journal", record->payload, record->payload_size, &json, err)) {
		return false;
	}
	const char *gpu = base_json_string(json.root, "gpu", "");
	const char *state = base_json_string(json.root, "state", "");
	size_t g = strtoull(gpu + strcspn(gpu, "0123456789"), NULL, 10);
	struct expiry *expiry =
		&bench->expiries[g * bench->each + base_json_uint(json.root, "lease", 0) - 1];
	if (strcmp(state, "ACTIVE") == 0 && record->seq > expiry->seq) {
		expiry->seq = record->seq;
		expiry->deadline_ns =
			record->boottime_ns + base_json_uint(json.root, "ttl_s", 0) * NS_PER_S;
		expiry->never_before_ms = base_json_uint(json.root, "expires_boot_ms", 0);
	} else if (strcmp(state, "ENDED") == 0) {
		expiry->freed_ns = record->boottime_ns;
	}
	return true;
}

static void read_journal(struct bench *bench, const char *folder)
{
	DIR *names = opendir(folder);
	if (names == NULL) {
		peer_die(folder, strerror(errno));
	}
	for (const struct dirent *name; (name = readdir(names)) != NULL;) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		BASE_BUFFER_AUTO bytes = BASE_BUFFER_INIT;
		struct lease_journal_scan scan;
		BASE_FREE char *path = base_format("%s/%s", folder, name->d_name);
		if (strncmp(name->d_name, "journal-", 8) == 0 &&
			(!base_file_read(path, JOURNAL_FILE_MAX, &bytes, &err) ||
				!lease_journal_scan((const uint8_t *)bytes.data, bytes.size,
					&(struct lease_journal_place){.seq = 0}, visit, bench, &scan, &err))) {
			peer_die(path, lane_error_message(&err));
		}
	}
	closedir(names);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a;
	const uint64_t *right = b;
	return (*left > *right) - (*left < *right);
}

static void print_late(const char *name, uint64_t *late_ns, size_t count)
{
	qsort(late_ns, count, sizeof(*late_ns), compare);
	printf("%s %.1f %.1f %.1f\n", name, (double)late_ns[count / 2] / 1e3,
		(double)late_ns[count - 1 - count / 100] / 1e3, (double)late_ns[count - 1] / 1e3);
}

static uint64_t after(uint64_t time_ns, uint64_t deadline_ns)
{
	return time_ns > deadline_ns ? time_ns - deadline_ns : 0;
}

static void print_all(const struct bench *bench, size_t count, uint64_t *timer_ns)
{
	uint64_t *freed_ns = base_alloc(count, sizeof(*freed_ns));
	uint64_t *told_ns = base_alloc(count, sizeof(*told_ns));
	uint64_t first_ns = UINT64_MAX, last_ns = 0;
	for (size_t i = 0; i < count; i++) {
		const struct expiry *expiry = &bench->expiries[i];
		if (expiry->freed_ns / NS_PER_MS < expiry->never_before_ms ||
			expiry->told_ns < expiry->freed_ns) {
			peer_die("a lease", "was over before its time, or told before it was over");
		}
		freed_ns[i] = after(expiry->freed_ns, expiry->deadline_ns);
		told_ns[i] = after(expiry->told_ns, expiry->deadline_ns);
		first_ns = expiry->deadline_ns < first_ns ? expiry->deadline_ns : first_ns;
		last_ns = expiry->deadline_ns > last_ns ? expiry->deadline_ns : last_ns;
	}
	printf("leases %zu %.1f\n", count, (double)(last_ns - first_ns) / 1e9);
	print_late("freed", freed_ns, count);
	print_late("told", told_ns, count);
	print_late("timer", timer_ns, count);
	free(freed_ns);
	free(told_ns);
}

static size_t number(const char *text, size_t max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*end != '\0' || value == 0 || value > max) {
		peer_die(text, "no number that can be");
	}
	return value;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: bench_expiry BRIDGE FOLDER GPUS LEASES_OF_EACH WINDOW\n");
		return 64;
	}
	struct bench bench = {
		.socket = argv[1],
		.gpus = number(argv[3], GPUS_MAX),
		.each = number(argv[4], EACH_MAX),
		.window_s = number(argv[5], WINDOW_MAX),
	};
	size_t count = bench.gpus * bench.each;
	bench.expiries = base_alloc(count, sizeof(*bench.expiries));
	bench.offsets = base_alloc(bench.gpus, sizeof(*bench.offsets));
	uint64_t *timer_ns = mmap(
		NULL, count * sizeof(*timer_ns), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (timer_ns == MAP_FAILED) {
		peer_die("mmap", strerror(errno));
	}
	uint64_t start_ns = base_clock_boottime_ns();
	acquire_all(&bench);
	uint64_t took_s = (base_clock_boottime_ns() - start_ns) / NS_PER_S + 1;
	watch_all(&bench);
	uint64_t first_ns = renew_all(&bench, took_s);
	size_t active = count_active(&bench);
	if (active != count) {
		peer_die("/proc/leases", "not all leases are alive at once");
	}
	pid_t timer = start_timer(first_ns, bench.window_s * NS_PER_S / count, timer_ns, count);
	await_ends(&bench, first_ns);
	int status;
	if (waitpid(timer, &status, 0) != timer || status != 0) {
		peer_die("timer", "it failed");
	}
	read_journal(&bench, argv[2]);
	print_all(&bench, count, timer_ns);
	for (size_t n = 0; n < bench.each; n++) {
		bridge_client_destroy(bench.clients[n]);
	}
	free(bench.expiries);
	free(bench.offsets);
	return 0;
}
