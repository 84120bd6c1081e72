/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault_area.h"

/* A job, its limits, the worker process that runs it and what the canary finds in its samples. */
static const struct report_fault faults[] = {
	{"CANARY_AMBIGUOUS", "The speed is neither the same nor clearly another",
		"Three runs in fresh processes do not agree on whether the figure changed, or it lies between "
		"what counts as the same and what counts as a change.",
		"Run it on an idle device; record more runs in the baseline (--update-baseline), so that its "
		"scale is known better.",
		"gpu-canary --suite full --baseline FILE"},
	{"CANARY_BELOW_FLOOR", "The speed is below the declared share of the roofline",
		"The baseline's entry declares the least share of what the hardware can do, and the figure is "
		"below it: a low power state, lost compute units, a slow link, or another part than was meant.",
		"Look at clocks, power limit and compute units; correct floor_pct if the part was changed on "
		"purpose.",
		"gpu-canary -v --baseline FILE"},
	{"CANARY_DRIFT", "Throughput drifts within the run",
		"The samples have a trend that chance does not explain and that moves the figure by more than "
		"3 %: clocks that ramp up or throttle, a tenant that comes or goes, or the slowdown that "
		"precedes a lost device.",
		"Watch temperature, power and clocks during a longer run; see who else uses the GPU.",
		"gpu-canary --suite full"},
	{"CANARY_FAST", "The speed is above the baseline",
		"The figure is clearly better than in earlier runs: a driver or firmware that became faster, or a "
		"baseline from a bad day.",
		"Nothing is wrong. Record new runs (--update-baseline), so that a loss of what was won is seen.",
		"gpu-canary history FILE"},
	{"CANARY_IMPOSSIBLE", "A figure is above what the hardware can do",
		"More than 105 % of the roofline of this part: the driver's clock is wrong, work was left out that "
		"the check cannot see, or the board is overclocked far beyond its rating.",
		"Believe no figure of this run. Update the driver; compare GPU and host time in the trace.",
		"gpu-canary --trace trace.json"},
	{"CANARY_INTERRUPTED", "The run was interrupted",
		"SIGINT or SIGTERM ended the run: somebody stopped it, or the job was cancelled or ran out of "
		"time. What had been found until then is in the report.",
		"Run it again; give the job more time if it was cut off.", "gpu-report text FILE"},
	{"CANARY_NOISY", "The samples scatter widely",
		"More than one sample in twenty is further than ten robust standard deviations from the median. "
		"They are in the figures all the same: something else ran on the device, or its clocks jumped.",
		"Run it on an idle device; see who else uses the GPU.", "gpu-canary --suite full"},
	{"CANARY_NO_BASELINE", "There is nothing to compare with",
		"The baseline has no entry for this workload, SPIR-V, size, device and major version of the driver, "
		"so nothing is said about its speed: neither that it holds nor that it does not.",
		"Record it on a machine that is known to be good: --update-baseline.",
		"gpu-canary --baseline FILE --update-baseline"},
	{"CANARY_NO_ROOM", "A workload does not fit",
		"Even the smallest size of the workload is larger than the memory of the lease or than the "
		"device's largest buffer.",
		"Give the lease more memory (--mem-mb), or leave the workload out (--workload).",
		"gpu-canary list"},
	{"CANARY_SLOW", "The speed is below the baseline",
		"The figure is at least 3 % and 3.5 robust standard deviations below the median of earlier runs, "
		"and a majority of fresh processes says so: lost compute units, a lower power limit, a slower link, "
		"another tenant, or a driver that compiles worse code.",
		"Compare what changed since the baseline was recorded: driver, kernel, firmware, neighbours. To "
		"accept the new speed, remove the entry that 'where' names and record it anew.",
		"gpu-canary -v --baseline FILE"},
	{"CANARY_THROTTLED", "The GPU runs at a lower clock than it did",
		"The figure is below the baseline, but not in cycles: the engine's clock fell by as much. Heat, a "
		"power limit or a power profile holds it down; the work itself is as fast as it was.",
		"Look at temperature and power under load; clean fans and filters, raise the power limit.",
		"gpu-canary --soak 5m"},
	{"CANARY_TIMING", "The timing cannot be true",
		"A sample took no time, or longer by the GPU's clock than by the host's around it: the driver's "
		"timestamps are broken, or the device does nothing. No figure is made from it.",
		"Update the driver; on a virtual GPU, the host's too.", "vulkaninfo | grep -i timestamp"},
	{"CGROUP_NONE", "Workers have no control groups of their own",
		"cgroup v2 is not mounted, has no memory and pids controllers (version 1 has them), or the "
		"bridge's group cannot be written or is shared with other processes.",
		"Run the bridge as a service with Delegate=memory pids; without it a worker's memory and "
		"processes are bounded by the machine alone.",
		"cat /proc/self/cgroup; ls -l /sys/fs/cgroup/cgroup.controllers"},
	{"DEVICE_LIMIT", "The device cannot do this much at once",
		"Grid, local size, bindings or a buffer are larger than the device's limits; the message has both "
		"numbers.",
		"Make the work smaller, or use a device with larger limits.",
		"vulkaninfo | grep -E 'maxCompute|maxStorageBufferRange'"},
	{"DEVICE_LOST", "The GPU was lost while it worked",
		"The driver answered VK_ERROR_DEVICE_LOST: the GPU hung or was reset, the kernel's watchdog "
		"killed the work, or the host behind a virtual GPU went away.",
		"Look for the ring timeout and reset in the host's kernel log. If it repeats, the GPU, its power "
		"or its firmware is bad: cordon the node.",
		"dmesg | grep -iE 'amdgpu|ring|reset' | tail -40"},
	{"JOB_CANCELLED", "The job was cancelled",
		"Its session ended, or the bridge was told to drain.", "Submit it again.",
		"tail MOUNT/gpu/GPU-0/status"},
	{"JOB_DEVICE_LOST", "The GPU was lost while the job ran",
		"The worker's driver answered VK_ERROR_DEVICE_LOST during this job, or aborted as Venus does: the "
		"GPU hung or was reset, or the host behind a virtual GPU went away.",
		"Look for the ring timeout in the host's kernel log. If only this job does it, its kernel runs "
		"longer than the watchdog allows.",
		"dmesg | grep -iE 'amdgpu|ring|reset' | tail -40"},
	{"JOB_HASH", "The job's bytes are not what it says",
		"The SHA-256 of the SPIR-V differs from bytes_hash: the module was changed or damaged.",
		"Submit the module again with the hash of exactly these bytes.", "sha256sum MODULE.spv"},
	{"JOB_INVALID", "The job descriptor is invalid",
		"The descriptor, or the module it names, breaks a rule; the message says which.",
		"Correct the named field; docs/protocol.md lists every field and its bounds.",
		"spirv-val MODULE.spv"},
	{"JOB_LEASE_EXPIRED", "The lease ended before the job",
		"The lease expired or was revoked while the job was queued or ran, so it was stopped.",
		"Ask for a longer --ttl, or renew in time.", "cat MOUNT/gpu/GPU-0/lease"},
	{"JOB_LIMIT", "The job asks for more than its lease allows",
		"The buffers together are larger than the lease's memory, or a limit of the device is exceeded.",
		"Ask for a larger lease (--mem-mb), or make the job smaller.", "cat MOUNT/gpu/GPU-0/info"},
	{"JOB_TIMEOUT", "The job ran into its timeout",
		"The job did not end within its timeout_ms and its worker was killed: an endless loop, too much "
		"work, or a wedged GPU.",
		"Give it more time if it needs that; if a small job times out too, the GPU is wedged.",
		"gpu-canary --workload vadd"},
	{"JOB_WORKER", "The job's worker process died",
		"The process that ran the job was killed or crashed: the driver crashed, memory ran out, or "
		"somebody killed it.",
		"Look for a crash or the OOM killer in the kernel log; raise the pod's memory limit.",
		"dmesg | grep -iE 'segfault|oom|killed process' | tail"},
	{"MEMORY_CAP", "The memory cap is reached",
		"The buffers together would be larger than what the lease allows, so none was allocated.",
		"Ask for a larger lease (--mem-mb), or make the work smaller.", "cat MOUNT/gpu/GPU-0/info"},
	{"MODULE_READ", "The worker cannot read its module",
		"The SPIR-V that the bridge handed over could not be read whole: a defect in gpu-lane, or no "
		"memory.",
		"Raise the pod's memory limit; if that does not help, please report it.",
		"cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current"},
	{"RESULT_WRITE", "The worker cannot write its result",
		"Writing the outputs to the bridge's memory file failed: the pod's memory is exhausted.",
		"Raise the pod's memory limit, or capture less.",
		"cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current"},
	{"WORKER_BUSY", "The worker already runs a job",
		"A job was handed to a worker that had not finished its last one: a defect in gpu-lane.",
		"Please report it.", "tail MOUNT/gpu/GPU-0/status"},
	{"WORKER_CRASHED", "The worker process crashed",
		"The process that holds the driver died of a signal while it described the devices.",
		"Load one ICD at a time with VK_DRIVER_FILES to find the driver that crashes; update or remove "
		"it.",
		"VK_LOADER_DEBUG=driver vulkaninfo --summary"},
	{"WORKER_PROTOCOL", "The worker broke the protocol",
		"A message between bridge and worker was malformed: the two are of different releases, or the "
		"driver overwrote the worker's memory.",
		"Install gpu-lane whole. If it repeats with one driver, update that.",
		"dmesg | grep -iE 'segfault|gpu-lane' | tail"},
	{"WORKER_SANDBOX", "The worker process could not be shut in",
		"The kernel has a part of the sandbox but does not let it be put up: a container's own seccomp "
		"filter refuses Landlock or capset, or /proc is not mounted.",
		"Allow landlock_restrict_self, capset and seccomp in the container's profile, and mount /proc.",
		"grep -E 'NoNewPrivs|Seccomp' /proc/self/status; cat /sys/kernel/security/lsm"},
	{"WORKER_SEND", "A job could not be handed to its worker",
		"The socket to the worker process broke: it died or was killed.",
		"The job ends in ERR WORKER and the bridge starts a new worker; if it repeats, look for the OOM "
		"killer.",
		"dmesg | grep -iE 'oom|killed process' | tail"},
	{"WORKER_START", "The worker process cannot be started",
		"gpu-lane-worker is not where the programs look for it, or the process limit is reached.",
		"Install gpu-lane whole; it expects libexec/gpu-lane/gpu-lane-worker beside bin.",
		"ls -l \"$(dirname \"$(command -v gpu-canary)\")/../libexec/gpu-lane\""},
	{"WORKER_TIMEOUT", "The worker process hangs",
		"The process that holds the driver did not describe the devices in time: the GPU is wedged, or a "
		"driver waits for a server that is not there.",
		"Look for a ring timeout in the host's kernel log; load one ICD at a time with VK_DRIVER_FILES.",
		"dmesg | grep -iE 'amdgpu|timeout|reset' | tail -40"},
	{"WRONG_RESULT", "The GPU computed a wrong result",
		"The work ended without an error, but at least one word differs from its reference: a driver that "
		"does nothing, a compiler defect, overclocking, bad memory or a failing GPU.",
		"Believe nothing this device computes: cordon the node. Run again; a different word each time "
		"points to hardware, the same one to the driver.",
		"gpu-canary --format json"},
};

const struct report_fault_area report_faults_job = REPORT_FAULT_AREA(faults);
