# SPDX-License-Identifier: Apache-2.0
# The scale sets of this project's lanes, for a cluster where controller and namespaces are there.
# On the platform itself, merge the set of honey.tfvars into its own stack instead of a second one.

terraform {
  required_version = ">= 1.6.0"
  required_providers {
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "~> 2.23"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "~> 2.12"
    }
  }

  # The rest comes by -backend-config: endpoint, bucket and key pair are the operator's.
  backend "s3" {
    key = "arc-runners/terraform.tfstate"
  }
}

provider "kubernetes" {
  config_path    = var.k8s_config_path != "" ? var.k8s_config_path : null
  config_context = var.cluster_context
}

provider "helm" {
  kubernetes {
    config_path    = var.k8s_config_path != "" ? var.k8s_config_path : null
    config_context = var.cluster_context
  }
}

module "gpu_bridge" {
  source = "../../modules/gpu-bridge"
  count  = var.gpu_bridge == null ? 0 : 1

  image         = var.gpu_bridge.image
  namespace     = var.runner_namespace
  node_selector = var.gpu_bridge.node_selector
  socket_dir    = var.gpu_bridge.socket_dir
  state_dir     = var.gpu_bridge.state_dir
  policy_files  = var.gpu_bridge.policy_files
}

locals {
  hooks = anytrue([for set in var.extra_runner_sets : set.hooks])
}

resource "kubernetes_config_map_v1" "hooks" {
  count = local.hooks ? 1 : 0

  metadata {
    name      = "gpu-lane-hooks"
    namespace = var.runner_namespace
  }

  data = {
    for name in ["job-started.sh", "job-completed.sh"] :
    name => file("${path.module}/../../../workflows/hooks/${name}")
  }
}

module "extra_runners" {
  source   = "../../modules/arc-runner"
  for_each = var.extra_runner_sets

  runner_name           = each.key
  runner_label          = each.value.runner_label
  runner_type           = each.value.runner_type
  namespace             = var.runner_namespace
  controller_namespace  = var.controller_namespace
  github_config_url     = each.value.github_config_url
  github_config_secret  = each.value.github_config_secret
  runner_group          = each.value.runner_group
  min_runners           = each.value.min_runners
  max_runners           = each.value.max_runners
  cpu_request           = each.value.cpu_request
  memory_request        = each.value.memory_request
  cpu_limit             = each.value.cpu_limit
  memory_limit          = each.value.memory_limit
  attic_server          = each.value.attic_server
  attic_cache           = each.value.attic_cache
  bazel_cache_endpoint  = each.value.bazel_cache_endpoint
  container_mode        = each.value.container_mode
  node_selector         = each.value.node_selector
  tolerations           = each.value.tolerations
  env_vars              = each.value.env_vars
  image_pull_secrets    = each.value.image_pull_secrets
  runner_image          = each.value.runner_image
  device_contract       = each.value.device_contract
  device_resource       = each.value.device_resource
  device_count          = each.value.device_count
  device_claim_template = each.value.device_claim_template
  privileged            = each.value.privileged
  run_as_root           = each.value.run_as_root
  supplemental_groups   = each.value.supplemental_groups
  bridge_socket_dir     = each.value.bridge_socket_dir
  hooks_config_map      = each.value.hooks ? kubernetes_config_map_v1.hooks[0].metadata[0].name : null
}
