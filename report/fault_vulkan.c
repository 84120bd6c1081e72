/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault_area.h"

/* The Vulkan stack: loader, ICDs, Mesa, Venus, and what devices answer. */
static const struct report_fault faults[] = {
	{"DEVICE_NONE", "No Vulkan device",
		"The loader and its drivers work, but they list no device at all: no GPU node is accessible to "
		"this process and no software renderer is installed.",
		"Follow the other findings down the ladder: the first rung that is broken is the cause.",
		"vulkaninfo --summary"},
	{"DEVICE_NOT_FOUND", "The chosen device is not there",
		"No Vulkan device matches what --device asks for. The message lists what is there.",
		"Choose one of the listed devices, or find out with gpu-probe why yours is missing.",
		"gpu-probe --only vulkan"},
	{"DEVICE_PRETENDED", "The device is only pretended",
		"RADV_FORCE_FAMILY is set and there is no GPU: RADV lists 'Null hardware', which compiles and "
		"executes nothing.",
		"Unset RADV_FORCE_FAMILY, and follow the other findings to the missing GPU.",
		"printenv RADV_FORCE_FAMILY"},
	{"DEVICE_SOFTWARE_ONLY", "Only a software renderer answers",
		"No hardware GPU is listed, only llvmpipe or SwiftShader, which run on the CPU. This is how a "
		"lane fails silently: everything runs, at a hundredth of the speed.",
		"Follow the other findings down the ladder to the missing GPU. To test the tools themselves on "
		"the CPU, allow it: --allow-software or --floor software.",
		"vulkaninfo --summary | grep -E 'deviceType|deviceName'"},
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
	{"MESA_NOT_CONFORMANT", "Mesa calls the driver not conformant",
		"RADV prints 'not a conformant Vulkan implementation' for every GFX12 chip in all Mesa releases "
		"seen so far. It says nothing about this machine.",
		"Nothing to do.", "vulkaninfo --summary 2>&1 | grep conform"},
	{"MESA_TOO_OLD", "This Mesa is too old for the chip",
		"The container's Mesa does not know the GPU ('amdgpu: unknown (family_id, chip_external_rev)', "
		"'failed to initialize winsys'). GFX12 (Navi 4x) needs Mesa 25.0 or newer.",
		"Install a newer Mesa: Debian 13, bookworm-backports or a present nixpkgs.",
		"vulkaninfo --summary | grep driverInfo"},
	{"NOISE_KCMP", "Mesa cannot compare file descriptors",
		"A seccomp profile blocks kcmp(), so Mesa prints 'os_same_file_description couldn't determine "
		"...'. It is harmless here.",
		"Nothing to do; a newer Mesa no longer asks.", "grep Seccomp /proc/self/status"},
	{"NO_COMPUTE_QUEUE", "The device has no compute queue",
		"No queue family of the device can compute.", "Choose another device with --device.",
		"vulkaninfo | grep -A8 queueFlags"},
	{"VALIDATION_MESSAGE", "The validation layer objects",
		"VK_LAYER_KHRONOS_validation found a misuse of Vulkan: a defect in gpu-lane.",
		"Please report it with the message.",
		"VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation gpu-canary -v"},
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
};

const struct report_fault_area report_faults_vulkan = REPORT_FAULT_AREA(faults);
