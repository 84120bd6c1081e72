/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_GPU_LEASE_H
#define BRIDGE_GPU_LEASE_H

#include "base/error.h"
#include "bridge/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Private to the program gpu-lease: what was asked for, and one function a verb. */

struct lease_choice {
	/** NULL: the default address. */
	const char *bridge;
	/** NULL: the first one that the bridge shows. */
	const char *gpu;
	/** File with a ticket, or NULL. */
	const char *ticket;
	uint32_t mem_mb, ttl_s;
	unsigned streams, priority, wait_s;
	/** Of run: from SIGTERM to SIGKILL when the lease is lost. */
	unsigned kill_after_s;
	bool exclusive, preemptible, json;
	/** Which of the numbers were said: they limit a ticket. */
	bool mem_mb_given, streams_given, ttl_given, priority_given;
	/** Of mint: file with the private key, whose ticket, its role, and seconds that it is good. */
	const char *key, *subject, *role;
	uint32_t life_s;
	/** Arguments after the verb. */
	char **operands;
	size_t operand_count;
};

/** Exit status of run when no lease could be had, or when it was lost (flock(1) has none; env(1)
 * and timeout(1) use the same). */
enum { LEASE_EXIT_NONE = 125 };

/** Connects and finds the GPU; NULL with the error. *gpu: caller frees. */
struct bridge_client *lease_connect(
	const struct lease_choice *choice, char **gpu, struct lane_error *err);
/** The request that the options describe. */
struct bridge_lease_request lease_request_of(const struct lease_choice *choice);
/** Cuts "GPU-0/7" or "7" in two; *gpu (caller frees) is NULL without a GPU. Errors: USAGE. */
bool lease_parse_name(const char *text, char **gpu, uint64_t *lease, struct lane_error *err);
/** Says what is wrong on stderr; the exit status for it. */
int lease_fail(const struct lane_error *err);
/** Ends what was printed; the exit status. */
int lease_printed(void);

int lease_acquire(const struct lease_choice *choice);
int lease_renew(const struct lease_choice *choice);
int lease_release(const struct lease_choice *choice);
int lease_revoke(const struct lease_choice *choice);
int lease_revoke_lease(const struct lease_choice *choice);
int lease_keygen(const struct lease_choice *choice);
int lease_mint(const struct lease_choice *choice);
int lease_handle(const struct lease_choice *choice);
int lease_list(const struct lease_choice *choice);
int lease_watch(const struct lease_choice *choice);
int lease_run(const struct lease_choice *choice);

#endif
