/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/access.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/access_throttle.h"
#include "bridge/fid.h"
#include "bridge/jwks.h"
#include "bridge/session.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	HANDLES_MAX = 256,
	HANDLE_BYTES = 16,
	HANDLE_TEXT = 2 * HANDLE_BYTES,
	HANDLE_LIFE_S = 60,
	TICKET_ID_MAX = 200,
};

static const char handle_prefix[] = "handle:";

struct handle {
	/** SHA-256 of its text: what is kept does not open anything. */
	uint8_t hash[BASE_SHA256_SIZE];
	/** 0: the place is free. */
	uint64_t expires_ns;
	struct lease_rights rights;
};

struct bridge_access {
	struct lease_policy *policy;
	struct bridge_record *record;
	struct bridge_loop *loop;
	struct handle handles[HANDLES_MAX];
	struct bridge_throttle throttle;
	/** NULL without a policy. */
	struct bridge_jwks *jwks;
	void (*revoked)(void *context, const char *ticket);
	void *context;
};

struct bridge_access *bridge_access_create(
	struct lease_policy *policy, struct bridge_record *record, struct bridge_loop *loop)
{
	struct bridge_access *access = base_alloc(1, sizeof(*access));
	access->policy = policy;
	access->record = record;
	access->loop = loop;
	access->jwks = policy != NULL ? bridge_jwks_create(policy, loop) : NULL;
	return access;
}

static void free_handle(struct handle *handle)
{
	lease_rights_finish(&handle->rights);
	*handle = (struct handle){.expires_ns = 0};
}

void bridge_access_destroy(struct bridge_access *access)
{
	if (access != NULL) {
		for (size_t i = 0; i < HANDLES_MAX; i++) {
			free_handle(&access->handles[i]);
		}
		bridge_jwks_destroy(access->jwks);
		lease_policy_destroy(access->policy);
		free(access);
	}
}

/** Takes the handle, which is good once. Every one is compared, in constant time. */
static bool take_handle(
	struct bridge_access *access, const char *text, size_t size, struct lease_rights *rights)
{
	uint8_t hash[BASE_SHA256_SIZE];
	base_sha256(text, size, hash);
	uint64_t now_ns = base_clock_boottime_ns();
	struct handle *found = NULL;
	for (size_t i = 0; i < HANDLES_MAX; i++) {
		struct handle *handle = &access->handles[i];
		if (CRYPTO_memcmp(handle->hash, hash, sizeof(hash)) == 0 && handle->expires_ns > now_ns) {
			found = handle;
		}
	}
	if (found == NULL) {
		return false;
	}
	*rights = found->rights;
	*found = (struct handle){.expires_ns = 0};
	return true;
}

static bool prove(struct bridge_access *access, const char *text, size_t size,
	struct lease_rights *rights, struct lane_error *err)
{
	size_t prefix = sizeof(handle_prefix) - 1;
	if (size == prefix + HANDLE_TEXT && memcmp(text, handle_prefix, prefix) == 0) {
		return take_handle(access, text + prefix, HANDLE_TEXT, rights) ||
			lane_error_set(err, "TICKET_REFUSED", "no such handle, or it was used or is too old");
	}
	if (access->policy == NULL) {
		return lane_error_set(err, "TICKET_REFUSED", "the bridge has no policy");
	}
	bridge_jwks_refresh(access->jwks);
	return lease_policy_ticket(
		access->policy, text, size, base_clock_wall_ms() / 1000, rights, err);
}

/** A bad ticket counts against who has presented it. */
static void count_strike(struct bridge_access *access, const char *peer, uint64_t now_ns)
{
	if (bridge_throttle_strike(&access->throttle, peer, now_ns)) {
		base_log(BASE_LOG_WARNING, "%s presented %d bad tickets: none is looked at for %d s", peer,
			BRIDGE_THROTTLE_STRIKES, BRIDGE_THROTTLE_COOLDOWN_S);
	}
}

int bridge_access_prove(struct bridge_access *access, const struct bridge_peer *peer,
	const char *text, size_t size, struct lease_rights *rights)
{
	if (access == NULL) {
		return EACCES;
	}
	uint64_t now_ns = base_clock_boottime_ns();
	char key[BRIDGE_PEER_KEY_SIZE];
	bridge_peer_key(peer, key);
	if (bridge_throttle_waits(&access->throttle, key, now_ns)) {
		return EAGAIN;
	}
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	char tid[LEASE_TID_SIZE];
	lease_tid(text, size, tid);
	bool good = prove(access, text, size, rights, &err);
	if (lane_error_is(&err, "TICKET_KEY_UNKNOWN") && bridge_jwks_miss(access->jwks)) {
		/* Its issuer may have a new key, which is being fetched: try again. */
		lease_rights_finish(rights);
		return EAGAIN;
	}
	if (good && bridge_access_is_revoked(access, rights)) {
		good = lane_error_set(&err, "TICKET_REFUSED", "it was revoked");
	}
	bridge_record_attach(access->record,
		&(struct bridge_presented){
			.allowed = good,
			.role = good ? lease_role_name(rights->role) : NULL,
			.subject = good ? rights->subject : NULL,
			.tid = tid,
			.reason = good ? NULL : lane_error_message(&err),
		});
	if (!good) {
		base_log(BASE_LOG_INFO, "ticket %s refused: %s", tid, lane_error_message(&err));
		lease_rights_finish(rights);
		count_strike(access, key, now_ns);
		return EACCES;
	}
	return 0;
}

bool bridge_access_own(struct bridge_access *access, const struct bridge_peer *peer, bool itself,
	struct lease_rights *rights)
{
	if (access == NULL || access->policy == NULL) {
		return false;
	}
	if (lease_policy_certificate(access->policy, peer->names, peer->name_count, rights)) {
		return true;
	}
	return itself && peer->uid != (uid_t)-1 && lease_policy_user(access->policy, peer->uid, rights);
}

const char *bridge_access_file(const struct bridge_access *access, size_t index)
{
	return access->policy != NULL ? lease_policy_file(access->policy, index) : NULL;
}

bool bridge_access_reload(struct bridge_access *access, struct lane_error *err)
{
	struct lease_policy *policy = lease_policy_load(bridge_access_file(access, 0), err);
	if (policy == NULL) {
		return false;
	}
	/* Fetches that are under way are for the old one. */
	bridge_jwks_destroy(access->jwks);
	lease_policy_destroy(access->policy);
	access->policy = policy;
	access->jwks = bridge_jwks_create(policy, access->loop);
	return true;
}

const struct lease_rules *bridge_access_sharing(const struct bridge_access *access)
{
	return access->policy != NULL ? lease_policy_sharing(access->policy) : &lease_rules_default;
}

bool bridge_access_is_revoked(const struct bridge_access *access, const struct lease_rights *rights)
{
	const struct lease_ledger *ledger =
		access != NULL ? bridge_record_ledger(access->record) : NULL;
	return ledger != NULL && rights->ticket != NULL &&
		lease_ledger_is_revoked(ledger, rights->ticket);
}

/** Only an attach that has nothing yet can change who it is: the peer's own rights may be few, but
 * leases and jobs must not change hands. */
static int ticket_write(
	const struct bridge_node *node, struct bridge_fid *fid, const char *lines, size_t size)
{
	struct bridge_attach *attach = fid->attach;
	if (attach->rights.tid[0] != '\0') {
		return -EBUSY;
	}
	size_t length = (size_t)((const char *)memchr(lines, '\n', size) - lines);
	if (length + 1 != size) {
		return -EINVAL;
	}
	struct lease_rights rights = {.subject = NULL};
	int error = bridge_access_prove(
		node->context, bridge_session_peer(attach->session), lines, length, &rights);
	if (error == 0) {
		lease_rights_finish(&attach->rights);
		attach->rights = rights;
	}
	return -error;
}

static bool make_handle(
	struct bridge_access *access, const struct bridge_attach *attach, struct base_buffer *out)
{
	uint64_t now_ns = base_clock_boottime_ns();
	struct handle *place = NULL;
	for (size_t i = 0; i < HANDLES_MAX && place == NULL; i++) {
		place = access->handles[i].expires_ns <= now_ns ? &access->handles[i] : NULL;
	}
	uint8_t bytes[HANDLE_BYTES];
	if (place == NULL || getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return false;
	}
	char text[HANDLE_TEXT + 1];
	for (size_t i = 0; i < HANDLE_BYTES; i++) {
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	}
	free_handle(place);
	place->rights = lease_rights_copy(&attach->rights);
	place->expires_ns = now_ns + HANDLE_LIFE_S * NS_PER_S;
	base_sha256(text, HANDLE_TEXT, place->hash);
	base_buffer_print(out, "%s%s\n", handle_prefix, text);
	return true;
}

static ssize_t handle_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	if (!bridge_attach_writes(fid->attach)) {
		return -EPERM;
	}
	if (fid->replies.size == 0 && !make_handle(node->context, fid->attach, &fid->replies)) {
		return -EBUSY;
	}
	return bridge_fid_read_kept(fid, offset, bytes, size);
}

static uint64_t handle_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)node;
	(void)fid;
	return sizeof(handle_prefix) - 1 + HANDLE_TEXT + 1;
}

static bool id_valid(const char *id, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (id[i] <= ' ' || id[i] > '~' || id[i] == '"' || id[i] == '\\') {
			return false;
		}
	}
	return size > 0 && size <= TICKET_ID_MAX;
}

static int revoke_write(
	const struct bridge_node *node, struct bridge_fid *fid, const char *lines, size_t size)
{
	struct bridge_access *access = node->context;
	if (fid->attach->rights.role != LEASE_ROLE_QUEEN) {
		return -EPERM;
	}
	size_t length = (size_t)((const char *)memchr(lines, '\n', size) - lines);
	if (length + 1 != size || !id_valid(lines, length)) {
		return -EINVAL;
	}
	BASE_FREE char *ticket = base_strndup(lines, length);
	const struct lease_ledger *ledger = bridge_record_ledger(access->record);
	if (ledger != NULL && ledger->revoked_count >= LEASE_REVOKED_MAX &&
		!lease_ledger_is_revoked(ledger, ticket)) {
		return -ENOSPC;
	}
	bridge_record_revoke(access->record, ticket, fid->attach->rights.subject);
	access->revoked(access->context, ticket);
	return 0;
}

void bridge_access_publish(struct bridge_access *access, struct bridge_node *root,
	void (*revoked)(void *context, const char *ticket), void *context)
{
	static const struct bridge_file_kind ticket_file = {.mode = 0222,
		.write = ticket_write,
		.open_to_all = true,
		.line_max = LEASE_TICKET_SIZE_MAX + 1};
	static const struct bridge_file_kind handle_file = {
		.mode = 0444, .size = handle_size, .read = handle_read};
	static const struct bridge_file_kind revoke_file = {
		.mode = 0200, .write = revoke_write, .line_max = TICKET_ID_MAX + 1};
	access->revoked = revoked;
	access->context = context;
	bridge_node_add(root, "ticket", &ticket_file, access);
	bridge_node_add(root, "handle", &handle_file, access);
	bridge_node_add(root, "revoke", &revoke_file, access)->withheld = true;
}
