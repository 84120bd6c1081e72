/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/run_state.h"

#include "base/digest.h"
#include "base/memory.h"

#include <math.h>

/* One workload before the baseline. */
struct gate {
	struct baseline_key key;
	char hash[BASE_SHA256_TEXT_SIZE];
	/** NULL: nobody has measured this before. */
	const struct baseline_entry *entry;
	/** Of the first rounds, as far as the entry has been asked. */
	struct verdict verdicts[VERDICT_RUNS_MAX];
	size_t verdict_count;
	struct verdict together;
};

static void open_gates(const struct run *run, const cJSON *device, struct gate *gates)
{
	for (size_t i = 0; i < run->count; i++) {
		struct baseline_key *key = &gates[i].key;
		baseline_key_device(key, device);
		const struct workload *workload = run->results[i].plan.workload;
		key->workload = workload->name;
		key->n = run->results[i].plan.n;
		base_sha256_text(workload->spirv, workload->spirv_size, gates[i].hash);
		key->spirv_sha256 = gates[i].hash;
		gates[i].entry = baseline_find(run->options->baseline, key);
	}
}

static bool has_figure(const struct run_trial *trial)
{
	return trial->rounds > 0 && base_json_bool(trial->entry, "verified", false);
}

/* Asks the entry about the rounds that are new. */
static void ask(struct gate *gate, const struct run_trial *trial)
{
	const struct baseline_entry *entry = gate->entry;
	while (entry && gate->verdict_count < trial->rounds && gate->verdict_count < VERDICT_RUNS_MAX) {
		const struct run_figure *figure = &trial->figures[gate->verdict_count];
		verdict_judge(entry->runs, entry->run_count, entry->margin, figure->median, figure->ci,
			&gate->verdicts[gate->verdict_count++]);
	}
}

static size_t good_rounds(const struct run_trial *trial, double *medians)
{
	size_t count = 0;
	for (size_t i = 0; i < trial->rounds; i++) {
		if (isfinite(trial->figures[i].median)) {
			medians[count++] = trial->figures[i].median;
		}
	}
	return count;
}

/* Whether another round of it would tell more. */
static bool wants_round(
	const struct run *run, const struct gate *gate, const struct run_trial *trial)
{
	double medians[RUN_ROUNDS_MAX];
	if (run->over || !has_figure(trial) || trial->rounds >= RUN_ROUNDS_MAX) {
		return false;
	}
	if (gate->entry) {
		return !verdict_settled(gate->verdicts, gate->verdict_count);
	}
	return run->options->update_baseline && good_rounds(trial, medians) < BASELINE_RUNS_MIN;
}

/* One more round for all that want it, every other time from the last to the first, so that what
 * depends on the order does not always fall on the same. False when no further one is possible. */
static bool run_round(struct run *run, struct gate *gates, bool backwards)
{
	if (canary_interrupt_raised(&run->interrupt)) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		lane_error_set(
			&err, "CANARY_INTERRUPTED", "a signal came before all figures were confirmed");
		run_cannot_tell(run, &err);
		return false;
	}
	if (!run_reopen(run)) {
		return false;
	}
	for (size_t i = 0; i < run->count; i++) {
		size_t index = backwards ? run->count - 1 - i : i;
		struct run_trial *trial = &run->trials[index];
		if (!wants_round(run, &gates[index], trial)) {
			continue;
		}
		if (!run_workload(run, index)) {
			return false;
		}
		ask(&gates[index], trial);
	}
	return true;
}

static bool any_wants_round(const struct run *run, const struct gate *gates)
{
	for (size_t i = 0; i < run->count; i++) {
		if (wants_round(run, &gates[i], &run->trials[i])) {
			return true;
		}
	}
	return false;
}

/* Engine clock of the rounds; NAN when unknown. */
static double clock_of(const struct run_trial *trial)
{
	double clocks[RUN_ROUNDS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < trial->rounds; i++) {
		if (isfinite(trial->figures[i].clock_mhz)) {
			clocks[count++] = trial->figures[i].clock_mhz;
		}
	}
	struct statistics statistics;
	if (count == 0) {
		return NAN;
	}
	statistics_compute(clocks, count, &statistics);
	return statistics.median;
}

/* What is said of each state that is not as it should be. */
static const struct {
	enum report_level level;
	const char *code;
} words[] = {
	[VERDICT_SLOW] = {REPORT_FAILURE, "CANARY_SLOW"},
	[VERDICT_AMBIGUOUS] = {REPORT_WARNING, "CANARY_AMBIGUOUS"},
	[VERDICT_FAST] = {REPORT_NOTICE, "CANARY_FAST"},
};

static void find(struct run *run, const struct gate *gate, const struct run_trial *trial)
{
	const struct verdict *verdict = &gate->together;
	const struct baseline_entry *entry = gate->entry;
	double clock_mhz = clock_of(trial);
	bool throttled = verdict_throttled(verdict, entry->margin, clock_mhz, entry->clock_mhz);
	cJSON *finding = report_finding(run->report, words[verdict->state].level,
		throttled ? "CANARY_THROTTLED" : words[verdict->state].code,
		"%s: %+.1f %% against the median of %zu earlier runs (%.1f robust sigma, %zu run%s)",
		gate->key.workload, 100 * (verdict->ratio - 1), entry->run_count, verdict->robust_z,
		gate->verdict_count, gate->verdict_count == 1 ? "" : "s in fresh processes");
	cJSON *evidence = report_finding_evidence(finding);
	base_json_add_string(evidence, "workload", gate->key.workload);
	base_json_add_string(evidence, "state", verdict_name(verdict->state));
	base_json_add_number(evidence, "ratio", verdict->ratio);
	if (isfinite(clock_mhz) && isfinite(entry->clock_mhz)) {
		base_json_add_number(evidence, "clock_mhz", clock_mhz);
		base_json_add_number(evidence, "baseline_clock_mhz", entry->clock_mhz);
	}
	report_finding_where(finding, baseline_path(run->options->baseline), entry->line);
}

static void add_check(struct run *run, const struct gate *gate, const char *what,
	enum report_state state, const char *expected, const char *observed)
{
	BASE_FREE char *id = base_format("canary.%s.%s", gate->key.workload, what);
	BASE_FREE char *title = base_format("%s is as fast as it was", gate->key.workload);
	cJSON *check = report_check(run->report, id, state, title, expected, observed,
		"a GPU that lost units, clocks or lanes computes right, and slowly");
	report_finding_where(check, baseline_path(run->options->baseline), gate->entry->line);
}

/* The absolute gate: a share of the roofline that the entry declares. */
static void hold_to_floor(struct run *run, const struct gate *gate, const struct run_trial *trial)
{
	double floor = gate->entry->floor;
	double share = base_json_number(trial->entry, "roofline_pct", NAN) / 100;
	if (isnan(floor)) {
		return;
	}
	BASE_FREE char *expected = base_format("at least %.4g %% of the roofline", 100 * floor);
	BASE_FREE char *observed = isnan(share) ? base_strdup("the roofline is not known")
											: base_format("%.4g %%", 100 * share);
	enum report_state state = isnan(share) ? REPORT_UNKNOWN
		: share >= floor                   ? REPORT_HELD
										   : REPORT_BROKEN;
	add_check(run, gate, "floor", state, expected, observed);
	if (state == REPORT_BROKEN) {
		cJSON *finding = report_finding(run->report, REPORT_FAILURE, "CANARY_BELOW_FLOOR",
			"%s: %s of the roofline, %s is declared", gate->key.workload, observed, expected);
		base_json_add_string(report_finding_evidence(finding), "workload", gate->key.workload);
		report_finding_where(finding, baseline_path(run->options->baseline), gate->entry->line);
	}
}

static void conclude(struct run *run, struct gate *gate, const struct run_trial *trial)
{
	struct verdict *together = &gate->together;
	*together = (struct verdict){VERDICT_NO_BASELINE, NAN, NAN};
	if (!has_figure(trial)) {
		return;
	}
	if (gate->entry) {
		verdict_majority(gate->verdicts, gate->verdict_count, together);
		hold_to_floor(run, gate, trial);
	}
	canary_result_baseline(trial->entry, together);
	bool judged = gate->entry && isfinite(together->ratio);
	if (!judged) {
		return;
	}
	if (together->state != VERDICT_SAME && together->state != VERDICT_INVALID) {
		find(run, gate, trial);
	}
	if (together->state == VERDICT_SAME || together->state == VERDICT_FAST ||
		together->state == VERDICT_SLOW) {
		BASE_FREE char *observed =
			base_format("%s, %+.1f %%", verdict_name(together->state), 100 * (together->ratio - 1));
		add_check(run, gate, "speed", together->state == VERDICT_SLOW ? REPORT_BROKEN : REPORT_HELD,
			"not SLOW against the baseline", observed);
	}
}

static void name_unknown(struct run *run, const struct gate *gates)
{
	BASE_BUFFER_AUTO names = BASE_BUFFER_INIT;
	size_t count = 0;
	for (size_t i = 0; i < run->count; i++) {
		if (has_figure(&run->trials[i]) && !gates[i].entry) {
			base_buffer_print(&names, "%s%s", count++ > 0 ? ", " : "", gates[i].key.workload);
		}
	}
	if (count > 0) {
		cJSON *finding = report_finding(run->report, REPORT_NOTICE, "CANARY_NO_BASELINE",
			"%zu workload%s not measured before on such a device and driver: %s", count,
			count == 1 ? " was" : "s were", names.data);
		report_finding_where(finding, baseline_path(run->options->baseline), 1);
	}
}

/* Good runs go into the file. What is SLOW does not: a baseline that follows every slow run down
 * would never see a regression. Whoever accepts a new speed removes the entry. */
static void update(struct run *run, const struct gate *gates)
{
	struct baseline *baseline = run->options->baseline;
	size_t recorded = 0, count = 0;
	for (size_t i = 0; i < run->count; i++) {
		const struct run_trial *trial = &run->trials[i];
		double medians[RUN_ROUNDS_MAX];
		size_t good = good_rounds(trial, medians);
		enum verdict_state state = gates[i].together.state;
		count += !run->results[i].missing;
		if (has_figure(trial) && good >= (gates[i].entry ? 1 : BASELINE_RUNS_MIN) &&
			state != VERDICT_SLOW && state != VERDICT_INVALID) {
			baseline_record(baseline, &gates[i].key, run->results[i].plan.workload->unit, medians,
				good, clock_of(trial));
			recorded++;
		}
	}
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	bool saved = recorded > 0 && baseline_save(baseline, &err);
	if (recorded > 0 && !saved) {
		report_finding_error(run->report, REPORT_WARNING, &err);
	}
	BASE_FREE char *observed = base_format("%zu of %zu recorded", saved ? recorded : 0, count);
	report_check(run->report, "canary.baseline",
		saved && recorded == count ? REPORT_HELD : REPORT_UNKNOWN,
		"every workload is recorded in the baseline", NULL, observed,
		"only good runs are recorded, and a new entry takes 5 of them");
}

static void claim(struct run *run, const struct gate *gates)
{
	size_t count = 0, held = 0;
	for (size_t i = 0; i < run->count; i++) {
		enum verdict_state state = gates[i].together.state;
		count += !run->results[i].missing;
		held += state == VERDICT_SAME || state == VERDICT_FAST;
	}
	report_claim(run->report, count > 0 && held == count,
		"timed and within baseline: every workload is as fast as in earlier runs");
}

void run_baseline(struct run *run)
{
	if (!run->options->baseline || !run->lane) {
		return;
	}
	BASE_FREE struct gate *gates = base_alloc(run->count + 1, sizeof(*gates));
	/* A further round has a lane of its own, and the keys borrow from the device. */
	BASE_JSON_FREE cJSON *device = cJSON_Duplicate(canary_lane_device(run->lane), true);
	open_gates(run, device, gates);
	for (size_t i = 0; i < run->count; i++) {
		ask(&gates[i], &run->trials[i]);
	}
	bool backwards = true;
	while (any_wants_round(run, gates) && run_round(run, gates, backwards)) {
		backwards = !backwards;
	}
	for (size_t i = 0; i < run->count; i++) {
		conclude(run, &gates[i], &run->trials[i]);
	}
	if (run->options->update_baseline) {
		update(run, gates);
	} else {
		name_unknown(run, gates);
	}
	claim(run, gates);
}
