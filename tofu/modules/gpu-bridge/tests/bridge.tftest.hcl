# SPDX-License-Identifier: Apache-2.0
# The bridge, against the schema of the real Kubernetes provider, which calls nobody.

mock_provider "kubernetes" {}

variables {
  image         = "registry.example/gpu-lane@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  node_selector = { "kubernetes.io/hostname" = "honey" }
}

run "one_privileged_bridge_a_gpu_node" {
  command = plan

  assert {
    condition = (
      kubernetes_daemon_set_v1.bridge.spec[0].template[0].spec[0].node_selector["kubernetes.io/hostname"] == "honey" &&
      kubernetes_daemon_set_v1.bridge.spec[0].template[0].spec[0].container[0].security_context[0].privileged &&
      kubernetes_daemon_set_v1.bridge.spec[0].template[0].spec[0].container[0].args == tolist([
        "--listen", "unix:/run/gpu-lane/bridge.sock", "--state", "/var/lib/gpu-lane"
      ])
    )
    error_message = "another pod"
  }

  assert {
    condition = (
      toset([for volume in kubernetes_daemon_set_v1.bridge.spec[0].template[0].spec[0].volume : try(volume.host_path[0].path, "")]) ==
      toset(["/dev/dri", "/run/gpu-lane", "/var/lib/gpu-lane", ""])
    )
    error_message = "other mounts"
  }
}

run "policy_is_a_file_of_the_pod" {
  command = plan
  variables {
    policy_files = {
      "policy.json"      = "{\"schema\": \"gpu-lane-policy/v1\", \"keys\": [\"operator.jwk.pub\"]}"
      "operator.jwk.pub" = "{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
    }
  }

  assert {
    condition = (
      slice(kubernetes_daemon_set_v1.bridge.spec[0].template[0].spec[0].container[0].args, 4, 6) ==
      tolist(["--policy", "/etc/gpu-lane/policy.json"]) &&
      contains(kubernetes_daemon_set_v1.bridge.spec[0].template[0].spec[0].container[0].volume_mount[*].mount_path, "/etc/gpu-lane") &&
      toset(keys(kubernetes_config_map_v1.policy[0].data)) == toset(["policy.json", "operator.jwk.pub"])
    )
    error_message = "no policy in the pod"
  }
}

run "refused_policy_that_is_none" {
  command = plan
  variables {
    policy_files = { "policy.json" = "{}" }
  }
  expect_failures = [var.policy_files]
}

run "refused_private_key" {
  command = plan
  variables {
    policy_files = {
      "policy.json"  = "{\"schema\": \"gpu-lane-policy/v1\"}"
      "operator.jwk" = "{\"kty\": \"OKP\", \"d\": \"none\"}"
    }
  }
  expect_failures = [var.policy_files]
}

run "refused_state_that_a_reboot_takes" {
  command = plan
  variables {
    state_dir = "/run/gpu-lane"
  }
  expect_failures = [var.state_dir]
}

run "refused_image_by_tag" {
  command = plan
  variables {
    image = "registry.example/gpu-lane:latest"
  }
  expect_failures = [var.image]
}

run "refused_on_every_node" {
  command = plan
  variables {
    node_selector = {}
  }
  expect_failures = [var.node_selector]
}

run "refused_socket_that_outlives_a_reboot" {
  command = plan
  variables {
    socket_dir = "/var/lib/gpu-lane"
  }
  expect_failures = [var.socket_dir]
}
