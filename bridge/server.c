/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/access.h"
#include "bridge/card.h"
#include "bridge/doors.h"
#include "bridge/gpu.h"
#include "bridge/load.h"
#include "bridge/metrics.h"
#include "bridge/notify.h"
#include "bridge/proc.h"
#include "bridge/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	/** Connections at a time when nothing is said: all together, and from one place. */
	CONNECTIONS_MAX = 16384,
	PLACE_CONNECTIONS_MAX = 512,
	/** Memory that all connections may hold for what is not whole, or not taken. */
	BUFFERED_MAX = 256 << 20,
	NAMESPACE_VERSION = 1,
	/** For reading what the last job made, from its end until the bridge is gone. */
	LEAVE_GRACE_S = 2,
};

struct bridge_server {
	/** Bytes that sessions have us hold. */
	size_t held;
	/** Where workers get control groups, or NULL. */
	struct worker_cgroups *cgroups;
	struct bridge_loop *loop;
	struct bridge_node *root, *load;
	struct bridge_archive archive;
	struct bridge_proc proc;
	struct bridge_record *record;
	struct bridge_access *access;
	struct bridge_gpu **gpus;
	/** Ends of their status streams when waiting reads were last woken. */
	uint64_t *seen;
	size_t gpu_count;
	struct bridge_guests guests;
	struct bridge_doors doors;
	struct bridge_tls *tls;
	struct bridge_scrape *scrape;
	struct bridge_traffic traffic;
	struct base_buffer spare;
	struct bridge_metrics metrics;
	/** The service manager is told that we live so often (0: never), and when next. */
	uint64_t beat_every_ns, beat_ns;
	bool supervised;
	struct bridge_reload reload;
	struct bridge_source signals;
	/** How often we were asked to stop. */
	unsigned stops;
	/** While stopping: when it is over even for clients that are still there; they may want the
	 * last results. */
	uint64_t leave_ns;
};

static void attach_detached(void *context, struct bridge_attach *attach)
{
	struct bridge_server *server = context;
	for (size_t i = 0; i < server->gpu_count; i++) {
		bridge_gpu_leave(server->gpus[i], attach);
	}
	bridge_archive_forget(&server->archive, attach);
	bridge_bundles_forget(server->archive.bundles, attach);
}

static bool find_cards(
	const struct bridge_server_config *config, struct bridge_cards *cards, struct lane_error *err)
{
	if (config->mocks > 0) {
		bridge_cards_mock(config->mocks, cards);
		return true;
	}
	BASE_JSON_FREE cJSON *described = NULL;
	const cJSON *devices = config->devices;
	if (devices == NULL) {
		if (!bridge_worker_describe(config->timeout_ms, &described, err)) {
			return false;
		}
		devices = described;
	}
	return bridge_cards_from_devices(
		devices, config->only_uuid, config->allow_software, cards, err);
}

static void ticket_revoked(void *context, const char *ticket)
{
	struct bridge_server *server = context;
	for (size_t i = 0; i < server->gpu_count; i++) {
		bridge_gpu_revoke_ticket(server->gpus[i], ticket);
	}
}

/** Control groups for workers where that can be; facts and the log say which it is. */
static void group_workers(struct bridge_server *server, struct bridge_cards *cards)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	server->cgroups = worker_cgroups_open(worker_cgroup_mounts, &err);
	const char *path = server->cgroups != NULL ? worker_cgroups_path(server->cgroups) : NULL;
	BASE_FREE char *missing = path == NULL
		? base_format("no control group for each worker (%s): its memory and processes are bounded "
					  "by the machine alone",
			  lane_error_message(&err))
		: NULL;
	base_log(BASE_LOG_INFO, "sandbox of workers: %s%s",
		path != NULL ? "control groups in " : missing, path != NULL ? path : "");
	for (size_t i = 0; i < cards->count; i++) {
		bridge_card_cgroup(&cards->cards[i], path, missing);
	}
}

static void publish(struct bridge_server *server, struct bridge_cards *cards)
{
	server->root = bridge_node_root();
	server->load = bridge_load_root();
	BASE_FREE char *version =
		base_format("gpu-lane %s\nnamespace %d\n", LANE_VERSION, NAMESPACE_VERSION);
	bridge_node_add_text(server->root, "version", version, strlen(version));
	struct bridge_node *gpus = bridge_node_add(server->root, "gpu", NULL, NULL);
	struct bridge_node *log = bridge_node_add(server->root, "log", NULL, NULL);
	log->withheld = true;
	bridge_node_add(log, "queen.log", &bridge_stream_file, bridge_record_log(server->record));
	server->archive.record = server->record;
	bridge_access_publish(server->access, server->root, ticket_revoked, server);
	server->archive.bundles = bridge_bundles_create(server->root);
	server->archive.directory = bridge_node_add(server->root, "worker", NULL, NULL);
	server->gpus = base_alloc(cards->count, sizeof(struct bridge_gpu *));
	server->seen = base_alloc(cards->count, sizeof(uint64_t));
	for (; server->gpu_count < cards->count; server->gpu_count++) {
		server->gpus[server->gpu_count] = bridge_gpu_create(
			&cards->cards[server->gpu_count], server->loop, &server->archive, gpus);
		server->gpus[server->gpu_count]->cgroups = server->cgroups;
		bridge_gpu_share(server->gpus[server->gpu_count], bridge_access_sharing(server->access));
	}
	server->proc = (struct bridge_proc){.gpus = server->gpus, .gpu_count = server->gpu_count};
	bridge_proc_publish(&server->proc, server->root);
}

static void write_metrics(const void *context, struct base_buffer *out)
{
	const struct bridge_server *server = context;
	bridge_record_commit(server->record);
	bridge_metrics_write(&server->metrics, out);
}

/** Replies are sent together, and what they say is on disk. */
static void before_replies(void *context)
{
	struct bridge_server *server = context;
	bridge_record_commit(server->record);
}

/** Whoever connects: how many, what they are served from, and what is counted of them. */
static void invite(struct bridge_server *server, const struct bridge_server_config *config)
{
	server->guests = (struct bridge_guests){
		.loop = server->loop,
		.host = {.root = server->root,
			.load = server->load,
			.access = server->access,
			.detached = attach_detached,
			.context = server,
			.traffic = &server->traffic,
			.held = &server->held,
			.spare = &server->spare},
		.tls = server->tls,
		.max = config->connections_max > 0 ? config->connections_max : CONNECTIONS_MAX,
		.place_max = config->place_connections_max > 0 ? config->place_connections_max
													   : PLACE_CONNECTIONS_MAX,
	};
	server->metrics = (struct bridge_metrics){
		.gpus = server->gpus,
		.gpu_count = server->gpu_count,
		.guests = &server->guests,
		.traffic = &server->traffic,
		.record = server->record,
		.reload = &server->reload,
	};
	server->traffic.buffered_max = BUFFERED_MAX;
	bridge_metrics_publish(&server->metrics, server->root);
	server->scrape = bridge_scrape_create(server->loop, write_metrics, server);
	server->doors = (struct bridge_doors){
		.loop = server->loop,
		.guests = &server->guests,
		.scrape = server->scrape,
		.again_ns = UINT64_MAX,
	};
}

static const char *policy_file(const void *context, size_t index)
{
	const struct bridge_server *server = context;
	return bridge_access_file(server->access, index);
}

static bool reload_policy(void *context, struct lane_error *err)
{
	struct bridge_server *server = context;
	if (!bridge_access_reload(server->access, err)) {
		return false;
	}
	for (size_t i = 0; i < server->gpu_count; i++) {
		bridge_gpu_share(server->gpus[i], bridge_access_sharing(server->access));
	}
	return true;
}

static const char *tls_file(const void *context, size_t index)
{
	const struct bridge_server *server = context;
	return bridge_tls_file(server->tls, index);
}

static bool reload_tls(void *context, struct lane_error *err)
{
	struct bridge_server *server = context;
	return bridge_tls_reload(server->tls, err);
}

static void watch_files(struct bridge_server *server, const struct bridge_server_config *config)
{
	if (config->policy != NULL) {
		bridge_reload_add(&server->reload,
			&(struct bridge_reload_part){
				.name = "policy", .file = policy_file, .load = reload_policy, .context = server});
	}
	if (config->tls != NULL) {
		bridge_reload_add(&server->reload,
			&(struct bridge_reload_part){.name = "certificates of TLS",
				.file = tls_file,
				.load = reload_tls,
				.context = server});
	}
}

/** Everything that can fail. */
static bool prepare(
	struct bridge_server *server, const struct bridge_server_config *config, struct lane_error *err)
{
	struct lease_policy *policy = NULL;
	if (config->policy != NULL && (policy = lease_policy_load(config->policy, err)) == NULL) {
		return false;
	}
	server->loop = bridge_loop_create(err);
	if (server->loop == NULL) {
		lease_policy_destroy(policy);
		return false;
	}
	bridge_loop_settle(server->loop, before_replies, server);
	server->record = bridge_record_create(config->state, config->repair, err);
	server->access = bridge_access_create(policy, server->record, server->loop);
	if (server->record == NULL) {
		return false;
	}
	if (config->tls != NULL) {
		server->tls = bridge_tls_create(config->tls, true, err);
		if (server->tls == NULL) {
			return false;
		}
	}
	return true;
}

struct bridge_server *bridge_server_create(
	const struct bridge_server_config *config, struct lane_error *err)
{
	struct bridge_cards cards;
	if (!find_cards(config, &cards, err)) {
		return NULL;
	}
	struct bridge_server *server = base_alloc(1, sizeof(*server));
	server->signals.fd = -1;
	server->supervised = config->supervised;
	if (prepare(server, config, err)) {
		if (config->group_workers && config->mocks == 0) {
			group_workers(server, &cards);
		}
		publish(server, &cards);
		invite(server, config);
		watch_files(server, config);
	} else {
		bridge_server_destroy(server);
		server = NULL;
	}
	bridge_cards_finish(&cards);
	return server;
}

void bridge_server_destroy(struct bridge_server *server)
{
	if (server == NULL) {
		return;
	}
	bridge_doors_close(&server->doors);
	for (size_t i = 0; i < server->gpu_count && bridge_record_lasts(server->record); i++) {
		bridge_gpu_keep_all(server->gpus[i]);
	}
	bridge_guests_finish(&server->guests);
	base_buffer_finish(&server->spare);
	bridge_scrape_destroy(server->scrape);
	bridge_reload_finish(&server->reload);
	bridge_tls_destroy(server->tls);
	for (size_t i = 0; i < server->gpu_count; i++) {
		bridge_gpu_destroy(server->gpus[i]);
	}
	worker_cgroups_close(server->cgroups);
	bridge_archive_finish(&server->archive);
	bridge_bundles_destroy(server->archive.bundles);
	if (server->root != NULL) {
		bridge_node_unlink(server->root);
		bridge_node_unlink(server->load);
	}
	bridge_access_destroy(server->access);
	bridge_record_destroy(server->record);
	bridge_loop_destroy(server->loop);
	free(server->gpus);
	free(server->seen);
	free(server);
}

bool bridge_server_adopt(struct bridge_server *server, int fd, bool queen, struct lane_error *err)
{
	return bridge_guests_adopt(&server->guests, fd, queen, err);
}

size_t bridge_server_connections_max(const struct bridge_server *server)
{
	return server->guests.max;
}

bool bridge_server_listen(struct bridge_server *server, const char *address, struct lane_error *err)
{
	return bridge_doors_open(&server->doors, address, false, err);
}

bool bridge_server_listen_metrics(
	struct bridge_server *server, const char *address, struct lane_error *err)
{
	return bridge_doors_open(&server->doors, address, true, err);
}

bool bridge_server_inherit(struct bridge_server *server, size_t count, struct lane_error *err)
{
	bool good = true;
	for (size_t i = 0; i < count; i++) {
		int fd = BRIDGE_INHERITED_FIRST + (int)i;
		if (!good) {
			close(fd);
			continue;
		}
		good = bridge_doors_inherit(&server->doors, fd, bridge_notify_is_named(i, "metrics"),
			bridge_notify_is_named(i, "tls"), err);
	}
	return good;
}

static void signal_ready(void *context, uint32_t events)
{
	(void)events;
	struct bridge_server *server = context;
	struct signalfd_siginfo info;
	if (read(server->signals.fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGHUP) {
		bridge_reload_now(&server->reload);
		return;
	}
	server->stops++;
	if (server->stops > 1) {
		return;
	}
	base_log(BASE_LOG_INFO, "stopping when running jobs have ended; once more to stop at once");
	if (server->supervised) {
		bridge_notify("STOPPING=1\nSTATUS=waiting for running jobs");
	}
	bridge_doors_close(&server->doors);
	for (size_t i = 0; i < server->gpu_count; i++) {
		bridge_gpu_drain(server->gpus[i]);
	}
}

/** Whether `test` holds for any GPU. */
static bool any_gpu(const struct bridge_server *server, bool (*test)(const struct bridge_gpu *gpu))
{
	for (size_t i = 0; i < server->gpu_count; i++) {
		if (test(server->gpus[i])) {
			return true;
		}
	}
	return false;
}

/** Whether a bridge that was asked to stop may go: no job runs, and nobody reads on or the grace is
 * over. */
static bool may_leave(struct bridge_server *server, uint64_t now_ns)
{
	if (any_gpu(server, bridge_gpu_runs)) {
		server->leave_ns = now_ns + LEAVE_GRACE_S * NS_PER_S;
		return false;
	}
	return server->guests.first == NULL || now_ns >= server->leave_ns;
}

static bool is_done(struct bridge_server *server, bool until_idle)
{
	if (server->stops > 0) {
		return server->stops > 1 || may_leave(server, base_clock_boottime_ns());
	}
	return until_idle && server->guests.first == NULL && !any_gpu(server, bridge_gpu_has_workers);
}

/** Tells the service manager that the loop goes round; returns when to do so next. */
static uint64_t beat(struct bridge_server *server)
{
	if (server->beat_every_ns == 0) {
		return UINT64_MAX;
	}
	uint64_t now_ns = base_clock_boottime_ns();
	if (now_ns >= server->beat_ns) {
		bridge_notify("WATCHDOG=1");
		server->beat_ns = now_ns + server->beat_every_ns;
	}
	return server->beat_ns;
}

/** Puts on disk what no reply waits for, once it is due; returns when that is. */
static uint64_t note(struct bridge_server *server)
{
	uint64_t due_ns = bridge_record_due_ns(server->record);
	if (due_ns > base_clock_boottime_ns()) {
		return due_ns;
	}
	bridge_record_commit(server->record);
	return UINT64_MAX;
}

/** Brings everything forward after a batch of events; returns when there is work next. */
static uint64_t advance(struct bridge_server *server)
{
	bridge_guests_sweep(&server->guests);
	uint64_t next_ns = bridge_doors_advance(&server->doors);
	uint64_t beat_ns = beat(server);
	next_ns = beat_ns < next_ns ? beat_ns : next_ns;
	bool news = false;
	uint64_t now_ns = base_clock_boottime_ns();
	uint64_t look_ns = bridge_reload_advance(&server->reload, now_ns);
	next_ns = look_ns < next_ns ? look_ns : next_ns;
	for (size_t i = 0; i < server->gpu_count; i++) {
		uint64_t gpu_ns = bridge_gpu_pump(server->gpus[i], now_ns);
		next_ns = gpu_ns < next_ns ? gpu_ns : next_ns;
		uint64_t end = bridge_stream_end(&server->gpus[i]->status);
		news = news || end != server->seen[i];
		server->seen[i] = end;
	}
	uint64_t note_ns = note(server);
	next_ns = note_ns < next_ns ? note_ns : next_ns;
	if (news) {
		bridge_guests_wake(&server->guests);
	}
	/* Who turned out to be gone just now is taken out at once: it may have been the last. */
	return server->guests.some_closed ? 0 : next_ns;
}

static bool serve(struct bridge_server *server, bool until_idle, struct lane_error *err)
{
	for (;;) {
		uint64_t next_ns = advance(server);
		if (is_done(server, until_idle)) {
			return true;
		}
		/* It is 0 before a job has ended while stopping: then there is nothing to wait for. */
		if (server->leave_ns != 0 && server->leave_ns < next_ns) {
			next_ns = server->leave_ns;
		}
		if (!bridge_loop_wait(server->loop, next_ns, err)) {
			return false;
		}
	}
}

bool bridge_server_run(struct bridge_server *server, bool until_idle, struct lane_error *err)
{
	sigset_t taken, before;
	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGINT);
	if (server->supervised) {
		sigaddset(&taken, SIGHUP);
	}
	sigprocmask(SIG_BLOCK, &taken, &before);
	server->signals = (struct bridge_source){
		.fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK),
		.ready = signal_ready,
		.context = server,
	};
	if (server->supervised) {
		bridge_notify("READY=1\nSTATUS=serving");
		server->beat_every_ns = bridge_notify_watchdog_ns();
	}
	bool served = server->signals.fd >= 0;
	if (!served) {
		lane_error_set_errno(err, "LOOP_FAILED", errno, "signalfd");
	} else {
		served = bridge_loop_add(server->loop, &server->signals, EPOLLIN, err) &&
			serve(server, until_idle, err);
		close(server->signals.fd);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return served;
}

bool bridge_server_address_valid(const char *address, struct lane_error *err)
{
	return bridge_listener_valid(address, err);
}

bool bridge_server_metrics_valid(const char *address, struct lane_error *err)
{
	return bridge_doors_metrics_valid(address, err);
}

char *bridge_server_list(const struct bridge_server_config *config, struct lane_error *err)
{
	struct bridge_cards cards;
	if (!find_cards(config, &cards, err)) {
		return NULL;
	}
	char *list = bridge_cards_list(&cards, config->mocks > 0);
	bridge_cards_finish(&cards);
	return list;
}
