/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_TICKET_H
#define LEASE_TICKET_H

#include "lease/key.h"

/** A ticket is a JSON Web Token (RFC 7519, RFC 7515 compact form) signed by a key that is known. */

#define LEASE_AUDIENCE "gpu-lane-bridge"

enum {
	LEASE_TICKET_SIZE_MAX = 8 << 10,
	/** Clocks may differ by so much where a ticket begins. */
	LEASE_TICKET_SKEW_S = 60,
	/** "tid": first hex digits of the SHA-256 of the ticket, for logs. */
	LEASE_TID_SIZE = 16 + 1,
};

/** A key and who signs with it. */
struct lease_signer {
	struct lease_key key;
	/** `iss` of its tickets; NULL for keys of ours, whose tickets have none. */
	char *issuer;
	/** `aud` of its tickets. */
	char *audience;
};

struct lease_ticket {
	/** Borrowed from the signers. */
	const struct lease_signer *signer;
	struct base_json claims;
	/** Seconds since the epoch. */
	uint64_t expires_s;
	char tid[LEASE_TID_SIZE];
};

/** Writes the tid of any text. */
void lease_tid(const char *text, size_t size, char tid[LEASE_TID_SIZE]);
/**
 * Checks form, signature, issuer, audience and times, in this order; the key is chosen by `kid`
 * alone, and the key says the algorithm. Errors: TICKET_KEY_UNKNOWN, TICKET_REFUSED. Finish the
 * ticket in every case.
 */
bool lease_ticket_verify(const struct lease_signer *signers, size_t signer_count, const char *text,
	size_t size, uint64_t now_s, struct lease_ticket *ticket, struct lane_error *err);
void lease_ticket_finish(struct lease_ticket *ticket);

/** Signs these claims with a private key of ours. Caller frees; NULL with KEY_FAILED. */
char *lease_ticket_mint(const struct lease_key *key, const cJSON *claims, struct lane_error *err);

#endif
