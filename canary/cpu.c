/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/cpu.h"

#include "base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { THREADS_MAX = 1024 };

#if defined(__x86_64__)
/* The same sources, compiled once more: see CMakeLists.txt. */
extern const struct workload canary_copy_v3, canary_mlp_v3, canary_q4_matvec_v3,
	canary_q8_matvec_v3, canary_saxpy_v3, canary_triad_v3, canary_vadd_v3;
#define V3(workload) &workload##_v3
#else
#define V3(workload) &workload
#endif

/* How a workload is cut: words of each buffer that belong to one of n; 0: all threads read all. */
static const struct cut {
	const struct workload *workload, *v3;
	uint32_t words[WORKLOAD_BUFFERS_MAX];
} cuts[] = {
	{&canary_copy, V3(canary_copy), {1, 1}},
	{&canary_mlp, V3(canary_mlp), {0, 256, 64, 64}},
	{&canary_q4_matvec, V3(canary_q4_matvec), {576, 0, 1}},
	{&canary_q8_matvec, V3(canary_q8_matvec), {1088, 0, 1}},
	{&canary_saxpy, V3(canary_saxpy), {1, 1}},
	{&canary_triad, V3(canary_triad), {1, 1, 1}},
	{&canary_vadd, V3(canary_vadd), {1, 1, 1}},
};

/* What all threads of a run share. */
struct crew {
	const struct workload_plan *plan;
	uint32_t *const *buffers;
	unsigned threads;
	/** Does the share of one thread. */
	void (*act)(const struct crew *crew, unsigned index);
	const struct cut *cut;
	/** For matrices: A and B scaled, and C. */
	float *a, *b, *c;
};

struct hand {
	const struct crew *crew;
	unsigned index;
	bool started;
	pthread_t thread;
};

static bool has_v3(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
	return false;
#endif
}

const char *cpu_simd(void)
{
	return has_v3() ? "AVX2" : "baseline";
}

unsigned cpu_threads(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return count < 1 ? 1 : (unsigned)count;
}

static const struct cut *find_cut(const struct workload *workload)
{
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		if (cuts[i].workload == workload) {
			return &cuts[i];
		}
	}
	return NULL;
}

bool cpu_can(const struct workload *workload)
{
	return workload == &canary_matmul || find_cut(workload);
}

/* The first of n that belongs to a thread, in steps, so that no row or block is torn. */
static uint32_t share(const struct crew *crew, unsigned index, uint32_t step)
{
	uint64_t steps = crew->plan->n / step;
	return (uint32_t)(steps * index / crew->threads) * step;
}

static void run_slice(const struct crew *crew, unsigned index)
{
	const struct cut *cut = crew->cut;
	const struct workload *workload = has_v3() ? cut->v3 : cut->workload;
	uint32_t from = share(crew, index, workload->step);
	uint32_t to = share(crew, index + 1, workload->step);
	struct workload_plan plan = *crew->plan;
	uint32_t *buffers[WORKLOAD_BUFFERS_MAX];
	plan.n = to - from;
	for (size_t i = 0; i < plan.buffer_count; i++) {
		buffers[i] = crew->buffers[i] + (size_t)from * cut->words[i];
	}
	workload->reference(&plan, buffers);
}

/* As the shader scales: eighths, rounded down, as the integers -8..7. */
static void scale(const uint32_t *restrict words, float *restrict integers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float value = workload_float(words[i]) * 8.0f;
		float whole = (float)(int)value;
		integers[i] = whole - (float)(whole > value);
	}
}

static void scale_slice(const struct crew *crew, unsigned index)
{
	size_t n = crew->plan->n;
	size_t from = share(crew, index, 1) * n, to = share(crew, index + 1, 1) * n;
	scale(crew->buffers[0] + from, crew->a + from, to - from);
	scale(crew->buffers[1] + from, crew->b + from, to - from);
}

static void multiply_slice(const struct crew *crew, unsigned index)
{
	size_t from = share(crew, index, 1), to = share(crew, index + 1, 1);
#if defined(__x86_64__)
	if (has_v3()) {
		cpu_matmul_rows_v3(crew->a, crew->b, crew->c, crew->plan->n, from, to);
		return;
	}
#endif
	cpu_matmul_rows(crew->a, crew->b, crew->c, crew->plan->n, from, to);
}

static void *work(void *context)
{
	const struct hand *hand = context;
	hand->crew->act(hand->crew, hand->index);
	return NULL;
}

/* The first share is ours, and so is that of a thread that a process limit forbids. */
static void run_crew(const struct crew *crew)
{
	BASE_FREE struct hand *hands = base_alloc(crew->threads, sizeof(*hands));
	for (unsigned i = 0; i < crew->threads; i++) {
		hands[i] = (struct hand){.crew = crew, .index = i};
		hands[i].started = i > 0 && pthread_create(&hands[i].thread, NULL, work, &hands[i]) == 0;
	}
	for (unsigned i = 0; i < crew->threads; i++) {
		if (!hands[i].started) {
			work(&hands[i]);
		}
	}
	for (unsigned i = 0; i < crew->threads; i++) {
		if (hands[i].started) {
			pthread_join(hands[i].thread, NULL);
		}
	}
}

static void run_matmul(struct crew *crew)
{
	size_t count = (size_t)crew->plan->n * crew->plan->n;
	BASE_FREE float *a = base_alloc(count, sizeof(*a));
	BASE_FREE float *b = base_alloc(count, sizeof(*b));
	BASE_FREE float *c = base_alloc(count, sizeof(*c));
	crew->a = a;
	crew->b = b;
	crew->c = c;
	crew->act = scale_slice;
	run_crew(crew);
	crew->act = multiply_slice;
	run_crew(crew);
	memcpy(crew->buffers[2], c, count * sizeof(*c));
}

void cpu_run(const struct workload_plan *plan, uint32_t *const *buffers, unsigned threads)
{
	struct crew crew = {
		.plan = plan,
		.buffers = buffers,
		.threads = threads > THREADS_MAX ? THREADS_MAX : threads,
		.act = run_slice,
		.cut = find_cut(plan->workload),
	};
	if (crew.cut) {
		run_crew(&crew);
	} else {
		run_matmul(&crew);
	}
}
