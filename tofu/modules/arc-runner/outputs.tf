# SPDX-License-Identifier: Apache-2.0

output "release_name" {
  description = "Helm release of the scale set."
  value       = helm_release.arc_runner.name
}

output "runner_label" {
  description = "The runs-on label."
  value       = module.values.lane.runner_label
}

output "runner_scale_set_name" {
  description = "Name under which the scale set registers: the label."
  value       = module.values.values.runnerScaleSetName
}

output "runner_type" {
  description = "docker, dind or nix."
  value       = module.values.lane.runner_type
}

output "device_contract" {
  description = "How the GPU gets into the pod. This project's own."
  value       = module.values.lane.device_contract
}
