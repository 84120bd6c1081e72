# SPDX-License-Identifier: Apache-2.0
# In nixpkgs' place, for tests/e2e/840-flake.sh: it has the names that this repository's flake asks for
# and no others, and its "builds" copy what the test has installed at @installed@ and then do what the
# package says to do after that, with patchelf and wrapProgram as far as they matter here.
{
  outputs =
    { self }:
    let
      names =
        list: value:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = value name;
          }) list
        );
      lib = {
        genAttrs = names;
        makeLibraryPath = list: builtins.concatStringsSep ":" (map (one: "${one}/lib") list);
        licenses.asl20 = "Apache-2.0";
        platforms.linux = [ "linux" ];
      };
      packagesOf =
        system:
        let
          sh =
            name: set: script:
            derivation (
              set
              // {
                inherit name system;
                builder = "/bin/sh";
                args = [
                  "-euc"
                  "export PATH=/usr/bin:/bin TMPDIR=$NIX_BUILD_TOP; ${script}"
                ];
              }
            );
          pkgs = {
            inherit lib;
            stdenv.mkDerivation =
              set:
              sh set.pname (removeAttrs set [ "meta" ]) ''
                cp -R @installed@ $out
                chmod -R u+w $out
                . ${./fixup.sh}
                eval "$postFixup"
              ''
              // {
                inherit (set) meta version;
              };
            mesa = sh "mesa" { } ''
              mkdir -p $out/share/vulkan/icd.d
              ln -s @driver@ $out/share/vulkan/icd.d/lvp_icd.x86_64.json
            '';
            mkShell = set: sh "shell" { inherit (set) shellHook; } "echo >$out";
            runCommand =
              name: set: script:
              sh name set script;
            python3.withPackages =
              choose:
              choose (
                names [
                  "jsonschema"
                  "pyyaml"
                ] (name: name)
              );
            callPackage =
              file: more:
              let
                make = import file;
              in
              make (builtins.intersectAttrs (builtins.functionArgs make) pkgs // more);
          }
          // names [
            "cjson"
            "clang-tools"
            "cmake"
            "cmocka"
            "curl"
            "glslang"
            "libdrm"
            "libseccomp"
            "makeWrapper"
            "ninja"
            "openssl"
            "pciutils"
            "pkg-config"
            "scdoc"
            "shellcheck"
            "spirv-tools"
            "vulkan-headers"
            "vulkan-loader"
            "vulkan-tools"
            "vulkan-validation-layers"
          ] (name: sh name { } "echo >$out");
        in
        pkgs;
    in
    {
      inherit lib;
      legacyPackages = names [
        "x86_64-linux"
        "aarch64-linux"
      ] packagesOf;
    };
}
