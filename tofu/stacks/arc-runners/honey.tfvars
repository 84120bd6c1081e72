# SPDX-License-Identifier: Apache-2.0
# The shared GPU lane on honey. Apply with -var-file=honey.tfvars, or merge the set into the
# platform's own file of this name, whose extra_runner_sets has the same shape.

extra_runner_sets = {
  gh-nix-gpu = {
    github_config_url = "https://github.com/tinyland-inc"
    runner_label      = "tinyland-nix-gpu"
    runner_type       = "nix"

    # One GPU and a contract without accounting: a second job would share it unseen and each would
    # measure the other. Zero when idle: the lane costs nothing between soaks.
    min_runners = 0
    max_runners = 1

    cpu_request    = "2"
    memory_request = "8Gi"
    cpu_limit      = "8"
    memory_limit   = "16Gi"

    attic_server = "http://attic.nix-cache.svc.cluster.local"

    # honey alone has the Navi 48. No node advertises a GPU to Kubernetes, so that the device is the
    # node's own /dev/dri, and only a privileged root container may open what is mounted there.
    node_selector   = { "kubernetes.io/hostname" = "honey" }
    device_contract = "host-privileged"
    run_as_root     = true
  }
}
