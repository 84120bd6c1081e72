# SPDX-License-Identifier: Apache-2.0
# Run with -var-file=honey.tfvars. The whole stack, against the real providers' schemas.

mock_provider "helm" {}
mock_provider "kubernetes" {}

run "honey_is_one_lane_without_bridge" {
  command = plan

  assert {
    condition = output.lanes == {
      gh-nix-gpu = { runner_label = "tinyland-nix-gpu", runner_type = "nix", device_contract = "host-privileged" }
    }
    error_message = "other lanes"
  }

  assert {
    condition     = output.bridge_socket_dir == null && length(kubernetes_config_map_v1.hooks) == 0
    error_message = "a bridge or hooks that nobody asked for"
  }
}

run "bridge_and_hooks_where_asked_for" {
  command = plan
  variables {
    extra_runner_sets = {
      gh-nix = {
        github_config_url = "https://github.com/tinyland-inc"
        runner_label      = "tinyland-nix"
        bridge_socket_dir = "/run/gpu-lane"
        hooks             = true
      }
    }
    gpu_bridge = {
      image         = "registry.example/gpu-lane@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      node_selector = { "kubernetes.io/hostname" = "honey" }
    }
  }

  assert {
    condition = (
      output.bridge_socket_dir == "/run/gpu-lane" &&
      toset(keys(kubernetes_config_map_v1.hooks[0].data)) == toset(["job-started.sh", "job-completed.sh"])
    )
    error_message = "no bridge or no hooks"
  }
}
