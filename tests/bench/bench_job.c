/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_job empty ROUNDS JOBS BRIDGE
 *        bench_job result MIB BRIDGE COMMAND...
 *
 * empty   a job that counts to one, from its submission to its OK, in turns with what it is made of
 *         in this process: "kernel" makes pipeline and buffer anew for each dispatch, "buffer" has
 *         the pipeline already, as a worker has from the second job on, "dispatch" has both. Lines:
 *         NAME MICROSECONDS QUARTILE1 QUARTILE3.
 * result  runs COMMAND while /worker/bench/result is there, MIB MiB long.
 *
 * Both lease from BRIDGE, whose first GPU may be a software device.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "bridge/client.h"
#include "canary/descriptor.h"
#include "canary/workload.h"
#include "compute/buffer.h"
#include "compute/dispatch.h"
#include "compute/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS_MAX = 100, TIMEOUT_MS = 60000, SPIRV_1_0 = 0x10000 };

static const char gpu[] = "GPU-0";

static _Noreturn void die(const char *what, const struct lane_error *err)
{
	fprintf(stderr, "bench_job: %s: %s\n", what, lane_error_message(err));
	exit(1);
}

static int compare_doubles(const void *a, const void *b)
{
	const double *left = a;
	const double *right = b;
	return (*left > *right) - (*left < *right);
}

static void print_quartiles(const char *name, double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	printf("%s %.1f %.1f %.1f\n", name, values[count / 2], values[count / 4],
		values[count - 1 - count / 4]);
}

static struct bridge_client *lease(const char *address, uint32_t mem_mb)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_client *client = bridge_client_connect(address, "", "", &err);
	const struct bridge_lease_request request = {.mem_mb = mem_mb, .streams = 1, .ttl_s = 600};
	struct bridge_grant grant;
	if (client == NULL || !bridge_client_acquire(client, gpu, &request, &grant, &err)) {
		die(address, &err);
	}
	return client;
}

static void run(struct bridge_client *client, const struct workload_plan *plan, const char *job)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	const struct bridge_sampling once = {
		.min_samples = 1, .max_samples = 1, .dispatches_per_sample = 1};
	BASE_FREE char *descriptor = descriptor_build(plan, job, &once, TIMEOUT_MS);
	struct bridge_status last = {0};
	if (!bridge_client_submit(client, gpu, descriptor, &err) ||
		!bridge_client_wait(client, gpu, job, TIMEOUT_MS, NULL, NULL, &last, &err)) {
		die(job, &err);
	}
	if (strcmp(last.state, "OK") != 0) {
		fprintf(stderr, "bench_job: %s: %s %s\n", job, last.state, last.detail);
		exit(1);
	}
}

static double jobs_measure(
	struct bridge_client *client, const struct workload_plan *plan, size_t round, size_t jobs)
{
	uint64_t start = base_clock_monotonic_ns();
	for (size_t i = 0; i < jobs; i++) {
		BASE_FREE char *job = base_format("bench-%zu-%zu", round, i);
		run(client, plan, job);
	}
	return (double)(base_clock_monotonic_ns() - start) / 1e3 / (double)jobs;
}

/** The same dispatch without a bridge. */
struct local {
	struct compute_instance instance;
	struct compute_device device;
	struct compute_kernel kernel;
	struct compute_buffer counter;
};

static void local_kernel(struct local *local)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	const struct compute_kernel_source source = {
		.words = canary_dispatch.spirv,
		.word_count = canary_dispatch.spirv_size / sizeof(uint32_t),
		.version = SPIRV_1_0,
		.entry = "main",
		.local_size = {1, 1, 1},
		.bindings = 1,
	};
	if (!compute_kernel_create(&local->device, &source, &local->kernel, &err)) {
		die("kernel", &err);
	}
}

static void local_buffer(struct local *local)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!compute_buffer_create(
			&local->device, COMPUTE_BUFFER_DEVICE, sizeof(uint32_t), &local->counter, &err)) {
		die("buffer", &err);
	}
	compute_kernel_bind(&local->device, &local->kernel, 0, &local->counter);
}

static void local_open(struct local *local)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	const struct compute_choice choice = {.allow_software = true};
	BASE_FREE struct compute_identity *identities = NULL;
	size_t count, index;
	if (!compute_instance_open(&local->instance, false, &err) ||
		!compute_identity_list(&local->instance, &identities, &count, &err) ||
		!compute_choice_apply(&choice, identities, count, &index, &err) ||
		!compute_device_open(
			&local->instance, &identities[index], 64 << 20, &local->device, &err)) {
		die("device", &err);
	}
}

/** What is made anew for each dispatch, from here on. */
enum anew { KERNEL, BUFFER, NOTHING };

static double local_measure(struct local *local, size_t dispatches, enum anew anew)
{
	const struct compute_dispatch dispatch = {
		.kernel = &local->kernel, .grid = {1, 1, 1}, .count = 1};
	uint64_t start = base_clock_monotonic_ns();
	for (size_t i = 0; i < dispatches; i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		struct compute_timing timing;
		bool last = i + 1 == dispatches;
		if (i == 0 || anew == KERNEL) {
			local_kernel(local);
		}
		if (i == 0 || anew != NOTHING) {
			local_buffer(local);
		}
		if (!compute_dispatch_run(&local->device, &dispatch, TIMEOUT_MS, &timing, &err)) {
			die("dispatch", &err);
		}
		if (last || anew != NOTHING) {
			compute_buffer_finish(&local->device, &local->counter);
		}
		if (last || anew == KERNEL) {
			compute_kernel_finish(&local->device, &local->kernel);
		}
	}
	return (double)(base_clock_monotonic_ns() - start) / 1e3 / (double)dispatches;
}

static void empty(size_t rounds, size_t jobs, const char *address)
{
	struct workload_plan plan;
	workload_plan_size(&canary_dispatch, 1, &plan);
	struct bridge_client *client = lease(address, 64);
	struct local local = {0};
	local_open(&local);
	double bridge[ROUNDS_MAX], kernel[ROUNDS_MAX], buffer[ROUNDS_MAX], dispatch[ROUNDS_MAX];
	for (size_t round = 0; round <= rounds; round++) {
		/* The first one is not counted; the next one takes its place. */
		size_t place = round > 0 ? round - 1 : 0;
		bridge[place] = jobs_measure(client, &plan, round, jobs);
		kernel[place] = local_measure(&local, jobs, KERNEL);
		buffer[place] = local_measure(&local, jobs * 10, BUFFER);
		dispatch[place] = local_measure(&local, jobs * 10, NOTHING);
	}
	compute_device_finish(&local.device);
	compute_instance_finish(&local.instance);
	bridge_client_destroy(client);
	print_quartiles("job", bridge, rounds);
	print_quartiles("kernel", kernel, rounds);
	print_quartiles("buffer", buffer, rounds);
	print_quartiles("dispatch", dispatch, rounds);
}

static int result(uint32_t mib, const char *address, char **command)
{
	struct workload_plan plan;
	/* Both buffers come back: one alone may be larger than the device lets a kernel reach. */
	workload_plan_size(&canary_copy, mib << 17, &plan);
	for (size_t i = 0; i < plan.buffer_count; i++) {
		plan.buffers[i].job.output = true;
	}
	struct bridge_client *client =
		lease(address, (uint32_t)(workload_plan_bytes(&plan) >> 20) + 16);
	run(client, &plan, "bench");
	pid_t child = fork();
	if (child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	int status;
	waitpid(child, &status, 0);
	bridge_client_destroy(client);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long second = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	if (argc == 5 && strcmp(argv[1], "empty") == 0 && first > 0 && first <= ROUNDS_MAX &&
		second > 0) {
		empty(first, second, argv[4]);
		return 0;
	}
	if (argc > 4 && strcmp(argv[1], "result") == 0 && first > 0 && first <= 1024) {
		return result((uint32_t)first, argv[3], argv + 4);
	}
	fprintf(stderr, "usage: bench_job empty ROUNDS JOBS BRIDGE | result MIB BRIDGE COMMAND...\n");
	return 64;
}
