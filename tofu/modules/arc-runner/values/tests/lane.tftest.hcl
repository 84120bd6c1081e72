# SPDX-License-Identifier: Apache-2.0
# Rules between the fields of a lane: what is known to fail is refused, what works is rendered.

variables {
  lane = {
    runner_name       = "gh-nix-gpu"
    runner_label      = "tinyland-nix-gpu"
    github_config_url = "https://github.com/tinyland-inc"
    node_selector     = { "kubernetes.io/hostname" = "honey" }
    device_contract   = "host-privileged"
    run_as_root       = true
  }
}

run "host_privileged_mounts_dri_and_is_root" {
  command = plan

  assert {
    condition = (
      output.values.template.spec.containers[0].securityContext == { privileged = true, runAsUser = 0, runAsGroup = 0 } &&
      output.values.template.spec.volumes[0].hostPath.path == "/dev/dri" &&
      output.values.template.spec.containers[0].volumeMounts[0].mountPath == "/dev/dri" &&
      contains(output.values.template.spec.containers[0].env, { name = "RUNNER_ALLOW_RUNASROOT", value = "1" }) &&
      output.values.template.spec.nodeSelector["kubernetes.io/hostname"] == "honey"
    )
    error_message = "the host contract is not rendered"
  }

  assert {
    condition     = output.values.template.spec.containers[0].name == "runner" && !can(output.values.containerMode)
    error_message = "steps would not run in the container named runner"
  }
}

run "device_plugin_asks_for_the_resource_and_is_not_privileged" {
  command = plan
  variables {
    lane = {
      runner_name         = "gh-nix-gpu"
      runner_label        = "tinyland-nix-gpu"
      github_config_url   = "https://github.com/tinyland-inc"
      device_contract     = "device-plugin"
      device_resource     = "amd.com/gpu"
      supplemental_groups = [105]
    }
  }

  assert {
    condition = (
      output.values.template.spec.containers[0].resources.limits["amd.com/gpu"] == "1" &&
      output.values.template.spec.containers[0].resources.requests["amd.com/gpu"] == "1" &&
      output.values.template.spec.securityContext.supplementalGroups[0] == 105 &&
      !can(output.values.template.spec.containers[0].securityContext) && !can(output.values.template.spec.volumes)
    )
    error_message = "the device plugin's contract is not rendered"
  }
}

run "dra_claims_from_the_template" {
  command = plan
  variables {
    lane = {
      runner_name           = "gh-nix-gpu"
      runner_label          = "tinyland-nix-gpu"
      github_config_url     = "https://github.com/tinyland-inc"
      device_contract       = "dra"
      device_claim_template = "one-gpu"
      run_as_root           = true
    }
  }

  assert {
    condition = (
      output.values.template.spec.resourceClaims[0] == { name = "gpu", resourceClaimTemplateName = "one-gpu" } &&
      output.values.template.spec.containers[0].resources.claims[0].name == "gpu"
    )
    error_message = "the claim is not rendered"
  }
}

run "bridge_and_hooks_are_mounted_read_only" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix"
      runner_label      = "tinyland-nix"
      github_config_url = "https://github.com/tinyland-inc"
      bridge_socket_dir = "/run/gpu-lane"
      hooks_config_map  = "gpu-lane-hooks"
    }
  }

  assert {
    condition = (
      contains(output.values.template.spec.containers[0].env, { name = "GPU_LANE_BRIDGE", value = "unix:/run/gpu-lane/bridge.sock" }) &&
      alltrue([for mount in output.values.template.spec.containers[0].volumeMounts : mount.readOnly]) &&
      length(output.values.template.spec.volumes) == 2
    )
    error_message = "bridge or hooks are not mounted"
  }
}

run "a_set_of_the_platform_renders_as_before" {
  command = plan
  variables {
    lane = {
      runner_name          = "gh-dind"
      runner_label         = "tinyland-dind"
      runner_type          = "dind"
      github_config_url    = "https://github.com/tinyland-inc"
      bazel_cache_endpoint = "grpc://cache:9092"
    }
  }

  assert {
    condition = (
      output.values.containerMode.type == "dind" && !can(output.values.template.spec.containers[0].env) &&
      !can(output.values.template.spec.containers[0].securityContext)
    )
    error_message = "a lane without a GPU is not the platform's"
  }
}

run "refused_host_path_without_privilege" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "host-privileged"
      run_as_root       = true
      node_selector     = { "kubernetes.io/hostname" = "honey" }
      privileged        = false
    }
  }
  expect_failures = [var.lane]
}

run "refused_kubernetes_container_mode" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "host-privileged"
      run_as_root       = true
      node_selector     = { "kubernetes.io/hostname" = "honey" }
      container_mode    = "kubernetes"
    }
  }
  expect_failures = [var.lane]
}

run "refused_kubernetes_novolume_container_mode" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      container_mode    = "kubernetes-novolume"
      device_contract   = "device-plugin"
      device_resource   = "amd.com/gpu"
      run_as_root       = true
    }
  }
  expect_failures = [var.lane]
}

run "refused_host_path_on_any_node" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "host-privileged"
      run_as_root       = true
    }
  }
  expect_failures = [var.lane]
}

run "refused_device_without_root_or_group" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "device-plugin"
      device_resource   = "amd.com/gpu"
    }
  }
  expect_failures = [var.lane]
}

run "refused_plugin_without_resource" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "device-plugin"
      run_as_root       = true
    }
  }
  expect_failures = [var.lane]
}

run "refused_resource_without_plugin" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "host-privileged"
      run_as_root       = true
      node_selector     = { "kubernetes.io/hostname" = "honey" }
      device_resource   = "amd.com/gpu"
    }
  }
  expect_failures = [var.lane]
}

run "refused_resource_that_is_none" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "device-plugin"
      run_as_root       = true
      device_resource   = "gpu"
    }
  }
  expect_failures = [var.lane]
}

run "refused_part_of_a_device" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "device-plugin"
      run_as_root       = true
      device_resource   = "amd.com/gpu"
      device_count      = 0.5
    }
  }
  expect_failures = [var.lane]
}

run "refused_dra_without_template" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "dra"
      run_as_root       = true
    }
  }
  expect_failures = [var.lane]
}

run "refused_unknown_contract" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      device_contract   = "nvidia"
      run_as_root       = true
    }
  }
  expect_failures = [var.lane]
}

run "refused_label_of_a_repository" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-cmux"
      github_config_url = "https://github.com/tinyland-inc"
    }
  }
  expect_failures = [var.lane]
}

run "refused_hosted_label" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "ubuntu-latest"
      github_config_url = "https://github.com/tinyland-inc"
    }
  }
  expect_failures = [var.lane]
}

run "refused_label_too_long" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu-webgpu-dawn-x86_64-linux-heavy"
      github_config_url = "https://github.com/tinyland-inc"
    }
  }
  expect_failures = [var.lane]
}

run "refused_release_name" {
  command = plan
  variables {
    lane = {
      runner_name       = "GH_NIX"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
    }
  }
  expect_failures = [var.lane]
}

run "refused_more_idle_than_allowed" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      min_runners       = 2
      max_runners       = 1
    }
  }
  expect_failures = [var.lane]
}

run "refused_unset_allow_runasroot" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      env_vars          = [{ name = "RUNNER_ALLOW_RUNASROOT", value = "" }]
    }
  }
  expect_failures = [var.lane]
}

run "refused_relative_socket_folder" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      bridge_socket_dir = "run/gpu-lane"
    }
  }
  expect_failures = [var.lane]
}

run "refused_climbing_socket_folder" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      bridge_socket_dir = "/run/../etc"
    }
  }
  expect_failures = [var.lane]
}

run "refused_unknown_runner_type" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      runner_type       = "vm"
    }
  }
  expect_failures = [var.lane]
}

run "refused_unknown_container_mode" {
  command = plan
  variables {
    lane = {
      runner_name       = "gh-nix-gpu"
      runner_label      = "tinyland-nix-gpu"
      github_config_url = "https://github.com/tinyland-inc"
      container_mode    = "docker"
    }
  }
  expect_failures = [var.lane]
}
