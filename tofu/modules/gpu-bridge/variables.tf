# SPDX-License-Identifier: Apache-2.0

variable "image" {
  description = "Image whose entry point is gpu-bridge-host, with the Vulkan driver in it, by digest."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image is named by digest (NAME@sha256:64 hex digits): it runs privileged on the node."
  }
}

variable "namespace" {
  description = "Namespace, which must admit privileged pods."
  type        = string
  default     = "arc-runners"
}

variable "node_selector" {
  description = "Nodes with a GPU."
  type        = map(string)

  validation {
    condition     = length(var.node_selector) > 0
    error_message = "node_selector is empty: on a node without /dev/dri the pod never starts."
  }
}

variable "tolerations" {
  description = "Taints that the pod tolerates."
  type = list(object({
    key      = string
    operator = string
    value    = optional(string)
    effect   = string
  }))
  default = []
}

variable "socket_dir" {
  description = "Folder on the node for bridge.sock, the same in runner pods (bridge_socket_dir)."
  type        = string
  default     = "/run/gpu-lane"

  validation {
    condition     = can(regex("^/run/[A-Za-z0-9._-]+$", var.socket_dir)) && !strcontains(var.socket_dir, "..")
    error_message = "socket_dir is a folder below /run, as /run/gpu-lane: it must be gone after a reboot."
  }
}

variable "state_dir" {
  description = "Folder on the node for the journal: leases, epochs and the audit log."
  type        = string
  default     = "/var/lib/gpu-lane"

  validation {
    condition     = can(regex("^/var/lib/[A-Za-z0-9._-]+$", var.state_dir)) && !strcontains(var.state_dir, "..")
    error_message = "state_dir is a folder below /var/lib, as /var/lib/gpu-lane: it must be there after a reboot."
  }
}

variable "policy_files" {
  description = <<-EOT
    policy.json and the files that it names (public keys, key sets of issuers), by file name. Empty:
    root in any pod that has the socket has all rights, everybody else may read.
  EOT
  type        = map(string)
  default     = {}

  validation {
    condition = length(var.policy_files) == 0 || (
      try(jsondecode(var.policy_files["policy.json"]).schema, "") == "gpu-lane-policy/v1"
    )
    error_message = "policy_files has a policy.json of schema gpu-lane-policy/v1, or is empty."
  }
  validation {
    condition     = alltrue([for text in values(var.policy_files) : !can(regex("\"d\"[[:space:]]*:|PRIVATE KEY", text))])
    error_message = "policy_files holds a private key: the bridge needs the public half alone (NAME.pub)."
  }
}

variable "drain_seconds" {
  description = "How long running jobs have after SIGTERM."
  type        = number
  default     = 120
}

variable "cpu_request" {
  description = "CPU request."
  type        = string
  default     = "100m"
}

variable "memory_request" {
  description = "Memory request."
  type        = string
  default     = "256Mi"
}

variable "memory_limit" {
  description = "Memory limit."
  type        = string
  default     = "2Gi"
}
