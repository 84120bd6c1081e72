/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "bridge/access.h"
#include "bridge/access_throttle.h"
#include "bridge/fid.h"
#include "bridge/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S UINT64_C(1000000000)

/** A policy with one key, a user, a certificate and quotas, and what is checked against it. */
struct bed {
	char folder[64];
	struct lease_key key;
	struct bridge_loop *loop;
	struct bridge_access *access;
	struct bridge_node *root;
	char *ticket;
};

static const char policy_text[] =
	"{\"schema\":\"gpu-lane-policy/v1\",\"keys\":[\"own.jwk\"],\n"
	"\"users\":[{\"uid\":1000,\"subject\":\"alice\",\"role\":\"worker-gpu\"}],\n"
	"\"certificates\":[{\"name\":\"dns:runner.test\",\"subject\":\"runner\","
	"\"role\":\"worker-gpu\",\"gpus\":[\"GPU-1\"],\"max\":{\"mem_mb\":7}},\n"
	"{\"name\":\"sha256:aa\",\"subject\":\"second\",\"role\":\"observer\"}],\n"
	"\"quotas\":[{\"subject\":\"worker-gpu:alice\",\"leases\":2},"
	"{\"subject\":\"worker-gpu:*\",\"mem_mb\":100}],\n"
	"\"sharing\":{\"age_s\":5}}";

static void put(const struct bed *bed, const char *name, const char *text)
{
	BASE_FREE char *path = base_format("%s/%s", bed->folder, name);
	assert_true(base_file_write(path, text, strlen(text), NULL));
}

static char *mint(const struct bed *bed, const char *id)
{
	double now_s = (double)(base_clock_wall_ms() / 1000);
	BASE_JSON_FREE cJSON *claims = base_json_new_object();
	base_json_add_string(claims, "sub", "ci");
	base_json_add_string(claims, "role", "worker-gpu");
	base_json_add_string(claims, "aud", LEASE_AUDIENCE);
	base_json_add_number(claims, "iat", now_s);
	base_json_add_number(claims, "exp", now_s + 600);
	base_json_add_string(claims, "jti", id);
	char *ticket = lease_ticket_mint(&bed->key, claims, NULL);
	assert_non_null(ticket);
	return ticket;
}

static void never_revoked(void *context, const char *ticket)
{
	(void)context;
	(void)ticket;
}

static int set_up(void **state)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	snprintf(bed->folder, sizeof(bed->folder), "/tmp/bridge-access-XXXXXX");
	assert_non_null(mkdtemp(bed->folder));
	assert_true(lease_key_generate(&bed->key, NULL));
	BASE_JSON_FREE cJSON *jwk = lease_key_to_json(&bed->key, false);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(jwk, 0, &text);
	put(bed, "own.jwk", text.data);
	put(bed, "policy.json", policy_text);
	BASE_FREE char *path = base_format("%s/policy.json", bed->folder);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_policy *policy = lease_policy_load(path, &err);
	assert_string_equal(err.code, "");
	bed->loop = bridge_loop_create(&err);
	bed->access = bridge_access_create(policy, NULL, bed->loop);
	bed->root = bridge_node_root();
	bridge_access_publish(bed->access, bed->root, never_revoked, NULL);
	bed->ticket = mint(bed, "t-1");
	*state = bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;
	static const char *const names[] = {"own.jwk", "policy.json"};
	for (size_t i = 0; i < 2; i++) {
		BASE_FREE char *path = base_format("%s/%s", bed->folder, names[i]);
		unlink(path);
	}
	rmdir(bed->folder);
	bridge_access_destroy(bed->access);
	bridge_node_unlink(bed->root);
	bridge_loop_destroy(bed->loop);
	lease_key_finish(&bed->key);
	free(bed->ticket);
	free(bed);
	return 0;
}

/** One peer with its session and an attach without a ticket. */
struct visitor {
	struct bridge_session *session;
	struct bridge_attach *attach;
};

static struct visitor visit(struct bed *bed, const struct bridge_peer *peer)
{
	struct bridge_session_host host = {.root = bed->root, .access = bed->access};
	struct visitor visitor = {.session = bridge_session_create(&host, peer)};
	struct wire_message request = {.type = WIRE_TATTACH, .n_uname = WIRE_NONUNAME};
	int error = 0;
	visitor.attach = bridge_attach_create(visitor.session, peer, bed->access, &request, &error);
	assert_int_equal(error, 0);
	return visitor;
}

static void leave(struct visitor *visitor)
{
	bridge_attach_destroy(visitor->attach);
	bridge_session_destroy(visitor->session);
}

/** Writes to /ticket; what it answers. */
static int write_ticket(struct bed *bed, struct visitor *visitor, const char *text)
{
	struct wire_text name = wire_text("ticket");
	const struct bridge_node *node = bridge_node_child(bed->root, &name);
	assert_non_null(node);
	struct bridge_fid fid = {.attach = visitor->attach};
	BASE_FREE char *line = base_format("%s\n", text);
	return node->kind->write(node, &fid, line, strlen(line));
}

static int prove(struct bed *bed, const struct bridge_peer *peer, const char *text)
{
	struct lease_rights rights = {.subject = NULL};
	int error = bridge_access_prove(bed->access, peer, text, strlen(text), &rights);
	lease_rights_finish(&rights);
	return error;
}

static void a_ticket_written_raises_the_attach_once(void **state)
{
	struct bed *bed = *state;
	struct bridge_peer peer = {.uid = 4711};
	struct visitor visitor = visit(bed, &peer);
	assert_string_equal(visitor.attach->rights.subject, "observer");
	assert_int_equal(write_ticket(bed, &visitor, "no.ticket.at-all"), -EACCES);
	assert_string_equal(visitor.attach->rights.subject, "observer");
	BASE_FREE char *two = base_format("%s\n%s", bed->ticket, bed->ticket);
	assert_int_equal(write_ticket(bed, &visitor, two), -EINVAL);
	assert_int_equal(write_ticket(bed, &visitor, bed->ticket), 0);
	assert_string_equal(visitor.attach->rights.subject, "worker-gpu:ci");
	assert_string_equal(visitor.attach->rights.ticket, "t-1");
	assert_int_equal(visitor.attach->rights.quota.mem_mb, 100);
	/* Leases and jobs must not change hands. */
	BASE_FREE char *other = mint(bed, "t-2");
	assert_int_equal(write_ticket(bed, &visitor, other), -EBUSY);
	assert_string_equal(visitor.attach->rights.ticket, "t-1");
	leave(&visitor);
}

static void bad_tickets_in_the_file_count_too(void **state)
{
	struct bed *bed = *state;
	struct bridge_peer peer = {.uid = 4711};
	struct visitor visitor = visit(bed, &peer);
	for (int i = 0; i < BRIDGE_THROTTLE_STRIKES; i++) {
		assert_int_equal(write_ticket(bed, &visitor, "a.b.c"), -EACCES);
	}
	assert_int_equal(write_ticket(bed, &visitor, bed->ticket), -EAGAIN);
	leave(&visitor);
}

static void who_fails_often_waits_and_nobody_else(void **state)
{
	struct bed *bed = *state;
	static const char *const names[] = {"dns:runner.test", "sha256:bb"};
	const struct bridge_peer peers[] = {
		{.uid = 1000},
		{.uid = 1001},
		{.uid = (uid_t)-1, .address = "192.0.2.7"},
		{.uid = (uid_t)-1, .address = "192.0.2.8"},
		{.uid = (uid_t)-1, .address = "2001:db8:0:1::7"},
		{.uid = (uid_t)-1, .address = "2001:db8:0:2::7"},
		{.uid = (uid_t)-1, .address = "192.0.2.7", .names = names, .name_count = 2},
	};
	size_t count = sizeof(peers) / sizeof(peers[0]);
	for (size_t bad = 0; bad < count; bad++) {
		for (int i = 0; i < BRIDGE_THROTTLE_STRIKES; i++) {
			assert_int_equal(prove(bed, &peers[bad], "a.b.c"), EACCES);
		}
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(prove(bed, &peers[i], bed->ticket), i <= bad ? EAGAIN : 0);
		}
	}
	const struct bridge_peer neighbour = {.uid = (uid_t)-1, .address = "2001:db8:0:1::8"};
	assert_int_equal(prove(bed, &neighbour, bed->ticket), EAGAIN);
}

static void strikes_count_within_their_window(void **state)
{
	(void)state;
	struct bridge_throttle *throttle = base_alloc(1, sizeof(*throttle));
	assert_false(bridge_throttle_strike(throttle, "a", 10 * S));
	assert_false(bridge_throttle_strike(throttle, "a", 11 * S));
	/* The first two are too long ago. */
	assert_false(bridge_throttle_strike(throttle, "a", 71 * S));
	assert_false(bridge_throttle_strike(throttle, "a", 72 * S));
	assert_false(bridge_throttle_waits(throttle, "a", 72 * S));
	assert_true(bridge_throttle_strike(throttle, "a", 73 * S));
	assert_true(bridge_throttle_waits(throttle, "a", 163 * S - 1));
	assert_false(bridge_throttle_waits(throttle, "a", 163 * S));
	assert_false(bridge_throttle_waits(throttle, "b", 73 * S));
	free(throttle);
}

/** As many peers as fail once cannot make the bridge forget the one that has to wait. */
static void a_crowd_does_not_wash_out_who_waits(void **state)
{
	(void)state;
	struct bridge_throttle *throttle = base_alloc(1, sizeof(*throttle));
	for (int i = 0; i < BRIDGE_THROTTLE_STRIKES; i++) {
		bridge_throttle_strike(throttle, "bad", S);
	}
	for (unsigned i = 0; i < 4 * BRIDGE_THROTTLE_PEERS; i++) {
		BASE_FREE char *key = base_format("crowd %u", i);
		assert_false(bridge_throttle_strike(throttle, key, 2 * S));
	}
	assert_true(bridge_throttle_waits(throttle, "bad", 3 * S));
	free(throttle);
}

static void a_certificate_is_who_the_policy_says(void **state)
{
	struct bed *bed = *state;
	static const char *const known[] = {"subject:CN=x", "dns:runner.test", "sha256:cc"};
	static const char *const unknown[] = {"dns:runner.test.evil", "uri:dns:runner.test"};
	struct bridge_peer peer = {
		.uid = (uid_t)-1, .address = "192.0.2.7", .names = known, .name_count = 3};
	struct visitor visitor = visit(bed, &peer);
	assert_string_equal(visitor.attach->rights.subject, "worker-gpu:runner");
	assert_int_equal(visitor.attach->rights.max.mem_mb, 7);
	assert_int_equal(visitor.attach->rights.quota.mem_mb, 100);
	assert_false(lease_rights_cover_gpu(&visitor.attach->rights, "GPU-0"));
	leave(&visitor);
	peer.names = unknown;
	peer.name_count = 2;
	visitor = visit(bed, &peer);
	assert_string_equal(visitor.attach->rights.subject, "observer");
	leave(&visitor);
}

static void a_user_has_the_quota_said_of_it_first(void **state)
{
	struct bed *bed = *state;
	struct bridge_peer peer = {.uid = 1000};
	struct visitor visitor = visit(bed, &peer);
	assert_string_equal(visitor.attach->rights.subject, "worker-gpu:alice");
	assert_int_equal(visitor.attach->rights.quota.leases, 2);
	assert_int_equal(visitor.attach->rights.quota.mem_mb, 0);
	leave(&visitor);
	assert_int_equal(bridge_access_sharing(bed->access)->age_s, 5);
	assert_int_equal(bridge_access_sharing(bed->access)->grace_s, lease_rules_default.grace_s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_WITH("access@a-ticket-written-raises-the-attach-once",
			a_ticket_written_raises_the_attach_once, set_up, tear_down),
		NAMED_WITH("access@bad-tickets-in-the-file-count-too", bad_tickets_in_the_file_count_too,
			set_up, tear_down),
		NAMED_WITH("access@who-fails-often-waits-and-nobody-else",
			who_fails_often_waits_and_nobody_else, set_up, tear_down),
		NAMED("access@strikes-count-within-their-window", strikes_count_within_their_window),
		NAMED("access@a-crowd-does-not-wash-out-who-waits", a_crowd_does_not_wash_out_who_waits),
		NAMED_WITH("access@a-certificate-is-who-the-policy-says",
			a_certificate_is_who_the_policy_says, set_up, tear_down),
		NAMED_WITH("access@a-user-has-the-quota-said-of-it-first",
			a_user_has_the_quota_said_of_it_first, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
