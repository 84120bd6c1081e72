/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>

/**
 * A GPU whose device was lost is quarantined: nothing is granted and nothing is started on it until
 * a fresh worker has opened the device again and got a right answer from it (a checked submit). A
 * reset of a discrete GPU takes everybody's device with it (Almeida, XDC 2023), so that the losses
 * of others that follow belong to the first and are not counted again.
 */

#define NS_PER_MS UINT64_C(1000000)

enum {
	/** Before the second check in a row; it doubles up to the longest. */
	WAIT_FIRST_MS = 500,
	WAIT_LONGEST_MS = 60000,
	/** A GPU that has served for so long is as good as new. */
	GOOD_AGAIN_MS = 60000,
};

static void tell(struct bridge_gpu *gpu, const char *state, const char *detail)
{
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	bridge_status_line(&line, gpu->card.id, state, detail);
	bridge_stream_add(&gpu->status, line.data, line.size);
}

static void apply_cordon(struct bridge_gpu *gpu)
{
	bool closed = gpu->cordoned || gpu->draining || gpu->health.reason != NULL;
	lease_table_cordon(gpu->leases, closed, base_clock_boottime_ns());
}

void bridge_gpu_cordon(struct bridge_gpu *gpu, bool cordoned)
{
	gpu->cordoned = cordoned;
	apply_cordon(gpu);
}

static uint64_t wait_ms(unsigned strikes)
{
	if (strikes == 0) {
		return 0;
	}
	uint64_t ms = WAIT_FIRST_MS;
	for (unsigned i = 1; i < strikes && ms < WAIT_LONGEST_MS; i++) {
		ms *= 2;
	}
	return ms < WAIT_LONGEST_MS ? ms : WAIT_LONGEST_MS;
}

/** Counts one more thing that went wrong and says when the next check may be. */
static uint64_t strike(struct bridge_health *health)
{
	uint64_t ms = wait_ms(health->strikes);
	health->strikes++;
	health->check_ns = base_clock_boottime_ns() + ms * NS_PER_MS;
	return ms;
}

/** Warm workers hold a device that may be gone; they have nothing to lose. */
static void kill_idle(struct bridge_gpu *gpu)
{
	for (struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		for (struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			if (slot->state == BRIDGE_SLOT_IDLE) {
				bridge_slot_kill(slot, "ERR CANCELLED", "GPU quarantined");
			}
		}
	}
}

/** Begins a quarantine, or goes on with one for another reason. `when` is what else the check waits
 * for. */
static void quarantine(struct bridge_gpu *gpu, const char *reason, const char *when)
{
	struct bridge_health *health = &gpu->health;
	uint64_t now_ns = base_clock_boottime_ns();
	if (health->reason == NULL && now_ns - health->served_ns > GOOD_AGAIN_MS * NS_PER_MS) {
		health->strikes = 0;
	}
	free(health->reason);
	health->reason = base_strdup(reason);
	health->passed = false;
	/* What starts from here on is of a time after it. */
	health->generation++;
	BASE_FREE char *detail =
		base_format("%s; check in %llu ms%s", reason, (unsigned long long)strike(health), when);
	base_log(BASE_LOG_WARNING, "%s: quarantined: %s", gpu->card.id, detail);
	tell(gpu, "QUARANTINED", detail);
	apply_cordon(gpu);
	kill_idle(gpu);
}

void bridge_health_lost(struct bridge_gpu *gpu, unsigned generation, const char *reason)
{
	if (generation != gpu->health.generation) {
		base_log(
			BASE_LOG_INFO, "%s: %s, by a worker from before the quarantine", gpu->card.id, reason);
		return;
	}
	gpu->health.losses++;
	quarantine(gpu, reason, "");
}

void bridge_health_stuck(struct bridge_gpu *gpu, const char *reason)
{
	quarantine(gpu, reason, " once it has ended");
}

void bridge_health_reopen(struct bridge_gpu *gpu, const char *reason)
{
	if (gpu->card.uuid != NULL) {
		gpu->health.strikes = 0;
		quarantine(gpu, reason, "");
	}
}

static void serve_again(struct bridge_gpu *gpu)
{
	struct bridge_health *health = &gpu->health;
	base_log(BASE_LOG_INFO, "%s: checked and serving again", gpu->card.id);
	tell(gpu, "SERVING", "a fresh worker's submit was right");
	free(health->reason);
	health->reason = NULL;
	health->served_ns = base_clock_boottime_ns();
	health->check_ns = UINT64_MAX;
	apply_cordon(gpu);
}

static void check_failed(struct bridge_gpu *gpu, const char *text)
{
	BASE_FREE char *detail = base_format(
		"check failed: %s; next check in %llu ms", text, (unsigned long long)strike(&gpu->health));
	base_log(BASE_LOG_WARNING, "%s: still quarantined: %s", gpu->card.id, detail);
	tell(gpu, "QUARANTINED", detail);
}

void bridge_health_checked(struct bridge_gpu *gpu, const char *text)
{
	if (gpu->health.passed) {
		serve_again(gpu);
	} else {
		check_failed(gpu, text);
	}
}

/** Whether a killed worker, which may still hold the device, is not gone yet. */
static bool some_dying(const struct bridge_gpu *gpu)
{
	for (const struct bridge_tenant *tenant = gpu->tenants; tenant != NULL; tenant = tenant->next) {
		for (const struct bridge_slot *slot = tenant->slots; slot != NULL; slot = slot->next) {
			if (slot->state >= BRIDGE_SLOT_KILLED) {
				return true;
			}
		}
	}
	return false;
}

static void start_check(struct bridge_gpu *gpu)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!bridge_slot_start(&gpu->checker, &err)) {
		check_failed(gpu, lane_error_message(&err));
	}
}

void bridge_health_advance(struct bridge_gpu *gpu, uint64_t now_ns)
{
	struct bridge_health *health = &gpu->health;
	struct bridge_slot *checker = gpu->checker.slots;
	if (checker != NULL) {
		bridge_slot_advance(checker, now_ns);
	}
	if (checker == NULL) {
		if (health->reason != NULL && health->check_ns <= now_ns && !some_dying(gpu)) {
			health->passed = false;
			start_check(gpu);
		}
	} else if (checker->state == BRIDGE_SLOT_IDLE) {
		/* Given back once it is reaped: the device is nobody's then. */
		health->passed = checker->generation == health->generation;
		bridge_slot_kill(
			checker, "ERR CANCELLED", health->passed ? "checked" : "quarantined once more");
	}
}

uint64_t bridge_health_next_ns(const struct bridge_gpu *gpu)
{
	const struct bridge_health *health = &gpu->health;
	if (gpu->checker.slots != NULL) {
		return bridge_slot_next_ns(gpu->checker.slots);
	}
	/* Who is dying wakes us when it is gone. */
	return health->reason == NULL || some_dying(gpu) ? UINT64_MAX : health->check_ns;
}

const char *bridge_health_state(const struct bridge_gpu *gpu)
{
	return gpu->health.reason != NULL ? "quarantined" : gpu->cordoned ? "cordoned" : "serving";
}
