/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/run_state.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "canary/choice.h"

#include <math.h>
#include <string.h>

static bool has_device(const cJSON *facts, bool software)
{
	const cJSON *device;
	cJSON_ArrayForEach(device, base_json_path(facts, "vulkan.devices"))
	{
		if (base_json_bool(device, "software", false) == software) {
			return true;
		}
	}
	return false;
}

/* Collects the facts of the machine. True when there is a device to go on with, or may be. */
static bool collect(struct run *run, cJSON **facts)
{
	const struct canary_options *options = run->options;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct probe_options probe = {
		.layers = PROBE_ALL,
		.submit = true,
		.timeout_ms = options->timeout_ms,
	};
	base_terminal_progress("probing the machine");
	uint64_t start_ns = base_clock_monotonic_ns();
	if (!probe_collect(&probe, facts, &err)) {
		run_cannot_tell(run, &err);
		return false;
	}
	trace_span(run->trace, TRACE_CANARY, "probe", start_ns, base_clock_monotonic_ns(), NULL);
	bool software_only = !has_device(*facts, false) && has_device(*facts, true);
	return has_device(*facts, false) || (software_only && options->choice.allow_software) ||
		options->mode == CANARY_BRIDGE;
}

/* Judges the machine by the device that does the work; by its best one where there is none. */
static void judge(struct run *run, const cJSON *facts)
{
	const struct canary_options *options = run->options;
	const char *uuid =
		run->lane ? base_json_string(canary_lane_device(run->lane), "uuid", NULL) : NULL;
	bool software_only = !has_device(facts, false) && has_device(facts, true);
	if (options->floor || !software_only || !options->choice.allow_software) {
		probe_judge_device(facts, options->floor, uuid, run->report);
		return;
	}
	/* Without hardware general health has no answer; what was allowed instead can be held to its
	 * own floor. */
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct probe_floor *floor = probe_floor_load("software", &err);
	if (floor) {
		probe_judge_device(facts, floor, uuid, run->report);
	} else {
		run_cannot_tell(run, &err);
	}
	probe_floor_destroy(floor);
}

/* Puts the device that does the work into the report, unless the probe has described it already. */
static void name_device(struct run *run, const cJSON *device)
{
	const char *uuid = base_json_string(device, "uuid", "");
	const char *judged =
		base_json_string(base_json_get(report_root(run->report), "device"), "uuid", NULL);
	if (judged && strcmp(uuid, judged) == 0) {
		return;
	}
	if (judged && run->options->floor) {
		report_check(run->report, "canary.device", REPORT_UNKNOWN,
			"the device that was judged is the one that does the work", judged, uuid,
			"what holds for one device says nothing of another");
	}
	report_section(run->report, "device", choice_report(device));
}

/* Every tick of a job: the engine's clock now, and whoever watches. */
static void tick(void *context)
{
	struct run *run = context;
	double mhz = sensors_read(&run->sensors, SENSOR_CLOCK);
	struct run_clock *clock = &run->clock;
	if (isfinite(mhz) && clock->count < sizeof(clock->mhz) / sizeof(clock->mhz[0])) {
		clock->mhz[clock->count++] = mhz;
	}
	trace_value(run->trace, sensor_name(SENSOR_CLOCK), base_clock_monotonic_ns(), mhz);
	if (run->watch) {
		run->watch(run->watch_context);
	}
}

static bool open_lane(struct run *run, const struct compute_choice *choice, struct lane_error *err)
{
	const struct canary_options *options = run->options;
	struct canary_lane_options lane = {
		.mode = options->mode,
		.address = options->address,
		.ticket = options->ticket,
		.choice = choice,
		.timeout_ms = options->timeout_ms,
		.interrupt = &run->interrupt,
		.tick = tick,
		.context = run,
	};
	uint64_t start_ns = base_clock_monotonic_ns();
	run->lane = canary_lane_open(&lane, err);
	trace_span(
		run->trace, TRACE_CANARY, "open the lane", start_ns, base_clock_monotonic_ns(), NULL);
	return run->lane;
}

static void take_device(struct run *run)
{
	const cJSON *device = canary_lane_device(run->lane);
	run->class = choice_class(device);
	roofline_find(device, &run->roofline);
	const cJSON *drm = base_json_get(device, "drm");
	sensors_open(&run->sensors, run->options->sysfs,
		base_json_string(drm, "render", base_json_string(drm, "primary", NULL)));
	name_device(run, device);
	if (run->class == WORKLOAD_SOFTWARE) {
		report_remark(run->report, "software device: proves the toolchain, not a GPU");
	}
}

bool run_open(struct run *run)
{
	const struct canary_options *options = run->options;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_JSON_FREE cJSON *facts = NULL;
	/* The device of a bridge is the bridge's; this machine, a container perhaps, need not have one.
	 */
	bool local = options->mode != CANARY_BRIDGE || options->floor;
	bool usable = !local || collect(run, &facts);
	if (usable) {
		base_terminal_progress("opening the lane");
		usable = open_lane(run, &options->choice, &err);
	}
	if (facts) {
		judge(run, facts);
	}
	if (err.code[0]) {
		run_cannot_tell(run, &err);
	} else if (usable) {
		take_device(run);
	} else if (facts) {
		/* A floor that asks for a software renderer would hold, with nothing computed. */
		report_check(run->report, "canary.run", REPORT_UNKNOWN, "a workload is run", NULL,
			options->choice.allow_software
				? "no device is there that could compute"
				: "there is no hardware GPU, and --allow-software is not given",
			NULL);
	}
	return usable;
}

static bool lease(struct run *run, struct lane_error *err)
{
	const struct canary_options *options = run->options;
	struct bridge_lease_request request = {
		.mem_mb = run->mem_mb,
		.ttl_s = options->ttl_s,
		.streams = options->streams,
		.priority = options->priority,
		.wait_ms = options->timeout_ms,
	};
	uint64_t start_ns = base_clock_monotonic_ns();
	bool leased = canary_lane_lease(run->lane, &request, err);
	trace_span(run->trace, TRACE_CANARY, "wait for the lease", start_ns, base_clock_monotonic_ns(),
		canary_lane_lease_report(run->lane));
	return leased;
}

bool run_lease(struct run *run)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	base_terminal_progress("waiting for the lease");
	if (!lease(run, &err)) {
		bool refused = strncmp(err.code, "LEASE_", 6) == 0;
		if (refused) {
			/* An answer, and the answer is no. */
			report_finding_error(run->report, REPORT_FAILURE, &err);
		} else {
			run_cannot_tell(run, &err);
		}
		return false;
	}
	cJSON *lease_report = canary_lane_lease_report(run->lane);
	if (lease_report) {
		report_section(run->report, "lease", lease_report);
	}
	return true;
}

bool run_reopen(struct run *run)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *uuid =
		base_format("uuid:%s", base_json_string(canary_lane_device(run->lane), "uuid", ""));
	struct compute_choice choice = {0};
	canary_lane_close(run->lane);
	run->lane = NULL;
	bool open = compute_choice_parse(uuid, &choice, &err);
	choice.allow_software = run->options->choice.allow_software;
	open = open && open_lane(run, &choice, &err) && lease(run, &err);
	compute_choice_finish(&choice);
	if (!open) {
		lane_error_wrap(&err, "a further run");
		run_cannot_tell(run, &err);
	}
	return open;
}
