# SPDX-License-Identifier: Apache-2.0
# What the chart gha-runner-scale-set is given for a lane. It takes template.spec as a pod's spec; the
# container must be named runner, and a list that is given replaces the chart's own, so that image
# and command are said here.

locals {
  lane = var.lane

  # The platform's rule: dind alone is a container mode; docker and nix lanes run in the runner.
  container_mode = local.lane.container_mode != "" ? local.lane.container_mode : (
    local.lane.runner_type == "dind" ? "dind" : ""
  )

  env = concat(
    local.lane.runner_type == "nix" && local.lane.attic_server != "" ? [
      { name = "NIX_CONFIG", value = "experimental-features = nix-command flakes" },
      { name = "ATTIC_SERVER", value = local.lane.attic_server },
      { name = "ATTIC_CACHE", value = local.lane.attic_cache },
    ] : [],
    contains(["docker", "nix"], local.lane.runner_type) && local.lane.bazel_cache_endpoint != "" ? [
      { name = "BAZEL_REMOTE_CACHE", value = local.lane.bazel_cache_endpoint },
    ] : [],
    # run-helper.sh of the runner refuses uid 0 while this is empty.
    local.lane.run_as_root ? [{ name = "RUNNER_ALLOW_RUNASROOT", value = "1" }] : [],
    local.lane.bridge_socket_dir != "" ? [
      { name = "GPU_LANE_BRIDGE", value = "unix:${local.lane.bridge_socket_dir}/bridge.sock" },
    ] : [],
    local.lane.hooks_config_map != "" ? [
      { name = "ACTIONS_RUNNER_HOOK_JOB_STARTED", value = "/etc/gpu-lane/hooks/job-started.sh" },
      { name = "ACTIONS_RUNNER_HOOK_JOB_COMPLETED", value = "/etc/gpu-lane/hooks/job-completed.sh" },
    ] : [],
    local.lane.env_vars,
  )

  # Volume and mount belong together: {volume, mount} each.
  mounts = concat(
    local.lane.device_contract == "host-privileged" ? [{
      # Directory, not DirectoryOrCreate: on a node without GPU the pod must not start.
      volume = { name = "dri", hostPath = { path = "/dev/dri", type = "Directory" } }
      mount  = { name = "dri", mountPath = "/dev/dri" }
    }] : [],
    local.lane.bridge_socket_dir != "" ? [{
      # Connecting to a socket does not write to the mount.
      volume = { name = "gpu-lane-bridge", hostPath = { path = local.lane.bridge_socket_dir, type = "Directory" } }
      mount  = { name = "gpu-lane-bridge", mountPath = local.lane.bridge_socket_dir, readOnly = true }
    }] : [],
    local.lane.hooks_config_map != "" ? [{
      volume = { name = "gpu-lane-hooks", configMap = { name = local.lane.hooks_config_map, defaultMode = 365 } } # 0555
      mount  = { name = "gpu-lane-hooks", mountPath = "/etc/gpu-lane/hooks", readOnly = true }
    }] : [],
  )

  devices = local.lane.device_contract == "device-plugin" ? { (local.lane.device_resource) = tostring(local.lane.device_count) } : {}

  resources = merge(
    {
      requests = merge({ cpu = local.lane.cpu_request, memory = local.lane.memory_request }, local.devices)
      limits   = merge({ cpu = local.lane.cpu_limit, memory = local.lane.memory_limit }, local.devices)
    },
    local.lane.device_contract == "dra" ? { claims = [{ name = "gpu" }] } : {},
  )

  privileged = coalesce(local.lane.privileged, local.lane.device_contract == "host-privileged")

  security_context = merge(
    local.privileged ? { privileged = true } : {},
    local.lane.run_as_root ? { runAsUser = 0, runAsGroup = 0 } : {},
  )

  runner = merge(
    {
      name      = "runner"
      image     = local.lane.runner_image
      command   = ["/home/runner/run.sh"]
      resources = local.resources
    },
    length(local.env) > 0 ? { env = local.env } : {},
    length(local.security_context) > 0 ? { securityContext = local.security_context } : {},
    length(local.mounts) > 0 ? { volumeMounts = [for entry in local.mounts : entry.mount] } : {},
  )

  spec = merge(
    { containers = [local.runner] },
    length(local.mounts) > 0 ? { volumes = [for entry in local.mounts : entry.volume] } : {},
    length(local.lane.node_selector) > 0 ? { nodeSelector = local.lane.node_selector } : {},
    length(local.lane.tolerations) > 0 ? {
      tolerations = [for toleration in local.lane.tolerations : { for key, value in toleration : key => value if value != null }]
    } : {},
    length(local.lane.image_pull_secrets) > 0 ? { imagePullSecrets = [for name in local.lane.image_pull_secrets : { name = name }] } : {},
    length(local.lane.supplemental_groups) > 0 ? { securityContext = { supplementalGroups = local.lane.supplemental_groups } } : {},
    local.lane.device_contract == "dra" ? {
      resourceClaims = [{ name = "gpu", resourceClaimTemplateName = local.lane.device_claim_template }]
    } : {},
  )

  values = merge(
    {
      githubConfigUrl    = local.lane.github_config_url
      githubConfigSecret = local.lane.github_config_secret
      runnerScaleSetName = local.lane.runner_label
      runnerGroup        = local.lane.runner_group
      minRunners         = local.lane.min_runners
      maxRunners         = local.lane.max_runners
      controllerServiceAccount = {
        namespace = local.lane.controller_namespace
        name      = local.lane.controller_service_account_name
      }
      template = { spec = local.spec }
    },
    local.container_mode != "" ? { containerMode = { type = local.container_mode } } : {},
  )
}

output "values" {
  description = "Values of the chart, as an object."
  value       = local.values
}

output "lane" {
  description = "The lane with its defaults."
  value       = local.lane
}
