/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault_area.h"

/* What dawn/gpu-dawn.js says, which holds the titles and remedies too. */
static const struct report_fault faults[] = {
	{"DAWN_CRASHED", "Dawn crashed",
		"The process with Dawn and the Vulkan driver died of a signal, or ended without a word.",
		"Update or replace the Vulkan driver; gpu-probe names the one that crashes.",
		"gpu-probe -v"},
	{"DAWN_FAILED", "Dawn could not do the work",
		"There is an adapter, and Dawn answered an error: a device that is lost, a shader or a limit "
		"that it refuses, or memory that it does not get.",
		"Act on the message; gpu-probe says whether Vulkan itself answers.", "gpu-probe -v"},
	{"DAWN_MISSING", "The npm package webgpu is not there",
		"The package is not installed, is another version's, or is not built for this machine.",
		"Install it with npm ci beside gpu-dawn.js, or name its folder with --package.",
		"npm ls webgpu"},
	{"DAWN_NO_ADAPTER", "Dawn finds no adapter",
		"No Vulkan device has what Dawn asks for, or there is none.",
		"Follow gpu-probe's ladder to the missing GPU; a driver that gpu-probe sees may be older than "
		"Dawn asks for: use Mesa 25 or newer.",
		"vulkaninfo --summary"},
	{"DAWN_TIMEOUT", "Dawn hangs",
		"The process with Dawn did not end before its deadline and was killed.",
		"Look for a ring timeout in the host's kernel log; reboot the host when the GPU is wedged.",
		"dmesg | grep -iE 'amdgpu|timeout|reset' | tail -40"},
};

const struct report_fault_area report_faults_dawn = REPORT_FAULT_AREA(faults);
