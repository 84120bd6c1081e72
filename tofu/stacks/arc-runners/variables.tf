# SPDX-License-Identifier: Apache-2.0
# The first block of a set has the platform's names and types; a field that is left out takes the
# default of modules/arc-runner, which describes them all.

variable "extra_runner_sets" {
  description = "Runner scale sets by release name."
  type = map(object({
    github_config_url    = string
    github_config_secret = optional(string)
    runner_label         = string
    runner_type          = optional(string)
    min_runners          = optional(number)
    max_runners          = optional(number)
    cpu_request          = optional(string)
    memory_request       = optional(string)
    cpu_limit            = optional(string)
    memory_limit         = optional(string)
    attic_server         = optional(string)
    attic_cache          = optional(string)
    bazel_cache_endpoint = optional(string)

    # The platform's module has these; its stack does not pass them on in what is published.
    runner_group   = optional(string)
    container_mode = optional(string)
    node_selector  = optional(map(string))
    tolerations = optional(list(object({
      key      = string
      operator = string
      value    = optional(string)
      effect   = string
    })))
    env_vars = optional(list(object({
      name  = string
      value = string
    })))
    image_pull_secrets = optional(list(string))

    # This project's own.
    runner_image          = optional(string)
    device_contract       = optional(string)
    device_resource       = optional(string)
    device_count          = optional(number)
    device_claim_template = optional(string)
    privileged            = optional(bool)
    run_as_root           = optional(bool)
    supplemental_groups   = optional(list(number))
    bridge_socket_dir     = optional(string)
    hooks                 = optional(bool, false)
  }))
  default = {}
}

variable "gpu_bridge" {
  description = "The bridge on the GPU nodes, as modules/gpu-bridge describes it. null: no bridge. This project's own."
  type = object({
    image         = string
    node_selector = map(string)
    socket_dir    = optional(string, "/run/gpu-lane")
    state_dir     = optional(string, "/var/lib/gpu-lane")
    policy_files  = optional(map(string), {})
  })
  default = null
}

variable "runner_namespace" {
  description = "Namespace of the runners. A privileged lane needs one that admits privileged pods."
  type        = string
  default     = "arc-runners"
}

variable "controller_namespace" {
  description = "Namespace of the controller."
  type        = string
  default     = "arc-systems"
}

variable "k8s_config_path" {
  description = "kubeconfig file. Empty: the environment's (KUBE_CONFIG_PATH)."
  type        = string
  default     = ""
}

variable "cluster_context" {
  description = "Context of the kubeconfig."
  type        = string
  default     = "honey"
}
