# SPDX-License-Identifier: Apache-2.0
# Jobs and the parent's side of a worker know no Vulkan; only the worker program does.
lane_add_room(bridge_job
  SOURCES fill.c job.c spirv.c worker.c worker_cgroup.c worker_describe.c worker_environment.c worker_reply.c
  LINK lane_base m)
lane_add_room(bridge_sandbox
  SOURCES worker_landlock.c worker_sandbox.c worker_seccomp.c
  LINK lane_base PkgConfig::SECCOMP)
lane_add_program(gpu-lane-worker LIBEXEC
  SOURCES worker_buffers.c worker_device.c worker_kernels.c worker_main.c worker_module.c worker_run.c worker_samples.c
  LINK lane_bridge_job lane_bridge_sandbox lane_compute "${SPIRV_TOOLS}" stdc++)
