# SPDX-License-Identifier: Apache-2.0
# Reads a tfvars file as the stack does and holds each of its lanes to the rules, with neither a
# provider nor a cluster:
#
#   tofu -chdir=tofu/lint init
#   tofu -chdir=tofu/lint plan -var-file=../stacks/arc-runners/honey.tfvars
#
# The plan also shows what the chart is given. variables.tf is the stack's own.

terraform {
  required_version = ">= 1.6.0"
}

module "values" {
  source   = "../modules/arc-runner/values"
  for_each = var.extra_runner_sets

  lane = merge(
    { for key, value in each.value : key => value if key != "hooks" },
    {
      runner_name          = each.key
      controller_namespace = var.controller_namespace
      hooks_config_map     = each.value.hooks ? "gpu-lane-hooks" : null
    },
  )
}

output "values" {
  description = "Values of the chart by release name."
  value       = { for name, lane in module.values : name => lane.values }
}
