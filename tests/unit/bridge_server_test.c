/* SPDX-License-Identifier: Apache-2.0 */
#include "client_bed.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/memory.h"
#include "bridge/client.h"
#include "bridge/gpu.h"
#include "bridge/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** The whole bridge with its synthetic GPUs in a child process, and clients of ours on socketpairs.
 */

enum { CLIENTS = 2, WAIT_MS = 5000 };

struct bed {
	pid_t server;
	struct bridge_client *clients[CLIENTS];
};

static int serve(const int *fds)
{
	struct bridge_server_config config = {.mocks = 2};
	struct bridge_server *server = bridge_server_create(&config, NULL);
	for (size_t i = 0; i < CLIENTS; i++) {
		if (server == NULL || !bridge_server_adopt(server, fds[i], true, NULL)) {
			return 1;
		}
	}
	bool served = bridge_server_run(server, true, NULL);
	bridge_server_destroy(server);
	return served ? 0 : 1;
}

static int setup(void **state)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	int ours[CLIENTS];
	int theirs[CLIENTS];
	for (size_t i = 0; i < CLIENTS; i++) {
		int pair[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		ours[i] = pair[0];
		theirs[i] = pair[1];
	}
	bed->server = fork();
	assert_true(bed->server >= 0);
	if (bed->server == 0) {
		for (size_t i = 0; i < CLIENTS; i++) {
			close(ours[i]);
		}
		int status = serve(theirs);
		free(bed);
		/* Not _exit: a leak of the server is to be seen by the sanitizer. */
		exit(status);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		close(theirs[i]);
		bed->clients[i] = bridge_client_adopt(ours[i], "worker-1", "", &err);
		assert_string_equal(err.code, "");
		assert_non_null(bed->clients[i]);
	}
	*state = bed;
	return 0;
}

/** The bridge ends by itself when its clients are gone. */
static int teardown(void **state)
{
	struct bed *bed = *state;
	for (size_t i = 0; i < CLIENTS; i++) {
		bridge_client_destroy(bed->clients[i]);
	}
	int status = 0;
	pid_t reaped = waitpid(bed->server, &status, 0);
	bool clean = reaped == bed->server && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	free(bed);
	return clean ? 0 : -1;
}

static struct bridge_grant acquire(
	struct bridge_client *client, const struct bridge_lease_request *request)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_grant grant = {.lease = 0};
	assert_good(bridge_client_acquire(client, "GPU-0", request, &grant, &err), &err);
	return grant;
}

/** A descriptor with a module that has a SPIR-V header and nothing else; a mock GPU does not look
 * further. */
static char *descriptor(const char *id, bool good_hash, const char *more)
{
	static const uint8_t module[20] = {0x03, 0x02, 0x23, 0x07, 0, 0, 1, 0};
	BASE_BUFFER_AUTO payload = BASE_BUFFER_INIT;
	base_base64_encode(module, sizeof(module), &payload);
	char hash[BASE_SHA256_TEXT_SIZE];
	base_sha256_text(module, good_hash ? sizeof(module) : 1, hash);
	return base_format("{\"job\":\"%s\",\"kernel\":\"vadd\",\"grid\":[1,1,1],\"block\":[64,1,1],"
					   "\"bytes_hash\":\"%s\",\"inputs\":[],\"outputs\":[],\"timeout_ms\":1000,"
					   "\"payload_b64\":\"%s\"%s}",
		id, hash, payload.data, more);
}

struct seen {
	char states[256];
};

static void see(void *context, const struct bridge_status *status)
{
	struct seen *seen = context;
	size_t used = strlen(seen->states);
	snprintf(
		seen->states + used, sizeof(seen->states) - used, "%s %s;", status->state, status->detail);
}

static void namespace_is_as_published(void **state)
{
	struct bed *bed = *state;
	static const struct {
		const char *path, *names;
	} folders[] = {
		{"/",
			"[\"bundles\",\"gpu\",\"handle\",\"log\",\"metrics\",\"proc\",\"revoke\",\"ticket\",\"version\",\"worker\"]"},
		{"/gpu", "[\"GPU-0\",\"GPU-1\"]"},
		{"/gpu/GPU-1", "[\"ctl\",\"events\",\"facts\",\"info\",\"job\",\"lease\",\"status\"]"},
		{"/worker", "[]"},
	};
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		BASE_JSON_FREE cJSON *names = NULL;
		assert_good(bridge_client_list(bed->clients[0], folders[i].path, &names, &err), &err);
		BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
		base_json_write(names, 0, &text);
		/* Compact, whatever the writer puts between elements. */
		char compact[256] = "";
		for (size_t c = 0, n = 0; c < text.size; c++) {
			if (text.data[c] != ' ') {
				compact[n++] = text.data[c];
			}
		}
		assert_string_equal(compact, folders[i].names);
	}
	BASE_FREE char *info = read_text(bed->clients[0], "/gpu/GPU-1/info");
	assert_string_equal(info,
		"{\n    \"id\": \"GPU-1\",\n    \"name\": \"Mock 4060\",\n    \"memory_mb\": 8192,\n"
		"    \"sm_count\": 64,\n    \"driver_version\": \"555.0\",\n"
		"    \"runtime_version\": \"12.4\"\n}\n");
}

static void what_is_not_there_is_not_found(void **state)
{
	struct bed *bed = *state;
	static const char *const paths[] = {"/tickets", "/bundles/vadd", "/metric", "/proc/9",
		"/log/other.log", "/worker/nobody/result"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_null(bridge_file_open(bed->clients[0], paths[i], BRIDGE_READ, &err));
		assert_string_equal(err.code, "BRIDGE_NOT_FOUND");
		assert_non_null(strstr(lane_error_message(&err), paths[i]));
	}
}

/** The check value of Cohesix's transcript: 133 bytes ACTIVE, 135 RELEASED, before the keys that
 * are ours. */
static void lease_lines_have_the_base_form(void **state)
{
	(void)state;
	static const struct {
		const char *state;
		size_t size;
	} forms[] = {{"ACTIVE", 133}, {"RELEASED", 135}};
	struct lease lease = {.subject = "worker-1",
		.mem_mb = 4096,
		.streams = 1,
		.ttl_s = 60,
		.priority = 5,
		.id = 7,
		.epoch = 3,
		.granted_ns = base_clock_boottime_ns()};
	lease.expires_ns = lease.granted_ns + UINT64_C(60000000000);
	for (size_t i = 0; i < 2; i++) {
		BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
		bridge_lease_line(&line, &lease, "GPU-0", forms[i].state);
		BASE_FREE char *base = base_format(
			"{\"schema\":\"gpu-lease/v1\",\"state\":\"%s\",\"gpu_id\":\"GPU-0\","
			"\"worker_id\":\"worker-1\",\"mem_mb\":4096,\"streams\":1,\"ttl_s\":60,\"priority\":5",
			forms[i].state);
		/* With "}\n" instead of what follows. */
		assert_int_equal(strlen(base) + 2, forms[i].size);
		assert_memory_equal(line.data, base, strlen(base));
		unsigned long long granted = 0;
		unsigned long long expires = 0;
		assert_int_equal(sscanf(line.data + strlen(base),
							 ",\"lease_id\":7,\"epoch\":3,\"granted_ms\":%llu,\"expires_ms\":%llu}",
							 &granted, &expires),
			2);
		assert_true(expires - granted >= 59999 && expires - granted <= 60001);
		unsigned long long now = base_clock_wall_ms();
		assert_true(granted <= now + 1 && granted + 1000 > now);
	}
}

static void a_lease_is_granted_renewed_and_released(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_client *client = bed->clients[0];
	struct bridge_grant grant = acquire(client, &small);
	assert_int_equal(grant.epoch, 1);
	assert_int_equal(grant.expires_in_s, 60);
	struct bridge_grant second;
	assert_false(bridge_client_acquire(client, "GPU-0", &small, &second, &err));
	assert_string_equal(err.code, "LEASE_BUSY");
	assert_good(bridge_client_renew(client, "GPU-0", grant.lease, 5, &err), &err);
	assert_false(bridge_client_renew(client, "GPU-0", grant.lease + 1, 5, &err));
	assert_string_equal(err.code, "LEASE_PERMISSION");
	assert_false(bridge_client_release(bed->clients[1], "GPU-0", grant.lease, &err));
	assert_string_equal(err.code, "LEASE_PERMISSION");
	assert_good(bridge_client_release(client, "GPU-0", grant.lease, &err), &err);
	assert_int_equal(acquire(client, &small).epoch, 2);
	BASE_FREE char *lines = read_text(client, "/gpu/GPU-0/lease");
	const char *released = strstr(lines, "\"state\":\"RELEASED\"");
	assert_non_null(released);
	assert_non_null(strstr(lines, "\"worker_id\":\"queen:worker-1\""));
	assert_non_null(strstr(lines, "\"ttl_s\":5"));
	assert_non_null(strstr(released, "\"state\":\"ACTIVE\""));
}

/** The other client is the queen too: what she takes from somebody else is revoked. */
static void the_queen_revokes_what_others_hold(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_client *client = bed->clients[0];
	struct bridge_grant grant = acquire(client, &small);
	struct bridge_file *job = bridge_file_open(client, "/gpu/GPU-0/job", BRIDGE_WRITE, &err);
	assert_good(bridge_client_revoke(bed->clients[1], "GPU-0", grant.lease, &err), &err);
	assert_false(bridge_file_write(job, "{}\n", 3, &err));
	assert_string_equal(err.code, "BRIDGE_DENIED");
	bridge_file_close(job);
	BASE_FREE char *status = read_text(client, "/gpu/GPU-0/status");
	assert_non_null(strstr(status, "\"state\":\"LEASE-ENDED\",\"detail\":\"revoked lease=1"));
}

static void a_kept_lease_outlives_its_session(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_lease_request request = small;
	request.keep = true;
	struct bridge_grant grant = acquire(bed->clients[0], &request);
	bridge_client_destroy(bed->clients[0]);
	bed->clients[0] = NULL;
	BASE_FREE char *before = NULL;
	/* The end of a session is seen in the turn after the one in which its socket closes. */
	do {
		free(before);
		before = read_text(bed->clients[1], "/proc/leases");
	} while (strstr(before, "session=1") != NULL);
	assert_non_null(strstr(before, "state=ACTIVE subject=queen:worker-1"));
	assert_non_null(strstr(before, "keep=1 session=0 expires_in_s=60"));
	/* The next session of its subject that renews it has it. */
	assert_good(bridge_client_renew(bed->clients[1], "GPU-0", grant.lease, 7, &err), &err);
	BASE_FREE char *after = read_text(bed->clients[1], "/proc/leases");
	assert_non_null(strstr(after, "keep=1 session=1 expires_in_s=7"));
	assert_false(bridge_client_acquire(bed->clients[1], "GPU-0", &small, &grant, &err));
	assert_non_null(strstr(lane_error_message(&err), "has lease 1"));
}

static void impossible_leases_are_refused_with_their_reason(void **state)
{
	struct bed *bed = *state;
	struct bridge_grant grant;
	struct bridge_lease_request request = small;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	request.mem_mb = 24577;
	assert_false(bridge_client_acquire(bed->clients[0], "GPU-0", &request, &grant, &err));
	assert_string_equal(err.code, "LEASE_INVALID");
	assert_non_null(strstr(lane_error_message(&err), "24576"));
	request = small;
	request.exclusive = true;
	acquire(bed->clients[0], &request);
	assert_false(bridge_client_acquire(bed->clients[1], "GPU-0", &small, &grant, &err));
	assert_string_equal(err.code, "LEASE_BUSY");
	assert_false(bridge_client_acquire(bed->clients[1], "GPU-7", &small, &grant, &err));
	assert_string_equal(err.code, "BRIDGE_NOT_FOUND");
}

static void a_queued_lease_is_granted_when_the_other_expires(void **state)
{
	struct bed *bed = *state;
	struct bridge_lease_request exclusive = {
		.mem_mb = 1, .ttl_s = 1, .streams = 1, .exclusive = true, .wait_ms = WAIT_MS};
	acquire(bed->clients[0], &exclusive);
	uint64_t start_ns = base_clock_monotonic_ns();
	struct bridge_grant grant = acquire(bed->clients[1], &exclusive);
	uint64_t waited_ms = (base_clock_monotonic_ns() - start_ns) / 1000000;
	assert_int_equal(grant.epoch, 2);
	assert_true(waited_ms > 800 && waited_ms < 1500);
	BASE_FREE char *status = read_text(bed->clients[0], "/gpu/GPU-0/status");
	const char *ended = strstr(status, "\"LEASE-ENDED\",\"detail\":\"expired lease=1 epoch=1\"");
	assert_non_null(ended);
	assert_non_null(strstr(ended, "\"LEASE-GRANTED\",\"detail\":\"lease=2 epoch=2\""));
}

static void waiting_ends_and_takes_the_request_back(void **state)
{
	struct bed *bed = *state;
	struct bridge_lease_request exclusive = {
		.mem_mb = 1, .ttl_s = 60, .streams = 1, .exclusive = true, .wait_ms = 100};
	struct bridge_grant held = acquire(bed->clients[0], &exclusive);
	struct bridge_grant grant;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_false(bridge_client_acquire(bed->clients[1], "GPU-0", &exclusive, &grant, &err));
	assert_string_equal(err.code, "LEASE_WAIT_TIMEOUT");
	assert_good(bridge_client_release(bed->clients[0], "GPU-0", held.lease, &err), &err);
	/* Had the request stayed, it would have the GPU now. */
	assert_int_equal(acquire(bed->clients[0], &exclusive).epoch, 2);
}

static void a_closed_connection_releases_its_lease(void **state)
{
	struct bed *bed = *state;
	struct bridge_lease_request exclusive = {
		.mem_mb = 1, .ttl_s = 60, .streams = 1, .exclusive = true, .wait_ms = WAIT_MS};
	acquire(bed->clients[0], &exclusive);
	bridge_client_destroy(bed->clients[0]);
	bed->clients[0] = NULL;
	assert_int_equal(acquire(bed->clients[1], &exclusive).epoch, 2);
}

static void a_job_goes_through_its_states(void **state)
{
	struct bed *bed = *state;
	struct bridge_client *client = bed->clients[0];
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	acquire(client, &small);
	for (int i = 0; i < 3; i++) {
		BASE_FREE char *id = base_format("job-%d", i);
		BASE_FREE char *job = descriptor(id, true, "");
		struct seen seen = {.states = ""};
		struct bridge_status last;
		assert_good(bridge_client_submit(client, "GPU-0", job, &err), &err);
		assert_good(
			bridge_client_wait(client, "GPU-0", id, WAIT_MS, see, &seen, &last, &err), &err);
		assert_string_equal(seen.states, "QUEUED accepted;RUNNING scheduled;OK completed;");
		assert_string_equal(last.state, "OK");
	}
	BASE_FREE char *log = read_text(client, "/worker/job-1/log");
	assert_string_equal(log,
		"{\"job\":\"job-1\",\"state\":\"QUEUED\",\"detail\":\"accepted\"}\n"
		"{\"job\":\"job-1\",\"state\":\"RUNNING\",\"detail\":\"scheduled\"}\n"
		"{\"job\":\"job-1\",\"state\":\"OK\",\"detail\":\"completed\"}\n");
}

static void a_job_without_a_lease_is_denied(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	acquire(bed->clients[0], &small);
	BASE_FREE char *job = descriptor("job-1", true, "");
	assert_false(bridge_client_submit(bed->clients[1], "GPU-0", job, &err));
	assert_string_equal(err.code, "BRIDGE_DENIED");
	assert_false(bridge_client_submit(bed->clients[0], "GPU-1", job, &err));
	assert_string_equal(err.code, "BRIDGE_DENIED");
}

static void bad_descriptors_end_in_their_own_state(void **state)
{
	struct bed *bed = *state;
	struct bridge_client *client = bed->clients[0];
	static const struct {
		const char *id, *more, *end;
		bool good_hash;
	} bad[] = {
		{"hash", "", "ERR HASH", false},
		{"limit",
			",\"buffers\":[{\"binding\":0,\"bytes\":1073741828,\"fill\":{\"kind\":\"zero\"}}]",
			"ERR LIMIT", true},
		{"invalid", ",\"buffers\":[{\"binding\":0,\"bytes\":3,\"fill\":{\"kind\":\"zero\"}}]",
			"ERR INVALID", true},
	};
	acquire(client, &small);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		BASE_FREE char *job = descriptor(bad[i].id, bad[i].good_hash, bad[i].more);
		struct bridge_status last;
		assert_good(bridge_client_submit(client, "GPU-0", job, &err), &err);
		assert_good(
			bridge_client_wait(client, "GPU-0", bad[i].id, WAIT_MS, NULL, NULL, &last, &err), &err);
		assert_string_equal(last.state, bad[i].end);
		assert_true(strlen(last.detail) > 0);
		BASE_FREE char *path = base_format("/worker/%s/result", bad[i].id);
		assert_null(bridge_file_open(client, path, BRIDGE_READ, &err));
	}
}

/** Writes to the job file as it is, without a newline of ours. */
static bool write_job(struct bridge_client *client, const char *text, struct lane_error *err)
{
	struct bridge_file *file = bridge_file_open(client, "/gpu/GPU-0/job", BRIDGE_WRITE, err);
	bool good = file != NULL && bridge_file_write(file, text, strlen(text), err);
	bridge_file_close(file);
	return good;
}

static void all_lines_of_a_write_or_none(void **state)
{
	struct bed *bed = *state;
	struct bridge_client *client = bed->clients[0];
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	acquire(client, &small);
	BASE_FREE char *one = descriptor("one", true, "");
	BASE_FREE char *two = descriptor("two", true, "");
	BASE_FREE char *with_junk = base_format("%s\nnonsense\n", one);
	BASE_FREE char *twice = base_format("%s\n%s\n", one, one);
	BASE_FREE char *good = base_format("%s\n\n%s\n", one, two);
	assert_false(write_job(client, with_junk, &err));
	assert_string_equal(err.code, "BRIDGE_INVALID");
	assert_false(write_job(client, twice, &err));
	BASE_FREE char *before = read_text(client, "/gpu/GPU-0/status");
	assert_string_equal(before, "");
	assert_good(write_job(client, good, &err), &err);
	BASE_FREE char *after = read_text(client, "/gpu/GPU-0/status");
	assert_non_null(strstr(after, "{\"job\":\"one\",\"state\":\"OK\""));
	assert_non_null(strstr(after, "{\"job\":\"two\",\"state\":\"OK\""));
	/* The ids are taken now. */
	assert_false(write_job(client, good, &err));
	assert_string_equal(err.code, "BRIDGE_INVALID");
}

static void an_expired_lease_revokes_its_files(void **state)
{
	struct bed *bed = *state;
	struct bridge_client *client = bed->clients[0];
	struct bridge_lease_request brief = {.mem_mb = 1, .ttl_s = 1, .streams = 1};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	acquire(client, &brief);
	struct bridge_file *job = bridge_file_open(client, "/gpu/GPU-0/job", BRIDGE_WRITE, &err);
	struct bridge_file *ctl =
		bridge_file_open(client, "/gpu/GPU-0/ctl", BRIDGE_READ | BRIDGE_WRITE, &err);
	assert_non_null(job);
	assert_non_null(ctl);
	struct timespec over = {.tv_sec = 1, .tv_nsec = 100000000};
	nanosleep(&over, NULL);
	BASE_FREE char *line = descriptor("late", true, "");
	assert_false(bridge_file_write(job, line, strlen(line), &err));
	assert_string_equal(err.code, "BRIDGE_DENIED");
	char reply[16];
	size_t got = 0;
	assert_false(bridge_file_read(ctl, 0, reply, sizeof(reply), &got, &err));
	assert_string_equal(err.code, "BRIDGE_DENIED");
	bridge_file_close(job);
	bridge_file_close(ctl);
	/* A new lease, with new files, is fine. */
	assert_int_equal(acquire(client, &brief).epoch, 2);
	assert_good(bridge_client_submit(client, "GPU-0", line, &err), &err);
}

static char *ctl(struct bridge_client *client, const char *line)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_file *file =
		bridge_file_open(client, "/gpu/GPU-0/ctl", BRIDGE_READ | BRIDGE_WRITE, &err);
	assert_non_null(file);
	char reply[512];
	size_t got = 0;
	assert_good(bridge_file_write(file, line, strlen(line), &err), &err);
	assert_good(bridge_file_read(file, 12345, reply, sizeof(reply) - 1, &got, &err), &err);
	bridge_file_close(file);
	return base_strndup(reply, got);
}

static void ctl_replies_are_exact(void **state)
{
	struct bed *bed = *state;
	static const struct {
		const char *line, *reply;
	} dialogue[] = {
		{"LEASE mem_mb=1 streams=1 ttl_s=9 priority=3\n",
			"OK LEASE lease=1 epoch=1 expires_in_s=9\n"},
		{"LEASE mem_mb=1 streams=1 ttl_s=9\n",
			"ERR LEASE reason=busy detail=\"this session has lease 1 on GPU-0 already\"\n"},
		{"RENEW lease=1 ttl_s=20\r\n", "OK RENEW lease=1 epoch=1 expires_in_s=20\n"},
		{"RENEW lease=2 ttl_s=20\n",
			"ERR RENEW reason=permission detail=\"this session does not hold that lease\"\n"},
		{"PRIORITY 9\n", "OK PRIORITY lease=1 priority=9\n"},
		{"PRIORITY 256\n",
			"ERR PRIORITY reason=invalid detail=\"PRIORITY takes a number from 0 to 255\"\n"},
		{"CORDON\nUNCORDON\n", "OK CORDON\nOK UNCORDON\n"},
		{"RESET\n", "OK RESET cancelled=0\n"},
		{"RESET now\n", "ERR RESET reason=invalid detail=\"too many arguments\"\n"},
		{"LEASE mem_mb=1 streams=1\n", "ERR LEASE reason=invalid detail=\"ttl_s= is missing\"\n"},
		{"LEASE mem_mb=1 streams=\"1\"\n",
			"ERR LEASE reason=invalid detail=\"bad argument streams='1'\"\n"},
		{"\n  \nRELEASE\n", "OK RELEASE lease=1\n"},
		{"RELEASE\n",
			"ERR RELEASE reason=permission detail=\"this session does not hold that lease\"\n"},
		{"DANCE\n", "ERR COMMAND reason=invalid detail=\"unknown command\"\n"},
		{"LEASE\x01\n", "ERR COMMAND reason=invalid detail=\"not printable ASCII\"\n"},
		{"CORDON\nLEASE mem_mb=1 streams=1 ttl_s=9\nUNCORDON\n",
			"OK CORDON\nERR LEASE reason=cordoned detail=\"the GPU is cordoned\"\nOK UNCORDON\n"},
	};
	for (size_t i = 0; i < sizeof(dialogue) / sizeof(dialogue[0]); i++) {
		BASE_FREE char *reply = ctl(bed->clients[0], dialogue[i].line);
		assert_string_equal(reply, dialogue[i].reply);
	}
}

/** The grant that comes later is told on the same file, with the priority it has by then. */
static void priority_changes_a_queued_lease(void **state)
{
	struct bed *bed = *state;
	struct bridge_client *client = bed->clients[0];
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *held = ctl(bed->clients[1], "LEASE mem_mb=24576 streams=1 ttl_s=1\n");
	assert_string_equal(held, "OK LEASE lease=1 epoch=1 expires_in_s=1\n");
	struct bridge_file *file =
		bridge_file_open(client, "/gpu/GPU-0/ctl", BRIDGE_READ | BRIDGE_WRITE, &err);
	static const char line[] = "LEASE mem_mb=24576 streams=1 ttl_s=9 priority=1\nPRIORITY 7\n";
	assert_good(bridge_file_write(file, line, sizeof(line) - 1, &err), &err);
	char reply[256];
	size_t got = 0;
	assert_good(bridge_file_read(file, 0, reply, sizeof(reply) - 1, &got, &err), &err);
	reply[got] = '\0';
	assert_string_equal(reply, "QUEUED LEASE lease=2 position=1\nOK PRIORITY lease=2 priority=7\n");
	struct timespec over = {.tv_sec = 1, .tv_nsec = 100000000};
	nanosleep(&over, NULL);
	assert_good(bridge_file_read(file, 0, reply, sizeof(reply) - 1, &got, &err), &err);
	reply[got] = '\0';
	assert_string_equal(reply, "OK LEASE lease=2 epoch=2 expires_in_s=9\n");
	bridge_file_close(file);
	BASE_FREE char *lines = read_text(client, "/gpu/GPU-0/lease");
	assert_non_null(strstr(lines, "\"priority\":7,\"lease_id\":2,\"epoch\":2"));
}

/** A lease whose priority is raised goes before one that came earlier. */
static void priority_moves_a_lease_in_the_queue(void **state)
{
	(void)state;
	struct lease_capacity capacity = {.mem_mb = 10, .streams = 4};
	struct lease_table *table = lease_table_create(&capacity, 1, 1, NULL);
	struct lease *leases[3];
	for (size_t i = 0; i < 3; i++) {
		struct lease_request request = {.subject = "worker-1",
			.mem_mb = 10,
			.streams = 1,
			.ttl_s = 60,
			.priority = 5,
			.queue = true};
		assert_true(lease_table_request(table, &request, 1000, &leases[i], NULL));
	}
	assert_int_equal(lease_table_position(table, leases[2]), 2);
	lease_table_prioritize(table, leases[2], 6, 1000);
	assert_int_equal(lease_table_position(table, leases[2]), 1);
	lease_table_prioritize(table, leases[2], 5, 1000);
	assert_int_equal(lease_table_position(table, leases[2]), 2);
	lease_table_prioritize(table, leases[0], 0, 1000);
	assert_int_equal(leases[0]->state, LEASE_ACTIVE);
	lease_table_destroy(table);
}

static void waiting_for_nothing_times_out_and_leaves_the_session_usable(void **state)
{
	struct bed *bed = *state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_status last;
	for (int i = 0; i < 3; i++) {
		assert_false(
			bridge_client_wait(bed->clients[0], "GPU-0", "nobody", 30, NULL, NULL, &last, &err));
		assert_string_equal(err.code, "BRIDGE_TIMEOUT");
		BASE_FREE char *version = read_text(bed->clients[0], "/version");
		assert_memory_equal(version, "gpu-lane ", 9);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED("lease@lines-have-the-base-form", lease_lines_have_the_base_form),
		NAMED_WITH("bridge@namespace-is-as-published", namespace_is_as_published, setup, teardown),
		NAMED_WITH("bridge@what-is-not-there-is-not-found", what_is_not_there_is_not_found, setup,
			teardown),
		NAMED_WITH("lease@is-granted-renewed-and-released", a_lease_is_granted_renewed_and_released,
			setup, teardown),
		NAMED_WITH("lease@the-queen-revokes-what-others-hold", the_queen_revokes_what_others_hold,
			setup, teardown),
		NAMED_WITH("lease@a-kept-one-outlives-its-session", a_kept_lease_outlives_its_session,
			setup, teardown),
		NAMED_WITH("lease@impossible-ones-are-refused-with-their-reason",
			impossible_leases_are_refused_with_their_reason, setup, teardown),
		NAMED_WITH("lease@queued-one-is-granted-when-the-other-expires",
			a_queued_lease_is_granted_when_the_other_expires, setup, teardown),
		NAMED_WITH("lease@waiting-ends-and-takes-the-request-back",
			waiting_ends_and_takes_the_request_back, setup, teardown),
		NAMED_WITH("lease@a-closed-connection-releases", a_closed_connection_releases_its_lease,
			setup, teardown),
		NAMED_WITH("lease@expired-one-revokes-its-files", an_expired_lease_revokes_its_files, setup,
			teardown),
		NAMED("lease@priority-moves-in-the-queue", priority_moves_a_lease_in_the_queue),
		NAMED_WITH("lease@priority-changes-a-queued-one", priority_changes_a_queued_lease, setup,
			teardown),
		NAMED_WITH("job@goes-through-its-states", a_job_goes_through_its_states, setup, teardown),
		NAMED_WITH(
			"job@without-a-lease-is-denied", a_job_without_a_lease_is_denied, setup, teardown),
		NAMED_WITH("job@bad-ones-end-in-their-own-state", bad_descriptors_end_in_their_own_state,
			setup, teardown),
		NAMED_WITH(
			"job@all-lines-of-a-write-or-none", all_lines_of_a_write_or_none, setup, teardown),
		NAMED_WITH("ctl@replies-are-exact", ctl_replies_are_exact, setup, teardown),
		NAMED_WITH("client@waiting-for-nothing-times-out",
			waiting_for_nothing_times_out_and_leaves_the_session_usable, setup, teardown),
	};
	return cmocka_run_group_tests_name("bridge_server", tests, NULL, NULL);
}
