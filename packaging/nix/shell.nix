# SPDX-License-Identifier: Apache-2.0
# What building and testing by hand takes; drivers come from the same nixpkgs, as in the package.
{
  mkShell,
  gpu-lane,
  mesa,
  vulkan-loader,
  vulkan-tools,
  vulkan-validation-layers,
  clang-tools,
  cmocka,
  shellcheck,
  python3,
}:
mkShell {
  inputsFrom = [ gpu-lane ];
  packages = [
    vulkan-tools
    vulkan-validation-layers
    clang-tools
    cmocka
    shellcheck
    (python3.withPackages (python: [
      python.jsonschema
      python.pyyaml
    ]))
  ];
  hardeningDisable = [ "fortify" ];
  LD_LIBRARY_PATH = "${vulkan-loader}/lib";
  shellHook = ''
    export VK_DRIVER_FILES=$(echo ${mesa}/share/vulkan/icd.d/*_icd.*.json | tr ' ' ':')
  '';
}
