# SPDX-License-Identifier: Apache-2.0
# One lane, and the rules it must keep. Rules on a lane are rules between its fields, so that they
# are checked at plan time, with neither a provider nor a cluster.

variable "lane" {
  description = "The lane; ../variables.tf describes each field."
  type = object({
    # As the platform's own module names them.
    runner_name          = string
    runner_label         = string
    runner_type          = optional(string, "nix")
    github_config_url    = string
    github_config_secret = optional(string, "github-app-secret")
    runner_group         = optional(string, "default")
    min_runners          = optional(number, 0)
    max_runners          = optional(number, 5)
    cpu_request          = optional(string, "500m")
    memory_request       = optional(string, "1Gi")
    cpu_limit            = optional(string, "4")
    memory_limit         = optional(string, "8Gi")
    attic_server         = optional(string, "")
    attic_cache          = optional(string, "main")
    bazel_cache_endpoint = optional(string, "")
    container_mode       = optional(string, "")
    node_selector        = optional(map(string), {})
    tolerations = optional(list(object({
      key      = string
      operator = string
      value    = optional(string)
      effect   = string
    })), [])
    env_vars = optional(list(object({
      name  = string
      value = string
    })), [])
    image_pull_secrets              = optional(list(string), [])
    controller_namespace            = optional(string, "arc-systems")
    controller_service_account_name = optional(string, "arc-controller-gha-rs-controller")

    # This project's own: the platform has such fields since April 2026, under names not published.
    runner_image          = optional(string, "ghcr.io/actions/actions-runner:latest")
    device_contract       = optional(string, "none")
    device_resource       = optional(string, "")
    device_count          = optional(number, 1)
    device_claim_template = optional(string, "")
    privileged            = optional(bool)
    run_as_root           = optional(bool, false)
    supplemental_groups   = optional(list(number), [])
    bridge_socket_dir     = optional(string, "")
    hooks_config_map      = optional(string, "")
  })

  validation {
    condition = can(regex(
      "^tinyland-(docker|dind|nix)(-(aarch64|arm64|browser|dawn|darwin|gpu|heavy|kvm|linux|macos|operator|privileged|riscv|vm|webgpu|x86_64))*$",
      var.lane.runner_label
    ))
    error_message = "runner_label is outside the taxonomy: it names a capability, as tinyland-nix-gpu does, and no repository or hosted runner."
  }

  validation {
    condition     = length(var.lane.runner_label) <= 45 && can(regex("^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$", var.lane.runner_name))
    error_message = "runner_label has up to 45 characters (the chart fails with \"Name must have up to 45 characters\"); runner_name is a Helm release name: up to 53 of a-z, 0-9 and -."
  }

  validation {
    condition     = contains(["docker", "dind", "nix"], var.lane.runner_type)
    error_message = "runner_type is docker, dind or nix."
  }

  validation {
    condition = (
      var.lane.min_runners >= 0 && var.lane.max_runners >= var.lane.min_runners &&
      floor(var.lane.min_runners) == var.lane.min_runners && floor(var.lane.max_runners) == var.lane.max_runners
    )
    error_message = "min_runners and max_runners are whole numbers with 0 <= min_runners <= max_runners."
  }

  validation {
    condition     = contains(["", "dind", "kubernetes", "kubernetes-novolume"], var.lane.container_mode)
    error_message = "container_mode is empty (steps run in the runner container), dind, kubernetes or kubernetes-novolume."
  }

  validation {
    condition     = contains(["none", "host-privileged", "device-plugin", "dra"], var.lane.device_contract)
    error_message = "device_contract is none, host-privileged, device-plugin or dra."
  }

  validation {
    condition     = var.lane.device_contract == "none" || !startswith(var.lane.container_mode, "kubernetes")
    error_message = "A device contract needs the default container mode: in kubernetes mode the steps run in another pod, which gets neither the device nor its mount."
  }

  validation {
    condition     = var.lane.device_contract != "host-privileged" || var.lane.privileged != false
    error_message = "host-privileged with privileged = false cannot work: the mounted /dev/dri is visible, but the device cgroup lets nobody open it, not even root (open: EPERM). Use device-plugin or dra for a pod that is not privileged."
  }

  validation {
    condition     = var.lane.device_contract != "host-privileged" || contains(keys(var.lane.node_selector), "kubernetes.io/hostname")
    error_message = "host-privileged needs node_selector \"kubernetes.io/hostname\": nothing else keeps the pod on the node whose /dev/dri it mounts, and elsewhere it never starts."
  }

  validation {
    condition     = var.lane.device_contract == "none" || var.lane.run_as_root || length(var.lane.supplemental_groups) > 0
    error_message = "A device contract needs run_as_root = true or supplemental_groups with the node's numeric render group: GPU nodes are root:render 0660 and the runner's user is in neither (open: EACCES)."
  }

  validation {
    condition = (
      (var.lane.device_contract == "device-plugin") == (var.lane.device_resource != "") &&
      (var.lane.device_resource == "" || can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", var.lane.device_resource))) &&
      var.lane.device_count >= 1 && floor(var.lane.device_count) == var.lane.device_count
    )
    error_message = "device_resource, as amd.com/gpu or squat.ai/dri-render, belongs to device-plugin and to it alone; device_count is a whole number from 1."
  }

  validation {
    condition     = (var.lane.device_contract == "dra") == (var.lane.device_claim_template != "")
    error_message = "device_claim_template, the name of a ResourceClaimTemplate in the runners' namespace, belongs to dra and to it alone."
  }

  validation {
    condition = length(setintersection(
      toset([for variable in var.lane.env_vars : variable.name]),
      toset([
        "RUNNER_ALLOW_RUNASROOT", "NIX_CONFIG", "ATTIC_SERVER", "ATTIC_CACHE", "BAZEL_REMOTE_CACHE", "GPU_LANE_BRIDGE",
        "ACTIONS_RUNNER_HOOK_JOB_STARTED", "ACTIONS_RUNNER_HOOK_JOB_COMPLETED", "ACTIONS_RUNNER_CONTAINER_HOOKS",
      ])
    )) == 0
    error_message = "env_vars names a variable that the lane sets itself: RUNNER_ALLOW_RUNASROOT, NIX_CONFIG, ATTIC_*, BAZEL_REMOTE_CACHE, GPU_LANE_BRIDGE or a runner hook. An empty RUNNER_ALLOW_RUNASROOT would end the runner in a crash loop."
  }

  validation {
    condition     = var.lane.bridge_socket_dir == "" || can(regex("^(/[A-Za-z0-9._-]+)+$", var.lane.bridge_socket_dir)) && !strcontains(var.lane.bridge_socket_dir, "..")
    error_message = "bridge_socket_dir is an absolute path without \"..\"."
  }
}
