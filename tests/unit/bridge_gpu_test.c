/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/memory.h"
#include "bridge/fid.h"
#include "bridge/gpu.h"
#include "bridge/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/**
 * The GPU with workers of ours: this program defines bridge_worker_* itself, so that a worker does
 * what a real one does only by accident.
 */

enum { WORKERS_MAX = 8, STEP_NS = 1000000 };

struct bridge_worker {
	/** Readable when there is an event, and when the process has ended. */
	int socket, process;
	enum bridge_worker_event_kind event;
	const char *state;
	char *job;
	/** It was started to check a submit. */
	bool checks;
	bool killed, dead;
};

/** What the fakes below work on: cmocka runs one test at a time. */
static struct fake {
	struct bridge_worker *workers[WORKERS_MAX];
	size_t count;
	bool start_fails;
} fake;

static void signal_fd(int fd)
{
	assert_int_equal(eventfd_write(fd, 1), 0);
}

struct bridge_worker *bridge_worker_start(
	const struct bridge_worker_plan *plan, struct lane_error *err)
{
	assert_string_equal(plan->device_uuid, "a-uuid");
	if (fake.start_fails) {
		lane_error_set(err, "WORKER_START", "no more processes");
		return NULL;
	}
	assert_true(fake.count < WORKERS_MAX);
	struct bridge_worker *worker = base_alloc(1, sizeof(*worker));
	worker->checks = plan->check;
	worker->socket = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	worker->process = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fake.workers[fake.count++] = worker;
	return worker;
}

int bridge_worker_socket(const struct bridge_worker *worker)
{
	return worker->socket;
}

int bridge_worker_pidfd(const struct bridge_worker *worker)
{
	return worker->process;
}

pid_t bridge_worker_pid(const struct bridge_worker *worker)
{
	(void)worker;
	return 4711;
}

bool bridge_worker_submit(
	struct bridge_worker *worker, const struct bridge_job *job, struct lane_error *err)
{
	(void)err;
	assert_null(worker->job);
	worker->job = base_strdup(job->id);
	return true;
}

void bridge_worker_read(struct bridge_worker *worker, struct bridge_worker_event *event)
{
	eventfd_t value;
	eventfd_read(worker->socket, &value);
	*event = (struct bridge_worker_event){.kind = worker->event, .state = worker->state};
	if (worker->event == BRIDGE_WORKER_DONE) {
		free(worker->job);
		worker->job = NULL;
	}
	worker->event = BRIDGE_WORKER_NOTHING;
}

void bridge_worker_event_finish(struct bridge_worker_event *event)
{
	(void)event;
}

int bridge_worker_take_result(struct bridge_worker *worker)
{
	(void)worker;
	return -1;
}

static void die(struct bridge_worker *worker)
{
	worker->dead = true;
	signal_fd(worker->process);
}

void bridge_worker_kill(struct bridge_worker *worker)
{
	worker->killed = true;
}

bool bridge_worker_reap(struct bridge_worker *worker, char **text)
{
	*text = base_strdup("worker was killed by SIGSEGV");
	return worker->dead;
}

void bridge_worker_destroy(struct bridge_worker *worker)
{
	for (size_t i = 0; i < fake.count; i++) {
		if (fake.workers[i] == worker) {
			fake.workers[i] = NULL;
		}
	}
	close(worker->socket);
	close(worker->process);
	free(worker->job);
	free(worker);
}

struct bed {
	struct bridge_loop *loop;
	struct bridge_node *root;
	struct bridge_archive archive;
	struct bridge_gpu *gpu;
	struct bridge_node job_node, ctl_node;
	struct bridge_session *session;
	/** Two clients, with a ctl and a job file each. */
	struct bridge_attach attaches[2];
	struct bridge_fid ctl[2], job[2];
};

static int setup(void **state)
{
	fake = (struct fake){.count = 0};
	struct bed *bed = base_alloc(1, sizeof(*bed));
	bed->loop = bridge_loop_create(NULL);
	bed->root = bridge_node_root();
	bed->archive.directory = bridge_node_add(bed->root, "worker", NULL, NULL);
	struct bridge_card card = {
		.id = base_strdup("GPU-0"),
		.name = base_strdup("fake"),
		.uuid = base_strdup("a-uuid"),
		.driver_version = base_strdup(""),
		.runtime_version = base_strdup(""),
		.capacity = {.mem_mb = 8, .streams = 4},
		.facts = base_json_new_object(),
	};
	bed->gpu = bridge_gpu_create(
		&card, bed->loop, &bed->archive, bridge_node_add(bed->root, "gpu", NULL, NULL));
	struct bridge_session_host host = {.root = bed->root};
	struct bridge_peer peer = {.queen = true};
	bed->session = bridge_session_create(&host, &peer);
	bed->job_node.context = bed->gpu;
	bed->ctl_node.context = bed->gpu;
	for (size_t i = 0; i < 2; i++) {
		bed->attaches[i] = (struct bridge_attach){.session = bed->session,
			.rights.role = LEASE_ROLE_QUEEN,
			.rights.max = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
			.rights.subject = i == 0 ? "worker-1" : "worker-2"};
		bed->ctl[i].attach = &bed->attaches[i];
		bed->job[i].attach = &bed->attaches[i];
	}
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	for (size_t i = 0; i < 2; i++) {
		bridge_gpu_leave(bed->gpu, &bed->attaches[i]);
		base_buffer_finish(&bed->ctl[i].replies);
	}
	bridge_gpu_destroy(bed->gpu);
	bridge_archive_finish(&bed->archive);
	bridge_session_destroy(bed->session);
	bridge_node_unlink(bed->root);
	bridge_loop_destroy(bed->loop);
	free(bed);
	return 0;
}

/** Lets what is there happen. */
static void turn(struct bed *bed)
{
	bridge_gpu_pump(bed->gpu, base_clock_boottime_ns());
	for (int i = 0; i < 3; i++) {
		bridge_loop_wait(bed->loop, base_clock_boottime_ns() + STEP_NS, NULL);
		bridge_gpu_pump(bed->gpu, base_clock_boottime_ns());
	}
}

static void sleep_ms(int ms)
{
	poll(NULL, 0, ms);
}

static void command(struct bed *bed, size_t client, const char *line, const char *reply)
{
	struct bridge_fid *fid = &bed->ctl[client];
	base_buffer_clear(&fid->replies);
	assert_int_equal(bridge_ctl_file.write(&bed->ctl_node, fid, line, strlen(line)), 0);
	assert_non_null(fid->replies.data);
	if (strncmp(fid->replies.data, reply, strlen(reply)) != 0) {
		print_error("%s", fid->replies.data);
	}
	assert_memory_equal(fid->replies.data, reply, strlen(reply));
	turn(bed);
}

static int submit(
	struct bed *bed, size_t client, const char *id, uint64_t bytes, unsigned timeout_ms)
{
	static const uint8_t module[20] = {0x03, 0x02, 0x23, 0x07, 0, 0, 1, 0};
	BASE_BUFFER_AUTO payload = BASE_BUFFER_INIT;
	base_base64_encode(module, sizeof(module), &payload);
	char hash[BASE_SHA256_TEXT_SIZE];
	base_sha256_text(module, sizeof(module), hash);
	BASE_FREE char *line = base_format(
		"{\"job\":\"%s\",\"kernel\":\"k\",\"grid\":[1,1,1],\"block\":[1,1,1],\"bytes_hash\":\"%s\","
		"\"inputs\":[],\"outputs\":[],\"timeout_ms\":%u,\"payload_b64\":\"%s\","
		"\"buffers\":[{\"binding\":0,\"bytes\":%llu,\"fill\":{\"kind\":\"zero\"}}]}\n",
		id, hash, timeout_ms, payload.data, (unsigned long long)bytes);
	int status = bridge_job_file.write(&bed->job_node, &bed->job[client], line, strlen(line));
	turn(bed);
	return status;
}

static void emit(struct bed *bed, struct bridge_worker *worker, enum bridge_worker_event_kind event,
	const char *state)
{
	worker->event = event;
	worker->state = state;
	signal_fd(worker->socket);
	turn(bed);
}

/** The states of a job so far: "QUEUED RUNNING OK". */
static void expect_states(struct bed *bed, const char *job, const char *expected)
{
	char states[128] = "";
	BASE_FREE char *text =
		base_strndup(bed->gpu->status.kept.data != NULL ? bed->gpu->status.kept.data : "",
			bed->gpu->status.kept.size);
	BASE_FREE char *name = base_format("{\"job\":\"%s\",\"state\":\"", job);
	for (const char *line = text; (line = strstr(line, name)) != NULL;) {
		line += strlen(name);
		size_t used = strlen(states);
		snprintf(states + used, sizeof(states) - used, "%s%.*s", used > 0 ? "," : "",
			(int)strcspn(line, "\""), line);
	}
	assert_string_equal(states, expected);
}

static bool status_holds(const struct bed *bed, const char *text)
{
	return bed->gpu->status.kept.data != NULL && strstr(bed->gpu->status.kept.data, text) != NULL;
}

static size_t alive(void)
{
	size_t count = 0;
	for (size_t i = 0; i < fake.count; i++) {
		count += fake.workers[i] != NULL;
	}
	return count;
}

/** The worker that was started last. */
static struct bridge_worker *newest(void)
{
	assert_true(fake.count > 0);
	assert_non_null(fake.workers[fake.count - 1]);
	return fake.workers[fake.count - 1];
}

/** The check that is under way finds the device right. */
static void pass_check(struct bed *bed)
{
	struct bridge_worker *checker = newest();
	assert_true(checker->checks);
	emit(bed, checker, BRIDGE_WORKER_READY, NULL);
	assert_true(checker->killed);
	die(checker);
	turn(bed);
}

static void the_first_worker_starts_with_the_lease(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=2 ttl_s=60\n", "OK LEASE");
	assert_int_equal(alive(), 1);
	assert_int_equal(submit(bed, 0, "a", 4, 1000), 0);
	expect_states(bed, "a", "QUEUED");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	expect_states(bed, "a", "QUEUED,RUNNING");
	emit(bed, fake.workers[0], BRIDGE_WORKER_DONE, "OK");
	expect_states(bed, "a", "QUEUED,RUNNING,OK");
	/* Warm: the same one runs the next. */
	assert_int_equal(submit(bed, 0, "b", 4, 1000), 0);
	expect_states(bed, "b", "QUEUED,RUNNING");
	assert_int_equal(fake.count, 1);
}

static void streams_bound_the_workers_and_memory_the_jobs(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=2 streams=2 ttl_s=60\n", "OK LEASE");
	assert_int_equal(submit(bed, 0, "a", 1 << 20, 1000), 0);
	assert_int_equal(submit(bed, 0, "b", 1 << 20, 1000), 0);
	assert_int_equal(submit(bed, 0, "c", 2 << 20, 1000), 0);
	assert_int_equal(submit(bed, 0, "d", 4, 1000), 0);
	assert_int_equal(submit(bed, 0, "e", (2 << 20) + 4, 1000), 0);
	expect_states(bed, "e", "QUEUED,ERR LIMIT");
	assert_int_equal(fake.count, 2);
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	emit(bed, fake.workers[1], BRIDGE_WORKER_READY, NULL);
	expect_states(bed, "a", "QUEUED,RUNNING");
	expect_states(bed, "b", "QUEUED,RUNNING");
	emit(bed, fake.workers[0], BRIDGE_WORKER_DONE, "OK");
	/* c needs all memory, and d does not overtake it. */
	expect_states(bed, "c", "QUEUED");
	expect_states(bed, "d", "QUEUED");
	emit(bed, fake.workers[1], BRIDGE_WORKER_DONE, "OK");
	expect_states(bed, "c", "QUEUED,RUNNING");
	expect_states(bed, "d", "QUEUED");
	struct bridge_worker *runs_c = fake.workers[0]->job != NULL ? fake.workers[0] : fake.workers[1];
	emit(bed, runs_c, BRIDGE_WORKER_DONE, "OK");
	expect_states(bed, "d", "QUEUED,RUNNING");
}

static void expiry_reaps_before_regrant(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=8 streams=1 ttl_s=1\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	assert_int_equal(submit(bed, 0, "runs", 4, 60000), 0);
	assert_int_equal(submit(bed, 0, "waits", 4, 60000), 0);
	command(bed, 1, "LEASE mem_mb=8 streams=1 ttl_s=60\n", "QUEUED LEASE lease=2 position=1");
	sleep_ms(1050);
	turn(bed);
	/* Marked, drained and killed, but the memory is not free yet. */
	assert_true(fake.workers[0]->killed);
	expect_states(bed, "waits", "QUEUED,ERR LEASE-EXPIRED");
	expect_states(bed, "runs", "QUEUED,RUNNING");
	assert_false(status_holds(bed, "LEASE-ENDED"));
	assert_false(status_holds(bed, "LEASE-GRANTED"));
	assert_int_equal(submit(bed, 0, "late", 4, 1000), -EPERM);
	die(fake.workers[0]);
	turn(bed);
	expect_states(bed, "runs", "QUEUED,RUNNING,ERR LEASE-EXPIRED");
	const char *ended = strstr(bed->gpu->status.kept.data, "\"LEASE-ENDED\"");
	assert_non_null(ended);
	assert_non_null(strstr(ended, "\"LEASE-GRANTED\""));
	assert_int_equal(alive(), 1);
	assert_int_equal(submit(bed, 1, "next", 4, 1000), 0);
}

static void preemption_warns_then_ends_like_expiry(void **state)
{
	struct bed *bed = *state;
	lease_table_rules(bed->gpu->leases, &(struct lease_rules){.age_s = 60, .grace_s = 1});
	command(bed, 0, "LEASE mem_mb=8 streams=1 ttl_s=60 preemptible=1\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	assert_int_equal(submit(bed, 0, "runs", 4, 60000), 0);
	command(bed, 1, "LEASE mem_mb=8 streams=1 ttl_s=60 priority=1\n", "QUEUED LEASE");
	assert_true(status_holds(bed, "\"LEASE-PREEMPTING\",\"detail\":\"ends_in_ms="));
	/* It still has the grace to bring its work to an end. */
	assert_int_equal(submit(bed, 0, "last", 4, 60000), 0);
	assert_false(fake.workers[0]->killed);
	sleep_ms(1050);
	turn(bed);
	assert_true(fake.workers[0]->killed);
	assert_false(status_holds(bed, "LEASE-GRANTED"));
	die(fake.workers[0]);
	turn(bed);
	expect_states(bed, "runs", "QUEUED,RUNNING,ERR LEASE-EXPIRED");
	expect_states(bed, "last", "QUEUED,ERR LEASE-EXPIRED");
	assert_true(status_holds(bed, "\"LEASE-ENDED\",\"detail\":\"preempted "));
	assert_true(status_holds(bed, "LEASE-GRANTED"));
}

static void a_revoked_ticket_ends_its_lease_at_once(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=8 streams=1 ttl_s=60\n", "OK LEASE");
	bed->attaches[0].rights.ticket = "one";
	bridge_gpu_revoke_ticket(bed->gpu, "another");
	turn(bed);
	assert_false(newest()->killed);
	bridge_gpu_revoke_ticket(bed->gpu, "one");
	turn(bed);
	assert_true(newest()->killed);
	die(newest());
	turn(bed);
	command(bed, 1, "LEASE mem_mb=8 streams=1 ttl_s=60\n", "OK LEASE");
}

static void draining_grants_nothing(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=8 streams=1 ttl_s=60\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	command(bed, 1, "LEASE mem_mb=8 streams=1 ttl_s=60\n", "QUEUED LEASE");
	bridge_gpu_drain(bed->gpu);
	command(bed, 0, "RELEASE\n", "OK RELEASE");
	die(fake.workers[0]);
	turn(bed);
	assert_true(status_holds(bed, "LEASE-ENDED"));
	assert_false(status_holds(bed, "LEASE-GRANTED"));
	/* Whoever has the last word on the cordon. */
	bridge_gpu_cordon(bed->gpu, false);
	turn(bed);
	assert_false(status_holds(bed, "LEASE-GRANTED"));
}

static void a_timeout_is_told_once_the_worker_is_reaped(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=8 streams=1 ttl_s=60\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	assert_int_equal(submit(bed, 0, "slow", 4, 50), 0);
	sleep_ms(60);
	turn(bed);
	assert_true(fake.workers[0]->killed);
	expect_states(bed, "slow", "QUEUED,RUNNING");
	die(fake.workers[0]);
	turn(bed);
	expect_states(bed, "slow", "QUEUED,RUNNING,ERR TIMEOUT");
	assert_int_equal(alive(), 0);
	/* The lease goes on with a fresh one. */
	assert_int_equal(submit(bed, 0, "next", 4, 1000), 0);
	assert_int_equal(alive(), 1);
}

static void an_unkillable_worker_keeps_its_memory_and_quarantines(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=2 streams=2 ttl_s=60\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	assert_int_equal(submit(bed, 0, "stuck", 2 << 20, 50), 0);
	sleep_ms(60);
	turn(bed);
	expect_states(bed, "stuck", "QUEUED,RUNNING");
	sleep_ms(1600);
	turn(bed);
	expect_states(bed, "stuck", "QUEUED,RUNNING,ERR TIMEOUT");
	assert_true(status_holds(bed, "cannot be killed"));
	command(bed, 1, "LEASE mem_mb=1 streams=1 ttl_s=60\n",
		"ERR LEASE reason=cordoned detail=\"GPU-0 is quarantined: worker 4711 cannot be killed\"");
	command(bed, 1, "UNCORDON\n", "OK UNCORDON");
	command(bed, 1, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "ERR LEASE reason=cordoned");
	/* Its memory is not given away, neither within the lease nor after it, and no check is made. */
	assert_int_equal(submit(bed, 0, "more", 4, 1000), 0);
	expect_states(bed, "more", "QUEUED");
	command(bed, 0, "RELEASE\n", "OK RELEASE");
	turn(bed);
	assert_false(status_holds(bed, "LEASE-ENDED"));
	assert_int_equal(alive(), 1);
	/* Should it end after all, the lease ends too, and the GPU is back once it has been checked. */
	die(fake.workers[0]);
	turn(bed);
	turn(bed);
	assert_true(status_holds(bed, "LEASE-ENDED"));
	command(bed, 1, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "ERR LEASE reason=cordoned");
	pass_check(bed);
	command(bed, 1, "LEASE mem_mb=8 streams=1 ttl_s=60\n", "OK LEASE");
}

static void a_device_that_cannot_be_opened_costs_each_job_one_start(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	die(fake.workers[0]);
	turn(bed);
	assert_int_equal(alive(), 0);
	for (size_t i = 1; i < 4; i++) {
		BASE_FREE char *id = base_format("job-%zu", i);
		assert_int_equal(submit(bed, 0, id, 4, 1000), 0);
		assert_int_equal(fake.count, i + 1);
		emit(bed, fake.workers[i], BRIDGE_WORKER_GONE, NULL);
		assert_true(fake.workers[i]->killed);
		die(fake.workers[i]);
		turn(bed);
		expect_states(bed, id, "QUEUED,ERR WORKER");
	}
	assert_int_equal(fake.count, 4);
	fake.start_fails = true;
	assert_int_equal(submit(bed, 0, "last", 4, 1000), 0);
	expect_states(bed, "last", "QUEUED,ERR WORKER");
	assert_true(status_holds(bed, "no more processes"));
}

static void a_result_sent_before_death_counts(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	assert_int_equal(submit(bed, 0, "a", 4, 1000), 0);
	fake.workers[0]->event = BRIDGE_WORKER_DONE;
	fake.workers[0]->state = "OK";
	die(fake.workers[0]);
	turn(bed);
	expect_states(bed, "a", "QUEUED,RUNNING,OK");
	assert_int_equal(submit(bed, 0, "b", 4, 1000), 0);
	emit(bed, fake.workers[1], BRIDGE_WORKER_READY, NULL);
	die(fake.workers[1]);
	turn(bed);
	expect_states(bed, "b", "QUEUED,RUNNING,ERR WORKER");
	assert_true(status_holds(bed, "killed by SIGSEGV"));
}

/** Text of /gpu/GPU-0/facts. */
static bool facts_hold(const struct bed *bed, const char *text)
{
	struct wire_text names[] = {wire_text("gpu"), wire_text("GPU-0"), wire_text("facts")};
	struct bridge_node *node = bed->root;
	for (size_t i = 0; i < 3; i++) {
		node = bridge_node_child(node, &names[i]);
		assert_non_null(node);
	}
	struct bridge_fid fid = {.node = node};
	char facts[4096] = "";
	ssize_t got = node->kind->read(node, &fid, 0, facts, sizeof(facts) - 1);
	assert_int_equal(got, node->kind->size(node, NULL));
	base_buffer_finish(&fid.replies);
	return strstr(facts, text) != NULL;
}

/** A job of the first client ends with a lost device. */
static void lose(struct bed *bed, const char *id)
{
	assert_int_equal(submit(bed, 0, id, 4, 1000), 0);
	struct bridge_worker *worker = newest();
	if (worker->job == NULL) {
		emit(bed, worker, BRIDGE_WORKER_READY, NULL);
	}
	emit(bed, worker, BRIDGE_WORKER_DONE, "ERR DEVICE-LOST");
	expect_states(bed, id, "QUEUED,RUNNING,ERR DEVICE-LOST");
	assert_true(worker->killed);
}

static void a_lost_device_quarantines_until_a_submit_was_checked(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	lose(bed, "a");
	assert_int_equal(submit(bed, 0, "b", 4, 1000), 0);
	expect_states(bed, "GPU-0", "QUARANTINED");
	assert_true(facts_hold(bed, "\"quarantined\""));
	assert_true(facts_hold(bed, "\"device lost\""));
	command(bed, 1, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "ERR LEASE reason=cordoned");
	/* The lost one is still there: nobody touches the device yet. */
	assert_int_equal(fake.count, 1);
	die(fake.workers[0]);
	turn(bed);
	turn(bed);
	assert_int_equal(fake.count, 2);
	assert_true(fake.workers[1]->checks);
	expect_states(bed, "b", "QUEUED");
	command(bed, 1, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "ERR LEASE reason=cordoned");
	/* Right, but not gone yet. */
	emit(bed, fake.workers[1], BRIDGE_WORKER_READY, NULL);
	expect_states(bed, "GPU-0", "QUARANTINED");
	die(fake.workers[1]);
	turn(bed);
	turn(bed);
	expect_states(bed, "GPU-0", "QUARANTINED,SERVING");
	assert_true(facts_hold(bed, "\"serving\""));
	/* Of the two that are gone one has failed, the other has done what it was for. */
	assert_int_equal(bed->gpu->workers_failed, 1);
	emit(bed, newest(), BRIDGE_WORKER_READY, NULL);
	expect_states(bed, "b", "QUEUED,RUNNING");
	command(bed, 1, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
}

static void repeated_losses_are_checked_later_each_time(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	lose(bed, "a");
	die(newest());
	turn(bed);
	turn(bed);
	/* A check that fails is a strike too. */
	assert_true(newest()->checks);
	emit(bed, newest(), BRIDGE_WORKER_GONE, NULL);
	die(newest());
	turn(bed);
	assert_true(status_holds(bed, "check failed: worker was killed by SIGSEGV"));
	assert_true(status_holds(bed, "next check in 500 ms"));
	assert_int_equal(alive(), 0);
	sleep_ms(250);
	turn(bed);
	assert_int_equal(alive(), 0);
	sleep_ms(300);
	turn(bed);
	turn(bed);
	pass_check(bed);
	turn(bed);
	lose(bed, "b");
	assert_true(status_holds(bed, "device lost; check in 1000 ms"));
	assert_true(facts_hold(bed, "\"losses\": 2"));
	/* The queen does not wait. */
	command(bed, 1, "RESET\n", "OK RESET");
	die(newest());
	turn(bed);
	turn(bed);
	pass_check(bed);
	expect_states(bed, "GPU-0", "QUARANTINED,QUARANTINED,SERVING,QUARANTINED,QUARANTINED,SERVING");
}

static void losses_of_the_same_reset_count_once(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	command(bed, 1, "LEASE mem_mb=1 streams=2 ttl_s=60\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	emit(bed, fake.workers[1], BRIDGE_WORKER_READY, NULL);
	assert_int_equal(submit(bed, 1, "neighbour", 4, 1000), 0);
	assert_int_equal(submit(bed, 0, "a", 4, 1000), 0);
	emit(bed, fake.workers[0], BRIDGE_WORKER_DONE, "ERR DEVICE-LOST");
	emit(bed, fake.workers[1], BRIDGE_WORKER_DONE, "ERR DEVICE-LOST");
	expect_states(bed, "neighbour", "QUEUED,RUNNING,ERR DEVICE-LOST");
	expect_states(bed, "GPU-0", "QUARANTINED");
	assert_true(facts_hold(bed, "\"losses\": 1"));
	die(fake.workers[0]);
	die(fake.workers[1]);
	turn(bed);
	turn(bed);
	pass_check(bed);
	expect_states(bed, "GPU-0", "QUARANTINED,SERVING");
}

static void a_worker_out_of_line_is_killed(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	emit(bed, fake.workers[0], BRIDGE_WORKER_DONE, "OK");
	assert_true(fake.workers[0]->killed);
}

static void reset_cancels_and_the_lease_goes_on(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	emit(bed, fake.workers[0], BRIDGE_WORKER_READY, NULL);
	assert_int_equal(submit(bed, 0, "a", 4, 1000), 0);
	assert_int_equal(submit(bed, 0, "b", 4, 1000), 0);
	command(bed, 1, "RESET\n", "OK RESET cancelled=2\n");
	die(fake.workers[0]);
	turn(bed);
	expect_states(bed, "a", "QUEUED,RUNNING,ERR CANCELLED");
	expect_states(bed, "b", "QUEUED,ERR CANCELLED");
	/* The device is opened again, and checked, before anything runs on it. */
	assert_int_equal(submit(bed, 0, "c", 4, 1000), 0);
	expect_states(bed, "c", "QUEUED");
	pass_check(bed);
	turn(bed);
	emit(bed, fake.workers[2], BRIDGE_WORKER_READY, NULL);
	expect_states(bed, "c", "QUEUED,RUNNING");
}

static void a_full_queue_says_try_again(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	for (int i = 0; i < BRIDGE_QUEUE_MAX; i++) {
		BASE_FREE char *id = base_format("job-%d", i);
		assert_int_equal(submit(bed, 0, id, 4, 1000), 0);
	}
	assert_int_equal(submit(bed, 0, "more", 4, 1000), -EAGAIN);
	expect_states(bed, "more", "");
}

static void ended_jobs_are_kept_in_bounds(void **state)
{
	struct bed *bed = *state;
	command(bed, 0, "LEASE mem_mb=1 streams=1 ttl_s=60\n", "OK LEASE");
	for (int i = 0; i < BRIDGE_ARCHIVE_COUNT_MAX + 10; i++) {
		BASE_FREE char *id = base_format("job-%d", i);
		assert_int_equal(submit(bed, 0, id, 2 << 20, 1000), 0);
	}
	assert_int_equal(bed->archive.count, BRIDGE_ARCHIVE_COUNT_MAX);
	assert_false(bridge_archive_knows(&bed->archive, "job-9"));
	assert_true(bridge_archive_knows(&bed->archive, "job-10"));
	/* Nobody can ask for them any more. */
	bridge_archive_forget(&bed->archive, &bed->attaches[0]);
	assert_int_equal(bed->archive.count, 0);
	assert_null(bed->archive.directory->first);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED_WITH("gpu@the-first-worker-starts-with-the-lease",
			the_first_worker_starts_with_the_lease, setup, teardown),
		NAMED_WITH("gpu@streams-bound-the-workers-and-memory-the-jobs",
			streams_bound_the_workers_and_memory_the_jobs, setup, teardown),
		NAMED_WITH(
			"lease@expiry-reaps-before-regrant", expiry_reaps_before_regrant, setup, teardown),
		NAMED_WITH("lease@preemption-warns-then-ends-like-expiry",
			preemption_warns_then_ends_like_expiry, setup, teardown),
		NAMED_WITH("lease@a-revoked-ticket-ends-its-lease-at-once",
			a_revoked_ticket_ends_its_lease_at_once, setup, teardown),
		NAMED_WITH("gpu@draining-grants-nothing", draining_grants_nothing, setup, teardown),
		NAMED_WITH("gpu@a-timeout-is-told-once-the-worker-is-reaped",
			a_timeout_is_told_once_the_worker_is_reaped, setup, teardown),
		NAMED_WITH("gpu@an-unkillable-worker-keeps-its-memory-and-quarantines",
			an_unkillable_worker_keeps_its_memory_and_quarantines, setup, teardown),
		NAMED_WITH("gpu@a-device-that-cannot-be-opened-costs-each-job-one-start",
			a_device_that_cannot_be_opened_costs_each_job_one_start, setup, teardown),
		NAMED_WITH("gpu@a-result-sent-before-death-counts", a_result_sent_before_death_counts,
			setup, teardown),
		NAMED_WITH("gpu@a-lost-device-quarantines-until-a-submit-was-checked",
			a_lost_device_quarantines_until_a_submit_was_checked, setup, teardown),
		NAMED_WITH("gpu@repeated-losses-are-checked-later-each-time",
			repeated_losses_are_checked_later_each_time, setup, teardown),
		NAMED_WITH("gpu@losses-of-the-same-reset-count-once", losses_of_the_same_reset_count_once,
			setup, teardown),
		NAMED_WITH(
			"gpu@a-worker-out-of-line-is-killed", a_worker_out_of_line_is_killed, setup, teardown),
		NAMED_WITH("gpu@reset-cancels-and-the-lease-goes-on", reset_cancels_and_the_lease_goes_on,
			setup, teardown),
		NAMED_WITH("gpu@a-full-queue-says-try-again", a_full_queue_says_try_again, setup, teardown),
		NAMED_WITH(
			"gpu@ended-jobs-are-kept-in-bounds", ended_jobs_are_kept_in_bounds, setup, teardown),
	};
	return cmocka_run_group_tests_name("bridge_gpu", tests, NULL, NULL);
}
