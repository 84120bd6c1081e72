/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_ACCESS_THROTTLE_H
#define BRIDGE_ACCESS_THROTTLE_H

#include "bridge/attach.h"

/** A brake on who presents tickets that are not good: as in Cohesix, three within a minute, and
 * then nothing that they present is looked at for 90 s. */

enum {
	BRIDGE_THROTTLE_STRIKES = 3,
	BRIDGE_THROTTLE_WINDOW_S = 60,
	BRIDGE_THROTTLE_COOLDOWN_S = 90,
	/** Peers whose failures are counted. */
	BRIDGE_THROTTLE_PEERS = 256,
	BRIDGE_PEER_KEY_SIZE = 80,
};

struct bridge_striker {
	/** "": the place is free. */
	char key[BRIDGE_PEER_KEY_SIZE];
	unsigned strikes;
	/** CLOCK_BOOTTIME: of its first failure in this window, and until when it has to wait. */
	uint64_t first_ns, until_ns;
};

/** A zeroed value knows of nobody. */
struct bridge_throttle {
	struct bridge_striker peers[BRIDGE_THROTTLE_PEERS];
};

/**
 * Who a peer is for the brake: the fingerprint of its certificate, else where it comes from (of
 * IPv6 the /64, since who has one address has them all), else its user id.
 */
void bridge_peer_key(const struct bridge_peer *peer, char key[BRIDGE_PEER_KEY_SIZE]);
/** Whether it has to wait. */
bool bridge_throttle_waits(
	const struct bridge_throttle *throttle, const char *key, uint64_t now_ns);
/**
 * Counts a failure; true when it was the one too many. Who is new takes the place of the one whose
 * last failure counts least: over and done with, or the longest ago.
 */
bool bridge_throttle_strike(struct bridge_throttle *throttle, const char *key, uint64_t now_ns);

#endif
