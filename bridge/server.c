/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/access.h"
#include "bridge/card.h"
#include "bridge/connection.h"
#include "bridge/gpu.h"
#include "bridge/listener.h"
#include "bridge/proc.h"

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
	/** Connections at a time; more are closed as they come. */
	CONNECTIONS_MAX = 4096,
	LISTENERS_MAX = 16,
	/** How long nobody is accepted after descriptors have run out. */
	LISTEN_PAUSE_MS = 100,
	NAMESPACE_VERSION = 1,
	/** For reading what the last job made, from its end until the bridge is gone. */
	LEAVE_GRACE_S = 2,
};

struct listening {
	struct bridge_server *server;
	struct bridge_listener listener;
	struct bridge_source source;
};

struct member {
	struct bridge_server *server;
	struct bridge_connection *connection;
	struct member *next;
	bool closed;
};

struct bridge_server {
	struct bridge_loop *loop;
	struct bridge_node *root;
	struct bridge_archive archive;
	struct bridge_proc proc;
	struct bridge_record *record;
	struct bridge_access *access;
	struct bridge_gpu **gpus;
	/** Ends of their status streams when waiting reads were last woken. */
	uint64_t *seen;
	size_t gpu_count;
	struct listening *listenings[LISTENERS_MAX];
	size_t listening_count;
	/** When listening goes on after descriptors ran out; UINT64_MAX: it does already. */
	uint64_t listen_again_ns;
	/** Descriptors have run out and nobody has been accepted since: it is in the log. */
	bool starved;
	struct member *members;
	size_t member_count;
	/** Some member's connection is closed and waits to be taken out. */
	bool some_closed;
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
}

static bool find_cards(
	const struct bridge_server_config *config, struct bridge_cards *cards, struct lane_error *err)
{
	if (config->mock) {
		bridge_cards_mock(cards);
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

static void publish(struct bridge_server *server, struct bridge_cards *cards)
{
	server->root = bridge_node_root();
	BASE_FREE char *version =
		base_format("gpu-lane %s\nnamespace %d\n", LANE_VERSION, NAMESPACE_VERSION);
	bridge_node_add_text(server->root, "version", version, strlen(version));
	struct bridge_node *gpus = bridge_node_add(server->root, "gpu", NULL, NULL);
	struct bridge_node *log = bridge_node_add(server->root, "log", NULL, NULL);
	log->withheld = true;
	bridge_node_add(log, "queen.log", &bridge_stream_file, bridge_record_log(server->record));
	server->archive.record = server->record;
	bridge_access_publish(server->access, server->root, ticket_revoked, server);
	server->archive.directory = bridge_node_add(server->root, "worker", NULL, NULL);
	server->gpus = base_alloc(cards->count, sizeof(struct bridge_gpu *));
	server->seen = base_alloc(cards->count, sizeof(uint64_t));
	for (; server->gpu_count < cards->count; server->gpu_count++) {
		server->gpus[server->gpu_count] = bridge_gpu_create(
			&cards->cards[server->gpu_count], server->loop, &server->archive, gpus);
	}
	server->proc = (struct bridge_proc){.gpus = server->gpus, .gpu_count = server->gpu_count};
	bridge_proc_publish(&server->proc, server->root);
}

struct bridge_server *bridge_server_create(
	const struct bridge_server_config *config, struct lane_error *err)
{
	struct bridge_cards cards;
	if (!find_cards(config, &cards, err)) {
		return NULL;
	}
	struct lease_policy *policy = NULL;
	if (config->policy != NULL && (policy = lease_policy_load(config->policy, err)) == NULL) {
		bridge_cards_finish(&cards);
		return NULL;
	}
	struct bridge_record *record = bridge_record_create(config->state, config->repair, err);
	struct bridge_loop *loop = record != NULL ? bridge_loop_create(err) : NULL;
	struct bridge_server *server = NULL;
	if (loop == NULL) {
		bridge_record_destroy(record);
		lease_policy_destroy(policy);
	} else {
		server = base_alloc(1, sizeof(*server));
		server->loop = loop;
		server->record = record;
		server->access = bridge_access_create(policy, record);
		server->signals.fd = -1;
		server->listen_again_ns = UINT64_MAX;
		publish(server, &cards);
	}
	bridge_cards_finish(&cards);
	return server;
}

static void remove_member(struct member **link)
{
	struct member *member = *link;
	*link = member->next;
	member->server->member_count--;
	bridge_connection_destroy(member->connection);
	free(member);
}

static void stop_listening(struct bridge_server *server)
{
	for (; server->listening_count > 0; server->listening_count--) {
		struct listening *listening = server->listenings[server->listening_count - 1];
		bridge_loop_remove(server->loop, &listening->source);
		bridge_listener_close(&listening->listener);
		free(listening);
	}
}

void bridge_server_destroy(struct bridge_server *server)
{
	if (server == NULL) {
		return;
	}
	stop_listening(server);
	for (size_t i = 0; i < server->gpu_count && bridge_record_lasts(server->record); i++) {
		bridge_gpu_keep_all(server->gpus[i]);
	}
	while (server->members != NULL) {
		remove_member(&server->members);
	}
	for (size_t i = 0; i < server->gpu_count; i++) {
		bridge_gpu_destroy(server->gpus[i]);
	}
	bridge_archive_finish(&server->archive);
	bridge_node_unlink(server->root);
	bridge_access_destroy(server->access);
	bridge_record_destroy(server->record);
	bridge_loop_destroy(server->loop);
	free(server->gpus);
	free(server->seen);
	free(server);
}

static void connection_closed(void *context, struct bridge_connection *connection)
{
	(void)connection;
	struct member *member = context;
	member->closed = true;
	member->server->some_closed = true;
}

bool bridge_server_adopt(struct bridge_server *server, int fd, bool queen, struct lane_error *err)
{
	struct ucred credentials = {.uid = (uid_t)-1};
	socklen_t size = sizeof(credentials);
	if (!queen && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) {
		lane_error_set_errno(err, "LISTEN_FAILED", errno, "no peer credentials");
		close(fd);
		return false;
	}
	struct bridge_session_host host = {.root = server->root,
		.access = server->access,
		.detached = attach_detached,
		.context = server};
	struct bridge_peer peer = {.uid = credentials.uid, .queen = queen};
	struct member *member = base_alloc(1, sizeof(*member));
	member->server = server;
	member->connection =
		bridge_connection_create(server->loop, fd, &host, &peer, connection_closed, member, err);
	if (member->connection == NULL) {
		free(member);
		return false;
	}
	member->next = server->members;
	server->members = member;
	server->member_count++;
	return true;
}

static void watch_listeners(struct bridge_server *server, uint32_t events)
{
	for (size_t i = 0; i < server->listening_count; i++) {
		bridge_loop_change(server->loop, &server->listenings[i]->source, events);
	}
}

/** A connection that cannot be accepted keeps its listener ready: without a pause we would spin. */
static void accept_failed(struct bridge_server *server, int error)
{
	if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
		base_log(server->starved ? BASE_LOG_DEBUG : BASE_LOG_WARNING,
			"cannot accept connections: %s", strerror(error));
		server->starved = true;
		watch_listeners(server, 0);
		server->listen_again_ns = base_clock_boottime_ns() + LISTEN_PAUSE_MS * UINT64_C(1000000);
	}
}

static void listener_ready(void *context, uint32_t events)
{
	(void)events;
	struct listening *listening = context;
	struct bridge_server *server = listening->server;
	int fd = bridge_listener_accept(&listening->listener);
	if (fd < 0) {
		accept_failed(server, errno);
		return;
	}
	server->starved = false;
	if (server->member_count >= CONNECTIONS_MAX) {
		base_log(BASE_LOG_WARNING, "%zu connections: refused one more", server->member_count);
		close(fd);
		return;
	}
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_server_adopt(server, fd, false, &err)) {
		base_log(BASE_LOG_WARNING, "%s", lane_error_message(&err));
	}
}

bool bridge_server_listen(struct bridge_server *server, const char *address, struct lane_error *err)
{
	if (server->listening_count == LISTENERS_MAX) {
		return lane_error_set(err, "USAGE", "at most %d addresses", LISTENERS_MAX);
	}
	struct listening *listening = base_alloc(1, sizeof(*listening));
	listening->server = server;
	if (!bridge_listener_open(address, &listening->listener, err)) {
		free(listening);
		return false;
	}
	listening->source = (struct bridge_source){
		.fd = listening->listener.fd, .ready = listener_ready, .context = listening};
	if (!bridge_loop_add(server->loop, &listening->source, EPOLLIN, err)) {
		bridge_listener_close(&listening->listener);
		free(listening);
		return false;
	}
	server->listenings[server->listening_count++] = listening;
	return true;
}

static void signal_ready(void *context, uint32_t events)
{
	(void)events;
	struct bridge_server *server = context;
	struct signalfd_siginfo info;
	if (read(server->signals.fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	server->stops++;
	if (server->stops > 1) {
		return;
	}
	base_log(BASE_LOG_INFO, "stopping when running jobs have ended; once more to stop at once");
	stop_listening(server);
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
	return server->members == NULL || now_ns >= server->leave_ns;
}

static bool is_done(struct bridge_server *server, bool until_idle)
{
	if (server->stops > 0) {
		return server->stops > 1 || may_leave(server, base_clock_boottime_ns());
	}
	return until_idle && server->members == NULL && !any_gpu(server, bridge_gpu_has_workers);
}

static void remove_closed(struct bridge_server *server)
{
	for (struct member **link = &server->members; *link != NULL;) {
		if ((*link)->closed) {
			remove_member(link);
		} else {
			link = &(*link)->next;
		}
	}
	server->some_closed = false;
}

/** Brings everything forward after a batch of events; returns when there is work next. */
static uint64_t advance(struct bridge_server *server)
{
	if (server->some_closed) {
		remove_closed(server);
	}
	if (server->listen_again_ns <= base_clock_boottime_ns()) {
		server->listen_again_ns = UINT64_MAX;
		watch_listeners(server, EPOLLIN);
	}
	uint64_t next_ns = server->listen_again_ns;
	bool news = false;
	for (size_t i = 0; i < server->gpu_count; i++) {
		bridge_gpu_pump(server->gpus[i]);
		uint64_t end = bridge_stream_end(&server->gpus[i]->status);
		news = news || end != server->seen[i];
		server->seen[i] = end;
		uint64_t gpu_ns = bridge_gpu_next_ns(server->gpus[i]);
		next_ns = gpu_ns < next_ns ? gpu_ns : next_ns;
	}
	for (struct member *member = server->members; news && member != NULL; member = member->next) {
		bridge_connection_wake(member->connection);
	}
	/* Who turned out to be gone just now is taken out at once: it may have been the last. */
	return server->some_closed ? 0 : next_ns;
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
	sigset_t stop, before;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, &before);
	server->signals = (struct bridge_source){
		.fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK),
		.ready = signal_ready,
		.context = server,
	};
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

char *bridge_server_list(const struct bridge_server_config *config, struct lane_error *err)
{
	struct bridge_cards cards;
	if (!find_cards(config, &cards, err)) {
		return NULL;
	}
	char *list = bridge_cards_list(&cards, config->mock);
	bridge_cards_finish(&cards);
	return list;
}
