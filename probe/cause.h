/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_CAUSE_H
#define PROBE_CAUSE_H

#include "probe/case.h"

/*
 * Rules of the diagnosis. Each looks for one cause of failure in the facts and adds a finding for
 * it; none depends on another having run.
 */

/** Level of a cause: a failure, unless what was asked for holds or there is no GPU that could. */
enum report_level probe_cause_level(const struct probe_case *trial);
/** Level of a driver that crashes or hangs: it takes every Vulkan program along, so it never
 * passes. */
enum report_level probe_cause_crash_level(const struct probe_case *trial);

/** Evidence "said": the drivers' own words. RADV says only there why it leaves a GPU out. */
void probe_cause_add_messages(const struct probe_case *trial, cJSON *finding);
/** Evidence of which manifests there are: "no driver" mostly is a matter of where they lie. */
void probe_cause_add_manifests(const struct probe_case *trial, cJSON *finding);

/** The kernel's side: collectors, nodes, PCI, container. */
void probe_cause_collectors(const struct probe_case *trial);
void probe_cause_sysfs(const struct probe_case *trial);
void probe_cause_no_node(const struct probe_case *trial);
void probe_cause_not_mounted(const struct probe_case *trial);
void probe_cause_open(const struct probe_case *trial);
void probe_cause_driver(const struct probe_case *trial);
void probe_cause_no_render_node(const struct probe_case *trial);
void probe_cause_pci(const struct probe_case *trial);
void probe_cause_hooks(const struct probe_case *trial);

/** How the GPUs are: resets, hardware errors, link, memory window. */
void probe_cause_health(const struct probe_case *trial);

/** Vulkan's side: loader, ICDs, devices, submits. */
void probe_cause_loader(const struct probe_case *trial);
void probe_cause_instance(const struct probe_case *trial);
void probe_cause_icd(const struct probe_case *trial);
void probe_cause_no_device(const struct probe_case *trial);
void probe_cause_gpu_missing(const struct probe_case *trial);
void probe_cause_mesa(const struct probe_case *trial);
void probe_cause_submit(const struct probe_case *trial);
void probe_cause_disagreement(const struct probe_case *trial);
void probe_cause_pretended(const struct probe_case *trial);
void probe_cause_environment(const struct probe_case *trial);

/** Venus, the driver of a virtual machine's GPU. */
void probe_cause_venus(const struct probe_case *trial);
bool probe_venus_is_icd(const cJSON *icd);
/** Whether a GPU here is a virtio-gpu. */
bool probe_venus_has_gpu(const struct probe_case *trial);
/** The code of a failure of Venus: on a Mac host memory does not run out, page sizes differ. */
const char *probe_venus_code(const struct probe_case *trial, const char *code);
/** Which cause keeps a virtio-gpu whose node opens out of Vulkan. */
const char *probe_venus_missing_code(const struct probe_case *trial);

#endif
