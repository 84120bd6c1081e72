/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/roofline.h"

#include <math.h>
#include <string.h>

/*
 * Vendors' own figures: f32 is units * ops * clock, memory is bus width * data rate / 8. RDNA 3 and
 * 4 issue two FMA a lane and cycle. Boards that run far above their rated clock without telling it
 * (NVIDIA's for the desktop) are left out: the share would be a guess.
 */
static const struct {
	uint32_t vendor_id, device_id;
	struct roofline roofline;
} parts[] = {
	{0x1002, 0x7550, {"Radeon RX 9070 XT", 64, 2970, 256, 512, 8, 1024, 2048, 644.6, 64}},
	{0x1002, 0x7550, {"Radeon RX 9070", 56, 2520, 256, 512, 8, 1024, 2048, 644.6, 64}},
	{0x1002, 0x7550, {"Radeon RX 9070 GRE", 48, 2790, 256, 512, 8, 1024, 2048, 432, 48}},
	{0x1002, 0x7551, {"Radeon AI PRO R9700", 64, 2920, 256, 512, 8, 1024, 2048, 644.6, 64}},
	{0x1002, 0x7590, {"Radeon RX 9060 XT", 32, 3130, 256, 512, 8, 1024, 2048, 322.3, 32}},
	{0x1002, 0x744c, {"Radeon RX 7900 XTX", 96, 2500, 256, 512, 8, 512, 512, 960, 96}},
	{0x1002, 0x744c, {"Radeon RX 7900 XT", 84, 2400, 256, 512, 8, 512, 512, 800, 80}},
	{0x1002, 0x744c, {"Radeon RX 7900 GRE", 80, 2245, 256, 512, 8, 512, 512, 576, 64}},
	{0x10de, 0x1eb8, {"Tesla T4", 40, 1590, 128, 256, 4, 1024, 2048, 320, 4}},
	{0x10de, 0x20b0, {"A100-SXM4-40GB", 108, 1410, 128, 512, 64, 2048, 4096, 1555, 40}},
	{0x10de, 0x20b2, {"A100-SXM4-80GB", 108, 1410, 128, 512, 64, 2048, 4096, 2039, 40}},
	{0x10de, 0x2330, {"H100 SXM5 80GB", 132, 1980, 256, 512, 128, 4096, 8192, 3350, 50}},
	{0x10de, 0x2335, {"H200 SXM 141GB", 132, 1980, 256, 512, 128, 4096, 8192, 4800, 50}},
	{0x10de, 0x26b9, {"L40S", 142, 2520, 256, 256, 4, 1024, 2048, 864, 96}},
	{0x10de, 0x27b8, {"L4", 58, 2040, 256, 256, 4, 1024, 2048, 300, 48}},
};

/* What a workload waits for, where one thing decides. */
enum bound {
	BOUND_OTHER,
	BOUND_MEMORY,
	BOUND_F32,
	BOUND_F16,
	BOUND_F64,
	BOUND_MATRIX_16,
	BOUND_MATRIX_8,
	BOUNDS,
};

static const struct {
	const char *workload;
	enum bound bound;
	/** Does nothing else, so that it shows what an unknown part can do. */
	bool ceiling;
} bounds[] = {
	{"copy", BOUND_MEMORY, true},
	{"histogram", BOUND_MEMORY, false},
	{"matmul", BOUND_F32, false},
	{"matmul_coop_bf16", BOUND_MATRIX_16, false},
	{"matmul_coop_f16", BOUND_MATRIX_16, false},
	{"matmul_coop_fp8", BOUND_MATRIX_8, false},
	{"matmul_coop_i8", BOUND_MATRIX_8, false},
	{"memtest", BOUND_MEMORY, false},
	{"peak_f16", BOUND_F16, true},
	{"peak_f32", BOUND_F32, true},
	{"peak_f64", BOUND_F64, true},
	{"q4_matvec", BOUND_MEMORY, false},
	{"q8_matvec", BOUND_MEMORY, false},
	{"read", BOUND_MEMORY, true},
	{"reduce", BOUND_MEMORY, false},
	{"saxpy", BOUND_MEMORY, false},
	{"scan", BOUND_MEMORY, false},
	{"triad", BOUND_MEMORY, true},
	{"vadd", BOUND_MEMORY, false},
};

/* So many times the cache, and what it keeps from one pass to the next is lost in the noise. */
#define CACHES_MIN 8

static enum bound bound_of(const char *workload, bool *ceiling)
{
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		if (strcmp(bounds[i].workload, workload) == 0) {
			*ceiling = bounds[i].ceiling;
			return bounds[i].bound;
		}
	}
	*ceiling = false;
	return BOUND_OTHER;
}

void roofline_find(const cJSON *device, struct roofline *roofline)
{
	uint64_t vendor_id = base_json_uint(device, "vendor_id", 0);
	uint64_t device_id = base_json_uint(device, "device_id", 0);
	uint64_t units = base_json_uint(device, "compute_units", 0);
	memset(roofline, 0, sizeof(*roofline));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct roofline *part = &parts[i].roofline;
		if (parts[i].vendor_id != vendor_id || parts[i].device_id != device_id) {
			continue;
		}
		if (part->units == units) {
			*roofline = *part;
			return;
		}
		if (part->units > roofline->units) {
			*roofline = *part;
		}
	}
}

static double ceiling(const struct roofline *roofline, enum bound bound, double clock_mhz)
{
	/* fmax takes a NaN for nothing there. */
	double cycles = roofline->units * fmax(roofline->clock_mhz, clock_mhz) / 1000;
	switch (bound) {
	case BOUND_MEMORY:
		return roofline->memory_gbs;
	case BOUND_F32:
		return cycles * roofline->f32_ops;
	case BOUND_F16:
		return cycles * roofline->f16_ops;
	case BOUND_F64:
		return cycles * roofline->f64_ops;
	case BOUND_MATRIX_16:
		return cycles * roofline->matrix_16_ops;
	case BOUND_MATRIX_8:
		return cycles * roofline->matrix_8_ops;
	case BOUND_OTHER:
	case BOUNDS:
		break;
	}
	return NAN;
}

double roofline_share(const struct roofline *roofline, const struct workload_plan *plan,
	double rate, double clock_mhz)
{
	bool measures_it;
	enum bound bound = bound_of(plan->workload->name, &measures_it);
	if (!roofline->part || plan->measure != BRIDGE_MEASURE_DISPATCH) {
		return NAN;
	}
	double set_mb = (double)workload_plan_bytes(plan) / (1 << 20);
	if (bound == BOUND_MEMORY && set_mb < CACHES_MIN * roofline->cache_mb) {
		return NAN;
	}
	return rate / ceiling(roofline, bound, clock_mhz);
}

void roofline_measure(cJSON *entries)
{
	double best[BOUNDS] = {0};
	bool ceiling;
	cJSON *entry;
	cJSON_ArrayForEach(entry, entries)
	{
		enum bound bound = bound_of(base_json_string(entry, "name", ""), &ceiling);
		double median = base_json_number(entry, "median", 0);
		best[bound] = ceiling ? fmax(best[bound], median) : best[bound];
	}
	cJSON_ArrayForEach(entry, entries)
	{
		enum bound bound = bound_of(base_json_string(entry, "name", ""), &ceiling);
		double share = base_json_number(entry, "median", NAN) / best[bound];
		/* More than the ceiling: it fits the cache, and says nothing of the memory. */
		if (bound == BOUND_OTHER || !(share <= 1)) {
			continue;
		}
		cJSON_ReplaceItemInObjectCaseSensitive(
			entry, "roofline_pct", cJSON_CreateNumber(100 * share));
		base_json_add_string(
			cJSON_GetObjectItemCaseSensitive(entry, "params"), "roofline", "measured");
	}
}
