/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/access_throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

static const char fingerprint[] = "sha256:";

void bridge_peer_key(const struct bridge_peer *peer, char key[BRIDGE_PEER_KEY_SIZE])
{
	for (size_t i = 0; i < peer->name_count; i++) {
		if (strncmp(peer->names[i], fingerprint, sizeof(fingerprint) - 1) == 0) {
			snprintf(key, BRIDGE_PEER_KEY_SIZE, "%s", peer->names[i]);
			return;
		}
	}
	struct in6_addr address;
	if (inet_pton(AF_INET6, peer->address, &address) == 1 && !IN6_IS_ADDR_V4MAPPED(&address)) {
		memset(&address.s6_addr[8], 0, 8);
		char text[INET6_ADDRSTRLEN];
		inet_ntop(AF_INET6, &address, text, sizeof(text));
		snprintf(key, BRIDGE_PEER_KEY_SIZE, "address %s/64", text);
	} else if (peer->address[0] != '\0') {
		snprintf(key, BRIDGE_PEER_KEY_SIZE, "address %s", peer->address);
	} else {
		snprintf(key, BRIDGE_PEER_KEY_SIZE, "user %u", (unsigned)peer->uid);
	}
}

static const struct bridge_striker *find(const struct bridge_throttle *throttle, const char *key)
{
	for (size_t i = 0; i < BRIDGE_THROTTLE_PEERS; i++) {
		if (strcmp(throttle->peers[i].key, key) == 0) {
			return &throttle->peers[i];
		}
	}
	return NULL;
}

bool bridge_throttle_waits(const struct bridge_throttle *throttle, const char *key, uint64_t now_ns)
{
	const struct bridge_striker *striker = find(throttle, key);
	return striker != NULL && striker->until_ns > now_ns;
}

/** When what is known of it is of no use any more. */
static uint64_t forget_ns(const struct bridge_striker *striker)
{
	uint64_t window_ns = striker->first_ns + BRIDGE_THROTTLE_WINDOW_S * NS_PER_S;
	return striker->until_ns > window_ns ? striker->until_ns : window_ns;
}

static struct bridge_striker *place_for(struct bridge_throttle *throttle, const char *key)
{
	struct bridge_striker *place = (struct bridge_striker *)find(throttle, key);
	if (place != NULL) {
		return place;
	}
	place = &throttle->peers[0];
	for (size_t i = 0; i < BRIDGE_THROTTLE_PEERS && place->key[0] != '\0'; i++) {
		struct bridge_striker *other = &throttle->peers[i];
		if (other->key[0] == '\0' || forget_ns(other) < forget_ns(place)) {
			place = other;
		}
	}
	*place = (struct bridge_striker){.key = ""};
	snprintf(place->key, sizeof(place->key), "%s", key);
	return place;
}

bool bridge_throttle_strike(struct bridge_throttle *throttle, const char *key, uint64_t now_ns)
{
	struct bridge_striker *striker = place_for(throttle, key);
	if (striker->strikes == 0 || now_ns - striker->first_ns > BRIDGE_THROTTLE_WINDOW_S * NS_PER_S) {
		striker->strikes = 0;
		striker->first_ns = now_ns;
	}
	striker->strikes++;
	if (striker->strikes < BRIDGE_THROTTLE_STRIKES) {
		return false;
	}
	striker->strikes = 0;
	striker->until_ns = now_ns + BRIDGE_THROTTLE_COOLDOWN_S * NS_PER_S;
	return true;
}
