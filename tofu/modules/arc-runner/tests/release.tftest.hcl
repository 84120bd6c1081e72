# SPDX-License-Identifier: Apache-2.0
# The release, against the schema of the real Helm provider, which calls nobody.

mock_provider "helm" {}

variables {
  runner_name       = "gh-nix-gpu"
  runner_label      = "tinyland-nix-gpu"
  github_config_url = "https://github.com/tinyland-inc"
  node_selector     = { "kubernetes.io/hostname" = "honey" }
  device_contract   = "host-privileged"
  run_as_root       = true
}

run "the_chart_is_given_the_lane" {
  command = plan

  assert {
    condition = (
      helm_release.arc_runner.name == "gh-nix-gpu" && helm_release.arc_runner.namespace == "arc-runners" &&
      helm_release.arc_runner.chart == "gha-runner-scale-set" && helm_release.arc_runner.version == "0.14.2"
    )
    error_message = "another release"
  }

  assert {
    condition = (
      yamldecode(helm_release.arc_runner.values[0]).runnerScaleSetName == "tinyland-nix-gpu" &&
      yamldecode(helm_release.arc_runner.values[0]).maxRunners == 5 &&
      yamldecode(helm_release.arc_runner.values[0]).template.spec.containers[0].securityContext.privileged
    )
    error_message = "other values"
  }

  assert {
    condition = (
      output.release_name == "gh-nix-gpu" && output.runner_label == "tinyland-nix-gpu" && output.runner_type == "nix" &&
      output.runner_scale_set_name == "tinyland-nix-gpu" && output.device_contract == "host-privileged"
    )
    error_message = "other outputs"
  }
}
