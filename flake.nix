# SPDX-License-Identifier: Apache-2.0
{
  description = "GPU lanes for CI runners: probe, canary and lease bridge";

  # A Navi 48 needs Mesa 25.0; this channel has a newer one. `nix flake lock` pins it.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEach = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      gpu-lane = pkgs: pkgs.callPackage ./packaging/nix/package.nix { source = self; };
    in
    {
      packages = forEach (pkgs: {
        default = gpu-lane pkgs;
      });

      # nix run .# -- --floor honey, and the others by their names.
      apps = forEach (
        pkgs:
        let
          app = program: {
            type = "app";
            program = "${gpu-lane pkgs}/bin/${program}";
          };
        in
        nixpkgs.lib.genAttrs [
          "gpu-probe"
          "gpu-canary"
          "gpu-report"
          "gpu-lease"
          "gpu-bridge-host"
        ] app
        // {
          default = app "gpu-canary";
        }
      );

      checks = forEach (pkgs: {
        # What the wrapper wires in computes right, where there is neither GPU nor network.
        software = pkgs.runCommand "gpu-lane-software" { } ''
          export HOME=$TMPDIR XDG_RUNTIME_DIR=$TMPDIR
          ${gpu-lane pkgs}/bin/gpu-canary --allow-software --floor software \
            --workload vadd,matmul --format json --output $out
        '';
      });

      devShells = forEach (pkgs: {
        default = pkgs.callPackage ./packaging/nix/shell.nix { gpu-lane = gpu-lane pkgs; };
      });
    };
}
