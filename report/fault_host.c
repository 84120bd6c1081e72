/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault_area.h"

/* The host under a GPU: kernel, nodes, PCI, the container and the runner around it. */
static const struct report_fault faults[] = {
	{"AMDGPU_INIT_FAILED", "amdgpu refuses to initialise the device",
		"The node opens, but the first amdgpu ioctl fails: the GPU is wedged or in reset, or the ioctl "
		"is blocked.",
		"Look for a GPU reset or 'Fatal error during GPU init' in the host's kernel log; reset or "
		"reboot the host. In a pod, run it privileged or through the device plugin.",
		"dmesg | grep -iE 'amdgpu|drm' | tail -40"},
	{"CONTAINER_HOOKS", "Job steps run in another pod",
		"ACTIONS_RUNNER_CONTAINER_HOOKS is set: the scale set runs in Kubernetes container mode, where "
		"hooks run the steps in a pod of their own. Devices mounted into the runner pod do not reach it.",
		"Use the default container mode for GPU lanes, or mount the devices in the hook's pod template.",
		"printenv ACTIONS_RUNNER_CONTAINER_HOOKS"},
	{"DRM_DRIVER_WRONG", "Another kernel driver owns the GPU",
		"The node opens, but the kernel driver behind it is not the one that is expected, as when a GPU "
		"is bound to vfio-pci or simpledrm.",
		"Bind the expected driver on the host (check blacklists and driver_override).",
		"ls -l /sys/class/drm/*/device/driver"},
	{"DRM_NODE_ABSENT", "The host has no GPU node",
		"Neither /dev/dri nor sysfs knows a node of the GPU: the kernel driver did not bind or failed to "
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
		"open() answered ENXIO or ENODEV: the node exists, but no driver, or no GPU's, is behind its "
		"number. The driver was unloaded or numbered anew after the container started.",
		"Restart the pod, so that it gets the host's present nodes.",
		"ls -l /dev/dri; cat /sys/class/drm/*/dev"},
	{"DRM_NODE_WEDGED", "The GPU does not answer",
		"open() or the first ioctl answered EIO, EBUSY or the like: the driver is there, but the device "
		"is wedged or in reset, or the ioctl is blocked.",
		"Look for the reset in the host's kernel log and reboot the host.",
		"dmesg | grep -iE 'amdgpu|drm|reset' | tail -40"},
	{"DRM_RENDER_NODE_MISSING", "There is no render node",
		"Only a primary node (cardN) is there. Compute needs the render node (renderD128 and up).",
		"Mount all of /dev/dri, not the card node alone.", "ls -l /dev/dri"},
	{"FIRMWARE_MISSING", "The GPU's firmware is missing on the host",
		"The kernel log says 'Direct firmware load for amdgpu/... failed': the driver gives up and "
		"makes no nodes.",
		"Install linux-firmware (for Navi 48: gc_12_0_1, psp_14_0_3, sdma_7_0_1, smu_14_0_3, dcn_4_0_1, "
		"vcn_5_0_0) on the host, rebuild the initramfs, reboot.",
		"dmesg | grep -i 'direct firmware load'"},
	{"GPU_MEMORY_ERRORS", "The GPU counts hardware errors",
		"The RAS counters of the kernel driver are not zero. Corrected errors did no harm yet; an "
		"uncorrected one means that a result or a buffer was wrong.",
		"Note whether the counts rise. Take a GPU with uncorrected errors out of the lane and have it "
		"replaced.",
		"grep . /sys/class/drm/card*/device/ras/*_err_count"},
	{"GPU_WAS_RESET", "The GPU was reset",
		"The kernel driver had to reset the GPU: a kernel or shader ran longer than the watchdog "
		"(amdgpu.lockup_timeout), or the GPU hung. What was in its memory may be lost.",
		"Read the reset's cause in the host's kernel log. Keep dispatches short; when it repeats with "
		"sound work, suspect the GPU, its power or its driver.",
		"dmesg | grep -iE 'amdgpu|reset|ring .* timeout' | tail -40; ls /sys/class/devcoredump"},
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
	{"PCI_BAR_SMALL", "The CPU sees only a part of the GPU's memory",
		"Resizable BAR is off: the window to the GPU's memory is smaller than the memory. Everything "
		"works, uploads are slower.",
		"Turn on 'Resizable BAR' and 'Above 4G decoding' in the host's firmware.",
		"lspci -vv -d ::0300 | grep -A3 'Region 0\\|Resizable BAR'"},
	{"PCI_DUMP_INVALID", "The PCI dump cannot be read",
		"The file is not what lspci -x, -xxx or -xxxx prints.",
		"Make it with 'lspci -xxxx' as root; the place is in the message.", "lspci -xxxx"},
	{"PCI_ERRORS", "The PCI bus counts errors of the GPU",
		"Advanced Error Reporting counted uncorrectable errors between the GPU and its slot.",
		"Reseat the card, check riser, slot and power; lower the link speed in the firmware to confirm.",
		"grep TOTAL /sys/bus/pci/devices/*/aer_dev_*"},
	{"PCI_LINK_NARROW", "The GPU uses a part of its PCI lanes",
		"The link was trained with fewer lanes than the GPU has: the slot is wired so, or the card "
		"does not sit well. Only transfers between host and GPU are slower.",
		"Put the card into the widest slot and reseat it, unless the slot is meant to be narrow.",
		"lspci -vv -d ::0300 | grep -i lnksta"},
	{"PCI_NO_GPU", "No GPU on the PCI bus",
		"No display controller is on the PCI bus that this process sees: the pod is on another node, the "
		"GPU fell off the bus, or the machine is virtual and has none.",
		"Check the node selector; on the host look with lspci and for 'fallen off the bus' in dmesg.",
		"lspci -nn | grep -E 'VGA|Display|3D'"},
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
};

const struct report_fault_area report_faults_host = REPORT_FAULT_AREA(faults);
