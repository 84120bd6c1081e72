# SPDX-License-Identifier: Apache-2.0

output "lanes" {
  description = "Each scale set by release name: its label, type and device contract."
  value = {
    for name, runner in module.extra_runners : name => {
      runner_label    = runner.runner_label
      runner_type     = runner.runner_type
      device_contract = runner.device_contract
    }
  }
}

output "bridge_socket_dir" {
  description = "Folder with the bridge's socket on its nodes; null without a bridge."
  value       = one(module.gpu_bridge[*].socket_dir)
}
