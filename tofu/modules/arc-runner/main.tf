# SPDX-License-Identifier: Apache-2.0
# One runner scale set, and so one runs-on label, by the chart of GitHub's Actions Runner Controller.
# What the chart is given is made in values/, which knows no provider and is tested without one.

terraform {
  required_version = ">= 1.6.0"
  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = "~> 2.12"
    }
  }
}

module "values" {
  source = "./values"

  lane = {
    runner_name                     = var.runner_name
    runner_label                    = var.runner_label
    runner_type                     = var.runner_type
    github_config_url               = var.github_config_url
    github_config_secret            = var.github_config_secret
    runner_group                    = var.runner_group
    min_runners                     = var.min_runners
    max_runners                     = var.max_runners
    cpu_request                     = var.cpu_request
    memory_request                  = var.memory_request
    cpu_limit                       = var.cpu_limit
    memory_limit                    = var.memory_limit
    attic_server                    = var.attic_server
    attic_cache                     = var.attic_cache
    bazel_cache_endpoint            = var.bazel_cache_endpoint
    container_mode                  = var.container_mode
    node_selector                   = var.node_selector
    tolerations                     = var.tolerations
    env_vars                        = var.env_vars
    image_pull_secrets              = var.image_pull_secrets
    controller_namespace            = var.controller_namespace
    controller_service_account_name = var.controller_service_account_name

    runner_image          = var.runner_image
    device_contract       = var.device_contract
    device_resource       = var.device_resource
    device_count          = var.device_count
    device_claim_template = var.device_claim_template
    privileged            = var.privileged
    run_as_root           = var.run_as_root
    supplemental_groups   = var.supplemental_groups
    bridge_socket_dir     = var.bridge_socket_dir
    hooks_config_map      = var.hooks_config_map
  }
}

resource "helm_release" "arc_runner" {
  name       = var.runner_name
  repository = "oci://ghcr.io/actions/actions-runner-controller-charts"
  chart      = "gha-runner-scale-set"
  version    = var.chart_version
  namespace  = var.namespace
  timeout    = 600
  # A failed upgrade goes back to the release that worked.
  atomic          = true
  cleanup_on_fail = true
  values          = [yamlencode(module.values.values)]
}
