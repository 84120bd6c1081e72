/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault.h"

#include <stdlib.h>
#include <string.h>

/*
 * Sorted by code (strcmp order: '_' after the letters). docs/faults.md is `gpu-report faults`.
 * Titles are a few words; cause and remedy are whole sentences; confirm is one shell command.
 */
static const struct report_fault faults[] = {
	{"AMDGPU_INIT_FAILED", "amdgpu refuses to initialise the device",
		"The node opens, but the first amdgpu ioctl fails: the GPU is wedged or in reset, or the ioctl "
		"is blocked.",
		"Look for a GPU reset or 'Fatal error during GPU init' in the host's kernel log; reset or "
		"reboot the host. In a pod, run it privileged or through the device plugin.",
		"dmesg | grep -iE 'amdgpu|drm' | tail -40"},
	{"BRIDGE_BUSY", "The bridge is busy",
		"The bridge answered EBUSY: the file is in exclusive use or a limit of the session is reached.",
		"Try again later, or close what the session holds open.", "cat MOUNT/proc/leases"},
	{"BRIDGE_DENIED", "The bridge denies this",
		"The bridge answered EPERM or EACCES: the session's role does not reach this path, or its lease "
		"has expired or was revoked.",
		"Check the role and the GPUs of the ticket, and that the lease is still active; renew it before "
		"its time to live ends.",
		"cat MOUNT/proc/leases"},
	{"BRIDGE_DIED", "The embedded bridge died",
		"The child process in which gpu-canary runs its bridge ended before the run did: it was killed, "
		"or it has a defect.",
		"Look for the OOM killer; its own last words are above this report.",
		"dmesg | grep -iE 'oom|killed process' | tail"},
	{"BRIDGE_INVALID", "The bridge calls the request invalid",
		"The bridge answered EINVAL: a ctl line, a descriptor or an offset is malformed.",
		"Compare the line with the command and descriptor formats in docs/protocol.md.",
		"cat MOUNT/gpu/GPU-0/ctl"},
	{"BRIDGE_NOT_FOUND", "No such path in the bridge",
		"The bridge answered ENOENT: the GPU, job or bundle does not exist, or the session's role may "
		"not see it.",
		"List the GPUs that the session can see and use one of those.", "ls MOUNT/gpu"},
	{"BRIDGE_PROTOCOL", "The peer does not speak 9P2000.L",
		"The bytes on the connection are no valid 9P2000.L: another program listens there, or the "
		"versions differ.",
		"Check that the address is that of gpu-bridge-host and that both sides are of one release.",
		"gpu-bridge-host --version"},
	{"BRIDGE_REFUSED", "The bridge refuses the request",
		"The bridge answered with an error of its own, named in the message.",
		"Act on the named error; the bridge's log has the same line with more around it.",
		"journalctl -u gpu-bridge-host -n 50"},
	{"BRIDGE_TIMEOUT", "The bridge does not answer in time",
		"The connection stands, but no reply came within the deadline: the bridge is stopped, "
		"overloaded, or the job runs longer than was waited for.",
		"Check that gpu-bridge-host runs and is not stopped; give longer jobs a longer deadline.",
		"ps -o pid,stat,etime,args -C gpu-bridge-host"},
	{"BRIDGE_TOO_BIG", "The bridge's file is larger than accepted",
		"A file of the bridge is larger than the reader allows, so it was not read.",
		"Ask for less in one job, or read the file in pieces.", NULL},
	{"BRIDGE_UNREACHABLE", "The bridge cannot be reached",
		"Connecting to the bridge failed or the connection broke: it does not run, the socket is not "
		"mounted into this pod, or this user may not open it.",
		"Start gpu-bridge-host, mount its socket, or give the user the socket's group; or run "
		"gpu-canary without --bridge, which brings its own.",
		"ls -l /run/gpu-lane/bridge.sock"},
	{"CANARY_DRIFT", "Throughput drifts within the run",
		"The samples have a trend that chance does not explain and that moves the figure by more than "
		"3 %: clocks that ramp up or throttle, a tenant that comes or goes, or the slowdown that "
		"precedes a lost device.",
		"Watch temperature, power and clocks during a longer run; see who else uses the GPU.",
		"gpu-canary --suite full"},
	{"CANARY_INTERRUPTED", "The run was interrupted",
		"SIGINT or SIGTERM ended the run: somebody stopped it, or the job was cancelled or ran out of "
		"time. What had been found until then is in the report.",
		"Run it again; give the job more time if it was cut off.", NULL},
	{"CANARY_NOISY", "The samples scatter widely",
		"More than one sample in twenty is further than ten robust standard deviations from the median. "
		"They are in the figures all the same: something else ran on the device, or its clocks jumped.",
		"Run it on an idle device; see who else uses the GPU.", "gpu-canary --suite full"},
	{"CANARY_NO_ROOM", "A workload does not fit",
		"Even the smallest size of the workload is larger than the memory of the lease or than the "
		"device's largest buffer.",
		"Give the lease more memory (--mem-mb), or leave the workload out (--workload).",
		"gpu-canary list"},
	{"CANARY_TIMING", "The timing cannot be true",
		"A sample took no time, or longer by the GPU's clock than by the host's around it: the driver's "
		"timestamps are broken, or the device does nothing. No figure is made from it.",
		"Update the driver; on a virtual GPU, the host's too.", "vulkaninfo | grep -i timestamp"},
	{"CHILD_START", "A child process could not be started",
		"fork or exec failed: the pod's process limit or its memory is exhausted, or the program is "
		"missing.",
		"Raise the pod's pids or memory limit, or install gpu-lane whole.",
		"cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids.current"},
	{"COLLECTOR_CRASHED", "A driver crashed while it was asked for facts",
		"The child process that asked this layer died of a signal. Drivers crash on hardware that they "
		"do not know and when two Mesa versions are mixed.",
		"Find the driver that does it by loading one ICD at a time with VK_DRIVER_FILES; update or "
		"remove it.",
		"VK_LOADER_DEBUG=driver vulkaninfo --summary"},
	{"COLLECTOR_FAILED", "A layer could not be asked for facts",
		"The collector of this layer ended with an error, so its facts are missing.",
		"Act on the message; gpu-probe -v prints all that the collector said.",
		"gpu-probe -v --only LAYER"},
	{"COLLECTOR_TIMEOUT", "A driver hangs while it is asked for facts",
		"The child process that asked this layer did not end before its deadline and was killed: the GPU "
		"is wedged, or a driver waits for a server that is not there.",
		"Look for a GPU reset or ring timeout in the host's kernel log; reboot the host when it is "
		"wedged. A slow machine may need a longer --timeout.",
		"dmesg | grep -iE 'amdgpu|timeout|reset' | tail -40"},
	{"COLLECTOR_UNKILLABLE", "A process is stuck in the kernel",
		"The child process could not even be killed: it sleeps in the kernel driver (state D). The GPU "
		"is wedged.",
		"Nothing in the pod helps: cordon the node and reboot the host.",
		"ps -eo pid,stat,wchan:32,args | awk '$2 ~ /D/'"},
	{"CONTAINER_HOOKS", "Job steps run in another pod",
		"ACTIONS_RUNNER_CONTAINER_HOOKS is set: the scale set runs in Kubernetes container mode, where "
		"hooks run the steps in a pod of their own. Devices mounted into the runner pod do not reach it.",
		"Use the default container mode for GPU lanes, or mount the devices in the hook's pod template.",
		"printenv ACTIONS_RUNNER_CONTAINER_HOOKS"},
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
	{"DEVICE_NONE", "No Vulkan device",
		"The loader and its drivers work, but they list no device at all: no GPU node is accessible to "
		"this process and no software renderer is installed.",
		"Follow the other findings down the ladder: the first rung that is broken is the cause.",
		"vulkaninfo --summary"},
	{"DEVICE_NOT_FOUND", "The chosen device is not there",
		"No Vulkan device matches what --device asks for. The message lists what is there.",
		"Choose one of the listed devices, or find out with gpu-probe why yours is missing.",
		"gpu-probe --only vulkan"},
	{"DEVICE_SOFTWARE_ONLY", "Only a software renderer answers",
		"No hardware GPU is listed, only llvmpipe or SwiftShader, which run on the CPU. This is how a "
		"lane fails silently: everything runs, at a hundredth of the speed.",
		"Follow the other findings down the ladder to the missing GPU. To test the tools themselves on "
		"the CPU, allow it: --allow-software or --floor software.",
		"gpu-probe -v"},
	{"DRM_DRIVER_WRONG", "Another kernel driver owns the GPU",
		"The node opens, but the kernel driver behind it is not the one that is expected, as when a GPU "
		"is bound to vfio-pci or simpledrm.",
		"Bind the expected driver on the host (check blacklists and driver_override).",
		"ls -l /sys/class/drm/*/device/driver"},
	{"DRM_NODE_ABSENT", "The host has no such GPU node",
		"Neither /dev/dri nor sysfs knows the node: the kernel driver did not bind or failed to "
		"initialise, often because firmware is missing, or the GPU is gone.",
		"On the host: load the driver, install linux-firmware, look for 'Fatal error during GPU init'. "
		"Check that the pod is on the right node.",
		"ls -l /sys/class/drm/ && dmesg | grep -iE 'amdgpu|firmware' | tail -40"},
	{"DRM_NODE_DENIED", "Permission to the GPU node is denied",
		"open() answered EACCES: owner, group or mode of the node keep this user out, or SELinux does. "
		"Group names mean nothing in a container; the number counts.",
		"Add the node's numeric group to the pod's supplementalGroups, or run as root. With SELinux, "
		"setsebool -P container_use_devices 1 on the host.",
		"ls -ln /dev/dri; id"},
	{"DRM_NODE_FORBIDDEN", "The device cgroup forbids the GPU node",
		"open() answered EPERM: the node is visible, but the container's device policy does not allow "
		"it. A hostPath mount shows a node and grants nothing, even to root.",
		"Run the pod privileged, or get the device through a device plugin or DRA, which add it to the "
		"policy.",
		"ls -ln /dev/dri; grep Cap /proc/self/status"},
	{"DRM_NODE_NOT_MOUNTED", "The GPU node is not mounted here",
		"sysfs shows that the host has the node, but /dev/dri in this container lacks it.",
		"Mount /dev/dri into the runner container (hostPath with privileged, or a device plugin).",
		"ls /sys/class/drm/ /dev/dri"},
	{"DRM_NODE_STALE", "The GPU node leads nowhere",
		"open() answered ENXIO or ENODEV: the node exists, but no driver is behind its number. The "
		"driver was unloaded or numbered anew after the container started.",
		"Restart the pod, so that it gets the host's present nodes.",
		"ls -l /dev/dri; cat /sys/class/drm/*/dev"},
	{"DRM_NODE_WEDGED", "The GPU does not answer",
		"open() answered EIO or EBUSY: the driver is there, but the device is wedged or in reset.",
		"Look for the reset in the host's kernel log and reboot the host.",
		"dmesg | grep -iE 'amdgpu|drm|reset' | tail -40"},
	{"DRM_RENDER_NODE_MISSING", "There is no render node",
		"Only a primary node (cardN) is there. Compute needs the render node (renderD128 and up).",
		"Mount all of /dev/dri, not the card node alone.", "ls -l /dev/dri"},
	{"EXPECTATION_BROKEN", "An expectation of the floor is broken",
		"The machine was asked and answers something else than the floor declares.",
		"Repair what the finding names, or correct the floor if the machine was changed on purpose.",
		"gpu-probe -v --floor FLOOR"},
	{"EXPECTATION_UNKNOWN", "An expectation could not be judged",
		"The fact that the floor asks for could not be collected, so nothing is known about it.",
		"Repair the collector that failed (see the other findings) and run again.",
		"gpu-probe --facts-only"},
	{"FACTS_DISAGREE", "Two layers tell different things of one GPU",
		"Kernel, PCI and Vulkan name different ids or addresses for what should be one device: a shim, a "
		"forced family, a mixed driver installation, or passthrough of another device.",
		"Look for RADV_FORCE_FAMILY, LD_PRELOAD and a second Mesa; compare the ids in the evidence.",
		"printenv | grep -E 'RADV|MESA|VK_|LD_'"},
	{"FILE_READ", "A file cannot be read",
		"The file is missing, is no regular file, is too large, or this user may not read it.",
		"Check the path and the permissions named in the message.", "ls -l FILE"},
	{"FILE_WRITE", "A file cannot be written",
		"The folder is missing or read-only, the disk is full, or this user may not write there.",
		"Write to another place, or make room.", "df -h . && ls -ld ."},
	{"FIRMWARE_MISSING", "The GPU's firmware is missing on the host",
		"The kernel log says 'Direct firmware load for amdgpu/... failed': the driver gives up and "
		"makes no nodes.",
		"Install linux-firmware (for Navi 48: gc_12_0_1, psp_14_0_3, sdma_7_0_1, smu_14_0_3, dcn_4_0_1, "
		"vcn_5_0_0) on the host, rebuild the initramfs, reboot.",
		"dmesg | grep -i 'direct firmware load'"},
	{"FLOOR_NOT_FOUND", "No such floor",
		"The name is neither a file, nor in the folders of GPU_LANE_FLOORS, nor installed.",
		"Use one of the installed floors, or the path of a file.", "gpu-probe --list-floors"},
	{"GITHUB_DENIED", "GitHub denies the check run",
		"The token is missing, wrong, or may not write checks (401, 403). In a pull request from a fork "
		"it never may.",
		"Give the job 'permissions: checks: write, contents: read' and the step 'env: GITHUB_TOKEN: ${{ "
		"github.token }}'. Annotations and summary are there all the same.",
		NULL},
	{"GITHUB_EVENT", "The runner's environment does not tell the commit",
		"A GITHUB_* variable or the event's payload is missing or malformed, so that a check run has "
		"nowhere to go.",
		"Run inside a GitHub Actions step and pass its environment on (a container must get "
		"GITHUB_EVENT_PATH mounted).",
		"printenv | grep ^GITHUB_"},
	{"GITHUB_NOT_FOUND", "GitHub does not know the repository",
		"The API answered 404: the repository is another, or the token may not see it.",
		"Check GITHUB_REPOSITORY and GITHUB_API_URL, and that the token belongs to that repository.",
		"printenv GITHUB_REPOSITORY GITHUB_API_URL"},
	{"GITHUB_RATE_LIMITED", "GitHub's rate limit is reached",
		"The API asked to wait for longer than posting may take.",
		"Post less often, or allow more time with GPU_LANE_GITHUB_TIMEOUT_S.", NULL},
	{"GITHUB_REFUSED", "GitHub refuses the check run",
		"The API answered with an error (422: a field or the commit is not accepted) or sent the request "
		"to another host.",
		"The message has GitHub's own words. If it names a field, please report it.", NULL},
	{"GITHUB_UNREACHABLE", "GitHub's API cannot be reached",
		"No answer in time: no route, a proxy in the way, a broken TLS certificate, or trouble at GitHub.",
		"Check https_proxy and the certificates of the runner's image; see GitHub's status page.",
		"curl -sSI \"$GITHUB_API_URL\""},
	{"GPU_NOT_IN_VULKAN", "The kernel has the GPU, Vulkan does not list it",
		"A GPU node opens, but no Vulkan device belongs to it: its ICD is not installed, does not load, "
		"or does not know the chip. RADV leaves out what it cannot use without an error.",
		"Install the GPU's Vulkan driver (mesa-vulkan-drivers for AMD), new enough for the chip; the "
		"driver's messages are in the evidence.",
		"RADV_DEBUG=startup VK_LOADER_DEBUG=error,warn,driver vulkaninfo --summary"},
	{"ICD_CRASHED", "A Vulkan driver crashes",
		"This ICD was loaded alone in a process of its own, and that process died. Every Vulkan program "
		"on this machine loads all drivers, so it takes all of them along.",
		"Update or remove the driver that owns the manifest; until then keep the loader from it with "
		"VK_LOADER_DRIVERS_DISABLE.",
		"VK_DRIVER_FILES=MANIFEST vulkaninfo --summary"},
	{"ICD_GLIBC_MISMATCH", "The Vulkan driver needs another glibc",
		"The ICD's library was built against a newer glibc than this process has, as when a Nix program "
		"loads the distribution's Mesa or the reverse.",
		"Take loader and Mesa from one source: in Nix set VK_DRIVER_FILES to the ICD of the same nixpkgs.",
		"VK_LOADER_DEBUG=error vulkaninfo --summary 2>&1 | grep GLIBC"},
	{"ICD_HANGS", "A Vulkan driver hangs",
		"This ICD was loaded alone in a process of its own and did not answer before the deadline: it "
		"waits for a device or a server that does not answer. Every Vulkan program here waits with it.",
		"Update or remove the driver that owns the manifest, or bring up what it waits for; until then "
		"keep the loader from it with VK_LOADER_DRIVERS_DISABLE.",
		"VK_DRIVER_FILES=MANIFEST timeout 10 vulkaninfo --summary"},
	{"ICD_LOAD_FAILED", "A Vulkan driver does not load",
		"An ICD manifest is there, but its library is missing or a library that it needs is.",
		"Reinstall the driver package whole, or remove the stale manifest.",
		"VK_LOADER_DEBUG=error,driver vulkaninfo --summary"},
	{"ICD_NIX_DRIVER_PATH", "Nix's driver path is missing",
		"The Nix Vulkan loader looks for drivers in /run/opengl-driver, which only NixOS has. In any "
		"other container it finds none.",
		"Set VK_DRIVER_FILES=${pkgs.mesa}/share/vulkan/icd.d/radeon_icd.x86_64.json from the same "
		"nixpkgs, or use nixGL.",
		"ls -l /run/opengl-driver/share/vulkan/icd.d"},
	{"ICD_SKIPPED", "A driver for other hardware declined",
		"The loader asked every installed driver; one that has no device here said so. That is normal.",
		"Nothing to do.", "VK_LOADER_DEBUG=driver vulkaninfo --summary"},
	{"INTERNAL_ERROR", "A defect in gpu-lane",
		"The program met a state that it should not be able to be in.",
		"Please report it with the output of the command run with -v.", NULL},
	{"JOB_CANCELLED", "The job was cancelled",
		"Its session ended, or the bridge was told to drain.", "Submit it again.", NULL},
	{"JOB_DEVICE_LOST", "The GPU was lost while the job ran",
		"The worker's driver answered VK_ERROR_DEVICE_LOST during this job: the GPU hung or was reset, or "
		"the host behind a virtual GPU went away.",
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
	{"JSON_INVALID", "A document is malformed",
		"The file is no strict JSON or breaks its schema; the message names file, line and path.",
		"Correct the named line.", "python3 -m json.tool FILE"},
	{"KERNEL_REFUSED", "The driver refuses the kernel",
		"Creating the shader module or the compute pipeline failed: the SPIR-V is invalid, or needs a "
		"feature that the device lacks.",
		"Validate the module; compile it for an older target.", "spirv-val MODULE.spv"},
	{"KERNEL_TOO_OLD", "The host's kernel is too old for this Mesa",
		"Mesa says 'DRM version is ..., but this driver is only compatible with ...': the container's "
		"Mesa wants a newer amdgpu than the host's kernel has.",
		"Update the host's kernel (Mesa 26 needs 6.6; Navi 48 needs 6.12), or use an older Mesa that "
		"still knows the chip.",
		"uname -r"},
	{"LEASE_BUSY", "The GPU has no room for this lease",
		"Other leases hold the memory or the streams, and the request did not want to wait.",
		"Wait for it (--wait), ask for less, or see who holds it.", "cat MOUNT/proc/leases"},
	{"LEASE_CORDONED", "The GPU is cordoned",
		"The operator, or the bridge after a fault, took this GPU out of service: no new leases.",
		"Find out why in the log, then write UNCORDON to its ctl file.", "cat MOUNT/log/queen.log"},
	{"LEASE_INVALID", "The lease request is invalid",
		"A value is zero, or larger than the GPU ever has.",
		"Ask for at least 1 MiB, 1 stream and 1 second, and no more than the GPU's info says.",
		"cat MOUNT/gpu/GPU-0/info"},
	{"LEASE_NOT_ACTIVE", "The lease is not active",
		"It has expired, was released or revoked, or still waits in the queue.",
		"Acquire a new one; renew at a third of the time to live.", "cat MOUNT/proc/leases"},
	{"LEASE_PERMISSION", "The role may not lease this GPU",
		"The session's role or ticket does not cover this GPU or this request.",
		"Use a ticket with the GPU in its list and maxima that cover the request.",
		"cat MOUNT/log/queen.log"},
	{"LEASE_QUOTA", "The subject's quota is used up",
		"This subject already holds as much as its policy allows.",
		"Release another lease of this subject, or have the quota raised.",
		"cat MOUNT/proc/leases"},
	{"LEASE_WAIT_TIMEOUT", "The lease was not granted in time",
		"The request waited in the queue for as long as it was told to, and others still hold the GPU.",
		"Wait longer, raise the priority, or see who holds it.", "cat MOUNT/proc/leases"},
	{"LISTEN_FAILED", "The bridge cannot listen there",
		"The socket's folder is missing or not writable, or another bridge is alive on it.",
		"Create the folder, or stop the other bridge.", "ss -lxp | grep bridge.sock"},
	{"LOOP_FAILED", "The bridge cannot wait for events",
		"epoll, a timer or a signal descriptor was refused by the kernel, most often because the limit of "
		"open files is reached.",
		"Raise the limit of open files (LimitNOFILE) and start the bridge again.", "ulimit -n"},
	{"MEMORY_CAP", "The memory cap is reached",
		"The buffers together would be larger than what the lease allows, so none was allocated.",
		"Ask for a larger lease (--mem-mb), or make the work smaller.", "cat MOUNT/gpu/GPU-0/info"},
	{"MESA_NOT_CONFORMANT", "Mesa calls the driver not conformant",
		"RADV prints 'not a conformant Vulkan implementation' for every GFX12 chip in all Mesa releases "
		"seen so far. It says nothing about this machine.",
		"Nothing to do.", "vulkaninfo --summary 2>&1 | grep conform"},
	{"MESA_TOO_OLD", "This Mesa is too old for the chip",
		"The container's Mesa does not know the GPU ('amdgpu: unknown (family_id, chip_external_rev)', "
		"'failed to initialize winsys'). GFX12 (Navi 4x) needs Mesa 25.0 or newer.",
		"Install a newer Mesa: Debian 13, bookworm-backports or a present nixpkgs.",
		"vulkaninfo --summary | grep driverInfo"},
	{"MODULE_READ", "The worker cannot read its module",
		"The SPIR-V that the bridge handed over could not be read whole: a defect in gpu-lane, or no "
		"memory.",
		"Raise the pod's memory limit; if that does not help, please report it.",
		"cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current"},
	{"NOISE_KCMP", "Mesa cannot compare file descriptors",
		"A seccomp profile blocks kcmp(), so Mesa prints 'os_same_file_description couldn't determine "
		"...'. It is harmless here.",
		"Nothing to do; a newer Mesa no longer asks.", NULL},
	{"NO_COMPUTE_QUEUE", "The device has no compute queue",
		"No queue family of the device can compute.", "Choose another device with --device.",
		"vulkaninfo | grep -A8 queueFlags"},
	{"PCI_NO_GPU", "No GPU on the PCI bus",
		"No display controller is on the PCI bus that this process sees: the pod is on another node, the "
		"GPU fell off the bus, or the machine is virtual and has none.",
		"Check the node selector; on the host look with lspci and for 'fallen off the bus' in dmesg.",
		"lspci -nn | grep -E 'VGA|Display|3D'"},
	{"RESULT_WRITE", "The worker cannot write its result",
		"Writing the outputs to the bridge's memory file failed: the pod's memory is exhausted.",
		"Raise the pod's memory limit, or capture less.",
		"cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current"},
	{"RUNNER_RATE_LIMITED", "The lane is offline: GitHub's API refuses the runner",
		"The listener's log says 'failed to get runner registration token (403 Forbidden): API rate limit "
		"exceeded'. Cluster and GPU are well; no runner can register.",
		"Wait for the limit to reset; use a GitHub App instead of a personal token.",
		"kubectl -n arc-systems logs -l app.kubernetes.io/component=runner-scale-set-listener"},
	{"RUNNER_ROOT_REFUSED", "The runner refuses to run as root",
		"The runner's log says 'Must not run interactively with sudo': the pod runs as root without "
		"RUNNER_ALLOW_RUNASROOT, exits, and never registers.",
		"Set RUNNER_ALLOW_RUNASROOT=1 in the runner container's environment.",
		"kubectl -n arc-runners logs POD -c runner"},
	{"SYSFS_MISSING", "sysfs is not mounted",
		"libdrm and Mesa find devices through /sys; without it no GPU is listed.",
		"Mount /sys (read-only is enough) into the container.", "ls /sys/class/drm"},
	{"USAGE", "The command line is wrong",
		"An option, an operand or one of its values is not understood.", "See --help.", NULL},
	{"VALIDATION_MESSAGE", "The validation layer objects",
		"VK_LAYER_KHRONOS_validation found a misuse of Vulkan: a defect in gpu-lane.",
		"Please report it with the message.", NULL},
	{"VENUS_ICD_MISSING", "The Venus driver is not installed",
		"A virtio-gpu is there, but no Venus ICD (virtio_icd) is among the Vulkan drivers.",
		"Install Mesa with its virtio driver: mesa-vulkan-drivers on Debian and Fedora.",
		"ls /usr/share/vulkan/icd.d"},
	{"VENUS_NO_DEVICE", "The Venus driver has no virtio-gpu to talk to",
		"The Venus ICD is installed, but there is no virtio-gpu with Venus: no node, or a virtual machine "
		"without the 3D, blob and context-init features.",
		"Pass --device /dev/dri to the container; enable the GPU of the machine (krunkit, or QEMU with "
		"venus=on,blob=on); the guest needs kernel 5.16 or newer.",
		"VN_DEBUG=init vulkaninfo --summary"},
	{"VENUS_OUT_OF_HOST_MEMORY", "Venus cannot map its ring: page sizes differ",
		"Venus answers VK_ERROR_OUT_OF_HOST_MEMORY, yet memory is not short: its ring is a multiple of 4 "
		"KiB, the macOS host maps multiples of 16 KiB only. Stock Mesa does not round up.",
		"Use Mesa patched for krunkit (COPR slp/mesa-libkrun-vulkan or slp/mesa-krunkit), or a guest "
		"kernel with 16 KiB pages, with which stock Mesa works.",
		"getconf PAGESIZE; VN_DEBUG=init,result vulkaninfo --summary"},
	{"VENUS_PROTOCOL", "Guest and host disagree about Venus",
		"The guest's Mesa and the host's virglrenderer speak different versions of the Venus protocol.",
		"Bring both to releases of about the same time; the older side is usually the host.",
		"VN_DEBUG=init vulkaninfo --summary"},
	{"VENUS_SOFTWARE", "A software renderer is behind Venus",
		"The device is 'Virtio-GPU Venus (llvmpipe ...)': the guest's driver works, but the host renders "
		"on its CPU.",
		"Give the host's virglrenderer a real GPU driver.",
		"vulkaninfo --summary | grep deviceName"},
	{"VULKAN_DEVICE_FAILED", "The Vulkan device cannot be opened",
		"The device is listed, but creating a logical device or one of its resources failed; the message "
		"has the call and its result.",
		"If memory is short, see who holds it; otherwise look into the host's kernel log.",
		"vulkaninfo | head -60"},
	{"VULKAN_ENUMERATE_FAILED", "Vulkan cannot list the devices",
		"vkEnumeratePhysicalDevices failed in a driver. -3 (INITIALIZATION_FAILED) is most often a Mesa "
		"that does not fit the chip or the kernel.",
		"The driver's messages are in the evidence; load one driver at a time with VK_DRIVER_FILES.",
		"VK_LOADER_DEBUG=error,warn,driver vulkaninfo --summary"},
	{"VULKAN_ENVIRONMENT", "The environment changes what Vulkan answers",
		"Variables are set that choose, hide or fake drivers and devices; they are in the evidence.",
		"Unset what is not meant.", "printenv | grep -E '^(VK_|MESA_|RADV_|AMD_|LIBGL_|LD_)'"},
	{"VULKAN_INSTANCE_FAILED", "No Vulkan instance",
		"vkCreateInstance failed; the message has the result.",
		"Load one driver at a time with VK_DRIVER_FILES to find the one that fails.",
		"VK_LOADER_DEBUG=all vulkaninfo --summary"},
	{"VULKAN_LAYER_MISSING", "The validation layer is not installed",
		"Validation was asked for, but VK_LAYER_KHRONOS_validation is not there.",
		"Install vulkan-validationlayers, or use a build without validation.",
		"ls /usr/share/vulkan/explicit_layer.d"},
	{"VULKAN_LOADER_BROKEN", "The Vulkan loader is broken",
		"libvulkan.so.1 loads, but has no vkGetInstanceProcAddr: it is another library of that name.",
		"Reinstall libvulkan1 and look for a stray library in LD_LIBRARY_PATH.",
		"ldconfig -p | grep libvulkan"},
	{"VULKAN_LOADER_MISSING", "The Vulkan loader is missing",
		"libvulkan.so.1 is not installed in this container, or the dynamic linker does not find it.",
		"Install it: libvulkan1 (Debian, Ubuntu), vulkan-loader (Fedora, Nix).",
		"ldconfig -p | grep libvulkan"},
	{"VULKAN_MEMORY_FAILED", "A buffer could not be made",
		"The driver refused to allocate, bind or map memory; the message has the call and its result.",
		"See who else holds the GPU's memory; if nobody does, look into the host's kernel log.",
		"cat /sys/class/drm/card*/device/mem_info_vram_used"},
	{"VULKAN_NO_DRIVER", "No Vulkan driver",
		"The loader works, but found no driver that it could use (VK_ERROR_INCOMPATIBLE_DRIVER): none is "
		"installed, none loads, or a variable points past them.",
		"Install mesa-vulkan-drivers; check VK_DRIVER_FILES and VK_ICD_FILENAMES.",
		"ls /usr/share/vulkan/icd.d /etc/vulkan/icd.d; printenv | grep ^VK_"},
	{"VULKAN_OUT_OF_HOST_MEMORY", "Vulkan says host memory ran out",
		"A driver answered VK_ERROR_OUT_OF_HOST_MEMORY: the pod's memory limit is reached, or, in a "
		"virtual machine, memory could not be shared with the host.",
		"Raise the memory limit; under krunkit see VENUS_OUT_OF_HOST_MEMORY.",
		"cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current"},
	{"VULKAN_OUT_OF_MEMORY", "Memory ran out",
		"The driver answered VK_ERROR_OUT_OF_DEVICE_MEMORY or VK_ERROR_OUT_OF_HOST_MEMORY to an "
		"allocation within the cap: other work holds the memory.",
		"See who else holds it, ask for less, or raise the pod's memory limit.",
		"cat /sys/class/drm/card*/device/mem_info_vram_used /sys/fs/cgroup/memory.current"},
	{"VULKAN_SUBMIT_FAILED", "Work could not be submitted",
		"The device opens, but submitting work or reading it back failed; the message has the call.",
		"Look into the host's kernel log for the GPU.", "dmesg | grep -iE 'amdgpu|drm' | tail -40"},
	{"VULKAN_TIMEOUT", "Submitted work never ends",
		"The fence of a tiny submit was not signalled before the deadline: the GPU is wedged, or another "
		"tenant occupies it.",
		"See who uses the GPU; reset it or reboot the host when nobody does.",
		"cat /sys/class/drm/card*/device/gpu_busy_percent"},
	{"WORKER_BUSY", "The worker already runs a job",
		"A job was handed to a worker that had not finished its last one: a defect in gpu-lane.",
		"Please report it.", NULL},
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

#define FAULT_COUNT (sizeof(faults) / sizeof(faults[0]))

const struct report_fault *report_fault_table(size_t *count)
{
	*count = FAULT_COUNT;
	return faults;
}

static int compare_code(const void *code, const void *fault)
{
	return strcmp(code, ((const struct report_fault *)fault)->code);
}

const struct report_fault *report_fault_find(const char *code)
{
	if (code == NULL) {
		return NULL;
	}
	return bsearch(code, faults, FAULT_COUNT, sizeof(faults[0]), compare_code);
}
