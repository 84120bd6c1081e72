/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_JWKS_H
#define BRIDGE_JWKS_H

#include "bridge/loop.h"
#include "lease/policy.h"

/**
 * Keeps the keys of issuers fresh that have a URL. A child process (gpu-lane-fetch-jwks) fetches,
 * checks and replaces the issuer's file, under a deadline; the bridge only reads the file again
 * when that has ended well. Without a network the file stays as it was, and so do the keys.
 */
struct bridge_jwks;

/** Begins with a fetch for each issuer that has a URL. `policy` and `loop` are borrowed. */
struct bridge_jwks *bridge_jwks_create(struct lease_policy *policy, struct bridge_loop *loop);
/** Kills what still fetches. Takes NULL. */
void bridge_jwks_destroy(struct bridge_jwks *jwks);

/** A ticket has come: fetches what is older than its max_age_s. */
void bridge_jwks_refresh(struct bridge_jwks *jwks);
/** A ticket names a key that nobody knows: fetches what is older than its min_age_s. True while a
 * fetch is under way, after which the key may be known. */
bool bridge_jwks_miss(struct bridge_jwks *jwks);

#endif
