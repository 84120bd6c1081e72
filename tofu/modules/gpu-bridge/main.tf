# SPDX-License-Identifier: Apache-2.0
# gpu-bridge-host on each GPU node: one pod that owns the GPU and leases it through a socket in a
# folder of the node, which runner pods mount.

terraform {
  required_version = ">= 1.6.0"
  required_providers {
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "~> 2.23"
    }
  }
}

locals {
  labels = {
    "app.kubernetes.io/name"       = "gpu-bridge-host"
    "app.kubernetes.io/managed-by" = "opentofu"
    "app.kubernetes.io/component"  = "gpu-bridge"
  }

  policy = length(var.policy_files) > 0
}

resource "kubernetes_config_map_v1" "policy" {
  count = local.policy ? 1 : 0

  metadata {
    name      = "gpu-bridge-policy"
    namespace = var.namespace
    labels    = local.labels
  }

  data = var.policy_files
}

resource "kubernetes_daemon_set_v1" "bridge" {
  metadata {
    name      = "gpu-bridge-host"
    namespace = var.namespace
    labels    = local.labels
  }

  spec {
    selector {
      match_labels = { "app.kubernetes.io/name" = local.labels["app.kubernetes.io/name"] }
    }

    # The old bridge lets go of the GPU and of the socket before the new one takes them.
    strategy {
      type = "RollingUpdate"
      rolling_update {
        max_unavailable = "1"
      }
    }

    template {
      metadata {
        labels = local.labels
      }

      spec {
        node_selector                    = var.node_selector
        automount_service_account_token  = false
        termination_grace_period_seconds = var.drain_seconds

        dynamic "toleration" {
          for_each = var.tolerations
          content {
            key      = toleration.value.key
            operator = toleration.value.operator
            value    = toleration.value.value
            effect   = toleration.value.effect
          }
        }

        container {
          name  = "bridge"
          image = var.image
          args = concat(
            ["--listen", "unix:${var.socket_dir}/bridge.sock", "--state", var.state_dir],
            local.policy ? ["--policy", "/etc/gpu-lane/policy.json"] : [],
          )

          # The node's /dev/dri is opened by nobody else than a privileged container.
          security_context {
            privileged                = true
            run_as_user               = 0
            read_only_root_filesystem = true
          }

          resources {
            requests = { cpu = var.cpu_request, memory = var.memory_request }
            limits   = { memory = var.memory_limit }
          }

          volume_mount {
            name       = "dri"
            mount_path = "/dev/dri"
          }
          volume_mount {
            name       = "sockets"
            mount_path = var.socket_dir
          }
          volume_mount {
            name       = "state"
            mount_path = var.state_dir
          }
          volume_mount {
            name       = "tmp"
            mount_path = "/tmp"
          }
          dynamic "volume_mount" {
            for_each = kubernetes_config_map_v1.policy
            content {
              name       = "policy"
              mount_path = "/etc/gpu-lane"
              read_only  = true
            }
          }
        }

        volume {
          name = "dri"
          host_path {
            path = "/dev/dri"
            type = "Directory"
          }
        }
        volume {
          name = "sockets"
          host_path {
            path = var.socket_dir
            type = "DirectoryOrCreate"
          }
        }
        # Leases, epochs and the audit log outlive the pod.
        volume {
          name = "state"
          host_path {
            path = var.state_dir
            type = "DirectoryOrCreate"
          }
        }
        volume {
          name = "tmp"
          empty_dir {}
        }
        dynamic "volume" {
          for_each = kubernetes_config_map_v1.policy
          content {
            name = "policy"
            config_map {
              name = volume.value.metadata[0].name
            }
          }
        }
      }
    }
  }
}
