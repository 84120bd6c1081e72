# SPDX-License-Identifier: Apache-2.0
# A null takes the default in parentheses, which values/variables.tf holds.

# The platform's own names and meanings.

variable "runner_name" {
  description = "Helm release name of the scale set, as gh-nix-gpu."
  type        = string
}

variable "runner_label" {
  description = "The runs-on label, and the name of the scale set. Held to the label taxonomy."
  type        = string
}

variable "runner_type" {
  description = "docker, dind or nix (nix)."
  type        = string
  default     = null
}

variable "github_config_url" {
  description = "Organization or repository that the runners register with."
  type        = string
}

variable "github_config_secret" {
  description = "Secret with the GitHub App's id, installation and key (github-app-secret)."
  type        = string
  default     = null
}

variable "runner_group" {
  description = "Runner group (default)."
  type        = string
  default     = null
}

variable "min_runners" {
  description = "Idle runners that are kept (0)."
  type        = number
  default     = null
}

variable "max_runners" {
  description = "Most runners at a time (5). 1 where one GPU is shared without accounting."
  type        = number
  default     = null
}

variable "cpu_request" {
  description = "CPU request of the runner (500m)."
  type        = string
  default     = null
}

variable "memory_request" {
  description = "Memory request of the runner (1Gi)."
  type        = string
  default     = null
}

variable "cpu_limit" {
  description = "CPU limit of the runner (4)."
  type        = string
  default     = null
}

variable "memory_limit" {
  description = "Memory limit of the runner (8Gi)."
  type        = string
  default     = null
}

variable "attic_server" {
  description = "Address of the Attic binary cache; nix lanes alone. Empty: none."
  type        = string
  default     = null
}

variable "attic_cache" {
  description = "Cache on that server (main)."
  type        = string
  default     = null
}

variable "bazel_cache_endpoint" {
  description = "Bazel's remote cache; docker and nix lanes. Empty: none."
  type        = string
  default     = null
}

variable "container_mode" {
  description = "Empty for the default mode, dind, kubernetes or kubernetes-novolume. Empty on dind lanes: dind."
  type        = string
  default     = null
}

variable "node_selector" {
  description = "Node labels that the pod asks for."
  type        = map(string)
  default     = null
}

variable "tolerations" {
  description = "Taints that the pod tolerates."
  type = list(object({
    key      = string
    operator = string
    value    = optional(string)
    effect   = string
  }))
  default = null
}

variable "env_vars" {
  description = "Further variables of the runner. Those that the lane sets itself are refused."
  type = list(object({
    name  = string
    value = string
  }))
  default = null
}

variable "image_pull_secrets" {
  description = "Secrets for pulling the image."
  type        = list(string)
  default     = null
}

variable "namespace" {
  description = "Namespace of the runners."
  type        = string
  default     = "arc-runners"
}

variable "controller_namespace" {
  description = "Namespace of the controller (arc-systems)."
  type        = string
  default     = null
}

variable "controller_service_account_name" {
  description = "Service account of the controller (arc-controller-gha-rs-controller)."
  type        = string
  default     = null
}

variable "chart_version" {
  description = "Version of the chart gha-runner-scale-set."
  type        = string
  default     = "0.14.2"
}

# This project's own fields. The platform has had overrides for placement, host devices and the
# security context since April 2026, under names that are not published: map these when merging.

variable "runner_image" {
  description = "Image of the runner container (ghcr.io/actions/actions-runner:latest)."
  type        = string
  default     = null
}

variable "device_contract" {
  description = "How the GPU gets into the pod: none, host-privileged (the node's /dev/dri mounted, pod privileged), device-plugin (kubelet hands it in) or dra (a resource claim). Default none."
  type        = string
  default     = null
}

variable "device_resource" {
  description = "device-plugin: the extended resource, as amd.com/gpu or squat.ai/dri-render."
  type        = string
  default     = null
}

variable "device_count" {
  description = "device-plugin: how many (1)."
  type        = number
  default     = null
}

variable "device_claim_template" {
  description = "dra: name of a ResourceClaimTemplate in the namespace of the runners."
  type        = string
  default     = null
}

variable "privileged" {
  description = "Whether the container is privileged. Default: with host-privileged alone, where false is refused."
  type        = bool
  default     = null
}

variable "run_as_root" {
  description = "Runs the runner as uid 0 and sets RUNNER_ALLOW_RUNASROOT=1 (false)."
  type        = bool
  default     = null
}

variable "supplemental_groups" {
  description = "Numeric groups of the pod, as the node's render group. Numbers differ between nodes."
  type        = list(number)
  default     = null
}

variable "bridge_socket_dir" {
  description = "Folder on the node with the bridge's socket, mounted at the same place; GPU_LANE_BRIDGE points to it. Empty: no bridge."
  type        = string
  default     = null
}

variable "hooks_config_map" {
  description = "ConfigMap with job-started.sh and job-completed.sh. The image must have gpu-probe on PATH. Empty: no hooks."
  type        = string
  default     = null
}
